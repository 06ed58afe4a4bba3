"""The line before the language model: who is served next, who is sent away, who leaves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from assistant.language_model.fair_queue import FairQueue, Place

LONG = 60.0  # seconds: nobody in these tests waits that long


class Line:
    """Threads that ask for a place of a queue, and what came of it in the order it came."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.told: list[tuple[str, Place]] = []
        self._threads: list[threading.Thread] = []

    def ask(self, asker: str, cancelled: Callable[[], bool] = lambda: False, *, waiting: int | None = None) -> None:
        """Have a thread ask; returns once so many wait, by default one more."""
        expected = self.queue.waiting + 1 if waiting is None else waiting

        def run() -> None:
            with self.queue.place(asker, cancelled) as place:
                self.told.append((asker, place))

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()
        self.until(lambda: self.queue.waiting == expected)

    def until(self, holds: Callable[[], bool]) -> None:
        for _ in range(2000):
            if holds():
                return
            threading.Event().wait(0.005)
        raise AssertionError(f"{self.queue.waiting} wait; {self.told}")

    def ended(self) -> list[tuple[str, Place]]:
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        return self.told


@contextmanager
def held(queue: FairQueue) -> Iterator[Line]:
    """The line of a queue whose one place is taken until the block is left."""
    with queue.place("first") as place:
        assert place is Place.HELD
        yield Line(queue)


def test_one_asker_is_served_in_the_order_she_asked() -> None:
    queue, order = FairQueue(patience=LONG), list[int]()
    threads = []

    def run(number: int) -> None:
        with queue.place():
            order.append(number)

    with queue.place():
        for number in range(5):
            threads.append(threading.Thread(target=run, args=(number,)))
            threads[-1].start()
            Line(queue).until(lambda number=number: queue.waiting == number + 1)  # type: ignore[misc]
    for thread in threads:
        thread.join(10)
    assert order == list(range(5))


def test_one_who_asks_five_times_does_not_keep_others_waiting() -> None:
    with held(FairQueue(patience=LONG)) as line:
        for asker in ("ada", "ada", "ada", "ada", "ada", "ben", "cleo"):
            line.ask(asker)
    assert [asker for asker, _ in line.ended()] == ["ada", "ben", "cleo", "ada", "ada", "ada", "ada"]


def test_a_full_line_sends_the_next_one_away_at_once() -> None:
    with held(FairQueue(most_waiting=2, patience=LONG)) as line:
        line.ask("ada")
        line.ask("ben")
        with line.queue.place("cleo") as place:
            assert place is Place.BUSY
        assert line.queue.waiting == 2
    assert line.ended() == [("ada", Place.HELD), ("ben", Place.HELD)]


def test_whoever_fills_the_line_alone_gives_her_last_place_to_one_who_has_none() -> None:
    with held(FairQueue(most_waiting=2, patience=LONG)) as line:
        line.ask("ada")
        line.ask("ada")
        line.ask("ben", waiting=2)
        line.until(lambda: line.told == [("ada", Place.BUSY)])
        with line.queue.place("ada") as place:
            assert place is Place.BUSY
    assert line.ended() == [("ada", Place.BUSY), ("ada", Place.HELD), ("ben", Place.HELD)]


def test_who_goes_while_she_waits_leaves_the_line_to_the_others() -> None:
    gone = threading.Event()
    with held(FairQueue(patience=LONG)) as line:
        line.ask("ada", gone.is_set)
        line.ask("ben")
        gone.set()
        line.until(lambda: line.told == [("ada", Place.LEFT)])
        assert line.queue.waiting == 1
    assert line.ended() == [("ada", Place.LEFT), ("ben", Place.HELD)]


def test_who_has_waited_long_enough_is_told_that_it_is_busy() -> None:
    now = [0.0]
    with held(FairQueue(patience=8.0, clock=lambda: now[0])) as line:
        line.ask("ada")
        now[0] = 5.0
        line.ask("ben")
        now[0] = 8.0
        line.until(lambda: line.told == [("ada", Place.BUSY)])
        assert line.queue.waiting == 1
    assert line.ended() == [("ada", Place.BUSY), ("ben", Place.HELD)]


def test_who_would_wait_too_long_is_told_at_once() -> None:
    now = [0.0]
    queue = FairQueue(patience=8.0, clock=lambda: now[0])
    with queue.place("first"):
        now[0] = 6.0
    with held(queue) as line:
        line.ask("ada")  # some 3 seconds
        with queue.place("ben") as place:  # some 9
            assert place is Place.BUSY
    assert line.ended() == [("ada", Place.HELD)]


def test_two_places_are_held_at_a_time_and_no_third() -> None:
    queue = FairQueue(2, most_waiting=0, patience=LONG)
    with queue.place("ada") as first, queue.place("ada") as second:
        assert (first, second) == (Place.HELD, Place.HELD)
        with queue.place("ben") as third:
            assert third is Place.BUSY
    with queue.place("ben") as place:
        assert place is Place.HELD


def test_a_place_is_given_back_after_an_error() -> None:
    queue = FairQueue(most_waiting=0, patience=LONG)
    with pytest.raises(RuntimeError), queue.place("ada"):
        raise RuntimeError
    with queue.place("ben") as place:
        assert place is Place.HELD
