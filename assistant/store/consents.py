"""A guest's conversation that becomes a shopper's, and what is known of her consent."""

from __future__ import annotations

import sqlalchemy as sa

from assistant.store import Store, schema


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
