"""What the shop keeps from shoppers for now: whole items, or single fields of an item's record.

The records themselves stay as they are. Searches ask at every step what is withheld at that moment, so that it takes
effect, and ends, without anything being indexed again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from retrieval.catalogue import CatalogueItem

_ATTRIBUTE = "attributes."
# how a record looks that does not state a field
_SILENT: Mapping[str, Mapping[str, Any]] = {
    "brand": {"brand": None},
    "category": {"category": ()},
    "description": {"description": ""},
    "price": {"price": None},
    "rating": {"rating": None, "rating_count": 0},
    "released": {"released": None},
    "stock": {"stock": None},
}


@dataclass(frozen=True, slots=True)
class Withheld:
    """What is withheld at a moment.

    Attributes:
        items: ids of items that nobody is to find or see.
        fields: of other items, by id, the fields that are not to be stated: see `can_be_withheld`.
    """

    items: frozenset[str] = frozenset()
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def seen(self, item: CatalogueItem) -> CatalogueItem | None:
        """The item as shoppers may see it: without the fields that are withheld; None when all of it is."""
        if item.item_id in self.items:
            return None
        for name in self.fields.get(item.item_id, ()):
            item = _without(item, name)
        return item


NOTHING_WITHHELD = Withheld()
Withholding = Callable[[], Withheld]
"""Tells what is withheld now; asked several times in a search, so it answers from memory."""


def can_be_withheld(name: str) -> bool:
    """Whether a record can be shown without this field: "price", "attributes.weight"; not so the title."""
    return name in _SILENT or (name.startswith(_ATTRIBUTE) and len(name) > len(_ATTRIBUTE))


def _without(item: CatalogueItem, name: str) -> CatalogueItem:
    if name.startswith(_ATTRIBUTE):
        left = {n: a for n, a in item.attributes.items() if n != name.removeprefix(_ATTRIBUTE)}
        return replace(item, attributes=left)
    return replace(item, **_SILENT[name])
