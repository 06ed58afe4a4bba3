"""Qualities that a shopper names in words, measured on the items: "light" is a low weight among those that suit.

A quality never filters: it moves an item by where its number stands among the others that are ranked with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from retrieval.candidates import Rows, Scores
from retrieval.columns import Columns
from retrieval.words import tokens

STATED_BY = 0.5  # share of the ranked items that must state a measure before it may order them


@dataclass(frozen=True, slots=True)
class Quality:
    """One quality.

    Attributes:
        words: what names it.
        measure: attribute that shows it, and its canonical unit.
        high: whether a high number is meant.
    """

    words: frozenset[str]
    measure: tuple[str, str | None]
    high: bool


def _quality(words: str, measure: str, unit: str | None, *, high: bool) -> Quality:
    return Quality(frozenset(words.split()), (measure, unit), high)


QUALITIES = (
    _quality(
        "light lightweight ultralight portable travel carry commute commuting backpack", "weight", "g", high=False
    ),
    _quality("heavy weighty", "weight", "g", high=True),
    _quality("lasting battery endurance", "battery life", "h", high=True),
    _quality("lasting battery endurance", "battery capacity", "mAh", high=True),
    _quality("big large huge giant", "screen size", "mm", high=True),
    _quality("small compact tiny", "screen size", "mm", high=False),
    _quality("big large huge roomy spacious", "capacity", "ml", high=True),
    _quality("small compact tiny", "capacity", "ml", high=False),
    _quality("quiet silent noiseless", "noise", "dB", high=False),
    _quality("bright", "brightness", "nit", high=True),
    _quality("powerful strong", "power", "W", high=True),
    _quality("powerful fast", "ram", "GB", high=True),
)


def names_quality(phrase: str) -> bool:
    """Whether a phrase is nothing but qualities that are measured: "light", "small and quiet" is not."""
    said = phrase.casefold().split()
    return bool(said) and all(any(word in quality.words for quality in QUALITIES) for word in said)


def quality_score(text: str, rows: Rows, columns: Columns) -> Scores | None:
    """Where each row stands in the qualities that the words name, in [0, 1]; None when they name none that tells.

    Args:
        text: the shopper's words.
        rows: (n,) rows that are ranked together.
        columns: of the catalogue.

    Returns:
        (n,) means of the shares of the rows that each row is at least as good as; 0.5 where a row states nothing.
    """
    said = {token.key for token in tokens(text)} | {token.word for token in tokens(text)}
    places = list(_places(said, rows, columns))
    return np.mean(places, axis=0) if places else None


def _places(said: set[str], rows: Rows, columns: Columns) -> Iterator[Scores]:
    for quality in QUALITIES:
        if not quality.words & said:
            continue
        numbers = columns.numbers(*quality.measure, rows)
        stated = ~np.isnan(numbers)
        if stated.mean() < STATED_BY or np.ptp(numbers[stated]) == 0:
            continue
        ordered = np.sort(numbers[stated] if quality.high else -numbers[stated])
        place = np.full(len(rows), 0.5)
        mine = numbers[stated] if quality.high else -numbers[stated]
        place[stated] = np.searchsorted(ordered, mine, side="right") / len(ordered)
        yield place
