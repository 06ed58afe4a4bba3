"""Blocks: items, or single fields of them, that staff keep from shoppers until a date. Rows are never deleted.

These are the rows alone: a running service is told by `Service.block` and `Service.lift`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa
import structlog

from assistant.store import Store, schema
from retrieval.withheld import can_be_withheld

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Block:
    """One block.

    Attributes:
        field: of the record, as claims name it ("price", "attributes.weight"): it is not stated; None: the whole item
            is found by nobody.
        until: when it ends by itself.
    """

    id: int
    item_id: str
    field: str | None
    reason: str
    until: datetime
    by: str
    at: datetime


def block(store: Store, item_id: str, field: str | None, reason: str, until: datetime, by: str) -> int:
    """Block an item, or a field of it. Returns the block's id.

    Raises:
        ValueError: the record cannot be shown without this field; `until` has no time zone.
    """
    if field is not None and not can_be_withheld(field):
        raise ValueError(f"An item cannot be shown without its {field or 'nameless field'}: block the item.")
    if until.tzinfo is None:
        raise ValueError("The end of a block needs a time zone.")
    values = {"item_id": item_id, "field": field, "reason": reason, "until": _stored(until), "by": by}
    with store.connect() as connection:
        insert = schema.blocks.insert().values(**values, at=_stored(datetime.now(UTC)))
        return int(connection.execute(insert.returning(schema.blocks.c.id)).scalar_one())


def lift(store: Store, id: int, by: str) -> bool:
    """End a block now; returns whether it was still in force."""
    now = _stored(datetime.now(UTC))
    table = schema.blocks.c
    standing = (table.id == id) & table.lifted_at.is_(None) & (table.until > now)
    with store.connect() as connection:
        lifted = connection.execute(schema.blocks.update().where(standing).values(lifted_at=now)).rowcount > 0
    log.info("block lifted" if lifted else "block had ended already", id=id, by=by)
    return lifted


def active(store: Store, at: datetime) -> tuple[Block, ...]:
    """The blocks in force at a moment that are not lifted, those that end first first."""
    table = schema.blocks.c
    query = sa.select(schema.blocks).where(table.lifted_at.is_(None) & (table.until > _stored(at)))
    with store.connect() as connection:
        rows = connection.execute(query.order_by(table.until, table.id)).all()
    return tuple(Block(r.id, r.item_id, r.field, r.reason, _read(r.until), r.by, _read(r.at)) for r in rows)


def _stored(moment: datetime) -> str:
    """In UTC with microseconds, so that text sorts as time does."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def _read(text: str) -> datetime:
    return datetime.fromisoformat(text)
