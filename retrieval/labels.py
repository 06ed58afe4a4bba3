"""Names of one kind, categories or brands, found under all the ways they are written."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.words import Token, key, key_of, synonym_keys, tokens

# typing errors are forgiven from this length on: one, and from the second length on two
_LENGTHS_FORGIVEN = (5, 8)
# a category is also found under its last words ("phones" for "cell phones") if it holds this share of all that end so
_DOMINANT = 0.6
_PARTS = re.compile(r"\s*(?:&|,|/|\band\b)\s*", re.IGNORECASE)
_LEGAL_FORM = re.compile(r"[\s,]+(?:inc|ltd|llc|gmbh|corp|co|s\.?a|plc)\.?$|\.(?:com|net|org)$|[™®©]", re.IGNORECASE)


class Labels:
    """Labels with the number of items of each. Canonical is a label's case-folded spelling."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._spellings: dict[str, str] = {}

    def include(self, spelling: str) -> None:
        """Count one item of this label."""
        label = spelling.casefold()
        if label not in self._spellings:
            self._spellings[label] = spelling
            self.__dict__.pop("_by_key", None)
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
        """Every key that means a label. The label's own key wins over its parts, and those over its last words."""
        own: dict[str, str] = {}
        parts: dict[str, str] = {}
        endings: defaultdict[str, list[str]] = defaultdict(list)
        for label in self.canonical:
            own.setdefault(key(label), label)
            own.setdefault(key(_LEGAL_FORM.sub("", label)), label)
            pieces = [tokens(piece) for piece in _PARTS.split(label)]
            for piece in pieces if len(pieces) > 1 else []:
                parts.setdefault(key_of(piece), label)
            for piece in pieces:
                for start in range(1, len(piece)):
                    endings[key_of(piece[start:])].append(label)
        last_words = {ending: most for ending, labels in endings.items() if (most := self._dominant(labels))}
        found = last_words | parts | own
        found.pop("", None)
        return found

    def _dominant(self, labels: Sequence[str]) -> str | None:
        most = max(labels, key=lambda label: self._counts[label])
        share = self._counts[most] / sum(self._counts[label] for label in labels)
        return most if share >= _DOMINANT else None

    def find(self, words: Sequence[Token]) -> str | None:
        """The label these words mean; a synonym counts only where the words themselves mean nothing."""
        label = self._by_key.get(key_of(words))
        if label is not None:
            return label
        found = (self._by_key[k] for k in synonym_keys(words) if k in self._by_key)
        return max(found, key=lambda label: self._counts[label], default=None)

    def find_similar(self, words: Sequence[Token]) -> str | None:
        """The label meant by words with a typing error: one in five letters or more, two in eight or more."""
        typed = key_of(words)
        forgiven = sum(len(typed) >= length for length in _LENGTHS_FORGIVEN)
        if not forgiven or not typed.isalpha():
            return None
        choices = [k for k in self._by_key if k[0] == typed[0] or k[:2] == typed[1::-1]]
        best = process.extractOne(typed, choices, scorer=OSA.distance, score_cutoff=forgiven)
        return None if best is None else self._by_key[best[0]]
