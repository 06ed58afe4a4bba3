"""Items of the invented shops, so that their words can be learnt like those of any catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assistant.labelled.phrases import Split
from assistant.labelled.shops import ShopWords, shops
from retrieval.catalogue import Attribute, CatalogueItem

_ITEMS = 3  # of each thing
_SPLITS: tuple[Split, ...] = ("train", "validation")


def items() -> Iterator[CatalogueItem]:
    """A shop that sells what the utterances are about, for the rules to read them with."""
    for split in _SPLITS:
        for shop in shops(split):
            yield from _items_of(shop, split)


def _items_of(shop: ShopWords, split: str) -> Iterator[CatalogueItem]:
    for place, thing in enumerate(shop.things):
        properties = [words for kind, listed in thing.properties.items() if kind != "measure" for words in listed]
        stated = [re.sub(r"^an? ", "", words).casefold() for words in properties]
        for number in range(_ITEMS):
            brand = shop.brands[(place * _ITEMS + number) % len(shop.brands)]
            values = tuple(stated[number::_ITEMS])
            yield CatalogueItem(
                f"{split} {shop.name} {place} {number}",
                f"{brand} {thing.one}",
                brand=brand,
                category=(shop.name, thing.many),
                attributes={"features": Attribute("features", ", ".join(values), values)} if values else {},
            )
