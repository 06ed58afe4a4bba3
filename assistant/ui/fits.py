"""Why an item fits: what its own record says to each constraint. Nothing is narrated."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from retrieval.catalogue import CatalogueItem, Money
from retrieval.query import AttributeConstraint, Constraints


def fits(item: CatalogueItem, constraints: Constraints, display: Callable[[str], str]) -> tuple[str, ...]:
    """One short line for each constraint that the item meets, dearest wish first; empty without constraints."""
    return (*_price(item, constraints), *_attributes(item, constraints), *_brand(item, constraints, display))


def _price(item: CatalogueItem, constraints: Constraints) -> Iterator[str]:
    if item.price is None:
        return
    low, high, currency = constraints.price_min, constraints.price_max, item.price.currency
    if high is not None and item.price.minor <= high:
        spare = Money(high - item.price.minor, currency)
        yield f"{spare} under your {Money(high, currency)}" if spare.minor else f"exactly your {Money(high, currency)}"
    if low is not None and item.price.minor >= low:
        yield f"above your {Money(low, currency)}" if item.price.minor > low else f"exactly your {Money(low, currency)}"


def _attributes(item: CatalogueItem, constraints: Constraints) -> Iterator[str]:
    for constraint in constraints.attributes:
        yield from _stated(item, constraint)
    for constraint in constraints.excluded_attributes:
        if not constraint.admits(item):
            yield f"not {constraint.words or constraint.value}"


def _stated(item: CatalogueItem, constraint: AttributeConstraint) -> Iterator[str]:
    named = [item.attributes.get(constraint.name)] if constraint.name is not None else item.attributes.values()
    for attribute in named:
        if attribute is not None and constraint.met_by(attribute):
            yield f"{attribute.name}: {attribute.text}"
            return


def _brand(item: CatalogueItem, constraints: Constraints, display: Callable[[str], str]) -> Iterator[str]:
    if item.brand and item.brand.casefold() in constraints.brands:
        yield f"made by {item.brand}"
    for brand in sorted(constraints.excluded_brands):
        if item.brand and item.brand.casefold() != brand:
            yield f"{item.brand}, not {display(brand)}"
            return
