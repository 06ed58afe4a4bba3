"""The shop's items as they are held in memory.

`CatalogueItem` is one record, `Catalogue` the whole shop: an append-only list of rows with a tombstone for what
left, so that a row number means the same item in the columns, the lexical index and the behaviour counts.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from babel.numbers import format_currency, get_currency_precision


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of money: integer minor units (cents) and the ISO 4217 code."""

    minor: int
    currency: str

    @classmethod
    def of(cls, major: Decimal | float | int | str, currency: str) -> Money:
        """Money from major units: `Money.of("899.90", "USD").minor == 89990`.

        Raises:
            decimal.InvalidOperation: `major` is not a number.
        """
        scale = Decimal(10) ** get_currency_precision(currency)
        minor = (Decimal(str(major)) * scale).to_integral_value(rounding=ROUND_HALF_UP)
        return cls(int(minor), currency)

    @property
    def major(self) -> Decimal:
        """The amount in major units, exact."""
        digits = get_currency_precision(self.currency)
        return Decimal(self.minor).scaleb(-digits)

    def __str__(self) -> str:
        text: str = format_currency(self.major, self.currency, locale="en_US")
        return text.removesuffix(".00")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One stated property of an item.

    Attributes:
        name: lower-case words, as the shop's feed names it: "screen size".
        text: the value as it is shown: "15.6 in", "Black, Silver".
        values: the value in comparable form, lower-case, one per listed value: ("black", "silver").
        number: the value as a number in `unit`, when it is one; None for words.
        unit: canonical unit of the number (see `retrieval.units`): "g", "mm", "GB", ...; None when it has none.
    """

    name: str
    text: str
    values: tuple[str, ...] = ()
    number: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One item of the shop. What a feed does not state is None or empty, never guessed.

    Attributes:
        category: path, general first: ("Electronics", "Laptops"). Empty when neither stated nor learned.
        category_stated: False when the path was learned from titles and not stated by the feed.
        attributes: by `Attribute.name`.
        stock: pieces; None when the feed says nothing (then it counts as available).
        rating: mean, 0 to 5.
        variant_of: id shared by the variants of one model; None when it has none.
        image: URL, or path relative to the pictures folder.
    """

    item_id: str
    title: str
    description: str = ""
    brand: str | None = None
    category: tuple[str, ...] = ()
    category_stated: bool = True
    price: Money | None = None
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    stock: int | None = None
    rating: float | None = None
    rating_count: int = 0
    released: date | None = None
    image: str | None = None
    url: str | None = None
    variant_of: str | None = None

    @property
    def available(self) -> bool:
        """Whether it can be bought now: unstated stock counts as available."""
        return self.stock is None or self.stock > 0

    @property
    def category_labels(self) -> frozenset[str]:
        """Every node of the category path, case-folded: what a category constraint is compared with."""
        return frozenset(label.casefold() for label in self.category)

    def text(self) -> str:
        """The item in words, as it is embedded and lexically indexed."""
        facts = "; ".join(f"{a.name}: {a.text}" for a in self.attributes.values())
        return ". ".join(p for p in (self.title, " > ".join(self.category), self.brand, self.description, facts) if p)


class Catalogue:
    """All items, by row and by id. Rows are never reused; a removed item's row stays empty.

    One writer at a time (a lock sees to that); readers need none, since rows are only appended or replaced whole.
    """

    def __init__(self, items: Iterable[CatalogueItem] = ()) -> None:
        self._rows: list[CatalogueItem | None] = []
        self._row_of: dict[str, int] = {}
        self._rows_of_model: dict[str, list[int]] = {}  # every row that ever held a variant of it
        self._lock = threading.Lock()
        self.version = 0
        self.upsert(items)

    def upsert(self, items: Iterable[CatalogueItem]) -> list[int]:
        """Add or replace items; returns the row of each, in order."""
        rows = []
        with self._lock:
            for item in items:
                row = self._row_of.get(item.item_id)
                before = None if row is None else self._rows[row]
                if row is None:
                    row = len(self._rows)
                    self._rows.append(item)
                    self._row_of[item.item_id] = row
                else:
                    self._rows[row] = item
                if item.variant_of is not None and (before is None or before.variant_of != item.variant_of):
                    self._rows_of_model.setdefault(item.variant_of, []).append(row)
                rows.append(row)
            self.version += 1
        return rows

    def remove(self, item_ids: Iterable[str]) -> list[int]:
        """Take items out; returns the rows that are now empty. Unknown ids are ignored."""
        rows = []
        with self._lock:
            for item_id in item_ids:
                row = self._row_of.pop(item_id, None)
                if row is not None:
                    self._rows[row] = None
                    rows.append(row)
            self.version += 1
        return rows

    def __len__(self) -> int:
        return len(self._row_of)

    def __iter__(self) -> Iterator[CatalogueItem]:
        return (item for item in self._rows if item is not None)

    def __contains__(self, item_id: object) -> bool:
        return item_id in self._row_of

    def __getitem__(self, item_id: str) -> CatalogueItem:
        """The item with this id. Raises KeyError when the shop has no such item."""
        item = self._rows[self._row_of[item_id]]
        assert item is not None
        return item

    def get(self, item_id: str) -> CatalogueItem | None:
        """The item with this id, or None."""
        row = self._row_of.get(item_id)
        return None if row is None else self._rows[row]

    def variants(self, model: str) -> tuple[CatalogueItem, ...]:
        """The items whose `variant_of` this is, in the catalogue's order."""
        items = (self._rows[row] for row in sorted(set(self._rows_of_model.get(model, ()))))
        return tuple(item for item in items if item is not None and item.variant_of == model)

    def row(self, item_id: str) -> int:
        """The row of an item. Raises KeyError when the shop has no such item."""
        return self._row_of[item_id]

    def at(self, row: int) -> CatalogueItem | None:
        """The item in a row; None when it was removed."""
        return self._rows[row]

    @property
    def row_count(self) -> int:
        """Rows ever used, empty ones included: the length of every column."""
        return len(self._rows)


def item_as_json(item: CatalogueItem) -> dict[str, Any]:
    """The item as plain JSON values; money as a number in major units with its currency."""
    return {
        "item_id": item.item_id,
        "title": item.title,
        "description": item.description,
        "brand": item.brand,
        "category": list(item.category),
        "price": None if item.price is None else float(item.price.major),
        "currency": None if item.price is None else item.price.currency,
        "attributes": {a.name: a.text for a in item.attributes.values()},
        "stock": item.stock,
        "rating": item.rating,
        "rating_count": item.rating_count,
        "released": None if item.released is None else item.released.isoformat(),
        "image": item.image,
        "url": item.url,
        "variant_of": item.variant_of,
    }
