"""What the items page is asked for, as its address says it: words, filters, order, columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from assistant.where import WhereError, with_condition
from retrieval.catalogue import Money
from retrieval.query import Constraints
from retrieval.units import parse_quantity
from retrieval.vocabulary import Vocabulary

OPERATORS = ("=", "!=", "<=", ">=", "<", ">")
MOST_CONDITIONS = 12


class ItemQuery(BaseModel):
    """The query parameters of the items page; an empty one asks for everything.

    `attribute`, `operator` and `value` belong together by their place; a condition without a name or value is none.
    """

    model_config = ConfigDict(frozen=True)

    q: str = Field("", max_length=500)
    category: str = Field("", max_length=200)
    brand: str = Field("", max_length=400)
    price_from: str = Field("", max_length=30)
    price_to: str = Field("", max_length=30)
    stock: Literal["", "in", "out"] = ""
    new: bool = False
    attribute: list[str] = Field([], max_length=MOST_CONDITIONS)
    operator: list[str] = Field([], max_length=MOST_CONDITIONS)
    value: list[str] = Field([], max_length=MOST_CONDITIONS)
    sort: str = Field("", max_length=120)
    column: list[str] = Field([], max_length=60)
    page: int = Field(1, ge=1, le=100_000)

    @property
    def conditions(self) -> tuple[tuple[str, str, str], ...]:
        """The complete conditions on attributes: name, operator, value."""
        triples = zip(self.attribute, self.operator, self.value, strict=False)
        return tuple((n.strip(), o, v.strip()) for n, o, v in triples if n.strip() and v.strip() and o in OPERATORS)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is asked for: no words and no filter."""
        asked = (self.q.strip(), self.category, self.brand, self.price_from, self.price_to, self.stock, self.new)
        return not any(asked) and not self.conditions

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """The parameters of an address that asks for the same, some of them changed; what is not set is left out."""
        attribute, operator, value = zip(*self.conditions, strict=True) if self.conditions else ((), (), ())
        kept: dict[str, Any] = {
            **self.model_dump(exclude={"new", "page"}),
            "new": "on" if self.new else "",
            "attribute": list(attribute),
            "operator": list(operator),
            "value": list(value),
            "page": self.page if self.page > 1 else "",
        }
        return {name: value for name, value in {**kept, **changes}.items() if value not in (None, "", [])}


def to_constraints(query: ItemQuery, vocabulary: Vocabulary, currency: str, units: Mapping[str, str]) -> Constraints:
    """The constraints that code enforces: the same that a shopper's words become.

    Args:
        query: stock and novelty are not among them, see `item_search`.
        vocabulary: the shop's own categories and brands; a typing error is forgiven.
        currency: of the prices.
        units: the usual unit of each attribute: a number without one is taken to be in it.

    Raises:
        WhereError: a filter cannot be read, or names what the shop does not have; says which.
    """
    category = None
    if query.category.strip():
        category = vocabulary.find_category(query.category)
        if category is None:
            raise WhereError(f"The shop has no category “{query.category.strip()}”.")
    brands = frozenset(_brand(name, vocabulary) for name in query.brand.split(",") if name.strip())
    low, high = _minor(query.price_from, currency), _minor(query.price_to, currency)
    constraints = Constraints(
        category=category,
        price_min=low,
        price_max=high,
        currency=None if low is None and high is None else currency,
        brands=brands,
        in_stock=query.stock == "in",
    )
    for name, operator, value in query.conditions:
        key = name.casefold()
        constraints = with_condition(
            constraints, key, operator, _with_unit(value, units.get(key)), vocabulary, currency
        )
    return constraints


def _brand(name: str, vocabulary: Vocabulary) -> str:
    brand = vocabulary.find_brand(name)
    if brand is None:
        raise WhereError(f"The shop has no brand “{name.strip()}”.")
    return brand


def _minor(amount: str, currency: str) -> int | None:
    text = amount.strip().replace(",", "").lstrip("$€£¥ ")
    if not text:
        return None
    try:
        major = Decimal(text)
        if not Decimal(0) <= major <= Decimal("1e12"):  # NaN is in no order
            raise InvalidOperation
        return Money.of(major, currency).minor
    except InvalidOperation as error:
        raise WhereError(f"“{amount.strip()}” is no price; write for example 899.90.") from error


def _with_unit(value: str, unit: str | None) -> str:
    quantity = parse_quantity(value)
    return f"{value} {unit}" if unit and quantity is not None and quantity.unit is None else value


def describe(query: ItemQuery) -> str:
    """The query in words, for the head of a summary: "“travel”, Laptops, up to 900, in stock"."""
    bounds = {"from": query.price_from.strip(), "up to": query.price_to.strip()}
    parts: Sequence[str] = (
        f"“{query.q.strip()}”" if query.q.strip() else "",
        query.category.strip(),
        query.brand.strip(),
        *(f"{word} {amount}" for word, amount in bounds.items() if amount),
        {"in": "in stock", "out": "out of stock", "": ""}[query.stock],
        "new" if query.new else "",
        *(f"{name} {operator} {value}" for name, operator, value in query.conditions),
    )
    return ", ".join(part for part in parts if part)
