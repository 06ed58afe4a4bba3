"""Names of one kind, categories or brands, found under all the ways they are written."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.vocabulary.synonyms import Synonyms
from retrieval.words import Token, is_english, key, key_of, synonym_keys, tokens

# one typing error is forgiven from this length on, and two if the longer of the two words has the second length
_LENGTHS_FORGIVEN = (5, 9)
# a category is also found under its last words ("phones" for "cell phones") if it holds this share of all that end so,
# and if this share of the titles with that word are its items': a toy camera is not what "camera" asks for
_DOMINANT = 0.6
_SHARE_OF_TITLES = 0.3
_SHORTEST_PART = 4  # letters of a part that stands for a name
_PARTS = re.compile(r"\s*(?:&|,|/|\band\b)\s*", re.IGNORECASE)
# what is left out when a name is said: article, legal form, trade mark
_IDLE_PARTS = re.compile(
    r"^the\s+|[\s,]+(?:inc|ltd|llc|gmbh|corp|co|s\.?a|plc)\.?$|\.(?:com|net|org)$|[™®©]", re.IGNORECASE
)


class Labels:
    """Labels with the number of items of each. Canonical is a label's case-folded spelling.

    Args:
        names: whether the labels are names, so that a part of one that is an English word or very short does not stand
            for it: "black" is no Black & Decker, but "phones" are Phones & Tablets.
        synonyms: what the shop says that words mean, which counts before what they mean by themselves.
    """

    def __init__(self, synonyms: Synonyms, names: bool = False) -> None:
        self._synonyms = synonyms
        self._names = names
        self._counts: Counter[str] = Counter()
        self._spellings: dict[str, str] = {}

    def include(self, spelling: str) -> None:
        """Count one item of this label."""
        label = spelling.casefold()
        if label not in self._spellings:
            self._spellings[label] = spelling
            self.__dict__.pop("_by_key", None)
            self.__dict__.pop("_by_ending", None)
        self._counts[label] += 1

    @property
    def canonical(self) -> tuple[str, ...]:
        """All labels, most items first."""
        return tuple(label for label, _ in self._counts.most_common())

    def spelling(self, label: str) -> str | None:
        """A canonical label as the feed spells it; None when it is unknown."""
        return self._spellings.get(label.casefold())

    @cached_property
    def _by_key(self) -> dict[str, str]:
        """Every key that means a label. The label's own key wins over those of its parts."""
        own: dict[str, str] = {}
        parts: dict[str, str] = {}
        for label in self.canonical:
            own.setdefault(key(label), label)
            own.setdefault(key(_IDLE_PARTS.sub("", label)), label)
            pieces = _PARTS.split(label)
            for piece in pieces if len(pieces) > 1 else []:
                if self._names and (len(piece) < _SHORTEST_PART or is_english(piece)):
                    continue
                parts.setdefault(key(piece), label)
        found = parts | own
        found.pop("", None)
        return found

    @cached_property
    def _by_ending(self) -> dict[str, str]:
        """The label that most of the items have whose label ends with these words."""
        endings: defaultdict[str, list[str]] = defaultdict(list)
        for label in self.canonical:
            for piece in map(tokens, _PARTS.split(label)):
                for start in range(1, len(piece)):
                    endings[key_of(piece[start:])].append(label)
        return {ending: labels[0] for ending, labels in endings.items() if self._dominates(labels)}

    def _dominates(self, labels: Sequence[str]) -> bool:
        """Whether the first has most of the items of all."""
        return self._counts[labels[0]] >= _DOMINANT * sum(self._counts[label] for label in labels)

    def find(self, words: Sequence[Token], titled: Mapping[str, int] | None = None) -> str | None:
        """The label these words mean; a packaged synonym counts only where the words themselves mean nothing.

        Args:
            words: the phrase.
            titled: how many titles have a word, by its key: then a label is found by its last words as well.
        """
        meant = list(self._synonyms.keys(words))
        for own in (*meant, key_of(words)):
            if own in self._by_key:
                return self._by_key[own]
        synonyms = [*meant, *synonym_keys(words)]
        found = [self._by_key[k] for k in synonyms if k in self._by_key]
        if found:
            return max(found, key=lambda label: self._counts[label])
        if titled is not None and words:
            for ending in (key_of(words), *synonyms):
                label = self._by_ending.get(ending)
                if label is not None and self._counts[label] >= _SHARE_OF_TITLES * titled.get(words[-1].key, 0):
                    return label
        return None

    def find_exactly(self, words: Sequence[Token]) -> str | None:
        """The label that is spelled like this, but for plurals and spaces."""
        label = self._by_key.get(key_of(words))
        return label if label is not None and key(label) == key_of(words) else None

    def find_similar(self, words: Sequence[Token]) -> str | None:
        """The label meant by words with a typing error: one in five letters or more, two in nine or more."""
        similar = similar_key(key_of(words), list(self._by_key))
        return None if similar is None else self._by_key[similar]


def similar_key(typed: str, keys: Sequence[str]) -> str | None:
    """The key nearest to a mistyped one: one error forgiven in five letters or more, two in nine or more.

    The first letter has to be right, or swapped with the second; anything but letters is never taken for an error.
    """
    one, two = _LENGTHS_FORGIVEN
    if len(typed) < one or not typed.isalpha():
        return None
    choices = [k for k in keys if k[0] == typed[0] or k[:2] == typed[1::-1]]
    for forgiven in (1, 2):
        if forgiven == 2:
            choices = [k for k in choices if max(len(k), len(typed)) >= two]
        best = process.extractOne(typed, choices, scorer=OSA.distance, score_cutoff=forgiven)
        if best is not None:
            return str(best[0])
    return None
