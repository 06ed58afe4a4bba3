"""Items side by side: a table of catalogue fields, nothing narrated."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.units import parse_quantity

NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One field of a comparison; `differs` when the stated values are not all the same."""

    field: str
    label: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class ComparisonTable:
    """Items side by side: one row per field, one column per item; "not stated" where a record says nothing."""

    item_ids: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]


def compare(items: Sequence[CatalogueItem]) -> ComparisonTable:
    """Items side by side: price, brand, rating, stock, then attributes, those that most items state first.

    A field that no item states has no row. Numbers of one row are in one unit, that of the first item that states it.
    """
    rows = [
        _row("price", "price", [None if item.price is None else str(item.price) for item in items]),
        _row("brand", "brand", [item.brand for item in items]),
        _row("rating", "rating", [rating_words(item) for item in items]),
        _row("stock", "stock", [stock_words(item) for item in items]),
        *(_attribute_row(name, [item.attributes.get(name) for item in items]) for name in _by_coverage(items)),
    ]
    stated = tuple(row for row in rows if any(value != NOT_STATED for value in row.values))
    return ComparisonTable(tuple(i.item_id for i in items), tuple(i.title for i in items), stated)


def rating_words(item: CatalogueItem) -> str | None:
    """ "4.5 of 5 (128 ratings)"; None when the record has no rating."""
    if item.rating is None:
        return None
    ratings = "rating" if item.rating_count == 1 else "ratings"
    return f"{item.rating:g} of 5" + (f" ({item.rating_count:,} {ratings})" if item.rating_count else "")


def stock_words(item: CatalogueItem) -> str | None:
    """ "12 in stock" or "out of stock"; None when the record has no stock."""
    if item.stock is None:
        return None
    return f"{item.stock:,} in stock" if item.stock > 0 else "out of stock"


def _by_coverage(items: Sequence[CatalogueItem]) -> list[str]:
    names = dict.fromkeys(name for item in items for name in item.attributes)
    return sorted(names, key=lambda name: -sum(name in item.attributes for item in items))


def _row(field: str, label: str, values: Sequence[str | None]) -> ComparisonRow:
    stated = {value.casefold() for value in values if value is not None}
    return ComparisonRow(field, label, tuple(NOT_STATED if v is None else v for v in values), len(stated) > 1)


def _attribute_row(name: str, attributes: Sequence[Attribute | None]) -> ComparisonRow:
    field, stated = f"attributes.{name}", [a for a in attributes if a is not None]
    if any(a.number is None for a in stated):
        row = _row(field, name, [None if a is None else a.text for a in attributes])
        values = {frozenset(a.values) or a.text.casefold() for a in stated}
        return ComparisonRow(field, name, row.values, len(values) > 1)
    first = stated[0]
    texts = tuple(NOT_STATED if a is None else _in_unit_of(first, a) for a in attributes)
    differs = any(a.unit != first.unit or not _same(a.number, first.number) for a in stated)
    return ComparisonRow(field, name, texts, differs)


def _same(left: float | None, right: float | None) -> bool:
    """Whether two numbers are equal but for the rounding of a conversion."""
    return left is not None and right is not None and math.isclose(left, right, rel_tol=1e-3)


def _in_unit_of(first: Attribute, attribute: Attribute) -> str:
    """The value in the unit that the first item's record states it in: 900 g beside "1.4 kg" is "0.9 kg"."""
    unit = _unit_words(first.text)
    if unit is None or first.unit != attribute.unit or unit == _unit_words(attribute.text):
        return attribute.text
    one, none = parse_quantity(f"1 {unit}"), parse_quantity(f"0 {unit}")
    if one is None or none is None or attribute.number is None:
        return attribute.text
    return f"{(attribute.number - none.number) / (one.number - none.number):.4g} {unit}"


def _unit_words(text: str) -> str | None:
    match = re.fullmatch(r"[-−]?[\d.,]+\s*-?\s*(\D+)", text.strip())
    return match[1].strip() if match else None
