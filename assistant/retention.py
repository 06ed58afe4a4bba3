"""What is stored, for as long as the settings allow: deleted when the service starts, then once a day.

A clock that has jumped is not believed at once: see `assistant.steady_clock`.

What a shopper who consented said and did stays until she is forgotten; `keep_…` in `assistant.settings` limit all else.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from assistant.inbox import delete_failed
from assistant.steady_clock import is_steady
from assistant.store.expiry import Expired, Limits, expire
from retrieval.errors import SetupError

if TYPE_CHECKING:
    from assistant.progress import Say
    from assistant.service import Service
    from assistant.settings import Settings

EVERY = timedelta(days=1)
FAILED_FEEDS = timedelta(days=30)  # how long one that could not be read waits for somebody to look at it


def limits(settings: Settings) -> Limits:
    """How long the settings allow things to be kept."""
    return Limits(
        _days(settings.keep_conversations_days), _days(settings.keep_traces_days), _days(settings.keep_audit_days)
    )


def described(expired: Expired, verb: str = "deleted") -> str:
    """What was deleted, on one line; "" when it was nothing."""
    counts = {
        "conversations without consent": expired.conversations,
        "interactions without consent": len(expired.interactions),
        "traces": expired.traces,
        "idempotency keys": expired.idempotency,
        "sign-ins": expired.sign_ins,
        "lines of the audit": expired.audit,
    }
    told = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f"{verb} after their time: {told}" if told else ""


class Retention:
    """Keeps one running service to its limits.

    Args:
        service: whose store it is, and whose counts forget what is deleted.
        say: is told what was deleted, or why it could not be.
    """

    def __init__(self, service: Service, say: Say) -> None:
        self._service, self._say = service, say
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="retention", daemon=True)

    def open(self) -> None:
        """Delete now and every day, in a thread of its own, until `close`."""
        self._thread.start()

    def close(self) -> None:
        """Finish what is being deleted, then stop."""
        self._stopped.set()
        self._thread.join()

    def apply(self, now: datetime) -> Expired:
        """Delete what is over now."""
        settings = self._service.settings
        expired = expire(self._service.store, limits(settings), now)
        self._service.shop.disregard(expired.interactions)
        delete_failed(settings.data_folder, now - FAILED_FEEDS)
        return expired

    def _told(self, now: datetime) -> str:
        """Delete what is over by a clock that can be believed; says what was deleted."""
        if is_steady(self._service.settings.data_folder, now):
            return described(self.apply(now))
        return (
            "nothing was deleted after its time: the clock has jumped, or nobody looked at it for days; it says"
            f" {now:%Y-%m-%d %H:%M} UTC. Correct it if that is wrong; else deleting goes on in a day."
        )

    def _watch(self) -> None:
        while not self._stopped.is_set():
            try:
                told = self._told(datetime.now(UTC))
            except SetupError as error:
                told = f"nothing was deleted after its time: {error.problem} {error.fix}"
            if told:
                self._say(told)
            self._stopped.wait(EVERY.total_seconds())


def _days(number: int) -> timedelta | None:
    return timedelta(days=number) if number else None
