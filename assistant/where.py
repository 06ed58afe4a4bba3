"""Constraints as staff type them on the command line: "price<=900", "brand!=hp", "ram>=32 GB", "in_stock"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import InvalidOperation

from retrieval.catalogue import Money
from retrieval.query import AttributeConstraint, Comparison, Constraints
from retrieval.units import parse_quantity
from retrieval.vocabulary import Vocabulary

_CONDITION = re.compile(r"^\s*([\w .-]+?)\s*(<=|>=|!=|=|<|>)\s*(.+?)\s*$")
OPERATORS = {
    Comparison.IS: "=",
    Comparison.AT_MOST: "<=",
    Comparison.AT_LEAST: ">=",
    Comparison.LESS_THAN: "<",
    Comparison.MORE_THAN: ">",
}
_COMPARISONS = {operator: comparison for comparison, operator in OPERATORS.items()} | {"!=": Comparison.IS}


class WhereError(ValueError):
    """A condition cannot be read; the message shows the form it must have."""


def parse_where(conditions: Sequence[str], vocabulary: Vocabulary, currency: str) -> Constraints:
    """Constraints from conditions, all of which must hold.

    Args:
        conditions: `NAME OP VALUE` with OP one of = != < <= > >=, or the word `in_stock`. NAME is category, brand,
            price (major units of `currency`) or the name of an attribute; several `brand=` mean any of them.
        vocabulary: of the catalogue that is searched.
        currency: of the price conditions.

    Raises:
        WhereError: a condition is not of this form, or names a category or brand the catalogue does not have.
    """
    constraints = Constraints()
    for condition in conditions:
        if condition.strip() == "in_stock":
            constraints = replace(constraints, in_stock=True)
            continue
        match = _CONDITION.match(condition)
        if match is None:
            raise WhereError(f"{condition!r} is no condition; write for example: price<=900, brand!=hp, ram>=32 GB")
        constraints = with_condition(constraints, match[1].strip().casefold(), match[2], match[3], vocabulary, currency)
    return constraints


def with_condition(
    constraints: Constraints, name: str, operator: str, value: str, vocabulary: Vocabulary, currency: str
) -> Constraints:
    """The constraints and one condition more; `name` in lower case, the rest as `parse_where` has it."""
    if name == "price":
        return _with_price(constraints, operator, value, currency)
    if name == "brand":
        brand = vocabulary.find_brand(value)
        if brand is None:
            raise WhereError(f"the catalogue has no brand {value!r}; some it has: {_some(vocabulary.brands)}")
        if operator == "!=":
            return replace(constraints, excluded_brands=constraints.excluded_brands | {brand})
        if operator == "=":
            return replace(constraints, brands=constraints.brands | {brand})
        raise WhereError("a brand is compared with = or !=")
    if name == "category":
        category = vocabulary.find_category(value)
        if category is None or operator != "=":
            raise WhereError(f"category takes '=' and one of: {_some(vocabulary.categories)}")
        return replace(constraints, category=category)
    quantity = parse_quantity(value)
    attribute = AttributeConstraint(
        name=name,
        comparison=_COMPARISONS[operator],
        value=None if quantity else value.casefold(),
        number=quantity.number if quantity else None,
        unit=quantity.unit if quantity else None,
        words=f"{name} {operator} {value}",
    )
    if quantity is None and operator not in ("=", "!="):
        raise WhereError(f"{value!r} is no number, so {name} can only be compared with = or !=")
    if operator == "!=":
        return replace(constraints, excluded_attributes=(*constraints.excluded_attributes, attribute))
    return replace(constraints, attributes=(*constraints.attributes, attribute))


def _with_price(constraints: Constraints, operator: str, value: str, currency: str) -> Constraints:
    try:
        minor = Money.of(value, currency).minor
    except InvalidOperation as error:
        raise WhereError(f"{value!r} is no price; write for example: price<=900") from error
    constraints = replace(constraints, currency=currency)
    match operator:
        case "<" | "<=":
            return replace(constraints, price_max=minor - (operator == "<"))
        case ">" | ">=":
            return replace(constraints, price_min=minor + (operator == ">"))
        case "=":
            return replace(constraints, price_min=minor, price_max=minor)
        case _:
            raise WhereError("a price is compared with = < <= > >=")


def _some(labels: Sequence[str]) -> str:
    return ", ".join(labels[:8])
