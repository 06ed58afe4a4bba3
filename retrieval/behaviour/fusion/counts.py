"""What a log says for a history, by counting: who followed what, and what alike shoppers took.

All of it is made from the events at once (a second for 200,000) and never changed: forgetting a shopper is counting
again without her.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from retrieval.behaviour.events import Events, Floats, Histories
from retrieval.behaviour.fusion.texts import Texts, unit_rows
from retrieval.behaviour.fusion.weights import Sparse, history_weights

# chosen on 6,000 validation shoppers of Amazon Beauty 5-core (docs/log.md)
_REACH = 20  # steps between two events of one shopper that are still counted together
_STEP_POWER = 0.5  # a pair counts steps ** -power
_HALF_LIFE_DAYS = 180  # of the time between the two
_BACKWARD = 0.6  # what a pair counts against its order
_POPULARITY_POWER = 0.3  # how much an item's own count is divided out
_SHORT, _LONG, _SHOPPERS = 0.5, 0.85, 0.8  # decay of a history, by what is asked
_DAY = 86_400
_TIME_BITS = 37  # unix seconds below 1e11

COUNT_PARTS = (
    "pairs",
    "pairs_long",
    "pairs_second",
    "after_last",
    "directly_after_last",
    "together",
    "like_next",
    "next_of_like",
    "shoppers",
)


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Counts of m events of n items by s shoppers.

    Attributes:
        times: int64 (n,), events of each item.
        first, last: int64 (n,), unix seconds of each item's first and last event; -1 without any.
        forward, adjacent: (n, n), row followed by column: by steps and time, and directly, each pair 1.
        pairs: (n, n), forward and backward, the column's popularity divided out.
        together: (n, n), pairs of one history in any order, over the root of both counts.
        held: (s, n), 1 where a shopper has an event with an item.
        rarity: float32 (n,), log of how few shoppers hold it.
        like_shoppers: (n, s), `held` by rarity, each shopper at unit length, transposed.
        moments: int64 (m,), item << 37 | unix seconds, sorted.
    """

    times: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    forward: Sparse
    adjacent: Sparse
    pairs: Sparse
    together: Sparse
    held: Sparse
    rarity: Floats
    like_shoppers: Sparse
    moments: NDArray[np.int64]

    @classmethod
    def of(cls, events: Events, n: int) -> Counts:
        """Count the events of n items.

        Raises:
            ValueError: there are no events.
        """
        if not len(events):
            raise ValueError("no events to count")
        times = np.bincount(events.item, minlength=n)
        some = np.maximum(times, 1)
        before, after, steps, days = _pairs(events)
        forward = _table(steps**-_STEP_POWER * 0.5 ** (days / _HALF_LIFE_DAYS), before, after, n)
        near = steps == 1
        both = _table(np.ones(len(before)), before, after, n)
        root = _scale(some**-0.5)
        held = _table(np.ones(len(events)), events.shopper, events.item, n, int(events.shopper.max(initial=-1)) + 1)
        held.data[:] = 1
        rarity = (np.log(max(1, held.shape[0]) / some) + 1).astype(np.float32)
        moments = np.sort((events.item.astype(np.int64) << _TIME_BITS) | events.at)
        ends = np.cumsum(times)
        time_of = moments & ((1 << _TIME_BITS) - 1)
        return cls(
            times=times,
            first=np.where(times > 0, time_of[np.minimum(ends - times, len(events) - 1)], -1),
            last=np.where(times > 0, time_of[ends - 1], -1),
            forward=forward,
            adjacent=_table(np.ones(int(near.sum())), before[near], after[near], n),
            pairs=((forward + _BACKWARD * forward.T) @ _scale(some**-_POPULARITY_POWER)).tocsr(),
            together=(root @ (both + both.T) @ root).tocsr(),
            held=held,
            rarity=rarity,
            like_shoppers=unit_rows(held @ sparse.diags(rarity)).T.tocsr(),
            moments=moments,
        )

    def parts(self, histories: Histories, texts: Texts) -> dict[str, Floats]:
        """float32 (b, n) each, 0.0 where nothing was counted.

        pairs, pairs_long: what goes with the history, decayed fast and slowly; pairs_second: with its last item
        but one. after_last, directly_after_last: what followed the last item. together: held by the same shoppers.
        like_next: items of like meaning to what `pairs` says, which a new item can be; next_of_like: what goes with
        items of like meaning. shoppers: what shoppers of a like history hold.
        """
        n = len(self.times)
        short, last = history_weights(histories, n, _SHORT), history_weights(histories, n, 1.0, depth=1)
        pairs = short @ self.pairs
        alike = (history_weights(histories, n, _SHOPPERS) @ sparse.diags(self.rarity)) @ self.like_shoppers
        found = {
            "pairs": pairs,
            "pairs_long": history_weights(histories, n, _LONG) @ self.pairs,
            "pairs_second": history_weights(histories, n, 1.0, depth=1, newest=1) @ self.pairs,
            "after_last": last @ self.forward,
            "directly_after_last": last @ self.adjacent,
            "together": history_weights(histories, n, _LONG) @ self.together,
            "like_next": pairs @ texts.liked_by,
            "next_of_like": (short @ texts.likeness) @ self.pairs,
            "shoppers": alike @ self.held,
        }
        return {name: np.asarray(table.toarray(), dtype=np.float32) for name, table in found.items()}

    def recent(self, item: NDArray[np.int32], until: NDArray[np.int64], days: int) -> NDArray[np.int64]:
        """Events of item[i] in the days up to until[i] (unix seconds), that moment included: int64 (k,)."""
        of_item = item.astype(np.int64) << _TIME_BITS
        first = np.searchsorted(self.moments, of_item | np.maximum(until - days * _DAY + 1, 0))
        return np.asarray(np.searchsorted(self.moments, of_item | until, side="right") - first, dtype=np.int64)


def _pairs(events: Events) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.float64], NDArray[np.float64]]:
    """Items of two events of one shopper, earlier and later, the steps and the days between them; never one item twice.

    An item that follows itself (view, cart, purchase) is one step.
    """
    again = (events.shopper[1:] == events.shopper[:-1]) & (events.item[1:] == events.item[:-1])
    events = events.where(~np.append(False, again))
    found = []
    for steps in range(1, min(_REACH, len(events) - 1) + 1):
        early, late = slice(None, -steps), slice(steps, None)
        chosen = (events.shopper[early] == events.shopper[late]) & (events.item[early] != events.item[late])
        days = (events.at[late] - events.at[early])[chosen] / _DAY
        found.append((events.item[early][chosen], events.item[late][chosen], np.full(len(days), float(steps)), days))
    if not found:
        return np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), np.empty(0)
    before, after, distance, apart = (np.concatenate(column) for column in zip(*found, strict=True))
    return before, after, distance, apart


def _table(
    weights: NDArray[np.float64], rows: NDArray[np.int32], columns: NDArray[np.int32], n: int, height: int | None = None
) -> Sparse:
    shape = (n if height is None else height, n)
    table = sparse.csr_matrix((weights.astype(np.float32), (rows, columns)), shape=shape)
    table.sum_duplicates()
    return table


def _scale(factors: NDArray[np.float64]) -> Sparse:
    return sparse.diags(factors.astype(np.float32))
