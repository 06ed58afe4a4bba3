"""A shop that sells everything, for evaluating understanding without a catalogue of one's own.

Its words are `open_shop.toml`: categories, brands and properties of all kinds of shops, English of both sides of the
Atlantic. It is a double: it has items only so that `Vocabulary` can learn from them, and they have no price.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.units import parse_quantity

_FILE = Path(__file__).with_name("open_shop.toml")
_ITEMS_PER_CATEGORY = 4  # a full page of each


@cache
def open_shop() -> tuple[CatalogueItem, ...]:
    """The items, in a fixed order: four of each category, all values of a department spread over its items."""
    data = tomllib.loads(_FILE.read_text("utf-8"))
    return tuple(item for department in data["department"] for item in _items(department, data["everywhere"]))


def _items(department: Mapping[str, Any], everywhere: Mapping[str, str]) -> Iterator[CatalogueItem]:
    brands = _split(department["brands"])
    stated = [*department["attributes"].items(), *everywhere.items()]
    number = 0
    for category in _split(department["categories"]):
        for _ in range(_ITEMS_PER_CATEGORY):
            brand = brands[number % len(brands)]
            yield CatalogueItem(
                f"{department['name']}-{number}",
                f"{brand} {category} {number}",
                brand=brand,
                category=(category,),
                attributes={name: _attribute(name, values, number) for name, values in stated},
            )
            number += 1


def _attribute(name: str, values: str, number: int) -> Attribute:
    """One of the listed values, a different one for the next item."""
    listed = _split(values)
    text = listed[number % len(listed)]
    quantity = parse_quantity(text)
    if quantity is None or quantity.unit is None:
        return Attribute(name, text, (text.casefold(),))
    return Attribute(name, text, number=quantity.number, unit=quantity.unit)


def _split(listed: str) -> list[str]:
    return [entry.strip() for entry in listed.split(",")]
