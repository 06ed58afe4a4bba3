"""The turns that are being answered now: a service that is stopped lets them end, and cuts those that take too long."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from retrieval.errors import AssistantError


class Stopping(AssistantError):
    """The service is being stopped and begins no further turn."""

    def __init__(self) -> None:
        super().__init__("The service is being stopped.", "Ask again in a moment, when it has been started anew.")


class UnderWay:
    """The turns of one service. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = 0
        self._closed = False
        self._cut = threading.Event()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Count a turn while it runs.

        Raises:
            Stopping: no further turn is begun.
        """
        with self._lock:
            if self._closed:
                raise Stopping
            self._turns += 1
        try:
            yield
        finally:
            with self._lock:
                self._turns -= 1

    @property
    def turns(self) -> int:
        """How many there are."""
        with self._lock:
            return self._turns

    def close(self) -> None:
        """Begin no further turn."""
        with self._lock:
            self._closed = True

    def cut(self) -> None:
        """Have the turns that are still written come to their end now: what is left is said from the records."""
        self._cut.set()

    def either(self, cancelled: Callable[[], bool]) -> Callable[[], bool]:
        """Whether a turn is to end now: its shopper stopped it, or it is cut."""
        return lambda: self._cut.is_set() or cancelled()
