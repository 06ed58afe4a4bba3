"""Labelled utterances said once more: with a remark beside them that changes nothing, mistyped, or rewritten."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files

from assistant.labelled.examples import Example
from assistant.labelled.marks import Piece, meaning, visible
from assistant.labelled.noise import mistyped, noisy

_REMARKED, _MISTYPED, _REWRITTEN = 0.2, 0.2, 0.1
DISTURBED = _REMARKED + _MISTYPED + _REWRITTEN  # the share of examples that `again` gives


def again(examples: Iterable[Example], rng: random.Random) -> Iterator[Example]:
    """Some of the examples, disturbed; their labels follow from the disturbance."""
    for example in examples:
        drawn = rng.random()
        if drawn < _REMARKED:
            yield _remade(example, _remarked(example.marked, rng))
        elif drawn < _REMARKED + _MISTYPED:
            yield _remade(example, mistyped(rng, example.marked))
        elif drawn < DISTURBED:
            yield _remade(example, noisy(rng, example.marked))


def _remade(example: Example, marked: tuple[Piece, ...]) -> Example:
    slots, dropped = meaning(marked)
    return replace(example, text=visible(marked), marked=marked, slots=slots, dropped=dropped)


def _remarked(marked: tuple[Piece, ...], rng: random.Random) -> tuple[Piece, ...]:
    remarks = _remarks()
    if rng.random() < 0.5:
        return (Piece(f"{rng.choice(remarks['first'])} "), *marked)
    ended = re.search(r"[.!?]\s*$", marked[-1].text) is not None
    return (*marked, Piece(f"{' ' if ended else rng.choice(('. ', ', ', ' '))}{rng.choice(remarks['last'])}"))


@cache
def _remarks() -> dict[str, list[str]]:
    return tomllib.loads((files(__package__) / "remarks.toml").read_text("utf-8"))
