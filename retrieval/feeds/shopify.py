"""Shopify's product CSV: one product over several rows, of which some are variants and some only pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from retrieval.feeds.formats import RawRow

_OPTIONS = ("Option1", "Option2", "Option3")
_MARKS = ("Variant SKU", "Variant Price", "Option1 Value")


def is_shopify(columns: Iterable[str]) -> bool:
    """Whether these are the columns of a Shopify product export."""
    names = set(columns)
    return {"Handle", "Title"} <= names and any(mark in names for mark in _MARKS)


def fold(rows: Iterable[RawRow]) -> Iterator[RawRow]:
    """One row of plain fields per variant; rows that hold only another picture come out as `merged`.

    Product fields stand in the product's first row and count for all its variants. A product that its status or its
    "Published" column takes off sale stays in, with no stock.
    """
    products: dict[str, dict[str, Any]] = {}
    for row in rows:
        handle = str(row.fields.get("Handle", "")).strip()
        if row.problem is not None or not handle:
            yield row
            continue
        if row.fields.get("Title", "").strip() or handle not in products:
            products[handle] = row.fields
        elif not any(row.fields.get(column, "").strip() for column in _MARKS):
            yield RawRow(row.line, merged=True)
            continue
        yield RawRow(row.line, _variant(handle, products[handle], row.fields))


def _variant(handle: str, product: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    options = [
        (product.get(f"{option} Name", ""), row.get(f"{option} Value", "").strip())
        for option in _OPTIONS
        if row.get(f"{option} Value", "").strip() not in ("", "Default Title")
    ]
    values = [value for _, value in options]
    title = product.get("Title", "").strip()
    stock = row.get("Variant Inventory Qty", "")
    if row.get("Variant Inventory Policy", "") == "continue" or row.get("Variant Inventory Tracker") == "":
        stock = ""  # sold whether counted or not
    off_sale = product.get("Status", "active").strip().lower() in ("draft", "archived") or (
        product.get("Published", "true").strip().lower() == "false"
    )
    return {
        "item_id": row.get("Variant SKU", "").strip().lstrip("'") or "/".join([handle, *values]),
        "title": f"{title} - {' / '.join(values)}" if title and values else title,
        "description": product.get("Body (HTML)", ""),
        "brand": product.get("Vendor", ""),
        "category": product.get("Product Category", "") or product.get("Type", ""),
        "price": row.get("Variant Price", "") or product.get("Variant Price", ""),
        "stock": "0" if off_sale else stock,
        "image": row.get("Variant Image", "") or product.get("Image Src", ""),
        "variant_of": handle if values else "",
        "attributes": {name.strip() or "option": value for name, value in options}
        | {"tags": _tags(product), "weight": _weight(row), "barcode": row.get("Variant Barcode", "").lstrip("'")}
        | ({"type": product["Type"]} if product.get("Product Category") and product.get("Type") else {}),
    }


def _tags(product: dict[str, Any]) -> list[str]:
    return [tag.strip() for tag in product.get("Tags", "").split(",") if tag.strip()]


def _weight(row: dict[str, Any]) -> str:
    grams = row.get("Variant Grams", "").strip()
    return f"{grams} g" if grams not in ("", "0", "0.0") else ""
