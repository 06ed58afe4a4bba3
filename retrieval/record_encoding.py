"""One item as bytes for the records, and the digest by which a change is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache
from hashlib import blake2b

import orjson

from retrieval.catalogue import Attribute, CatalogueItem, Money


def item_digest(item: CatalogueItem) -> bytes:
    """Digest (16 bytes) of what the feed states: a category learned from titles is left out."""
    stated = item if item.category_stated else replace(item, category=(), category_stated=True)
    return blake2b(item.item_id.encode() + b"\0" + encode_item(stated), digest_size=16).digest()


def encode_item(item: CatalogueItem) -> bytes:
    """The item without its id as compact JSON: what holds its default is left out, attributes are lists."""
    stated = {
        "title": item.title,
        "description": item.description,
        "brand": item.brand,
        "category": list(item.category),
        "learned": not item.category_stated,
        "price": None if item.price is None else [item.price.minor, item.price.currency],
        "attributes": [_encode_attribute(a) for a in item.attributes.values()],
        "stock": item.stock,
        "rating": item.rating,
        "rating_count": item.rating_count or None,
        "released": None if item.released is None else item.released.isoformat(),
        "image": item.image,
        "url": item.url,
        "variant_of": item.variant_of,
    }
    return orjson.dumps({key: value for key, value in stated.items() if not _is_default(value)})


def _encode_attribute(attribute: Attribute) -> list[object]:
    """[name, text, number, unit, values], cut after the last part that doesn't follow from the ones before it."""
    parts: list[object] = [attribute.name, attribute.text, attribute.number, attribute.unit]
    if attribute.values != (attribute.text.casefold(),):
        return [*parts, attribute.values]
    while parts[-1] is None:
        parts.pop()
    return parts


@lru_cache(maxsize=2**17)
def _attribute(name: str, text: str, number: float | None = None, unit: str | None = None) -> Attribute:
    """An attribute of one value; the same one again is the same object, for most of them recur."""
    return Attribute(name, text, (text.casefold(),), number, unit)


def _listed_attribute(name: str, text: str, number: float | None, unit: str | None, values: list[str]) -> Attribute:
    return Attribute(name, text, tuple(values), number, unit)


def _is_default(value: object) -> bool:
    return value is None or value is False or value == "" or value == []


def decode_item(item_id: str, body: bytes) -> CatalogueItem:
    """The item that `encode_item` made the body of."""
    stated = orjson.loads(body)
    price = stated.get("price")
    released = stated.get("released")
    return CatalogueItem(
        item_id=item_id,
        title=stated["title"],
        description=stated.get("description", ""),
        brand=stated.get("brand"),
        category=tuple(stated.get("category", ())),
        category_stated=not stated.get("learned", False),
        price=None if price is None else Money(price[0], price[1]),
        attributes={
            parts[0]: _attribute(*parts) if len(parts) < 5 else _listed_attribute(*parts)
            for parts in stated.get("attributes", ())
        },
        stock=stated.get("stock"),
        rating=stated.get("rating"),
        rating_count=stated.get("rating_count", 0),
        released=None if released is None else date.fromisoformat(released),
        image=stated.get("image"),
        url=stated.get("url"),
        variant_of=stated.get("variant_of"),
    )
