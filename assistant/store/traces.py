"""Traces: how each turn came about, for staff. Deleted with their conversation.

Kept is only what the turn's own row does not say already; `trace` puts both together.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from assistant.dialogue import DialogueAct, DialogueState, Rung
from assistant.store import schema
from assistant.turn_json import act_from_json

if TYPE_CHECKING:
    from assistant.events import Turn
    from assistant.store import Store


_state = TypeAdapter(DialogueState)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a stored turn began with.

    Attributes:
        state: before it.
        pressed: what the button meant, a relaxation that it accepted already resolved to slots; None: it was typed.
        at: when the turn was stored.
    """

    state: DialogueState
    utterance: str
    pressed: DialogueAct | None
    at: datetime


def beginning(store: Store, conversation_id: str, turn: int) -> Beginning:
    """What a stored turn began with.

    Raises:
        KeyError: there is no such turn.
    """
    table = schema.turns.c
    query = sa.select(table.number, table.utterance, table.rung, table.act, table.at, table.state).where(
        (table.conversation_id == conversation_id) & table.number.in_([turn - 1, turn])
    )
    with store.connect() as connection:
        rows = {row.number: row for row in connection.execute(query)}
    if turn not in rows:
        raise KeyError(f"{conversation_id}, turn {turn}")
    here = rows[turn]
    before = _state.validate_python(rows[turn - 1].state) if turn - 1 in rows else DialogueState()
    state = _with_looked_at(before, _state.validate_python(here.state))
    pressed = act_from_json(here.act) if here.rung == Rung.CONTROL else None
    return Beginning(state, here.utterance, pressed, datetime.fromisoformat(here.at))


def _with_looked_at(before: DialogueState, after: DialogueState) -> DialogueState:
    """The state with the item whose page she was on. No query asked for it, so it has no scores."""
    for candidate in after.shown:
        if not candidate.scores and candidate not in before.shown:
            return replace(before, shown=(*before.shown, candidate), focus=candidate.item_id)
    return before


def insert(connection: sa.Connection, turn: Turn) -> None:
    """Store the trace of a turn within the transaction that stores the turn; does nothing when it has none."""
    if turn.trace is not None:
        values = {"conversation_id": turn.conversation_id, "turn": turn.number, "trace": turn.trace.as_json()}
        connection.execute(schema.traces.insert().values(values))


def trace(store: Store, conversation_id: str, turn: int) -> dict[str, Any] | None:
    """How a turn came about: act, rung, constraints, stages, scores by item, model calls, claims, latency, blocked.

    Returns:
        None when there is no such turn, or its trace was not recorded.
    """
    turns, traces = schema.turns.c, schema.traces.c
    joined = schema.turns.join(
        schema.traces, (turns.conversation_id == traces.conversation_id) & (turns.number == traces.turn)
    )
    query = sa.select(turns.act, turns.rung, turns.constraints, turns.claims, turns.latency, turns.state, traces.trace)
    query = query.select_from(joined).where((turns.conversation_id == conversation_id) & (turns.number == turn))
    with store.connect() as connection:
        row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return {
        "act": row.act,
        "rung": row.rung,
        "constraints": row.constraints,
        "scores": {shown["item_id"]: shown["scores"] for shown in row.state["shown"]},
        "claims": row.claims,
        "latency": row.latency,
        **row.trace,
    }
