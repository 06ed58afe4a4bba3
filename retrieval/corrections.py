"""Corrections: what staff say of an item against what its feed states, field by field.

A correction holds as long as the feed states the value that was corrected: read again, the feed does not undo it. It
is over when the feed states the corrected value, and overtaken when the feed states a third one: then the feed counts,
and the correction stays on record for somebody to look at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import sqlalchemy as sa

from retrieval.catalogue import CatalogueItem
from retrieval.record_encoding import decode_item, encode_item

TABLE = """CREATE TABLE corrections (
    item_id TEXT NOT NULL,
    field TEXT NOT NULL,
    stated BLOB NOT NULL,
    corrected BLOB NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL,
    overtaken INTEGER NOT NULL,
    PRIMARY KEY (item_id, field))"""

Value = Any  # plain JSON, as `record_encoding` writes a field; None where the record states nothing
Differences = dict[str, tuple[Value, Value]]

_corrections = sa.Table(
    "corrections",
    sa.MetaData(),
    *(sa.Column(name, sa.Text) for name in ("item_id", "field")),
    *(sa.Column(name, sa.LargeBinary) for name in ("stated", "corrected")),
    *(sa.Column(name, sa.Text) for name in ("by", "at")),
    sa.Column("overtaken", sa.Boolean),
)


@dataclass(frozen=True, slots=True)
class Correction:
    """One field of one item, corrected.

    Attributes:
        field: "price", "title", ... or "attributes.ram".
        stated: what the feed said; None: nothing.
        corrected: what holds instead; None: nothing.
        overtaken: the feed has since stated something else, which counts.
    """

    item_id: str
    field: str
    stated: Value
    corrected: Value
    by: str
    at: datetime
    overtaken: bool = False


def values_of(item: CatalogueItem) -> dict[str, Value]:
    """What a record states, by field; attributes one by one as "attributes.NAME"."""
    values: dict[str, Value] = orjson.loads(encode_item(item))
    attributes = values.pop("attributes", ())
    return {**values, **{f"attributes.{attribute[0]}": attribute for attribute in attributes}}


def with_values(item: CatalogueItem, changes: Mapping[str, Value]) -> CatalogueItem:
    """The item with other values in some fields; None takes a field's value away."""
    values = {**values_of(item), **changes}
    stated = {name: value for name, value in values.items() if value is not None}
    attributes = [value for name, value in stated.items() if name.startswith("attributes.")]
    fields = {name: value for name, value in stated.items() if not name.startswith("attributes.")}
    return decode_item(item.item_id, orjson.dumps({**fields, "attributes": attributes}))


def differences(before: CatalogueItem, after: CatalogueItem) -> Differences:
    """The fields that two records of one item state differently, each with both values."""
    old, new = values_of(before), values_of(after)
    names = dict.fromkeys([*old, *new])
    return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def read(connection: sa.Connection, item_ids: Iterable[str] | None = None) -> list[Correction]:
    """The corrections of some items, or all of them; the latest first."""
    query = sa.select(_corrections).order_by(_corrections.c.at.desc(), _corrections.c.field)
    if item_ids is not None:
        query = query.where(_corrections.c.item_id.in_(list(item_ids)))
    return [_correction(row) for row in connection.execute(query)]


def add(connection: sa.Connection, item_id: str, changes: Differences, by: str) -> None:
    """Note what staff changed. The feed's own value stays what was corrected; going back to it ends the correction."""
    standing = {c.field: c for c in read(connection, [item_id]) if not c.overtaken}
    for field, (before, after) in changes.items():
        stated = standing[field].stated if field in standing else before
        end(connection, item_id, field)
        if after != stated:
            connection.execute(
                _corrections.insert().values(
                    item_id=item_id,
                    field=field,
                    stated=orjson.dumps(stated),
                    corrected=orjson.dumps(after),
                    by=by,
                    at=datetime.now(UTC).isoformat(),
                    overtaken=False,
                )
            )


def apply(connection: sa.Connection, items: Sequence[CatalogueItem]) -> list[CatalogueItem]:
    """What a feed states of items, with the corrections that still hold; ends or overtakes those that do not."""
    of_item: defaultdict[str, dict[str, Correction]] = defaultdict(dict)
    for correction in read(connection, {item.item_id for item in items}):
        if not correction.overtaken:
            of_item[correction.item_id][correction.field] = correction
    return [_applied(connection, item, of_item[item.item_id]) if item.item_id in of_item else item for item in items]


def _applied(connection: sa.Connection, item: CatalogueItem, standing: Mapping[str, Correction]) -> CatalogueItem:
    stated, holding = values_of(item), {}
    for field, correction in standing.items():
        now = stated.get(field)
        if now == correction.stated:
            holding[field] = correction.corrected
        elif now == correction.corrected:
            end(connection, item.item_id, field)
        else:
            here = (_corrections.c.item_id == item.item_id) & (_corrections.c.field == field)
            connection.execute(_corrections.update().where(here).values(overtaken=True))
    return with_values(item, holding) if holding else item


def end(connection: sa.Connection, item_id: str, field: str) -> None:
    """Take a correction off the record."""
    here = (_corrections.c.item_id == item_id) & (_corrections.c.field == field)
    connection.execute(_corrections.delete().where(here))


def _correction(row: sa.Row[Any]) -> Correction:
    stated, corrected = orjson.loads(row.stated), orjson.loads(row.corrected)
    return Correction(
        row.item_id, row.field, stated, corrected, row.by, datetime.fromisoformat(row.at), bool(row.overtaken)
    )
