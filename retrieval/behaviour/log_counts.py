"""Counts of a log: what stood near what in one history, who held what, and when. Every count model reads these.

A step from item a to item b adds to the pair (a, b) by its distance and by the time between the two. All counts are
integers (weights in fixed point), and a shopper's share follows from her own history alone. So one more event costs the
same however long her history is, and after `put` or `forget` everything is bit for bit what it would be had the events
taken back never been there.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import groupby, islice, pairwise
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import Events
from retrieval.behaviour.table_rows import Integers, PairRows, SetRows

# chosen on 6,000 validation shoppers of Amazon Beauty 5-core (docs/log.md)
REACH = 20  # steps between two events of one shopper that are still counted together
_STEP_POWER = 0.5  # a pair counts steps ** -power
_HALF_LIFE_DAYS = 180  # of the time between the two
ONE = 1 << 30  # fixed point: the weight of two items in a row on one day
_DAY = 86_400
_TIME_BITS = 37  # unix seconds below 1e11
_OF_STEPS = np.array([0, *(int(ONE * steps**-_STEP_POWER) for steps in range(1, REACH + 1))], dtype=np.int64)
_OF_DAYS = np.array([int(ONE * 0.5 ** (days / _HALF_LIFE_DAYS)) for days in range(31 * _HALF_LIFE_DAYS)], np.int64)

# columns of a pair's values
FORWARD, BACKWARD, ADJACENT, TOGETHER = range(4)

Steps = list[tuple[int, int]]
"""(unix seconds, row of the item), in order."""


class LogCounts:
    """Counts of n items by shoppers. Safe to use from several threads; what a method returns is never changed after.

    Attributes:
        near: by item, the items near it with int64 (m, 4): `FORWARD` weight of the other after this one, `BACKWARD`
            before it, how often `ADJACENT` (directly after it), and how often `TOGETHER` in any order.
        held: by number of a shopper, the items she has an event with; numbers rise in order of arrival.
        holders: by item, the numbers of those shoppers.

    Args:
        items: how many there are; rows are below it.
    """

    def __init__(self, items: int) -> None:
        self.near, self.held, self.holders = PairRows(items), SetRows(), SetRows()
        self._lock = threading.RLock()
        self._histories: dict[Hashable, Steps] = {}
        self._numbers: dict[Hashable, int] = {}
        self._next_number = 0
        self._times: Integers = np.zeros(items, dtype=np.int64)
        self._moments: Integers = np.empty(0, dtype=np.int64)  # item << 37 | unix seconds, sorted

    @classmethod
    def of(cls, events: Events, items: int) -> LogCounts:
        """The counts of a whole log at once; shoppers are known by their running number."""
        counts = cls(items)
        steps = list(zip(events.at.tolist(), events.item.tolist(), strict=True))
        bounds = enumerate(pairwise(events.starts().tolist()))
        counts.put_new({shopper: steps[start:end] for shopper, (start, end) in bounds if start < end})
        return counts

    def put_new(self, histories: Mapping[Hashable, Steps]) -> None:
        """Count shoppers of whom nothing is counted yet, all at once; (unix seconds, row) in order."""
        with self._lock:
            known = {shopper: list(history) for shopper, history in histories.items() if history}
            at, item = np.array([step for history in known.values() for step in history], np.int64).reshape(-1, 2).T
            self.grow(1 + int(item.max(initial=-1)))
            number = self._next_number + np.repeat(np.arange(len(known)), [len(history) for history in known.values()])
            self._numbers |= {shopper: self._next_number + place for place, shopper in enumerate(known)}
            self._next_number += len(known)
            self._histories |= known
            self.near.change(*_contributions(number, item, at))
            self._count_events(item, at, +1)
            self.held.add(number, item)
            self.holders.add(item, number)

    @property
    def items(self) -> int:
        """How many items there are."""
        return len(self._times)

    @property
    def times(self) -> Integers:
        """int64 (n,): events of each item."""
        return self._times

    @property
    def lock(self) -> threading.RLock:
        """Held while several counts are read that have to fit together."""
        return self._lock

    def shoppers(self) -> int:
        """How many have an event."""
        return len(self._histories)

    def history(self, shopper: Hashable) -> Steps:
        """A copy of what is counted of a shopper."""
        with self._lock:
            return list(self._histories.get(shopper, ()))

    def grow(self, items: int) -> None:
        """Make room for rows below `items`; nothing is taken away."""
        with self._lock:
            if items > len(self._times):
                self._times = np.append(self._times, np.zeros(items - len(self._times), dtype=np.int64))
                self.near.grow(items)

    def add(self, shopper: Hashable, item: int, at: int) -> None:
        """Count one event. In order of time this costs the same whatever the length of her history.

        Args:
            shopper: who; any value that is hers alone.
            item: row of the item; one that did not exist yet makes room for itself.
            at: unix seconds; of two events at one time the one added first came first.
        """
        with self._lock:
            history = self._histories.get(shopper, [])
            place = bisect_right(history, at, key=itemgetter(0))
            if place < len(history):
                self.put(shopper, [*history[:place], (at, item), *history[place:]])
                return
            self.grow(item + 1)
            self._number(shopper)
            if not history or history[-1][1] != item:
                newest_first = (_first_of(run) for _, run in groupby(reversed(history), itemgetter(1)))
                self.near.change(*_last_contributions(list(islice(newest_first, REACH)), (at, item)))
            self._histories.setdefault(shopper, []).append((at, item))
            self._count_events(np.array([item]), np.array([at]), +1)
            self._hold(self._numbers[shopper], [item], [])

    def put(self, shopper: Hashable, history: Iterable[tuple[int, int]]) -> None:
        """Have exactly these events counted of a shopper, (unix seconds, row) in order; none: she is forgotten."""
        with self._lock:
            before, after = self._histories.pop(shopper, []), list(history)
            if after:
                self.grow(1 + max(item for _, item in after))
                self._number(shopper)
                self._histories[shopper] = after
            for steps, sign in ((before, -1), (after, +1)):
                at, item = np.array(steps, dtype=np.int64).reshape(-1, 2).T
                row, column, values = _contributions(np.zeros_like(item), item, at)
                self.near.change(row, column, sign * values)
                self._count_events(item, at, sign)
            had, has = {item for _, item in before}, {item for _, item in after}
            if shopper in self._numbers:
                self._hold(self._numbers[shopper], sorted(has - had), sorted(had - has))
            if not after:
                self._numbers.pop(shopper, None)

    def forget(self, shopper: Hashable) -> None:
        """Take all of a shopper's events back, exactly; nothing happens for one who is not known."""
        self.put(shopper, ())

    def recent(self, item: NDArray[np.integer], until: Integers, days: int) -> Integers:
        """Events of item[i] in the days up to until[i] (unix seconds), that moment included: int64 (k,)."""
        moments, of_item = self._moments, item.astype(np.int64) << _TIME_BITS
        first = np.searchsorted(moments, of_item | np.maximum(until - days * _DAY + 1, 0))
        return np.asarray(np.searchsorted(moments, of_item | until, side="right") - first, dtype=np.int64)

    def first_and_last(self, item: NDArray[np.integer]) -> tuple[Integers, Integers]:
        """int64 (k,) each: unix seconds of the first and the last event of each item; -1 for an item without any."""
        with self._lock:
            moments, some = self._moments, self._times[item] > 0
        starts = np.searchsorted(moments, item.astype(np.int64) << _TIME_BITS)
        ends = np.searchsorted(moments, (item.astype(np.int64) + 1) << _TIME_BITS)
        time_of = np.append(moments & ((1 << _TIME_BITS) - 1), -1)
        nothing = len(time_of) - 1
        return time_of[np.where(some, starts, nothing)], time_of[np.where(some, ends - 1, nothing)]

    def _number(self, shopper: Hashable) -> None:
        if shopper not in self._numbers:
            self._numbers[shopper] = self._next_number
            self._next_number += 1

    def _hold(self, number: int, gained: Sequence[int], lost: Sequence[int]) -> None:
        for items, one, other in (
            (gained, self.held.add, self.holders.add),
            (lost, self.held.remove, self.holders.remove),
        ):
            rows = np.array(items, dtype=np.int64)
            numbers = np.full(len(rows), number, dtype=np.int64)
            one(numbers, rows)
            other(rows, numbers)

    def _count_events(self, item: Integers, at: Integers, sign: int) -> None:
        times = self._times.copy()
        np.add.at(times, item, sign)
        self._times = times
        moments = np.sort((item << _TIME_BITS) | at)
        places = np.searchsorted(self._moments, moments)
        if sign > 0:
            self._moments = np.insert(self._moments, places, moments)
        else:  # the second of two equal ones lies one place further
            again = np.arange(len(moments)) - np.searchsorted(moments, moments)
            self._moments = np.delete(self._moments, places + again)


