"""When nothing satisfies the constraints: the smallest changes that would bring results, each counted on the catalogue.

One constraint gives way at a time; only if no single one helps two do, and then three. A bound (price, number) moves no
further than to the nearest item, a price to the next round number beyond it; everything else is dropped, a category to
its parent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations

import numpy as np

from retrieval.candidates import Rows
from retrieval.catalogue import CatalogueItem, Money
from retrieval.columns import Columns
from retrieval.query import AttributeConstraint, Comparison, Constraints, Relaxation
from retrieval.units import format_quantity

_MOST_CHANGES = 3  # at once
_MOST_CONSTRAINTS = 10  # that are tried in combinations

# how much giving up a constraint changes the need, against moving a bound by this share of itself: a judgement
_COSTS = {
    "in_stock": 0.25,
    "excluded_brands": 0.3,
    "excluded_attributes": 0.4,
    "attributes": 0.5,
    "brands": 0.5,
    "category": 10.0,  # another kind of thing: offered after everything that keeps the kind
}


@dataclass(frozen=True, slots=True)
class _Change:
    label: str
    constraints: Constraints
    cost: float


@dataclass(frozen=True, slots=True)
class _Giving:
    """One constraint that can give way.

    Attributes:
        without: the constraints without it.
        smallest: given constraints that admit something without it, the least change of it that still does.
    """

    slot: str
    without: Callable[[Constraints], Constraints]
    smallest: Callable[[Constraints, Columns], _Change]


def smallest_relaxations(constraints: Constraints, columns: Columns, limit: int = 4) -> tuple[Relaxation, ...]:
    """The smallest changes of the constraints that admit something, least change first.

    Args:
        constraints: what nothing satisfies. If something does, there is nothing to relax: ().
        columns: the catalogue.
        limit: how many to offer at most.

    Returns:
        Each with the number of items it admits, always > 0; where several constraints give way the slot names them
        all: "price_max+brands". () when no three of them help.
    """
    if len(columns.admitted(constraints)):
        return ()
    givings = tuple(_givings(constraints))[:_MOST_CONSTRAINTS]
    for size in range(1, _MOST_CHANGES + 1):
        groups = combinations(givings, size)
        found = [(group, change) for group in groups if (change := _together(constraints, group, columns))]
        if found:
            found.sort(key=lambda pair: pair[1].cost)
            return tuple(
                Relaxation(
                    slot="+".join(giving.slot for giving in group),
                    label=change.label,
                    constraints=change.constraints,
                    count=len(columns.admitted(change.constraints)),
                )
                for group, change in found[:limit]
            )
    return ()


def _together(constraints: Constraints, group: Sequence[_Giving], columns: Columns) -> _Change | None:
    """The smallest change of exactly these: all are dropped, then put back one by one as far as something remains."""
    for giving in group:
        constraints = giving.without(constraints)
    if not len(columns.admitted(constraints)):
        return None
    labels = []
    cost = 0.0
    for giving in group:
        change = giving.smallest(constraints, columns)
        constraints = change.constraints
        labels.append(change.label)
        cost += change.cost
    return _Change(", ".join(labels), constraints, cost)


def _givings(constraints: Constraints) -> Iterator[_Giving]:
    if constraints.price_max is not None:
        yield _Giving("price_max", lambda c: replace(c, price_max=None), partial(_raise_price, constraints.price_max))
    if constraints.price_min is not None:
        yield _Giving("price_min", lambda c: replace(c, price_min=None), partial(_lower_price, constraints.price_min))
    for attribute in constraints.attributes:
        yield _Giving(
            "attributes", partial(_without_attribute, attribute=attribute), partial(_loosen_attribute, attribute)
        )
    if constraints.in_stock:
        yield _dropped("in_stock", lambda c: replace(c, in_stock=False), "including out of stock")
    for brand in sorted(constraints.excluded_brands):
        yield _Giving("excluded_brands", partial(_including_brand, brand=brand), partial(_name_included_brand, brand))
    for attribute in constraints.excluded_attributes:
        drop = partial(_including_attribute, attribute=attribute)
        yield _dropped("excluded_attributes", drop, f"including {_words(attribute)}")
    if constraints.brands:
        yield _dropped("brands", lambda c: replace(c, brands=frozenset()), "any brand")
    if constraints.category is not None:
        yield _Giving("category", lambda c: replace(c, category=None), partial(_widen_category, constraints.category))


def _dropped(slot: str, without: Callable[[Constraints], Constraints], label: str) -> _Giving:
    return _Giving(slot, without, lambda constraints, columns: _Change(label, constraints, _COSTS[slot]))


def _first(rows: Rows, columns: Columns) -> CatalogueItem:
    item = columns.catalogue.at(int(rows[0]))
    assert item is not None
    return item


def _raise_price(bound: int, without: Constraints, columns: Columns) -> _Change:
    rows = columns.admitted(replace(without, price_min=without.price_min or 0))
    if not len(rows):
        return _Change("any price", without, 1.0)
    prices = columns.prices(rows)
    needed = max(0, int(prices.min()) - bound)
    increase = math.ceil(needed / _round_step(needed)) * _round_step(needed)
    currency = without.currency or _currency(_first(rows[[int(prices.argmin())]], columns))
    label = f"+{Money(increase, currency)}"
    return _Change(label, replace(without, price_max=bound + increase), increase / max(1, bound))


def _lower_price(bound: int, without: Constraints, columns: Columns) -> _Change:
    rows = columns.admitted(replace(without, price_min=0))
    if not len(rows):
        return _Change("any price", without, 1.0)
    prices = columns.prices(rows)
    needed = max(0, bound - int(prices.max()))
    decrease = min(bound, math.ceil(needed / _round_step(needed)) * _round_step(needed))
    currency = without.currency or _currency(_first(rows[[int(prices.argmax())]], columns))
    label = f"-{Money(decrease, currency)}"
    return _Change(label, replace(without, price_min=bound - decrease), decrease / max(1, bound))


def _round_step(amount: int) -> int:
    """1, 2 or 5 times a power of ten, about a tenth of an amount: what it is rounded up to."""
    power: int = 10 ** max(0, len(str(amount)) - 2)
    return next(step * power for step in (1, 2, 5, 10) if step * power * 10 >= amount)


def _currency(item: CatalogueItem) -> str:
    assert item.price is not None
    return item.price.currency


def _without_attribute(constraints: Constraints, attribute: AttributeConstraint) -> Constraints:
    return replace(constraints, attributes=tuple(a for a in constraints.attributes if a != attribute))


def _loosen_attribute(attribute: AttributeConstraint, without: Constraints, columns: Columns) -> _Change:
    """The bound moved to the nearest stated number; without one, or for words, the attribute is dropped."""
    dropped = _Change(f"without '{_words(attribute)}'", without, _COSTS["attributes"])
    if attribute.number is None or attribute.name is None:
        return dropped
    rows = columns.admitted(without)
    numbers = columns.numbers(attribute.name, attribute.unit, rows)
    distances = np.abs(numbers - attribute.number)
    if np.all(np.isnan(distances)):
        return dropped
    nearest = int(np.nanargmin(distances))
    number = float(numbers[nearest])
    comparison, shown, said = _loosened(attribute.comparison)
    stated = _first(rows[[nearest]], columns).attributes[attribute.name].text
    named = f"{attribute.name} {stated}" if attribute.unit is None else f"{stated} {attribute.name}"
    changed = replace(attribute, comparison=comparison, number=number, words=f"{said}{named}")
    return _Change(
        f"{shown}{named if attribute.unit is None else stated}",
        replace(without, attributes=(*without.attributes, changed)),
        abs(number - attribute.number) / max(abs(attribute.number), 1e-9),
    )


def _loosened(comparison: Comparison) -> tuple[Comparison, str, str]:
    """How a moved bound compares (its new number is meant to be admitted), how it is shown, how it would be said."""
    match comparison:
        case Comparison.AT_MOST | Comparison.LESS_THAN:
            return Comparison.AT_MOST, "up to ", "at most "
        case Comparison.AT_LEAST | Comparison.MORE_THAN:
            return Comparison.AT_LEAST, "from ", "at least "
        case Comparison.IS:
            return Comparison.IS, "", ""


def _words(attribute: AttributeConstraint) -> str:
    if attribute.words:
        return attribute.words
    if attribute.number is not None:
        return format_quantity(attribute.number, attribute.unit)
    return attribute.name or "" if attribute.value in (None, "yes", "true") else str(attribute.value)


def _including_brand(constraints: Constraints, brand: str) -> Constraints:
    return replace(constraints, excluded_brands=constraints.excluded_brands - {brand})


def _name_included_brand(brand: str, without: Constraints, columns: Columns) -> _Change:
    rows = columns.admitted(Constraints(brands=frozenset({brand})))
    name = _first(rows, columns).brand if len(rows) else brand
    return _Change(f"including {name}", without, _COSTS["excluded_brands"])


def _including_attribute(constraints: Constraints, attribute: AttributeConstraint) -> Constraints:
    remaining = tuple(a for a in constraints.excluded_attributes if a != attribute)
    return replace(constraints, excluded_attributes=remaining)


def _widen_category(category: str, without: Constraints, columns: Columns) -> _Change:
    """The nearest node above the category that admits something; else any category."""
    inside = columns.admitted(Constraints(category=category))
    path = _first(inside, columns).category if len(inside) else ()
    above = path[: [label.casefold() for label in path].index(category)] if path else ()
    for steps, parent in enumerate(reversed(above)):
        widened = replace(without, category=parent.casefold())
        if len(columns.admitted(widened)):
            return _Change(f"all of {parent}", widened, _COSTS["category"] + 0.1 * steps)
    return _Change("any category", without, _COSTS["category"] + 0.5)
