"""The audit: who did what to what, and when. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from assistant.store import Store, schema


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit.

    Attributes:
        action: verb and noun: "correct item", "settle flag".
        subject: the id of what it was done to.
        detail: plain JSON; a change of values is {"changes": {field: [before, after]}}.
    """

    id: int
    at: datetime
    by: str
    action: str
    subject: str
    detail: Mapping[str, Any]


def record(store: Store, by: str, action: str, subject: str, detail: Mapping[str, Any]) -> None:
    """Add a line."""
    values = {"at": datetime.now(UTC).isoformat(), "by": by, "action": action, "subject": subject}
    with store.connect() as connection:
        connection.execute(schema.audit.insert().values(**values, detail=dict(detail)))


def entries(
    store: Store, *, by: str = "", action: str = "", subject: str = "", limit: int = 100, before: int | None = None
) -> tuple[Entry, ...]:
    """Lines, newest first.

    Args:
        store: the database.
        by, action, subject: only lines with exactly these; "" is any.
        limit: how many at most.
        before: only lines older than the one with this id: the next page.
    """
    columns = schema.audit.c
    query = sa.select(schema.audit).order_by(columns.id.desc()).limit(limit)
    for column, value in ((columns.by, by), (columns.action, action), (columns.subject, subject)):
        if value:
            query = query.where(column == value)
    if before is not None:
        query = query.where(columns.id < before)
    with store.connect() as connection:
        rows = connection.execute(query).all()
    return tuple(
        Entry(row.id, datetime.fromisoformat(row.at), row.by, row.action, row.subject, row.detail) for row in rows
    )


def actions(store: Store) -> tuple[str, ...]:
    """Every action that was ever recorded, by name."""
    with store.connect() as connection:
        rows = connection.scalars(sa.select(schema.audit.c.action).distinct().order_by(schema.audit.c.action))
        return tuple(rows)
