"""Terms: the stems by which items and queries are matched lexically.

"TN-2110" is found as "tn-2110", "tn2110" and "2110"; "32GB" as "32 gb"; "15.6" only as itself.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterable

import numpy as np
import Stemmer
from numpy.typing import NDArray

_WORD = re.compile(r"[^\W_]+(?:[-.'’][^\W_]+)*")
_JOINT = re.compile(r"[-'’]")
_DECIMAL = re.compile(r"\d+\.\d+")
_MEASURE = re.compile(
    r"(\d+(?:\.\d+)?)(gb|tb|mb|kb|mah|wh|kw|w|v|a|mm|cm|m|km|in|ft|kg|g|lbs|lb|oz|ml|cl|l|hz|khz|mhz|ghz|mp|h|hrs|min)"
)
_ACCENTS = re.compile("[\u0300-\u036f]+")
_STOP_WORDS = frozenset(  # Lucene's English ones
    """a an and are as at be but by for if in into is it no not of on or such that the their then there these they this
    to was will with""".split()  # noqa: SIM905  (a list of 33 strings is harder to read)
)


def words(text: str) -> list[str]:
    """The words of a text in lower case without accents: "a 15.6-inch USB-C hub" -> a, 15.6-inch, usb-c, hub."""
    text = text.lower()
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return _WORD.findall(text)


def parts(word: str) -> list[str]:
    """What a word is matched by before stemming: "usb-c" -> usb, c, usbc; "32gb" -> 32, gb; nothing for "the"."""
    if word in _STOP_WORDS:
        return []
    pieces = _JOINT.split(word)
    found = [part for piece in pieces for part in _piece_parts(piece)]
    if len(pieces) > 1 and word[0].isalpha():
        found.append("".join(pieces))
    return found


def _piece_parts(piece: str) -> list[str]:
    if _DECIMAL.fullmatch(piece):
        return [piece]
    if measure := _MEASURE.fullmatch(piece):
        return [*measure.groups()]
    return piece.split(".")


class Lexicon:
    """Numbers for terms, given in order of arrival: a term keeps its number. Safe to read while it grows."""

    def __init__(self) -> None:
        self._stemmer = Stemmer.Stemmer("english")
        self._lock = threading.Lock()
        self._numbers: dict[str, int] = {}
        self._of_word: dict[str, tuple[int, ...]] = {}

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def words(self) -> list[tuple[str, tuple[int, ...]]]:
        """Every word the items hold, as `words` gives them, with its term numbers."""
        return list(self._of_word.items())

    def learn(self, texts: Iterable[str]) -> NDArray[np.int32]:
        """The term numbers of the texts of one field of an item, in order; new terms are added."""
        numbers: list[int] = []
        of_word = self._of_word
        for text in texts:
            for word in words(text):
                known = of_word.get(word)
                numbers.extend(self._add(word) if known is None else known)
        return np.array(numbers, dtype=np.int32)

    def find(self, text: str) -> tuple[list[int], int]:
        """The term numbers of a query's text, each once, and how many of its words no item has."""
        numbers: dict[int, None] = {}
        unknown = 0
        for word in dict.fromkeys(words(text)):
            stems = self._stems(word)
            known = [self._numbers[stem] for stem in stems if stem in self._numbers]
            numbers.update(dict.fromkeys(known))
            unknown += bool(stems) and not known
        return list(numbers), unknown

    def knows(self, word: str) -> bool:
        """Whether an item holds the word, another form of it or one of its parts; words without parts are known."""
        stems = self._stems(word)
        return not stems or any(stem in self._numbers for stem in stems)

    def _stems(self, word: str) -> list[str]:
        with self._lock:  # a stemmer is not safe to use from two threads
            stems: list[str] = self._stemmer.stemWords(parts(word))
        return stems

    def _add(self, word: str) -> tuple[int, ...]:
        stems = self._stems(word)
        with self._lock:
            numbers = tuple(self._numbers.setdefault(stem, len(self._numbers)) for stem in stems)
            self._of_word[word] = numbers
        return numbers
