"""Where an utterance names something of the shop: its categories, brands and attributes, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from retrieval.vocabulary.attribute_table import AttributeTable
from retrieval.vocabulary.labels import Labels
from retrieval.vocabulary.numeric_phrases import find_numeric_phrases
from retrieval.words import (
    Token,
    conversation_words,
    fold,
    function_words,
    is_common,
    is_english,
    tokens,
    word_data,
)

Kind = Literal["category", "brand", "attribute"]

_LONGEST_UTTERANCE = 2000  # characters that are searched for mentions: more is no sentence of a shopper
_LONGEST_PHRASE = 5  # words
_TITLES_OF_A_WORD = 2  # in which a word stands that is no typing error


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


@dataclass(frozen=True, slots=True)
class MentionFinder:
    """Finds mentions by a vocabulary's parts.

    Attributes:
        titled: how many titles have a word, by its key.
        least_items: how many items have to state a value that is found in free text.
    """

    categories: Labels
    brands: Labels
    attributes: AttributeTable
    titled: Mapping[str, int]
    least_items: int

    def find(self, utterance: str, members_of: Callable[[str | None], NDArray[np.int64] | None]) -> tuple[Mention, ...]:
        """All mentions: longest first where they overlap, in reading order.

        A brand that is a common word ("Peak") counts only where the sentence treats it as a name: "by peak", "not
        peak", before a category or a model number, or capitalised within the sentence. Of two categories in a row the
        last one is meant: "laptop bags". Only the first 2,000 characters are read.

        Args:
            utterance: the shopper's words.
            members_of: ordinals of a category's items, to settle which attribute a number is about.
        """
        text = utterance[:_LONGEST_UTTERANCE]
        words = tokens(text)
        found = self._phrases(text, words)
        categories = [m for m in found if m.kind == "category"]
        members = members_of(categories[0].value if categories else None)
        numeric = list(self._numbers(text, members, found))
        found = [m for m in found if not any(_overlap(m, n) for n in numeric)]
        found = _heads(sorted([*found, *numeric], key=lambda m: m.start), text)
        return tuple(m for m in found if m.kind != "brand" or _is_named(m, text, words, found))

    def _numbers(self, text: str, members: NDArray[np.int64] | None, phrases: Sequence[Mention]) -> Iterator[Mention]:
        """Numbers with their attribute. Words of a category are left to it ("cable 2 m" is a cable and 2 m), and so is
        a number that is part of a name or a value ("5g", "windows 10")."""
        for phrase in find_numeric_phrases(text):
            if any(m.start <= phrase.start and phrase.end <= m.end for m in phrases):
                continue
            match = self.attributes.find_number(phrase, members)
            if match is None:
                continue
            whole = Mention("attribute", text[match.start : match.end].lower(), match.name, match.start, match.end)
            if not any(_overlap(whole, m) for m in phrases if m.kind == "category"):
                yield whole
            elif phrase.bounds[0].quantity.unit is not None:
                said = text[phrase.start : phrase.end].lower()
                yield replace(whole, value=said, start=phrase.start, end=phrase.end)

    def _phrases(self, text: str, words: Sequence[Token]) -> list[Mention]:
        windows = [
            words[start : start + length]
            for length in range(min(_LONGEST_PHRASE, len(words)), 0, -1)
            for start in range(len(words) - length + 1)
        ]
        found: list[Mention] = []
        for look_up in (self._exactly, self._similar):
            for window in windows:
                start, end = window[0].start, window[-1].end
                if not any(m.start < end and start < m.end for m in found):
                    mention = look_up(window, text[start:end])
                    if mention is not None:
                        found.append(mention)
        return found

    def _exactly(self, window: Sequence[Token], said: str) -> Mention | None:
        start, end = window[0].start, window[-1].end
        if _opens_or_ends_idly(window):
            return self._whole_name(window)
        category, brand = self.categories.find(window, self.titled), self.brands.find(window)
        if brand is not None and (category is None or fold(brand) == fold(said) != fold(category)):
            return Mention("brand", brand, None, start, end)
        if category is not None:
            return Mention("category", category, None, start, end)
        return self._value(window, said)

    def _whole_name(self, window: Sequence[Token]) -> Mention | None:
        """A name or value that opens or ends with a function word: "The North Face", "head set", "over-ear"."""
        idle = all(t.word in function_words() for t in window)  # "I am" is no Iams
        if len(window) < 2 or idle or "and" in (window[0].word, window[-1].word):
            return None
        start, end = window[0].start, window[-1].end
        brand, category = self.brands.find_exactly(window), self.categories.find_exactly(window)
        label = brand or category
        if label is not None:
            return Mention("brand" if brand else "category", label, None, start, end)
        value = self.attributes.find_word(window, self.least_items)
        if value is None or [t.word for t in tokens(value.value or "")] != [t.word for t in window]:
            return None
        return Mention("attribute", " ".join(t.word for t in window), value.name, start, end)

    def _value(self, window: Sequence[Token], said: str) -> Mention | None:
        """A value that items state; no lone word of conversation, and nothing with a brand in it or a category last."""
        if len(window) == 1:
            if window[0].key in conversation_words() or len(said) < 2:
                return None
        elif self.categories.find(window[-1:], self.titled) or any(self.brands.find((word,)) for word in window):
            return None
        constraint = self.attributes.find_word(window, self.least_items)
        if constraint is None:
            return None
        return Mention("attribute", said.lower(), constraint.name, window[0].start, window[-1].end)

    def _similar(self, window: Sequence[Token], said: str) -> Mention | None:
        if len(window) > 2 or _opens_or_ends_idly(window) or not is_mistyped(window, self.titled):
            return None
        start, end = window[0].start, window[-1].end
        category, brand = self.categories.find_similar(window), self.brands.find_similar(window)
        if category is not None:
            return Mention("category", category, None, start, end, exact=False)
        if brand is not None:
            return Mention("brand", brand, None, start, end, exact=False)
        constraint = self.attributes.find_similar(window, self.least_items)
        if constraint is not None:
            return Mention("attribute", said.lower(), constraint.name, start, end, exact=False)
        return None


def is_mistyped(words: Sequence[Token], titled: Mapping[str, int]) -> bool:
    """Whether a word is neither English nor the catalogue's: what is right as it is means what it says."""
    return any(not is_english(t.word) and titled.get(t.key, 0) < _TITLES_OF_A_WORD for t in words)


def _opens_or_ends_idly(window: Sequence[Token]) -> bool:
    return window[0].word in function_words() or window[-1].word in function_words()


def _is_named(mention: Mention, text: str, words: Sequence[Token], found: Sequence[Mention]) -> bool:
    """Whether a brand mention is one, or only a common word of the sentence."""
    own = [t for t in words if mention.start <= t.start < mention.end]
    if len(own) > 1 or not is_common(own[0].word):
        return True
    data = word_data()
    place = words.index(own[0])
    before = words[place - 1] if place else None
    after = words[place + 1 : place + 3]
    others = [m for m in found if m.kind in ("category", "brand") and m.start >= mention.end]
    opens_sentence = place == 0 or text[: mention.start].rstrip().endswith((".", "!", "?"))
    return (
        (text[mention.start].isupper() and not opens_sentence and not text.istitle() and not text.isupper())
        or all(t.word in function_words() for t in words if t is not own[0])
        or (before is not None and before.word in data["brand_cues_before"])
        or any(t.key in data["brand_cues_after"] for t in after[:1])
        or any(character.isdigit() for t in after for character in t.word)
        or any(not text[mention.end : m.start].strip(" ,") for m in others)
    )


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
