"""What is kept longer than it may be: found, and deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from assistant.store import Store
from assistant.store.consents import consenting
from assistant.store.idempotency import KEPT
from assistant.store.schema import audit, cart_lines, conversations, idempotency, interactions, sign_ins, traces, turns
from retrieval.interactions import Interaction


@dataclass(frozen=True, slots=True)
class Limits:
    """How long things are kept; None: for ever.

    Attributes:
        conversations: after the last thing that happened in them, and interactions, of all who have not consented:
            guests, and shoppers who took their word back.
        traces: of whomever.
        audit: of staff.
    """

    conversations: timedelta | None
    traces: timedelta | None
    audit: timedelta | None


@dataclass(frozen=True, slots=True)
class Expired:
    """What was, or would be, deleted; how many of each, the interactions themselves."""

    conversations: int
    interactions: tuple[Interaction, ...]
    traces: int
    idempotency: int
    sign_ins: int
    audit: int


def expire(store: Store, limits: Limits, now: datetime, *, dry_run: bool = False) -> Expired:
    """Delete what is over; with `dry_run` nothing is touched and the same is returned.

    Idempotency keys are over after a day and sign-ins at their own end, whatever the limits.
    """
    begun = None if limits.conversations is None else now - limits.conversations
    quiet = [] if begun is None else _quiet(store, begun)
    without_consent = () if begun is None else _interactions(store, begun)
    over: dict[sa.Table, sa.ColumnElement[bool]] = {
        traces: sa.false() if limits.traces is None else _of_turns_before(now - limits.traces),
        idempotency: idempotency.c.at < _text(now - KEPT),
        sign_ins: sign_ins.c.until <= _text(now),
        audit: sa.false() if limits.audit is None else audit.c.at < _text(now - limits.audit),
        interactions: sa.false() if begun is None else _without_consent_before(begun),
    }
    with store.connect() as connection:
        counts = {table: _count(connection, table, condition) for table, condition in over.items()}
        for table, condition in () if dry_run else over.items():
            connection.execute(table.delete().where(condition))
    if not dry_run:
        store.forget_conversations(quiet)
    return Expired(len(quiet), without_consent, counts[traces], counts[idempotency], counts[sign_ins], counts[audit])


def _quiet(store: Store, since: datetime) -> list[str]:
    """Conversations without consent in which nothing was said, and nothing put into the cart, since then."""
    table, then = conversations.c, _text(since)
    said = sa.exists().where(turns.c.conversation_id == table.conversation_id, turns.c.at >= then)
    filled = sa.exists().where(cart_lines.c.conversation_id == table.conversation_id, cart_lines.c.at >= then)
    without_consent = table.shopper_id.is_(None) | table.shopper_id.not_in(consenting())
    query = sa.select(table.conversation_id).where(without_consent, table.started_at < then, ~said, ~filled)
    with store.connect() as connection:
        return list(connection.scalars(query))


def _interactions(store: Store, before: datetime) -> tuple[Interaction, ...]:
    query = sa.select(interactions.c.shopper_id).distinct().where(_without_consent_before(before))
    with store.connect() as connection:
        shoppers = list(connection.scalars(query))
    return tuple(i for shopper_id in shoppers for i in store.interactions(shopper_id) if i.at < before)


def _without_consent_before(moment: datetime) -> sa.ColumnElement[bool]:
    return interactions.c.shopper_id.not_in(consenting()) & (interactions.c.at < _text(moment))


def _of_turns_before(moment: datetime) -> sa.ColumnElement[bool]:
    turn = (turns.c.conversation_id == traces.c.conversation_id) & (turns.c.number == traces.c.turn)
    return sa.exists().where(turn, turns.c.at < _text(moment))


def _count(connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]) -> int:
    return int(connection.scalar(sa.select(sa.func.count()).select_from(table).where(condition)) or 0)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
