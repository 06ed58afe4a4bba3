"""The carts of conversations: lines as they were put in."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from assistant.cart import InCart
from assistant.store import Store, schema
from assistant.store.database import insert_into
from retrieval.catalogue import Money


def lines(store: Store, conversation_id: str) -> tuple[InCart, ...]:
    """The lines of a cart, oldest first.

    Raises:
        KeyError: there is no such conversation.
    """
    store.shopper(conversation_id)
    table = schema.cart_lines
    query = sa.select(table).where(table.c.conversation_id == conversation_id).order_by(table.c.at, table.c.item_id)
    with store.connect() as connection:
        rows = connection.execute(query).mappings().all()
    return tuple(InCart(row["item_id"], row["quantity"], row["title"], _price(row)) for row in rows)


def _price(row: sa.RowMapping) -> Money | None:
    return None if row["price"] is None else Money(row["price"], row["currency"])


def put(store: Store, conversation_id: str, line: InCart) -> None:
    """Set a line; one that is there keeps its place. 0 pieces take it out."""
    if line.quantity == 0:
        remove(store, conversation_id, line.item_id)
        return
    values = {
        "quantity": line.quantity,
        "title": line.title,
        "price": None if line.price is None else line.price.minor,
        "currency": None if line.price is None else line.price.currency,
    }
    key = {"conversation_id": conversation_id, "item_id": line.item_id}
    at = datetime.now(UTC).isoformat()
    with store.connect() as connection:
        statement = insert_into(connection, schema.cart_lines).values(**key, **values, at=at)
        connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def remove(store: Store, conversation_id: str, item_id: str) -> None:
    """Take a line out; nothing happens where there is none."""
    table = schema.cart_lines
    with store.connect() as connection:
        connection.execute(
            table.delete().where((table.c.conversation_id == conversation_id) & (table.c.item_id == item_id))
        )


def empty(store: Store, conversation_id: str) -> None:
    """Take every line out."""
    table = schema.cart_lines
    with store.connect() as connection:
        connection.execute(table.delete().where(table.c.conversation_id == conversation_id))


def move(store: Store, source: str, target: str) -> None:
    """The lines of one conversation become another's, besides those it has; where both have an item, the target's stay.

    Raises:
        KeyError: there is no such conversation to move to.
    """
    store.shopper(target)
    table = schema.cart_lines
    there = sa.select(table.c.item_id).where(table.c.conversation_id == target)
    with store.connect() as connection:
        mine = (table.c.conversation_id == source) & table.c.item_id.not_in(there.scalar_subquery())
        connection.execute(table.update().where(mine).values(conversation_id=target))
        connection.execute(table.delete().where(table.c.conversation_id == source))


def latest(store: Store, shopper_id: str) -> str | None:
    """The shopper's conversation whose cart was filled last; None when no cart of hers holds anything."""
    table, theirs = schema.cart_lines, schema.conversations
    query = sa.select(table.c.conversation_id).join(theirs, theirs.c.conversation_id == table.c.conversation_id)
    query = query.where(theirs.c.shopper_id == shopper_id).order_by(table.c.at.desc()).limit(1)
    with store.connect() as connection:
        return connection.scalar(query)
