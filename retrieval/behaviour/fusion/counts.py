"""What a log says for a history, by counting: who followed what, and what alike shoppers took."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from retrieval.behaviour.events import NO_ITEM, Floats, Histories
from retrieval.behaviour.fusion.texts import Texts, unit_rows
from retrieval.behaviour.fusion.weights import DEPTH, Sparse, history_weights
from retrieval.behaviour.log_counts import ADJACENT, BACKWARD, FORWARD, ONE, TOGETHER, LogCounts
from retrieval.behaviour.table_rows import Integers

# chosen on 6,000 validation shoppers of Amazon Beauty 5-core (docs/log.md)
_BACKWARD = 0.6  # what a pair counts against its order
_POPULARITY_POWER = 0.3  # how much an item's own count is divided out
_SHORT, _LONG, _SHOPPERS = 0.5, 0.85, 0.8  # decay of a history, by what is asked
_SHORT_DEPTH = 10  # events with a weight worth their rows at the decay of `_SHORT`: the next would have a thousandth

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
class CountTables:
    """Counts as float32 tables, as they stood at one moment: whole, or the rows alone that some histories ask for.

    Attributes:
        forward, adjacent: (n, n), row followed by column: by steps and time, and directly, each pair 1.
        pairs: (n, n), forward and backward, the column's popularity divided out.
        together: (n, n), pairs of one history in any order, over the root of both counts.
        held: (s, n), 1 where a shopper has an event with an item.
        rarity: float32 (n,), log of how few shoppers hold it.
        like_shoppers: (n, s), `held` by rarity, each shopper at unit length, transposed.
    """

    forward: Sparse
    adjacent: Sparse
    pairs: Sparse
    together: Sparse
    held: Sparse
    rarity: Floats
    like_shoppers: Sparse

    @classmethod
    def whole(cls, counts: LogCounts) -> CountTables:
        """All rows: for many histories."""
        with counts.lock:
            return cls._of(counts, None, counts.held.numbers())

    @classmethod
    def asked(cls, counts: LogCounts, histories: Histories, texts: Texts) -> CountTables:
        """The rows that these histories ask for: costs what they hold, however large the log is."""
        items = _newest(histories, DEPTH)
        alike = np.union1d(items, texts.likeness[_newest(histories, _SHORT_DEPTH)].indices).astype(np.int64)
        with counts.lock:
            return cls._of(counts, alike, np.unique(counts.holders.members(items)[1]))

    @classmethod
    def _of(cls, counts: LogCounts, items: Integers | None, shoppers: Integers) -> CountTables:
        starts, columns, values = counts.near.entries(items)
        times = counts.times.clip(min=1)
        n = len(times)

        def table(entries: NDArray[np.floating] | NDArray[np.integer]) -> Sparse:
            return sparse.csr_matrix((entries.astype(np.float32), columns, starts), shape=(n, n))

        both = (values[:, FORWARD] + _BACKWARD * values[:, BACKWARD]) / ONE
        root = times**-0.5
        ends, members = counts.held.members(shoppers)
        held = sparse.csr_matrix((np.ones(len(members), dtype=np.float32), members, ends), shape=(len(shoppers), n))
        rarity = (np.log(max(1, counts.shoppers()) / times) + 1).astype(np.float32)
        return cls(
            forward=table(values[:, FORWARD] / ONE),
            adjacent=table(values[:, ADJACENT]),
            pairs=table(both * (times**-_POPULARITY_POWER)[columns]),
            together=table(values[:, TOGETHER] * np.repeat(root, np.diff(starts)) * root[columns]),
            held=held,
            rarity=rarity,
            like_shoppers=unit_rows(held @ sparse.diags(rarity)).T.tocsr(),
        )

    def parts(self, histories: Histories, texts: Texts) -> dict[str, Floats]:
        """float32 (b, n) each, 0.0 where nothing was counted.

        pairs, pairs_long: what goes with the history, decayed fast and slowly; pairs_second: with its last item
        but one. after_last, directly_after_last: what followed the last item. together: held by the same shoppers.
        like_next: items of like meaning to what `pairs` says, which a new item can be; next_of_like: what goes with
        items of like meaning. shoppers: what shoppers of a like history hold.
        """
        n = len(self.rarity)
        short = history_weights(histories, n, _SHORT, _SHORT_DEPTH)
        last = history_weights(histories, n, 1.0, depth=1)
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


def _newest(histories: Histories, depth: int) -> Integers:
    """The items of the last `depth` events of these histories, each once."""
    item = histories.item[:, max(0, histories.item.shape[1] - depth) :]
    return np.unique(item[item != NO_ITEM]).astype(np.int64)
