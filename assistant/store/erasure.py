"""Deleting what is held of a shopper or of a conversation: its rows, and what other rows repeat of them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

import sqlalchemy as sa

from assistant.store import schema
from retrieval.records import chunks

CART_OWNER = "cart "  # what the owner of an idempotency key begins with when it is a conversation's cart
FORGOTTEN = "forgotten"  # the subject of an audit line whose conversation is gone
_AT_ONCE = 500


def conversations_of(connection: sa.Connection, shopper_id: str, until: datetime | None = None) -> list[str]:
    """Ids of a shopper's conversations; with `until`, of those that began by then."""
    table = schema.conversations.c
    query = sa.select(table.conversation_id).where(table.shopper_id == shopper_id)
    return list(connection.scalars(query if until is None else query.where(table.started_at <= _text(until))))


def shoppers(connection: sa.Connection) -> set[str]:
    """Ids of all of whom anything is held."""
    columns = (t.c.shopper_id for t in (schema.conversations, schema.interactions, schema.consents))
    return set(connection.scalars(sa.union(*(sa.select(c).where(c.is_not(None)) for c in columns))))


def begun(connection: sa.Connection) -> dict[str, datetime]:
    """When each conversation began."""
    table = schema.conversations.c
    rows = connection.execute(sa.select(table.conversation_id, table.started_at))
    return {row.conversation_id: datetime.fromisoformat(row.started_at) for row in rows}


def erase_conversations(connection: sa.Connection, conversation_ids: Iterable[str]) -> None:
    """Delete conversations with everything that hangs on them.

    Staff's audit keeps that somebody looked, when and who, and no longer at what or why: a reason may quote her.
    """
    for ids in chunks(conversation_ids, _AT_ONCE):
        audit, keys = schema.audit, schema.idempotency
        connection.execute(audit.update().where(audit.c.subject.in_(ids)).values(subject=FORGOTTEN, detail={}))
        connection.execute(keys.delete().where(keys.c.owner.in_([CART_OWNER + id for id in ids])))
        connection.execute(schema.conversations.delete().where(schema.conversations.c.conversation_id.in_(ids)))


def erase_shopper(connection: sa.Connection, shopper_id: str, until: datetime | None = None) -> None:
    """Delete what is held of a shopper beside her conversations; with `until`, only what is not later."""
    for table in (schema.interactions, schema.consents):
        rows = table.c.shopper_id == shopper_id
        connection.execute(table.delete().where(rows if until is None else rows & (table.c.at <= _text(until))))
    told = schema.idempotency.c.answer["shopper_id"].as_string()  # kept answers name the shopper they were given for
    connection.execute(schema.idempotency.delete().where(told == shopper_id))


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
