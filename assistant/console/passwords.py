"""Passwords: argon2id hashes, the same work for a name that does not exist, and a limit on guesses."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 256  # characters
WINDOW = 15 * 60.0  # seconds in which failed sign-ins count
LIMITS = {"name and address": 5, "address": 20, "name": 50}  # failed sign-ins of the window
_REMEMBERED = 20_000  # keys, the least recently used forgotten first

_hasher = PasswordHasher()
_at_work = threading.BoundedSemaphore(2)  # each verification takes 64 MiB


def hash_password(password: str) -> str:
    """The argon2id hash with its parameters and salt.

    Raises:
        ValueError: it is too short or too long; says so.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise ValueError(f"A password has {SHORTEST} to {LONGEST} characters.")
    return _hasher.hash(password)


def verify(password_hash: str | None, password: str) -> bool:
    """Whether it is the password; without a hash (no such account) it works as long and says no."""
    with _at_work:
        try:
            return _hasher.verify(password_hash or _nobody(), password[: LONGEST + 1]) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


@cache
def _nobody() -> str:
    return _hasher.hash("the password of nobody")


class Guesses:
    """Failed sign-ins of the last minutes, by name, by address and by both, in the memory of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._times: OrderedDict[tuple[str, ...], deque[float]] = OrderedDict()

    def count(self, name: str, address: str) -> float:
        """Count a guess before it is looked at. Returns seconds to wait: 0.0 when it may be looked at."""
        now = self._clock()
        with self._lock:
            kept = {key: self._recent(key, now) for key in _keys(name, address)}
            waits = [times[0] + WINDOW - now for key, times in kept.items() if len(times) >= LIMITS[key[0]]]
            if waits:
                return max(waits)
            for key, times in kept.items():
                times.append(now)
                self._times[key] = times
                self._times.move_to_end(key)
            while len(self._times) > _REMEMBERED:
                self._times.popitem(last=False)
        return 0.0

    def right(self, name: str, address: str) -> None:
        """The guess that was just counted was right: it does not count, nor do those before it from this address."""
        with self._lock:
            for key in _keys(name, address):
                times = self._times.get(key)
                if key[0] == "name and address":
                    self._times.pop(key, None)
                elif times:
                    times.pop()

    def _recent(self, key: tuple[str, ...], now: float) -> deque[float]:
        times = self._times.get(key, deque())
        while times and times[0] <= now - WINDOW:
            times.popleft()
        return times


def _keys(name: str, address: str) -> tuple[tuple[str, ...], ...]:
    return ("name and address", name, address), ("address", address), ("name", name)
