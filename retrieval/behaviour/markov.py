"""What shoppers turn to after an item: Markov counts in both directions, asked with the last three items.

A step from item a to item b, at most ten places further in one history, adds an integer to the pair (a, b) and a
smaller one to (b, a): who came to a spare part from the device may go the other way too. A shopper's share of the
counts follows from her own history alone, so it can be subtracted: after `forget` everything is bit for bit what it
would be had she never been there.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby, islice, pairwise
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from retrieval.behaviour.events import NO_ITEM, Events, Floats, Histories

if TYPE_CHECKING:
    from scipy.sparse import csr_array  # type: ignore[import-untyped]

# chosen on the validation items of Amazon Beauty 5-core (docs/log.md)
FORWARD = (24, 16, 12, 10, 8, 7, 6, 5, 5, 4)  # what a step of one, two and more places adds
BACKWARD = (8, 6, 4, 3, 3, 2, 2, 2, 2, 1)  # the same against the direction of time
ORDER = 3  # steps of a history that are asked what follows them
_HISTORY_DECAY = 0.6  # weight of an item of the history against the one after it
_VISITS_POWER = 0.5  # how much an item's own visits are divided out of what follows it

Counts = dict[int, dict[int, int]]


class Markov:
    """Counts of what follows what; a `Ranker`. Safe to use from several threads.

    Args:
        items: how many items there are; rows are below it.
    """

    name = "markov"

    def __init__(self, items: int) -> None:
        self.items = items
        self._lock = threading.Lock()
        self._histories: dict[Hashable, list[tuple[int, int]]] = {}  # (time, item) in order
        self._follow: Counts = {}
        self._visits: dict[int, int] = {}
        self._matrix: csr_array | None = None  # the counts, normalised, for many histories at once; None when stale

    @classmethod
    def fit(cls, events: Events, items: int) -> Markov:
        """The counts of a whole log; shoppers are known by their running number."""
        markov = cls(items)
        starts = events.starts().tolist()
        steps = list(zip(events.at.tolist(), events.item.tolist(), strict=True))
        for shopper, (start, end) in enumerate(pairwise(starts)):
            if start < end:
                markov._histories[shopper] = history = steps[start:end]
                markov._count(history, +1)
        return markov

    def add(self, shopper: Hashable, item: int, at: int) -> None:
        """Count one event. In order of time this costs the same whatever the length of her history.

        Args:
            shopper: who; any value that is hers alone.
            item: row of the item; one that did not exist yet makes room for itself.
            at: unix seconds; of two events at one time the one added first came first.
        """
        with self._lock:
            self.items = max(self.items, item + 1)
            history = self._histories.setdefault(shopper, [])
            place = bisect_right(history, at, key=itemgetter(0))
            if place == len(history):
                self._append(history, (at, item))
            else:
                self._count(history, -1)
                history.insert(place, (at, item))
                self._count(history, +1)
            self._matrix = None

    def forget(self, shopper: Hashable) -> None:
        """Take all of a shopper's events back, exactly; nothing happens for one who is not known."""
        with self._lock:
            self._count(self._histories.pop(shopper, []), -1)
            self._matrix = None

    def counts(self) -> tuple[Counts, dict[int, int]]:
        """A copy of the pair counts, {item: {follower: count}}, and of the visits; no entry is 0."""
        with self._lock:
            return {item: dict(row) for item, row in self._follow.items()}, dict(self._visits)

    def follow(self, items: Sequence[int]) -> dict[int, float]:
        """What follows a history, by row, with its score: one shopper's answer without touching all items.

        Args:
            items: rows of the history, newest last; its last three different steps count.
        """
        scores: dict[int, float] = {}
        with self._lock:
            for item, weight in _weights(items):
                share = weight / max(1, self._visits.get(item, 0)) ** _VISITS_POWER
                for follower, count in self._follow.get(item, {}).items():
                    scores[follower] = scores.get(follower, 0.0) + share * count
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
        asked = coo_array((np.array(weights, dtype=np.float64), tuple(places)), shape=(len(histories), self.items))
        scores: Floats = (asked.tocsr() @ self._normalised()).toarray().astype(np.float32)
        return scores

    def _normalised(self) -> csr_array:
        from scipy.sparse import coo_array

        with self._lock:
            if self._matrix is None:
                item = np.fromiter((a for a, row in self._follow.items() for _ in row), dtype=np.int64)
                follower = np.fromiter((b for row in self._follow.values() for b in row), dtype=np.int64)
                count = np.fromiter((c for row in self._follow.values() for c in row.values()), dtype=np.float64)
                visits = np.ones(self.items)
                for row, number in self._visits.items():
                    visits[row] = number
                share = count / visits[item] ** _VISITS_POWER
                self._matrix = coo_array((share, (item, follower)), shape=(self.items, self.items)).tocsr()
            return self._matrix

    def _append(self, history: list[tuple[int, int]], event: tuple[int, int]) -> None:
        """Add the newest event: only the last steps before it are looked at."""
        history.append(event)
        earlier = _newest_steps((item for _, item in islice(reversed(history), 1, None)), len(FORWARD))
        if not earlier or earlier[0] != event[1]:
            _change(self._visits, event[1], +1)
            self._step(event[1], earlier, +1)

    def _count(self, history: list[tuple[int, int]], sign: int) -> None:
        """Add (+1) or subtract (-1) the share of a whole history."""
        steps: list[int] = []
        for _, item in history:
            if not steps or steps[-1] != item:
                _change(self._visits, item, sign)
                self._step(item, steps[: -len(FORWARD) - 1 : -1], sign)
                steps.append(item)

    def _step(self, item: int, earlier: Sequence[int], sign: int) -> None:
        """One step to `item`, after `earlier`, newest first."""
        for before, forward, backward in zip(earlier, FORWARD, BACKWARD, strict=False):
            if before != item:
                for source, target, amount in ((before, item, forward), (item, before, backward)):
                    row = self._follow.setdefault(source, {})
                    _change(row, target, sign * amount)
                    if not row:
                        del self._follow[source]


def _change(counts: dict[int, int], key: int, amount: int) -> None:
    """Change a count; one that comes to 0 leaves no trace."""
    changed = counts.get(key, 0) + amount
    if changed:
        counts[key] = changed
    else:
        counts.pop(key, None)


def _newest_steps(newest_first: Iterable[int], most: int) -> list[int]:
    """The last steps of a history, newest first; an item that follows itself (view, cart, purchase) is one step."""
    steps = (item for item, _ in groupby(newest_first))
    return list(islice(steps, most))


def _weights(items: Sequence[int]) -> Iterator[tuple[int, float]]:
    """The different items of the last three steps, newest first, each with its weight."""
    for age, item in enumerate(dict.fromkeys(_newest_steps(reversed(items), ORDER))):
        yield item, _HISTORY_DECAY**age
