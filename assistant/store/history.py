"""What may be learnt from: the stored interactions of shoppers who consent, and what they liked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa

from assistant.store import schema
from assistant.store.consents import consenting
from retrieval.interactions import Interaction, InteractionKind

if TYPE_CHECKING:
    from assistant.store import Store


def likes(store: Store, shopper_id: str | None = None) -> list[Interaction]:
    """Cards that consenting shoppers like, one shopper's or everybody's, in time order.

    A like is a click on the item: she is interested and has not bought. One that was taken back is none.
    """
    feedback, table = schema.feedback.c, schema.conversations
    query = (
        sa.select(table.c.shopper_id, feedback.conversation_id, feedback.item_id, feedback.at)
        .join_from(schema.feedback, table)
        .where(feedback.verdict == "like", table.c.shopper_id.in_(consenting()))
        .order_by(feedback.at)
    )
    if shopper_id is not None:
        query = query.where(table.c.shopper_id == shopper_id)
    with store.connect() as connection:
        return [
            Interaction(
                row.shopper_id,
                row.item_id,
                InteractionKind.CLICK,
                datetime.fromisoformat(row.at),
                row.conversation_id,
            )
            for row in connection.execute(query)
        ]


def learnable(store: Store) -> list[Interaction]:
    """Everything that consenting shoppers did and liked, in time order."""
    with store.connect() as connection:
        willing = {str(row.shopper_id) for row in connection.execute(consenting())}
    done = [interaction for interaction in store.interactions() if interaction.shopper_id in willing]
    return sorted([*done, *likes(store)], key=lambda interaction: interaction.at)
