"""A guest's conversation that becomes a shopper's, and what is known of her consent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from assistant.store import schema

if TYPE_CHECKING:
    from assistant.store import Store


def consenting() -> sa.Select[tuple[str]]:
    """Ids of the shoppers whose last word on consent was yes."""
    table = schema.consents.c
    last = sa.select(sa.func.max(table.id)).group_by(table.shopper_id)
    return sa.select(table.shopper_id).where(table.id.in_(last), table.granted)


def consented_conversations(store: Store) -> list[str]:
    """Ids of the conversations of shoppers whose last word was yes, oldest first."""
    table = schema.conversations.c
    query = sa.select(table.conversation_id).where(table.shopper_id.in_(consenting()))
    with store.connect() as connection:
        return list(connection.scalars(query.order_by(table.started_at, table.conversation_id)))


def attach(store: Store, conversation_id: str, shopper_id: str) -> None:
    """Make a conversation a shopper's.

    Raises:
        KeyError: there is no such conversation.
    """
    table = schema.conversations
    here = table.c.conversation_id == conversation_id
    with store.connect() as connection:
        changed = connection.execute(sa.update(table).where(here).values(shopper_id=shopper_id))
    if changed.rowcount == 0:
        raise KeyError(conversation_id)
