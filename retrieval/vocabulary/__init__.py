"""The shop's own words: its categories, brands and attributes, found in what a shopper says.

Spelling is forgiven in three ways: singular and plural, joined and split ("head phones"), and typing errors; and what
has two names ("laptop", "notebook") is found under both. A word that the shop doesn't have is not found: None.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from retrieval.catalogue import CatalogueItem
from retrieval.query import AttributeConstraint
from retrieval.vocabulary.attribute_table import AttributeTable
from retrieval.vocabulary.labels import Labels
from retrieval.vocabulary.mentions import Mention, MentionFinder, is_mistyped
from retrieval.vocabulary.numeric_phrases import find_numeric_phrases
from retrieval.vocabulary.synonyms import Synonyms
from retrieval.words import Token, conversation_words, fold, function_words, is_english, singular, tokens, word_data

__all__ = ["Mention", "Vocabulary"]

_SHARE_OF_ITEMS = 0.0005  # a word is an attribute's value in free text when at least this share of the items states it
_SHORTEST_UNKNOWN = 4  # letters: "mm" and "ssd" are no English either
_NEGATION = re.compile(
    r"^\s*(?:no|not|without|non|never|any)\b(?!\s+(?:(?:more|less|fewer|\w+er)\s+than|over|above|under|below)\b)"
    r"[\s-]*(?:an?\s+|the\s+)?",
    re.IGNORECASE,
)


class Vocabulary:
    """Categories, brands and attributes of a catalogue, as they are asked for."""

    def __init__(self) -> None:
        self._synonyms = Synonyms()
        self._categories = Labels(self._synonyms)
        self._brands = Labels(self._synonyms, names=True)
        self._attributes = AttributeTable(self._synonyms)
        self._members: defaultdict[str, list[int]] = defaultdict(list)
        self._titled: Counter[str] = Counter()
        self._latest: dict[str, CatalogueItem] = {}
        self._items = 0

    @classmethod
    def learn(cls, items: Iterable[CatalogueItem]) -> Vocabulary:
        """The vocabulary of these items."""
        vocabulary = cls()
        vocabulary.include(items)
        return vocabulary

    def include(self, items: Iterable[CatalogueItem]) -> None:
        """Add the words of more items; an item that says what it said before is not counted again.

        What only a removed or changed item stated stays known until the next `learn`.
        """
        for item in items:
            before = self._latest.get(item.item_id)
            self._latest[item.item_id] = item
            if before is None or _said_by(before) != _said_by(item):
                self._include(item)

    def _include(self, item: CatalogueItem) -> None:
        for label in dict.fromkeys(item.category):
            self._categories.include(label)
            self._members[label.casefold()].append(self._items)
        if item.brand:
            self._brands.include(item.brand)
        self._attributes.include(self._items, item.attributes.values())
        self._titled.update(map(singular, set(fold(item.title).split())))
        self._items += 1

    def set_synonyms(self, meanings: Mapping[str, str]) -> None:
        """What words mean in the shop's own ("settee": "sofa"), from now on and in place of what was set before."""
        self._synonyms.set(meanings)

    def in_own_words(self, text: str) -> str:
        """The text with the words of `set_synonyms` replaced by what they mean."""
        return self._synonyms.applied(text)

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

    def is_strange(self, word: str) -> bool:
        """Whether a folded word is ordinary English, means something and stands in no title here: "submarine"."""
        key, data = singular(word), word_data()
        idle = word in function_words() or key in conversation_words()
        idle = idle or key in data["collective_words"] or key in data["filler_words"]
        return is_english(word) and not idle and not self._titled[key]

    def is_unknown(self, word: str) -> bool:
        """Whether a word of four letters or more is neither ordinary English nor any word of this shop: "whie"."""
        if (
            len(word) < _SHORTEST_UNKNOWN
            or not word.isalpha()
            or is_english(word)
            or self._titled[singular(fold(word))]
        ):
            return False
        return not any(mention.exact for mention in self.mentions(word))

    def find_category(self, words: str) -> str | None:
        """The canonical label of a category: "notebooks" -> "laptops"; "gaming laptop" -> "laptops", its last words.

        None when the shop has no such category.
        """
        phrase = tokens(re.split(r"\b(?:for|with|without|under)\b", words, maxsplit=1)[0]) or tokens(words)
        phrase = _without_function_words(phrase)
        for start in range(len(phrase)):
            label = self._categories.find(phrase[start:], self._titled)
            if label is not None:
                return label
        return self._categories.find_similar(phrase) if is_mistyped(phrase, self._titled) else None

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
        said = " ".join(words.split())
        text = _NEGATION.sub("", words)
        found = self._find_word(words) or self._find_numbers(text, category) or self._find_word(text)
        return tuple(replace(constraint, words=said) for constraint in found)

    def _find_numbers(self, text: str, category: str | None) -> tuple[AttributeConstraint, ...]:
        members = self._members_of(category)
        matches = (self._attributes.find_number(phrase, members) for phrase in find_numeric_phrases(text))
        return tuple(constraint for match in matches if match is not None for constraint in match.constraints)

    def _find_word(self, text: str) -> tuple[AttributeConstraint, ...]:
        fillers = set(word_data()["filler_words"])
        phrase = tokens(text)
        trimmed = _without_function_words(phrase)
        for attempt in (phrase, trimmed, [t for t in trimmed if t.key not in fillers]):
            constraint = self._attributes.find_word(attempt) if attempt else None
            if constraint is not None:
                return (constraint,)
        similar = self._attributes.find_similar(trimmed) if is_mistyped(trimmed, self._titled) else None
        return () if similar is None else (similar,)

    def _members_of(self, category: str | None) -> NDArray[np.int64] | None:
        members = self._members.get(category.casefold()) if category else None
        return None if members is None else np.array(members, dtype=np.int64)

    def mentions(self, utterance: str) -> tuple[Mention, ...]:
        """Every category, brand and attribute an utterance names; see `mentions.MentionFinder.find`."""
        finder = MentionFinder(self._categories, self._brands, self._attributes, self._titled, self._least_items())
        return finder.find(utterance, self._members_of)

    def _least_items(self) -> int:
        return max(1, round(_SHARE_OF_ITEMS * self._items))


def _said_by(item: CatalogueItem) -> tuple[object, ...]:
    return item.title, item.brand, item.category, item.attributes


def _without_function_words(phrase: Sequence[Token]) -> list[Token]:
    """The phrase without function words at its two ends."""
    content = [i for i, t in enumerate(phrase) if t.word not in function_words()]
    return list(phrase[content[0] : content[-1] + 1]) if content else []
