"""What a shopper does next, by counting: view, click, cart, purchase or review after her last kinds."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import KINDS, NO_ITEM, Events, Floats, Histories

ORDER = 3  # kinds before the next one that a context holds
PAUSE = 1800  # seconds after which a visit is taken for a new one; web analytics' half hour
_STRENGTH = 5.0  # how many events a context needs until it counts as much as the shorter one
_NONE = len(KINDS)  # stands for "before the first event"


@runtime_checkable
class KindPredictor(Protocol):
    """What gives the kind of the next event a probability: counts, or the sequence model."""

    def next_kinds(self, histories: Histories) -> Floats:
        """Float32 (b, kinds): a probability for each of `KINDS`, asked at `now`."""
        ...


class KindCounts:
    """Markov counts over kinds up to order three, told whether a new visit begins; each order smoothed by the shorter.

    Args:
        events: the log; kinds only are counted, and whether more than half an hour lies before each.
    """

    def __init__(self, events: Events) -> None:
        first = np.zeros(len(events), dtype=np.bool_)
        first[events.starts()[:-1][np.diff(events.starts()) > 0]] = True
        before = _before(events, first)
        pause = ~first & (np.diff(events.at, prepend=events.at[:1]) > PAUSE)
        self._tables = []
        for order in range(ORDER + 1):
            table = np.zeros((_contexts(order), len(KINDS)))
            np.add.at(table, (_place(before, pause, order), events.kind), 1.0)
            self._tables.append(table)

    def next_kinds(self, histories: Histories) -> Floats:
        """Float32 (b, kinds): see `KindPredictor`."""
        width = histories.item.shape[1]
        before = np.full((len(histories), ORDER), _NONE, dtype=np.int64)
        pause = np.zeros(len(histories), dtype=np.bool_)
        for step in range(1, min(ORDER, width) + 1):
            known = histories.item[:, -step] != NO_ITEM
            before[known, step - 1] = histories.kind[known, -step]
        if width:
            pause = (histories.item[:, -1] != NO_ITEM) & (histories.now - histories.at[:, -1] > PAUSE)
        chances = np.full((len(histories), len(KINDS)), 1 / len(KINDS))
        for order, table in enumerate(self._tables):
            seen = table[_place(before, pause, order)]
            chances = (seen + _STRENGTH * chances) / (seen.sum(axis=1, keepdims=True) + _STRENGTH)
        return chances.astype(np.float32)


def _before(events: Events, first: NDArray[np.bool_]) -> NDArray[np.int64]:
    """int64 (m, ORDER): the kinds before each event, newest first; `_NONE` before a shopper's first."""
    before = np.full((len(events), ORDER), _NONE, dtype=np.int64)
    earlier = np.full(len(events), _NONE, dtype=np.int64)
    kinds = events.kind.astype(np.int64)
    for step in range(ORDER):
        earlier[1:] = kinds[:-1]
        earlier[first] = _NONE
        before[:, step] = kinds = earlier.copy()
    return before


def _contexts(order: int) -> int:
    return 2 * int((_NONE + 1) ** order)


def _place(before: NDArray[np.int64], pause: NDArray[np.bool_], order: int) -> NDArray[np.int64]:
    """int64: the number of each context: the last `order` kinds, and whether a new visit begins."""
    place = pause.astype(np.int64)
    for step in range(order):
        place = place * (_NONE + 1) + before[:, step]
    return place
