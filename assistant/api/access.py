"""Who may do what: the keys, and how many requests each caller has."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from assistant.api.problems import Problem
from assistant.store.keys import ApiKey, Scope

OPEN = frozenset({Scope.CHAT, Scope.SEARCH})  # what a setting opens to everybody
MOST_CALLERS = 10_000  # remembered; those who have been quiet for a minute are forgotten first
_WINDOW = 60.0

_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key of “python -m assistant keys add”.")


def needs(scope: Scope) -> Any:
    """A dependency: the request must come with a key of this scope, unless the settings open it to everybody.

    Raises:
        Problem: no-key, missing-scope (from the dependency).
    """

    def check(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> None:
        if scope in OPEN and request.app.state.service.settings.api_open:
            return
        key: ApiKey | None = request.state.key
        if key is None:
            raise Problem("no-key", headers={"WWW-Authenticate": "Bearer"})
        if scope not in key.scopes:
            raise Problem("missing-scope", f"This needs the scope “{scope}”; the key “{key.name}” does not have it.")

    return Security(check, scopes=[scope.value])


@dataclass(frozen=True, slots=True)
class Left:
    """What a caller has left: whole requests now, seconds until all of them are back, seconds to wait when refused."""

    requests: int
    full_in: float
    wait: float = 0.0


class Buckets:
    """A token bucket for each caller: so many requests at once, coming back evenly over a minute."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_minute = per_minute
        self._clock = clock
        self._held: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> Left:
        """Take one request of a caller; `Left.wait` above 0 refuses it."""
        now = self._clock()
        held = self._now_held(caller, now)
        refused = held < 1
        left = held if refused else held - 1
        if len(self._held) >= MOST_CALLERS and caller not in self._held:
            self._held = {c: h for c, h in self._held.items() if self._now_held(c, now) < self.per_minute}
        self._held[caller] = left, now
        rate = self.per_minute / _WINDOW
        return Left(math.floor(left), (self.per_minute - left) / rate, (1 - left) / rate if refused else 0.0)

    def _now_held(self, caller: str, now: float) -> float:
        held, since = self._held.get(caller, (float(self.per_minute), now))
        return min(self.per_minute, held + (now - since) * self.per_minute / _WINDOW)
