"""Typing errors in a query, corrected from the catalogue's own words.

Only a word that no item holds is touched: it is replaced by the nearest word that several items hold, or split in two
("powerbank" -> "power bank"). Plain English is never replaced: "sofa" in a shop for electronics is no typing error.
"""

from __future__ import annotations

import re

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.lexical import LexicalIndex
from retrieval.words import fold, is_english

SHORTEST = 4  # letters: a shorter unknown word is as near to everything
LONGEST = 40  # letters: a longer one is no word, and to try all its splits would take quadratic memory
LONG = 8  # letters: from here on two errors are forgiven, before that one
HELD_BY = 2  # items that must hold a word to be what was meant
_LETTERS = re.compile(r"[^\W\d_]+")


class Spelling:
    """Corrects queries with the words of a lexical index; new items' words are learned as they come."""

    def __init__(self, lexical: LexicalIndex) -> None:
        self._lexical = lexical
        self._known: list[str] = []
        self._learned_from = -1

    def correct(self, text: str) -> str | None:
        """The text with its typing errors corrected; None when there are none, or none that can be."""
        corrected = _LETTERS.sub(lambda word: self._correction(word[0]) or word[0], text)
        return None if corrected == text else corrected

    def _correction(self, typed: str) -> str | None:
        word = fold(typed)
        if not SHORTEST <= len(word) <= LONGEST or self._lexical.lexicon.knows(word):
            return None
        if is_english(word):
            return self._split(word)
        return self._nearest(word, 1) or self._split(word) or (self._nearest(word, 2) if len(word) >= LONG else None)

    def _split(self, word: str) -> str | None:
        """Two English words of at least three letters that items hold; the pair whose rarer word most items hold."""
        pairs = [(word[:cut], word[cut:]) for cut in range(3, len(word) - 2)]
        held = {pair: min(self._lexical.count(part) for part in pair) for pair in pairs if all(map(is_english, pair))}
        best = max(held, key=lambda pair: held[pair], default=None)
        return " ".join(best) if best is not None and held[best] >= HELD_BY else None

    def _nearest(self, word: str, errors: int) -> str | None:
        """The word with the fewest errors; of equals one that starts alike, then the one that most items hold."""
        near = process.extract(word, self._words(), scorer=OSA.distance, score_cutoff=errors, limit=20)
        ranked = [(distance, other[0] != word[0], -self._lexical.count(other), other) for other, distance, _ in near]
        return min(ranked)[3] if ranked else None

    def _words(self) -> list[str]:
        size = len(self._lexical.lexicon)
        if size != self._learned_from:
            self._known = self._lexical.common_words(HELD_BY, SHORTEST)
            self._learned_from = size
        return self._known
