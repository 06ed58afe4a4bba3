"""Everything that the store holds about a shopper, as plain JSON: what she is given when she asks for it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from assistant.store import Store, schema

BY_SHOPPER = {"conversations": schema.conversations, "interactions": schema.interactions, "consents": schema.consents}
BY_CONVERSATION = {
    "turns": schema.turns,
    "impressions": schema.impressions,
    "feedback": schema.feedback,
    "traces": schema.traces,
    "flags": schema.flags,
    "cart_lines": schema.cart_lines,
}


def export(store: Store, shopper_id: str) -> dict[str, list[dict[str, Any]]]:
    """Every row about a shopper by table, every column of it; empty lists where nothing is held."""
    mine = sa.select(schema.conversations.c.conversation_id).where(schema.conversations.c.shopper_id == shopper_id)
    queries = {name: sa.select(table).where(table.c.shopper_id == shopper_id) for name, table in BY_SHOPPER.items()}
    for name, table in BY_CONVERSATION.items():
        queries[name] = sa.select(table).where(table.c.conversation_id.in_(mine))
    with store.connect() as connection:
        return {name: [dict(row) for row in connection.execute(query).mappings()] for name, query in queries.items()}