def _first_of(run: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """The first event of a run in time, of events given newest first."""
    *_, first = run
    return first


def _last_contributions(earlier: Steps, newest: tuple[int, int]) -> tuple[Integers, Integers, Integers]:
    """What the newest step adds to the pairs: `earlier` before it, newest first, `REACH` at most."""
    others = [(at, item, steps) for steps, (at, item) in enumerate(earlier, start=1) if item != newest[1]]
    at, before, steps = np.array(others, dtype=np.int64).reshape(-1, 3).T
    return _symmetric(before, np.full(len(before), newest[1], dtype=np.int64), steps, newest[0] - at)


def _contributions(
    shopper: NDArray[np.integer], item: NDArray[np.integer], at: Integers
) -> tuple[Integers, Integers, Integers]:
    """What whole histories add to the pairs: rows, columns, values (k, 4); events sorted by shopper, then time.

    An item that follows itself (view, cart, purchase) is one step, at its first event; no item is its own pair.
    """
    again = (shopper[1:] == shopper[:-1]) & (item[1:] == item[:-1])
    kept = ~np.append(False, again)[: len(item)]
    shopper, item, at = shopper[kept], item[kept].astype(np.int64), at[kept]
    found = []
    for steps in range(1, min(REACH, len(item) - 1) + 1):
        early, late = slice(None, -steps), slice(steps, None)
        chosen = (shopper[early] == shopper[late]) & (item[early] != item[late])
        apart = (at[late] - at[early])[chosen]
        found.append((item[early][chosen], item[late][chosen], np.full(len(apart), steps, dtype=np.int64), apart))
    if not found:
        return _symmetric(*(np.empty(0, dtype=np.int64) for _ in range(4)))
    return _symmetric(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _symmetric(
    before: Integers, after: Integers, steps: Integers, seconds: Integers
) -> tuple[Integers, Integers, Integers]:
    """Each pair of steps as an entry of both items."""
    weight = (_OF_STEPS[steps] * _OF_DAYS[np.minimum(seconds // _DAY, len(_OF_DAYS) - 1)]) // ONE
    one, none = np.ones_like(weight), np.zeros_like(weight)
    values = np.concatenate(
        [np.stack([weight, none, steps == 1, one], axis=1), np.stack([none, weight, none, one], axis=1)]
    )
    return np.concatenate([before, after]), np.concatenate([after, before]), values.astype(np.int64)
