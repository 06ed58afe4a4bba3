"""Writes that may be sent twice: the first answer of an idempotency key is kept for a day and given again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from assistant.store import Store, schema
from assistant.store.database import insert_into
from assistant.store.erasure import CART_OWNER

KEPT = timedelta(hours=24)
ABANDONED = timedelta(minutes=5)  # a write that has not ended by then was cut off with its process


class Refusal(Enum):
    """Why a write must not be done."""

    UNDER_WAY = auto()  # the same write is being done
    OTHER_REQUEST = auto()  # the key belongs to another request


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer to a write that was done before: HTTP status and JSON body."""

    status: int
    answer: Any


def claim(store: Store, owner: str, key: str, request_hash: str) -> Remembered | Refusal | None:
    """Begin a write; None: go on and `settle` it, or `release` it when it fails.

    Args:
        store: where claims are kept.
        owner: whose keys these are: two owners may use the same key.
        key: the caller's.
        request_hash: of everything that makes the request what it is.
    """
    table, now, mine = schema.idempotency, datetime.now(UTC), _place(owner, key)
    with store.connect() as connection:
        connection.execute(table.delete().where(table.c.at < (now - KEPT).isoformat()))
        old, later = table.c.at < (now - ABANDONED).isoformat(), table.c.at > (now + ABANDONED).isoformat()
        cut_off = table.c.status.is_(None) & (old | later)  # from later than now: the clock was put back
        connection.execute(table.delete().filter_by(**mine).where(cut_off))
        values = {**mine, "request_hash": request_hash, "at": now.isoformat()}
        added = insert_into(connection, table).values(values).on_conflict_do_nothing()
        if connection.scalar(added.returning(table.c.key)) is not None:
            return None
        row = connection.execute(sa.select(table).filter_by(**mine)).mappings().one_or_none()
    if row is None:
        return Refusal.UNDER_WAY  # it was released just now
    if row["request_hash"] != request_hash:
        return Refusal.OTHER_REQUEST
    return Refusal.UNDER_WAY if row["status"] is None else Remembered(row["status"], row["answer"])


def settle(store: Store, owner: str, key: str, status: int, answer: Any) -> None:
    """Keep the answer of a claimed write."""
    kept = schema.idempotency.update().filter_by(**_place(owner, key)).values(status=status, answer=answer)
    with store.connect() as connection:
        connection.execute(kept)


def release(store: Store, owner: str, key: str) -> None:
    """Give a claim back: the write did not succeed and may be tried again with the same key."""
    with store.connect() as connection:
        connection.execute(schema.idempotency.delete().filter_by(**_place(owner, key)))


def owner_of_cart(conversation_id: str) -> str:
    """The owner of the keys with which things are added to a conversation's cart."""
    return f"{CART_OWNER}{conversation_id}"


def _place(owner: str, key: str) -> dict[str, str]:
    """Where a claim is kept: a caller may have written a shopper's id into its key, so that only a digest is."""
    return {"owner": owner, "key": sha256(key.encode("utf-8", "surrogatepass")).hexdigest()}
