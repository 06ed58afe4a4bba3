"""What shoppers turn to after an item: Markov counts in both directions, asked with the last three items.

Who came to a spare part from the device may go the other way too, so a step counts against its direction as well, but
less. The counts are those of `log_counts.py`: online, and exactly subtractable.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import groupby, islice
from typing import TYPE_CHECKING

import numpy as np

from retrieval.behaviour.events import NO_ITEM, Events, Floats, Histories
from retrieval.behaviour.log_counts import BACKWARD, FORWARD, ONE, LogCounts
from retrieval.behaviour.table_rows import Integers

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # type: ignore[import-untyped]

# chosen on the validation items of Amazon Beauty 5-core (docs/log.md)
ORDER = 3  # steps of a history that are asked what follows them
AGAINST = 0.3  # what a step counts against its direction
_HISTORY_DECAY = 0.6  # weight of an item of the history against the one after it
_TIMES_POWER = 0.5  # how much an item's own events are divided out of what follows it


class Markov:
    """Counts of what follows what; a `Ranker`. Safe to use from several threads.

    Args:
        counts: of a log; they may change.
    """

    name = "markov"

    def __init__(self, counts: LogCounts) -> None:
        self.counts = counts
        self._kept: tuple[Integers, csr_array] | None = None  # for many histories at once, with the times it is of

    @classmethod
    def fit(cls, events: Events, items: int) -> Markov:
        """The counts of a whole log; shoppers are known by their running number."""
        return cls(LogCounts.of(events, items))

    def add(self, shopper: Hashable, item: int, at: int) -> None:
        """Count one event: see `LogCounts.add`."""
        self.counts.add(shopper, item, at)

    def follow(self, items: Sequence[int]) -> dict[int, float]:
        """What follows a history, by row, with its score: one shopper's answer without touching all items.

        Args:
            items: rows of the history, newest last; its last three different steps count.
        """
        scores: dict[int, float] = {}
        with self.counts.lock:
            for item, weight in _weights(items):
                columns, values = self.counts.near.row(item)
                share = weight / max(1, int(self.counts.times[item])) ** _TIMES_POWER
                for follower, score in zip(columns.tolist(), (share * _both_ways(values)).tolist(), strict=True):
                    scores[follower] = scores.get(follower, 0.0) + score
        return scores

    def score(self, histories: Histories) -> Floats:
        """Float32 (b, items): see `Ranker`. 0.0 for what never was near the last three items."""
        from scipy.sparse import coo_array

        entries = [
            (row, item, weight)
            for row, history in enumerate(histories.item.tolist())
            for item, weight in _weights([item for item in history if item != NO_ITEM])
        ]
        rows, columns, weights = zip(*entries, strict=True) if entries else ((), (), ())
        places = np.array([rows, columns], dtype=np.int64)
        table = self._table()
        asked = coo_array((np.array(weights, dtype=np.float64), tuple(places)), shape=(len(histories), table.shape[0]))
        scores: Floats = (asked.tocsr() @ table).toarray().astype(np.float32)
        return scores

    def _table(self) -> csr_array:
        from scipy.sparse import csr_array

        with self.counts.lock:
            times = self.counts.times
            if self._kept is None or self._kept[0] is not times:  # every change makes a new array of times
                starts, columns, values = self.counts.near.entries(None)
                share = _both_ways(values) / np.repeat(times.clip(min=1), np.diff(starts)) ** _TIMES_POWER
                self._kept = times, csr_array((share, columns, starts), shape=(len(times),) * 2)
            return self._kept[1]


def _both_ways(values: Integers) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray((values[:, FORWARD] + AGAINST * values[:, BACKWARD]) / ONE, dtype=np.float64)


def _weights(items: Sequence[int]) -> Iterator[tuple[int, float]]:
    """The different items of the last three steps, newest first, each with its weight."""
    steps = islice((item for item, _ in groupby(reversed(items))), ORDER)
    for age, item in enumerate(dict.fromkeys(steps)):
        yield item, _HISTORY_DECAY**age
