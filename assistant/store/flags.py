"""Flags: turns that somebody of the staff should look at. Deleted with their conversation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from assistant.flagging import Concern, FlagKind
from assistant.store import schema
from assistant.store.database import insert_into

if TYPE_CHECKING:
    from assistant.store import Store

KINDS = tuple(FlagKind)
SHOPPER = "shopper"  # who settles the flag of a dislike that she took back
_table = schema.flags.c


@dataclass(frozen=True, slots=True)
class Flag:
    """A flagged turn.

    Attributes:
        detail: see `assistant.flagging.Concern`.
        utterance: what the shopper said in that turn, unmasked.
        settled_at, settled_by: None while it is open.
    """

    conversation_id: str
    turn: int
    kind: FlagKind
    detail: str
    at: datetime
    utterance: str
    settled_at: datetime | None = None
    settled_by: str | None = None


def add(store: Store, conversation_id: str, turn: int, concern: Concern) -> None:
    """Flag a turn; a flag of this kind that it has already is open again, with the new detail.

    Raises:
        SetupError: there is no such conversation.
    """
    with store.connect() as connection:
        insert(connection, conversation_id, turn, [concern])


def insert(connection: sa.Connection, conversation_id: str, turn: int, concerns: Iterable[Concern]) -> None:
    """Flag a turn within a transaction."""
    for concern in concerns:
        fresh = {"detail": concern.detail, "at": datetime.now(UTC).isoformat()}
        place = {"conversation_id": conversation_id, "turn": turn, "kind": concern.kind}
        statement = insert_into(connection, schema.flags).values(**place, **fresh)
        again = {**fresh, "settled_at": None, "settled_by": None}
        connection.execute(statement.on_conflict_do_update(index_elements=list(place), set_=again))


def note_verdict(connection: sa.Connection, conversation_id: str, item_id: str, disliked: bool) -> None:
    """Flag the turn that showed an item last when it is disliked; else take the item off the flags of dislikes.

    A flag that no disliked item is left of is settled by the shopper. Within the transaction that stores the verdict.
    """
    of_dislikes = (_table.conversation_id == conversation_id) & (_table.kind == FlagKind.DISLIKE)
    rows = connection.execute(sa.select(_table.turn, _table.detail).where(of_dislikes))
    held = {row.turn: row.detail.split("\n") for row in rows}
    flagged = [turn for turn, items in held.items() if item_id in items]
    if disliked and not flagged:
        turn = _last_shown(connection, conversation_id, item_id)
        items = [*filter(None, held.get(turn, ())), item_id]
        insert(connection, conversation_id, turn, [Concern(FlagKind.DISLIKE, "\n".join(items))])
    for turn in flagged if not disliked else ():
        left = [other for other in held[turn] if other != item_id]
        this = of_dislikes & (_table.turn == turn)
        connection.execute(schema.flags.update().where(this).values(detail="\n".join(left)))
        if not left:
            _settle(connection, this, SHOPPER)


def _last_shown(connection: sa.Connection, conversation_id: str, item_id: str) -> int:
    shown = schema.impressions.c
    here = (shown.conversation_id == conversation_id) & (shown.item_id == item_id)
    return int(connection.execute(sa.select(sa.func.max(shown.turn)).where(here)).scalar_one())


def open_flags(store: Store, kind: str | None = None, limit: int = 50, offset: int = 0) -> tuple[Flag, ...]:
    """Flags that nobody has settled, newest first."""
    query = _flags().where(_table.settled_at.is_(None))
    if kind is not None:
        query = query.where(_table.kind == kind)
    query = query.order_by(_table.at.desc(), _table.conversation_id, _table.turn.desc(), _table.kind)
    return _read(store, query.limit(limit).offset(offset))


def of_conversation(store: Store, conversation_id: str) -> tuple[Flag, ...]:
    """Every flag of a conversation, the settled ones as well, in the order of its turns."""
    query = _flags().where(_table.conversation_id == conversation_id)
    return _read(store, query.order_by(_table.turn, _table.kind))


def _flags() -> sa.Select[Any]:
    turns = schema.turns.c
    here = (turns.conversation_id == _table.conversation_id) & (turns.number == _table.turn)
    return sa.select(schema.flags, turns.utterance).select_from(schema.flags.join(schema.turns, here))


def _read(store: Store, query: sa.Select[Any]) -> tuple[Flag, ...]:
    with store.connect() as connection:
        rows = connection.execute(query).all()
    return tuple(
        Flag(
            row.conversation_id,
            row.turn,
            FlagKind(row.kind),
            row.detail,
            datetime.fromisoformat(row.at),
            row.utterance,
            None if row.settled_at is None else datetime.fromisoformat(row.settled_at),
            row.settled_by,
        )
        for row in rows
    )


def count_open(store: Store) -> dict[FlagKind, int]:
    """How many flags nobody has settled, by kind; every kind is there."""
    query = sa.select(_table.kind, sa.func.count()).where(_table.settled_at.is_(None)).group_by(_table.kind)
    with store.connect() as connection:
        counts = {str(kind): int(count) for kind, count in connection.execute(query)}
    return {kind: counts.get(kind, 0) for kind in FlagKind}


def settle(store: Store, conversation_id: str, turn: int, kind: str, by: str) -> bool:
    """Settle a flag; returns whether there was an open one."""
    this = (_table.conversation_id == conversation_id) & (_table.turn == turn) & (_table.kind == kind)
    with store.connect() as connection:
        return _settle(connection, this, by)


def _settle(connection: sa.Connection, this: sa.ColumnElement[bool], by: str) -> bool:
    now = datetime.now(UTC).isoformat()
    open_one = schema.flags.update().where(this & _table.settled_at.is_(None))
    return connection.execute(open_one.values(settled_at=now, settled_by=by)).rowcount > 0
