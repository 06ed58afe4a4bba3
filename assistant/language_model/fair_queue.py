"""The line in front of a language model: who may write now, who waits, and who is told at once that she cannot.

Those who wait are served round robin by who asks: one who asks five times waits for her second turn until everybody
else has had a first. Where the line is full, she also gives a place of hers up to one who has none in it. It is full as
well when, as long as places were held lately, one more would wait longer than anybody may: she is told so at once.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

_LOOK = 0.05  # seconds between two looks whether one who waits has gone
_LATELY = 0.2  # of the mean time that a place is held: how much the last time counts


class Place(Enum):
    """What came of asking for a place."""

    HELD = auto()  # it is hers until she leaves
    LEFT = auto()  # she went while she waited
    BUSY = auto()  # the line is full, or did not move on in time


class _Ticket:
    """One who waits, and what came of it."""

    __slots__ = ("place",)

    def __init__(self) -> None:
        self.place: Place | None = None


class FairQueue:
    """So many places at a time, and a line before them. Safe to use from several threads.

    Args:
        at_once: how many hold a place at a time.
        most_waiting: how many may wait; None: all.
        patience: seconds after which one who waits is told that it is busy.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        at_once: int = 1,
        *,
        most_waiting: int | None = None,
        patience: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free = self._places = at_once
        self._most = most_waiting
        self._patience = patience
        self._clock = clock
        self._held_for = 0.0  # seconds, mean of late; 0: nobody knows yet
        self._changed = threading.Condition()
        self._line: OrderedDict[str, deque[_Ticket]] = OrderedDict()  # next to be served first

    @property
    def waiting(self) -> int:
        """How many wait."""
        with self._changed:
            return self._length()

    @contextmanager
    def place(self, asker: str = "", cancelled: Callable[[], bool] = lambda: False) -> Iterator[Place]:
        """Wait for a place and hold it until the block is left; only `Place.HELD` is one.

        Args:
            asker: who asks; the line is fair between askers, and first come, first served for one.
            cancelled: asked while waiting; True: she leaves the line.
        """
        place = self._enter(asker, cancelled)
        since = self._clock()
        try:
            yield place
        finally:
            if place is Place.HELD:
                with self._changed:
                    held = self._clock() - since
                    self._held_for += (held - self._held_for) * (_LATELY if self._held_for else 1)
                    self._leave()

    def _enter(self, asker: str, cancelled: Callable[[], bool]) -> Place:
        with self._changed:
            if self._free:
                self._free -= 1
                return Place.HELD
            if self._is_full() and not self._make_room(asker):
                return Place.BUSY
            ticket = _Ticket()
            self._line.setdefault(asker, deque()).append(ticket)
            try:
                return self._wait(ticket, cancelled)
            finally:
                if ticket.place is None:
                    self._take_out(asker, ticket)

    def _wait(self, ticket: _Ticket, cancelled: Callable[[], bool]) -> Place:
        until = self._clock() + self._patience
        while ticket.place is None:
            if cancelled():
                return Place.LEFT
            if self._clock() >= until:
                return Place.BUSY
            self._changed.wait(_LOOK)
        return ticket.place

    def _leave(self) -> None:
        """Give a place that was held to the next in line, whose asker goes to its end."""
        if not self._line:
            self._free += 1
            return
        asker, tickets = next(iter(self._line.items()))
        tickets.popleft().place = Place.HELD
        if tickets:
            self._line.move_to_end(asker)
        else:
            del self._line[asker]
        self._changed.notify_all()

    def _is_full(self) -> bool:
        """Whether one more is too many, or would wait too long; of who writes now, half is over at the mean."""
        length = self._length()
        wait = (length + 0.5) * self._held_for / self._places
        return wait > self._patience or (self._most is not None and length >= self._most)

    def _make_room(self, asker: str) -> bool:
        """Send the last of whoever waits most often away, when she still waits no less often than this one then."""
        greedy = max(self._line, key=lambda name: len(self._line[name]), default=None)
        if greedy is None or len(self._line[greedy]) < len(self._line.get(asker, ())) + 2:
            return False
        self._line[greedy].pop().place = Place.BUSY
        self._changed.notify_all()
        return True

    def _take_out(self, asker: str, ticket: _Ticket) -> None:
        self._line[asker].remove(ticket)
        if not self._line[asker]:
            del self._line[asker]

    def _length(self) -> int:
        return sum(map(len, self._line.values()))
