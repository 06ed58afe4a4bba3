"""Progress lines: one at every tenth of the way."""

from __future__ import annotations

from collections.abc import Callable

Say = Callable[[str], None]


def reading(say: Say) -> Callable[[str, int, int], None]:
    """A progress function for `retrieval.ingest.ingest`: file, rows done, rows in all."""
    counters: dict[str, Callable[[int, int], None]] = {}

    def advance(file: str, done: int, total: int) -> None:
        counters.setdefault(file, counting(say, f"reading {file}"))(done, total)

    return advance


def counting(say: Say, what: str) -> Callable[[int, int], None]:
    """A progress function that says `what` at every tenth of the way; nothing when there is nothing to do."""
    last = -1

    def advance(done: int, total: int) -> None:
        nonlocal last
        tenth = 10 * done // max(total, 1)
        if tenth != last:
            last = tenth
            say(f"{what}: {done:,} of {total:,}")

    return advance
