"""Marked text: an utterance with what its words mean written beside them.

    "a [c:laptop] under [hi=900;cur=USD:$900], not [nb:hp]"

A mark is `[label:words]`; several labels are parted by semicolons. A label without a value means the words themselves
(in lower case): `c` category, `b` and `nb` brands in and out, `a` and `na` attributes in and out, `r` a description of
an item. With a value it means that: `hi`, `lo` prices, `cur` a currency, `s` a sort, `q` a quantity, `r=2` a rank, `d`
something taken back, as `DialogueAct.dropped` states it. Labels are tied to words, so noise can change the words and
the labels follow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from assistant.dialogue import Slots

_LABEL = r"[a-z]+(?:=[^:;\[\]]*)?"
_MARK = re.compile(rf"\[({_LABEL}(?:;{_LABEL})*):([^\[\]]*)\]")
_LISTS = {
    "b": "brands",
    "nb": "excluded_brands",
    "a": "attributes",
    "na": "excluded_attributes",
    "r": "references",
}
_SINGLE = {"c": "category", "s": "sort", "cur": "currency"}
_NUMBERS = {"hi": "price_max", "lo": "price_min"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of an utterance with its labels: (label, value); a value of None means the words themselves."""

    text: str
    labels: tuple[tuple[str, str | None], ...] = ()


def pieces(marked: str) -> tuple[Piece, ...]:
    """Marked text taken apart, in order.

    Raises:
        ValueError: a bracket that is part of no mark.
    """
    found: list[Piece] = []
    place = 0
    for match in _MARK.finditer(marked):
        found.append(Piece(marked[place : match.start()]))
        labels = (label.partition("=") for label in match[1].split(";"))
        found.append(Piece(match[2], tuple((name, value if equals else None) for name, equals, value in labels)))
        place = match.end()
    found.append(Piece(marked[place:]))
    if any("[" in piece.text or "]" in piece.text for piece in found):
        raise ValueError(f"a bracket outside a mark: {marked}")
    return tuple(piece for piece in found if piece.text)


def visible(parts: Iterable[Piece]) -> str:
    """The utterance as it is said."""
    return " ".join("".join(piece.text for piece in parts).split())


def meaning(parts: Iterable[Piece]) -> tuple[Slots, tuple[str, ...]]:
    """The slots that the labels fill, and what they take back.

    Raises:
        ValueError: a label that nobody knows.
    """
    held: dict[str, object] = {}
    lists: dict[str, list[str]] = {}
    dropped: list[str] = []
    for piece in parts:
        said = " ".join(piece.text.lower().split())
        for label, stated in piece.labels:
            value = said if stated is None else stated
            if label in _LISTS:
                lists.setdefault(_LISTS[label], []).append(value)
            elif label in _SINGLE:
                held[_SINGLE[label]] = value
            elif label in _NUMBERS:
                held[_NUMBERS[label]] = float(value)
            elif label == "q":
                held["quantity"] = int(value)
            elif label == "d":
                dropped.append(value)
            else:
                raise ValueError(f"unknown label {label!r} on {piece.text!r}")
    held.update({name: tuple(dict.fromkeys(values)) for name, values in lists.items()})
    return Slots(**held), tuple(dict.fromkeys(dropped))  # type: ignore[arg-type]
