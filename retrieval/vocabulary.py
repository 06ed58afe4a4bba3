"""The shop's own words: its categories, brands and attributes, found in what a shopper says.

Spelling is forgiven in three ways: singular and plural, joined and split ("head phones"), and typing errors; and what
has two names ("laptop", "notebook") is found under both. A word that the shop doesn't have is not found: None.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retrieval.attribute_table import AttributeTable
from retrieval.catalogue import CatalogueItem
from retrieval.labels import Labels
from retrieval.numeric_phrases import find_numeric_phrases
from retrieval.query import AttributeConstraint
from retrieval.words import Token, fold, function_words, is_common, is_english, tokens, word_data

Kind = Literal["category", "brand", "attribute"]

_LONGEST_UTTERANCE = 2000  # characters that are searched for mentions: more is no sentence of a shopper
_LONGEST_PHRASE = 5  # words
_SHARE_OF_ITEMS = 0.0005  # a word is an attribute's value in free text when at least this share of the items states it
_NEGATION = re.compile(r"^\s*(?:no|not|without|non|never|any)\b[\s-]*(?:an?\s+|the\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mention:
    """A word of the shop in an utterance, at `utterance[start:end]`.

    Attributes:
        value: of a category or brand the canonical, case-folded label; of an attribute the words as they were said,
            in lower case, for `Vocabulary.find_attributes`.
        name: of an attribute the `Attribute.name`; None when several attributes hold the value.
        exact: False when a typing error had to be forgiven.
    """

    kind: Kind
    value: str
    name: str | None
    start: int
    end: int
    exact: bool = True


class Vocabulary:
    """Categories, brands and attributes of a catalogue, as they are asked for."""

    def __init__(self) -> None:
        self._categories = Labels()
        self._brands = Labels()
        self._attributes = AttributeTable()
        self._members: defaultdict[str, list[int]] = defaultdict(list)
        self._items = 0

    @classmethod
    def learn(cls, items: Iterable[CatalogueItem]) -> Vocabulary:
        """The vocabulary of these items."""
        vocabulary = cls()
        vocabulary.include(items)
        return vocabulary

    def include(self, items: Iterable[CatalogueItem]) -> None:
        """Add the words of more items. What only a removed item stated stays known until the next `learn`."""
        for item in items:
            for label in dict.fromkeys(item.category):
                self._categories.include(label)
                self._members[label.casefold()].append(self._items)
            if item.brand:
                self._brands.include(item.brand)
            self._attributes.include(self._items, item.attributes.values())
            self._items += 1

    @property
    def categories(self) -> tuple[str, ...]:
        """Canonical labels of all category nodes, most items first."""
        return self._categories.canonical

    @property
    def brands(self) -> tuple[str, ...]:
        """Canonical labels of all brands, most items first."""
        return self._brands.canonical

    def display(self, label: str) -> str:
        """A category or brand as the feed spells it; the label itself when it is unknown."""
        return self._categories.spelling(label) or self._brands.spelling(label) or label

    def find_category(self, words: str) -> str | None:
        """The canonical label of a category: "notebooks" -> "laptops"; "gaming laptop" -> "laptops", its last words.

        None when the shop has no such category.
        """
        phrase = tokens(re.split(r"\b(?:for|with|without|under)\b", words, maxsplit=1)[0]) or tokens(words)
        phrase = _without_function_words(phrase)
        for start in range(len(phrase)):
            label = self._categories.find(phrase[start:])
            if label is not None:
                return label
        return self._categories.find_similar(phrase)

    def find_brand(self, words: str) -> str | None:
        """The canonical label of a brand, a typing error forgiven; None when the shop does not have it."""
        phrase = tokens(words)
        trimmed = [t for t in phrase if t.word not in function_words()]
        return self._brands.find(phrase) or self._brands.find(trimmed) or self._brands.find_similar(trimmed)

    def find_attribute(self, words: str, category: str | None = None) -> AttributeConstraint | None:
        """The first of `find_attributes`; None when there is none."""
        found = self.find_attributes(words, category)
        return found[0] if found else None

    def find_attributes(self, words: str, category: str | None = None) -> tuple[AttributeConstraint, ...]:
        """The constraints that words about an attribute mean; a range is two of them.

        "blue" is any attribute with that value, or the one attribute that has it; "at least 32 GB ram" and "under
        1.4 kg" compare numbers; a bare quantity ("16 GB ram") means exactly that, or, where no item has it, what is
        sold under that number (15.6 inches as "15 inch"). A negation in front is passed over: "no plastic" gives the
        constraint on plastic, for the caller to exclude.

        Args:
            words: what the shopper said.
            category: canonical label of the category in force: an ambiguous number is settled among its items.

        Returns:
            Nothing when the shop has no such attribute or value.
        """
        text = _NEGATION.sub("", words)
        said = " ".join(words.split())
        members = self._members_of(category)
        found: list[AttributeConstraint] = []
        for phrase in find_numeric_phrases(text):
            match = self._attributes.find_number(phrase, members)
            found.extend(match.constraints if match else ())
        if not found:
            found.extend(self._find_word(text))
        return tuple(replace(constraint, words=said) for constraint in found)

    def _find_word(self, text: str) -> Iterator[AttributeConstraint]:
        fillers = set(word_data()["filler_words"])
        phrase = tokens(text)
        trimmed = _without_function_words(phrase)
        for attempt in (phrase, trimmed, [t for t in trimmed if t.key not in fillers]):
            constraint = self._attributes.find_word(attempt) if attempt else None
            if constraint is not None:
                yield constraint
                return

    def _members_of(self, category: str | None) -> NDArray[np.int64] | None:
        members = self._members.get(category.casefold()) if category else None
        return None if members is None else np.array(members, dtype=np.int64)

    def mentions(self, utterance: str) -> tuple[Mention, ...]:
        """Every category, brand and attribute an utterance names: longest first where they overlap, in reading order.

        A brand that is a common word ("Peak") counts only where the sentence treats it as a name: "by peak", "not
        peak", before a category, or capitalised within the sentence. Of two categories in a row the last one is
        meant: "laptop bags". Only the first 2,000 characters are read.
        """
        text = utterance[:_LONGEST_UTTERANCE]
        words = tokens(text)
        found = self._phrase_mentions(text, words)
        category = next((m.value for m in found if m.kind == "category"), None)
        numeric = self._numeric_mentions(text, category, [m for m in found if m.kind == "category"])
        found = [m for m in found if not any(_overlap(m, n) for n in numeric)]
        found = _heads(sorted([*found, *numeric], key=lambda m: m.start), text)
        return tuple(m for m in found if m.kind != "brand" or self._is_named(m, text, words, found))

    def _numeric_mentions(self, text: str, category: str | None, kept: Sequence[Mention]) -> list[Mention]:
        """Numbers with their attribute; words of a category are left to it ("cable 2 m" is a cable and 2 m)."""
        members = self._members_of(category)
        found = []
        for phrase in find_numeric_phrases(text):
            match = self._attributes.find_number(phrase, members)
            if match is not None:
                whole = Mention("attribute", text[match.start : match.end].lower(), match.name, match.start, match.end)
                bare = replace(whole, value=text[phrase.start : phrase.end].lower(), start=phrase.start, end=phrase.end)
                found.append(bare if any(_overlap(whole, other) for other in kept) else whole)
        return found

    def _phrase_mentions(self, text: str, words: Sequence[Token]) -> list[Mention]:
        windows = [
            words[start : start + length]
            for length in range(min(_LONGEST_PHRASE, len(words)), 0, -1)
            for start in range(len(words) - length + 1)
        ]
        found: list[Mention] = []
        for look_up in (self._exactly, self._similar):
            for window in windows:
                start, end = window[0].start, window[-1].end
                if window[0].word in function_words() or window[-1].word in function_words() or end - start < 2:
                    continue
                if not any(m.start < end and start < m.end for m in found):
                    mention = look_up(window, text[start:end])
                    if mention is not None:
                        found.append(mention)
        return found

    def _exactly(self, window: Sequence[Token], said: str) -> Mention | None:
        start, end = window[0].start, window[-1].end
        category, brand = self._categories.find(window), self._brands.find(window)
        if brand is not None and (category is None or fold(brand) == fold(said) != fold(category)):
            return Mention("brand", brand, None, start, end)
        if category is not None:
            return Mention("category", category, None, start, end)
        constraint = self._attributes.find_word(window, max(1, round(_SHARE_OF_ITEMS * self._items)))
        if constraint is not None:
            return Mention("attribute", said.lower(), constraint.name, start, end)
        return None

    def _similar(self, window: Sequence[Token], said: str) -> Mention | None:
        if all(is_english(t.word) for t in window) or len(window) > 2:
            return None
        start, end = window[0].start, window[-1].end
        for kind, labels in (("category", self._categories), ("brand", self._brands)):
            label = labels.find_similar(window)
            if label is not None:
                return Mention("category" if kind == "category" else "brand", label, None, start, end, exact=False)
        return None

    def _is_named(self, mention: Mention, text: str, words: Sequence[Token], found: Sequence[Mention]) -> bool:
        """Whether a brand mention is one, or only a common word of the sentence."""
        own = [t for t in words if mention.start <= t.start < mention.end]
        if len(own) > 1 or not (is_common(own[0].word) or own[0].word in function_words()):
            return True
        data = word_data()
        place = words.index(own[0])
        before = words[place - 1] if place else None
        after = words[place + 1] if place + 1 < len(words) else None
        others = [m for m in found if m is not mention and m.kind in ("category", "brand")]
        capital = (
            text[mention.start].isupper() and place > 0 and not text[: mention.start].rstrip().endswith((".", "!", "?"))
        )
        return (
            (capital and not text.istitle() and not text.isupper())
            or len([t for t in words if t.word not in function_words()]) == 1
            or (before is not None and before.word in data["brand_cues_before"])
            or (after is not None and after.key in data["brand_cues_after"])
            or any(not text[mention.end : m.start].strip(" ,") for m in others if m.start >= mention.end)
        )


def _without_function_words(phrase: Sequence[Token]) -> list[Token]:
    """The phrase without function words at its two ends."""
    content = [i for i, t in enumerate(phrase) if t.word not in function_words()]
    return list(phrase[content[0] : content[-1] + 1]) if content else []


def _overlap(left: Mention, right: Mention) -> bool:
    return left.start < right.end and right.start < left.end


def _heads(mentions: Sequence[Mention], text: str) -> list[Mention]:
    """Without the categories that only qualify the one that follows at once: "laptop bags"."""
    qualifying = {
        first
        for first, second in pairwise(mentions)
        if first.kind == second.kind == "category" and not text[first.end : second.start].strip(" -")
    }
    return [m for m in mentions if m not in qualifying]
