"""The constraints, evaluated on numpy columns: the rows that `Constraints.admits`, without asking item by item.

Labels, brands and attribute values are posting lists (value -> rows), numbers and prices are arrays. Kept in step with
the catalogue by `update`; `tests/retrieval/test_columns.py` holds it to `Constraints.admits`.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Rows
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.query import AttributeConstraint, Comparison, Constraints
from retrieval.withheld import NOTHING_WITHHELD, Withholding

Mask = NDArray[np.bool_]
Key = TypeVar("Key", bound=Hashable)

_NO_PRICE = np.iinfo(np.int64).min


class Columns:
    """Columns over all rows of a catalogue, removed ones included (they are never admitted). Safe between threads.

    `withheld` tells what is kept from shoppers now: no column states it, and no constraint admits an item by it.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.withheld: Withholding = lambda: NOTHING_WITHHELD
        self._lock = threading.Lock()
        self._indexed: list[CatalogueItem | None] = []
        self._categories: _Postings[str] = _Postings()
        self._brands: _Postings[str] = _Postings()
        self._currencies: _Postings[str] = _Postings()
        self._values: _Postings[tuple[str, str]] = _Postings()
        self._numbers: _Postings[tuple[str, str | None]] = _Postings()
        self._names_of_value: defaultdict[str, set[str]] = defaultdict(set)
        self._names_of_unit: defaultdict[str | None, set[str]] = defaultdict(set)
        self._prices = np.empty(0, dtype=np.int64)
        self._present = np.empty(0, dtype=np.bool_)
        self._available = np.empty(0, dtype=np.bool_)
        self.update(range(catalogue.row_count))

    def update(self, rows: Iterable[int]) -> None:
        """Read these rows again, after an upsert or a removal. New rows must be among them."""
        with self._lock:
            self._grow(self.catalogue.row_count)
            for row in rows:
                self._take_out(row)
                item = self.catalogue.at(row)
                if item is not None:
                    self._put_in(row, item)

    def admitted(self, constraints: Constraints) -> Rows:
        """Rows whose item satisfies the constraints, ascending."""
        with self._lock:
            mask = self._present.copy()
            self._keep_price(mask, constraints)
            if constraints.category is not None:
                mask &= self._mask(self._categories.rows(constraints.category))
            if constraints.brands:
                mask &= self._mask(*(self._brands.rows(brand) for brand in constraints.brands))
            for brand in constraints.excluded_brands:
                mask[self._brands.rows(brand)] = False
            for attribute in constraints.attributes:
                mask &= self._mask(*self._meeting(attribute))
            for attribute in constraints.excluded_attributes:
                for rows in self._meeting(attribute):
                    mask[rows] = False
            if constraints.in_stock:
                mask &= self._available
            excluded = [self.catalogue.row(i) for i in constraints.excluded_items if i in self.catalogue]
            mask[[row for row in excluded if row < len(mask)]] = False
            self._withhold(mask, constraints)
            return np.flatnonzero(mask).astype(np.int64, copy=False)

    def prices(self, rows: Rows) -> NDArray[np.float64]:
        """Prices in minor units; NaN where an item has none."""
        with self._lock:
            minor = self._prices[rows]
            silent = self._silent_on("price")
        return np.where((minor == _NO_PRICE) | np.isin(rows, silent), np.nan, minor)

    def numbers(self, name: str, unit: str | None, rows: Rows) -> NDArray[np.float64]:
        """The numbers that rows state for an attribute, in its canonical unit; NaN where they state none."""
        with self._lock:
            column = np.full(len(self._present), np.nan)
            column[self._numbers.rows((name, unit))] = self._numbers.numbers((name, unit))
            column[self._silent_on(f"attributes.{name}")] = np.nan
        return column[rows]

    def _withhold(self, mask: Mask, constraints: Constraints) -> None:
        """Take out what is withheld, and what only a withheld field would let in."""
        withheld = self.withheld()
        for item_id in (*withheld.items, *withheld.fields):
            row = self._row_of(item_id)
            item = None if row is None or not mask[row] else self._indexed[row]
            if item is not None:
                seen = withheld.seen(item)
                mask[row] = seen is not None and constraints.admits(seen)

    def _silent_on(self, field: str) -> list[int]:
        """The rows whose field is withheld now."""
        silent = (self._row_of(item_id) for item_id, fields in self.withheld().fields.items() if field in fields)
        return [row for row in silent if row is not None]

    def _row_of(self, item_id: str) -> int | None:
        """The row of an item that is in the columns already; None when it is not."""
        row = self.catalogue.row(item_id) if item_id in self.catalogue else len(self._indexed)
        return row if row < len(self._indexed) else None

    def _keep_price(self, mask: Mask, constraints: Constraints) -> None:
        if constraints.price_min is None and constraints.price_max is None:
            return
        mask &= self._prices != _NO_PRICE
        if constraints.currency is not None:
            mask &= self._mask(self._currencies.rows(constraints.currency))
        if constraints.price_min is not None:
            mask &= self._prices >= constraints.price_min
        if constraints.price_max is not None:
            mask &= self._prices <= constraints.price_max

    def _mask(self, *postings: Rows) -> Mask:
        mask = np.zeros(len(self._present), dtype=np.bool_)
        for rows in postings:
            mask[rows] = True
        return mask

    def _meeting(self, constraint: AttributeConstraint) -> list[Rows]:
        """Rows that meet an attribute constraint, as one or more postings."""
        if constraint.number is not None:
            names = self._names_of_unit.get(constraint.unit, set()) if constraint.name is None else {constraint.name}
            return [self._meeting_number((name, constraint.unit), constraint) for name in names]
        if constraint.value is None:
            return []
        names = self._names_of_value.get(constraint.value, set()) if constraint.name is None else {constraint.name}
        return [self._values.rows((name, constraint.value)) for name in names]

    def _meeting_number(self, place: tuple[str, str | None], constraint: AttributeConstraint) -> Rows:
        return self._numbers.rows(place)[_compare(self._numbers.numbers(place), constraint)]

    def _grow(self, count: int) -> None:
        missing = count - len(self._indexed)
        if missing > 0:
            self._indexed.extend([None] * missing)
            self._prices = np.concatenate([self._prices, np.full(missing, _NO_PRICE, dtype=np.int64)])
            self._present = np.concatenate([self._present, np.zeros(missing, dtype=np.bool_)])
            self._available = np.concatenate([self._available, np.zeros(missing, dtype=np.bool_)])

    def _put_in(self, row: int, item: CatalogueItem) -> None:
        self._indexed[row] = item
        self._present[row] = True
        self._available[row] = item.available
        if item.price is not None:
            self._prices[row] = item.price.minor
            self._currencies.add(item.price.currency, row)
        if item.brand:
            self._brands.add(item.brand.casefold(), row)
        for label in item.category_labels:
            self._categories.add(label, row)
        for name, attribute in item.attributes.items():
            for value in attribute.values:
                self._values.add((name, value), row)
                self._names_of_value[value].add(name)
            if attribute.number is not None:
                self._numbers.add((name, attribute.unit), row, attribute.number)
                self._names_of_unit[attribute.unit].add(name)

    def _take_out(self, row: int) -> None:
        item = self._indexed[row]
        if item is None:
            return
        self._indexed[row] = None
        self._present[row] = False
        self._prices[row] = _NO_PRICE
        if item.price is not None:
            self._currencies.discard(item.price.currency, row)
        if item.brand:
            self._brands.discard(item.brand.casefold(), row)
        for label in item.category_labels:
            self._categories.discard(label, row)
        for name, attribute in item.attributes.items():
            for value in attribute.values:
                self._values.discard((name, value), row)
            if attribute.number is not None:
                self._numbers.discard((name, attribute.unit), row)


