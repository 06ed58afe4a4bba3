"""Turns put straight into a store, at times of the test's choosing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from assistant.store import Store, schema

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)


def store_turn(
    store: Store,
    conversation_id: str,
    number: int = 1,
    *,
    at: datetime = NOON,
    shopper_id: str | None = None,
    shown: tuple[str, ...] = (),
    cold: bool | None = False,
    **columns: Any,
) -> None:
    """A turn with an impression for each item shown; the conversation begins with its first turn."""
    here = {"conversation_id": conversation_id, "started_at": at.isoformat(), "shopper_id": shopper_id}
    row = {
        "utterance": "a lamp",
        "intent": "find",
        "rung": "rules",
        "act": {"intent": "find", "slots": {}, "rung": "rules", "confidence": 1.0},
        "state": {"shown": [{"item_id": i, "relevance": 0.5, "scores": {}, "interaction_count": 3} for i in shown]},
        "constraints": {},
        "matching": len(shown),
        "reply": "Here they are.",
        "claims": [],
        "relaxations": [],
        "notices": [],
        "prompts": {},
        "latency": {"cards": 0.5, "turn": 2.0},
        **columns,
    }
    with store.connect() as connection:
        if number == 1:
            connection.execute(schema.conversations.insert().values(here))
        connection.execute(
            schema.turns.insert().values(conversation_id=conversation_id, number=number, at=at.isoformat(), **row)
        )
        for rank, item_id in enumerate(shown, start=1):
            impression = {"turn": number, "rank": rank, "item_id": item_id, "scores": {}, "propensity": 1.0}
            connection.execute(
                schema.impressions.insert().values(conversation_id=conversation_id, cold_start=cold, **impression)
            )
