"""A text as terms: stems of its words and measures, with what is denied, bounded or joined; neutral words left out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import Stemmer

from assistant.plain_text import word_set
from retrieval.units import Quantity, QuantityMention, find_quantities
from retrieval.words import fold, singular, tokens

NEGATORS = frozenset(
    [
        "not",
        "no",
        "without",
        "never",
        "neither",
        "nor",
        "cannot",
        "isnt",
        "doesnt",
        "dont",
        "hasnt",
        "wont",
        "cant",
        "arent",
        "lack",
        "lacks",
        "lacking",
    ]
)
# these mean something else with another ending: "lighting" is not "light", "cooling" is not "cool"
_EXACT = frozenset(
    [
        "light",
        "heavy",
        "cool",
        "warm",
        "fast",
        "quick",
        "easy",
        "soft",
        "hard",
        "bright",
        "dark",
        "deep",
        "dry",
        "wet",
        "clean",
        "new",
        "old",
    ]
)
# words that claim nothing by themselves: a closed list, on purpose without any word of quality or quantity
NEUTRAL = word_set(
    """
    a an the this that these those it its he she they them their there here i me my we our us you your one ones is
    are was were be been being am do does did has have had having can could may might will would should and or but
    nor so yet if then than as of in on at by to for from with into onto within per between through over under up
    off out about around after before during while when where which who whose what how why because since also too
    just both either such same itself well quite comes come came gets get got gives give offers offer offering
    includes include including features feature featuring provides provide providing brings bring contains contain
    carries holds hold uses use using makes make made measures measure runs costs cost priced price prices pricing
    sells sell selling fits fit suits suit meets meet matches match matching keeps keep stays stay sits sit stands
    stand means mean goes go takes take says say states state stated lists listed shows show described describes
    called named equipped built item items product products pick picks option options choice choices model models
    record device piece version thing kind type request wish need needs brand category department amount total rated
    rating ratings review reviews star stars buyer buyers customer customers stock s t re ve ll d
    """
)
_COUNTS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBER_WORDS = {word: str(number) for number, word in enumerate(_COUNTS, start=2)}
# the dimension that an adjective after a measure speaks of: "15 cm wide"
_DIMENSIONS = {"wide": "width", "tall": "height", "high": "height", "long": "length", "deep": "depth"}
COUNTED = frozenset(("persons", "cups", "pages", "sheets", "pieces"))
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_NUMBER_WORDS)})\b", re.IGNORECASE)
# where one thing said ends and the next begins; a point or a comma inside a number does not
BREAK = re.compile(
    r"[;:()!?–—]|,(?!\d)|\.(?!\d)|\b(?:and|but|while|plus|yet|so|which|because|featuring|including)\b", re.IGNORECASE
)
# where what is said of a thing passes to a part of it or a circumstance
_TURN = re.compile(
    r"\b(?:(?P<part>with)|in(?!\s+(?:stock|\d))|at(?!\s+(?:least|most|\d))|for(?!\s+\d))\b", re.IGNORECASE
)


_BOUNDS = {
    "least": r"at least|no less than|from",
    "most": r"at most|no more than",
    "more": r"more than|over|above|exceeding",
    "less": r"less than|under|below",
    "about": r"about|around|roughly|approximately|nearly|almost|just under|just over",
}
_LONGEST_BOUND = 40  # characters, the spaces after it included
_BOUND = re.compile(
    rf"(?:{'|'.join(f'(?P<{name}>{chr(92)}b(?:{words}))' for name, words in _BOUNDS.items())})\s+$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word (its stem) or a quantity with the words around the number: "16 GB", "at least" + "16 GB"."""

    stem: str
    text: str
    quantity: Quantity | None = None
    bound: str = ""  # "", "least", "most", "more", "less", "about"
    negated: bool = False
    joined: bool = False  # follows the term before it with nothing in between
    turn: bool = False  # no word, but the place of a "with", "in", "at" or "for"


@cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english")


def stem(key: str) -> str:
    """The stem of a folded singular word."""
    return key if key in _EXACT else str(_stemmer().stemWord(key))


def digits(text: str) -> str:
    """The text with small numbers in figures: "two fans" is "2 fans"."""
    return _NUMBER_WORD.sub(lambda m: _NUMBER_WORDS[m[0].casefold()], text)


def parts(text: str) -> list[tuple[Term, ...]]:
    """The terms of a sentence, apart for each thing that it says."""
    found: list[tuple[Term, ...]] = []
    for half in BREAK.split(digits(text)):
        said = terms(half)
        while said:
            end = next((n for n, term in enumerate(said) if term.turn), len(said))
            found.append(said[:end])
            said = said[end + 1 :]
    return [part for part in found if part]


def terms(text: str) -> tuple[Term, ...]:
    """The words and quantities of a half-sentence, without the neutral words; what follows a negator is negated."""
    text = digits(text)
    quantities = {m.start: m for m in find_quantities(text)}
    bounds = {start: _BOUND.search(text, max(0, start - _LONGEST_BOUND), start) for start in quantities}
    spans = [(bound.start() if (bound := bounds[m.start]) else m.start, m.end) for m in quantities.values()]
    places = [(m.start, m.end, "", "") for m in quantities.values()]
    words = [t for t in tokens(text) if not any(start <= t.start < end for start, end in spans)]
    places += [(t.start, t.end, t.word, t.key) for t in words]
    turns = {m.start(): m for m in _TURN.finditer(text)}
    found: list[Term] = []
    negated = joined = False
    for start, end, word, key in sorted(places):
        if start in turns:
            found.append(Term("", word, turn=True))
            negated, joined = negated and turns[start]["part"] is None, False
        elif word.replace("'", "").replace("’", "") in NEGATORS:
            negated, joined = True, False
        elif not word:
            bound = bounds[start]
            found += _measure(
                quantities[start], text[start:end], bound.lastgroup or "" if bound else "", negated, joined
            )
            joined = True
        elif word in NEUTRAL or key in NEUTRAL:
            joined = False
        else:
            after_figure = joined and found and found[-1].quantity is not None
            named = _DIMENSIONS.get(word, key) if after_figure else key
            found.append(Term(stem(named), text[start:end], None, "", negated, joined))
            joined = True
    return tuple(found)


def _measure(mention: QuantityMention, words: str, bound: str, negated: bool, joined: bool) -> list[Term]:
    """A measure as one term; a count of things ("420 pieces") as a plain number and the word for what is counted."""
    quantity = mention.quantity
    counted = re.fullmatch(r"([\d.,]+)\W*(\D+)", words) if quantity.unit in COUNTED else None
    if counted is None:
        return [Term("#", words, quantity, bound, negated, joined)]
    figure = Term("#", counted[1], Quantity(quantity.number, None), bound, negated, joined)
    return [figure, Term(stem(singular(fold(counted[2]))), counted[2], None, "", negated, True)]


def stems(texts: Iterable[str]) -> frozenset[str]:
    """The stems of all words of the texts."""
    return frozenset(stem(t.key) for text in texts for t in tokens(text))
