"""Pages of a list: a cursor that only makes sense to us, and only for the list that it came from."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

from assistant.api.problems import Problem


def cursor_of(position: int | str, *of: object) -> str:
    """The cursor of a position in the list that `of` describes: its name, and whatever else chose its entries."""
    return urlsafe_b64encode(json.dumps([_digest(of), position]).encode()).decode()


def position_of(cursor: str | None, *of: object) -> int:
    """How many entries were given before; 0 without a cursor.

    Raises:
        Problem: invalid-request: the cursor is of another list, or none at all.
    """
    position = 0 if cursor is None else _decoded(cursor, of)
    if not isinstance(position, int) or position < 0:
        raise _wrong()
    return position


def last_of(cursor: str | None, *of: object) -> str | None:
    """The key of the last entry that was given before; None without a cursor. Raises as `position_of`."""
    position = None if cursor is None else _decoded(cursor, of)
    if position is not None and not isinstance(position, str):
        raise _wrong()
    return position


def _decoded(cursor: str, of: tuple[object, ...]) -> object:
    try:
        digest, position = json.loads(urlsafe_b64decode(cursor.encode("ascii")))
    except (ValueError, TypeError) as error:
        raise _wrong() from error
    if digest != _digest(of):
        raise _wrong()
    return position


def _digest(of: tuple[object, ...]) -> str:
    return sha256(json.dumps(of, default=str, sort_keys=True).encode()).hexdigest()[:12]


def _wrong() -> Problem:
    return Problem("invalid-request", "This is no cursor of this list; leave it out to begin at the start.")
