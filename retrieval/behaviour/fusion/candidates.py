"""The union of the best of every part: which items the fusion orders for which history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import NO_ITEM, Floats, Histories

EACH = 50  # candidates of one part


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """k pairs of a history and an item, in the order of the histories.

    Attributes:
        case: int64 (k,), rows of the batch, never falling.
        item: int32 (k,), rows of `Items`.
        sizes: int64 (b,), candidates of each history.
    """

    case: NDArray[np.int64]
    item: NDArray[np.int32]
    sizes: NDArray[np.int64]

    @classmethod
    def where(cls, chosen: NDArray[np.bool_]) -> Candidates:
        """The pairs for which `chosen` (b, n) holds."""
        case, item = np.nonzero(chosen)
        return cls(case.astype(np.int64), item.astype(np.int32), chosen.sum(axis=1).astype(np.int64))

    @property
    def starts(self) -> NDArray[np.int64]:
        """int64 (b,): the candidates of history i begin here."""
        return np.asarray(np.cumsum(self.sizes) - self.sizes, dtype=np.int64)

    def greatest(self, values: Floats) -> Floats:
        """float32 (b,): the greatest of a value (k,) in each history; 0.0 for one without candidates."""
        found = np.zeros(len(self.sizes), dtype=np.float32)
        some = self.sizes > 0
        if some.any():
            found[some] = np.maximum.reduceat(values, self.starts[some])
        return found

    def ranks(self, values: Floats) -> Floats:
        """float32 (k,): the place of each candidate in its history by a value (k,), from 0; equal ones as they come."""
        order = np.lexsort((-values, self.case))
        ranks = np.empty(len(values), dtype=np.float32)
        ranks[order] = np.arange(len(values)) - self.starts[self.case[order]]
        return ranks


def best_of_each(
    parts: Iterable[Floats],
    cold_parts: Iterable[Floats],
    cold: NDArray[np.bool_],
    histories: Histories,
    each: int = EACH,
) -> Candidates:
    """The best items of every part that scores them above 0, none that a history holds.

    Args:
        parts: float32 (b, n), scores of all items.
        cold_parts: float32 (b, n), scores by which items that no event names compete among themselves; else warm
            ones of the same texts would leave them no place.
        cold: bool (n,), items that no event names.
        histories: the b of them.
        each: how many of one part.
    """
    rows, columns = np.nonzero(histories.item != NO_ITEM)
    seen = (rows, histories.item[rows, columns])
    chosen: NDArray[np.bool_] = np.zeros((len(histories), len(cold)), dtype=np.bool_)
    places = np.flatnonzero(cold)
    for scores in parts:
        _choose(chosen, scores, np.arange(len(cold)), seen, each)
    if len(places):
        for scores in cold_parts:
            _choose(chosen, scores, places, seen, each)
    chosen[seen] = False
    return Candidates.where(chosen)


def _choose(
    chosen: NDArray[np.bool_],
    scores: Floats,
    places: NDArray[np.intp],
    seen: tuple[NDArray[np.intp], NDArray[np.int32]],
    each: int,
) -> None:
    """Mark the best of the scores at these places in `chosen`."""
    unseen = scores.copy()
    unseen[seen] = 0.0
    unseen = unseen[:, places] if len(places) < scores.shape[1] else unseen
    kept = min(each, unseen.shape[1])
    best = np.argpartition(-unseen, kept - 1, axis=1)[:, :kept]
    chosen[np.arange(len(best))[:, None], places[best]] |= np.take_along_axis(unseen, best, axis=1) > 0