class _Postings(Generic[Key]):
    """Rows by key, and a number for each where one is given. Arrays are made at the first question after a change."""

    def __init__(self) -> None:
        self._rows: dict[Key, list[int]] = {}
        self._numbers: dict[Key, list[float]] = {}
        self._arrays: dict[Key, tuple[Rows, NDArray[np.float64]]] = {}

    def add(self, key: Key, row: int, number: float | None = None) -> None:
        self._rows.setdefault(key, []).append(row)
        if number is not None:
            self._numbers.setdefault(key, []).append(number)
        self._arrays.pop(key, None)

    def discard(self, key: Key, row: int) -> None:
        place = self._rows[key].index(row)
        del self._rows[key][place]
        if key in self._numbers:
            del self._numbers[key][place]
        self._arrays.pop(key, None)

    def rows(self, key: Key) -> Rows:
        return self._array(key)[0]

    def numbers(self, key: Key) -> NDArray[np.float64]:
        return self._array(key)[1]

    def _array(self, key: Key) -> tuple[Rows, NDArray[np.float64]]:
        arrays = self._arrays.get(key)
        if arrays is None:
            rows = np.array(self._rows.get(key, ()), dtype=np.int64)
            arrays = rows, np.array(self._numbers.get(key, ()), dtype=np.float64)
            if len(rows):  # a key nobody has is not remembered: shoppers can ask for anything
                self._arrays[key] = arrays
        return arrays


def _compare(numbers: NDArray[np.float64], constraint: AttributeConstraint) -> Mask:
    """`AttributeConstraint.met_by` on an array."""
    bound = constraint.number
    assert bound is not None
    slack = 1e-6 * max(1.0, abs(bound))
    match constraint.comparison:
        case Comparison.IS:
            met = np.abs(numbers - bound) <= slack
        case Comparison.AT_LEAST:
            met = numbers >= bound - slack
        case Comparison.AT_MOST:
            met = numbers <= bound + slack
        case Comparison.MORE_THAN:
            met = numbers > bound + slack
        case Comparison.LESS_THAN:
            met = numbers < bound - slack
    return np.asarray(met, dtype=np.bool_)
