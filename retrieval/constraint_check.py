"""Do searches keep their constraints? Queries are generated from the catalogue and every result is checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from retrieval.catalogue import CatalogueItem
from retrieval.query import AttributeConstraint, Comparison, Constraints, Query, Sort
from retrieval.shop import Shop

RESULTS = 50  # asked of each query
_NUMERIC = (Comparison.AT_LEAST, Comparison.AT_MOST, Comparison.MORE_THAN, Comparison.LESS_THAN, Comparison.IS)


@dataclass(frozen=True, slots=True)
class ConstraintCheck:
    """What `constraint_violations` found.

    Attributes:
        queries: how many were asked; `empty` of them admit no item at all.
        results: how many items came back in all.
        violations: results whose record breaks a constraint.
        miscounted: queries whose `matching` is not the number of items that satisfy them.
        unhelpful: queries that admit nothing and offer a relaxation that admits nothing either, or another number
            than it says.
    """

    queries: int
    empty: int
    results: int
    violations: int
    miscounted: int
    unhelpful: int

    def __str__(self) -> str:
        return (
            f"{self.violations} violations in {self.results:,} results of {self.queries} constrained queries "
            f"({self.empty} admit nothing; {self.miscounted} miscounted; {self.unhelpful} with a wrong relaxation)"
        )


def constraint_violations(shop: Shop, n: int = 200, seed: int = 0) -> ConstraintCheck:
    """Ask constrained queries and check every result against `Constraints.admits`.

    Args:
        shop: must not be empty. What is searched is its `search`, what is checked are its records in memory.
        n: how many queries.
        seed: of the generator. Constraints are made from what two items state, so that some are easy to satisfy, some
            contradict each other and all are about values that the catalogue has.
    """
    rng = np.random.default_rng(seed)
    items = list(shop.catalogue)
    empty = results = violations = miscounted = unhelpful = 0
    for _ in range(n):
        one, other = (items[index] for index in rng.integers(len(items), size=2))
        constraints = _draw(rng, one, other)
        sort = list(Sort)[rng.integers(len(Sort))] if rng.random() < 0.3 else Sort.RELEVANCE
        text = " ".join(other.title.split()[: rng.integers(4)])
        found = shop.search(Query(text, constraints, sort, RESULTS))
        matching = sum(constraints.admits(item) for item in items)
        empty += matching == 0
        miscounted += found.matching != matching
        results += len(found.candidates)
        violations += sum(not constraints.admits(shop.catalogue[c.item_id]) for c in found.candidates)
        unhelpful += any(
            not r.count or r.count != sum(r.constraints.admits(item) for item in items) for r in found.relaxations
        )
    return ConstraintCheck(n, empty, results, violations, miscounted, unhelpful)


def _draw(rng: np.random.Generator, one: CatalogueItem, other: CatalogueItem) -> Constraints:
    """One to five constraints that `one` satisfies, now and then one that it doesn't."""
    price = one.price
    low, high = (int(price.minor * factor) if price else None for factor in (rng.uniform(0.3, 1), rng.uniform(1, 2)))
    odd = rng.random() < 0.2
    stated = other if odd else one
    return Constraints(
        category=stated.category[rng.integers(len(stated.category))].casefold()
        if stated.category and rng.random() < 0.6
        else None,
        price_min=low if rng.random() < 0.4 else None,
        price_max=high if rng.random() < 0.6 else None,
        currency=price.currency if price else None,
        brands=frozenset({one.brand.casefold()}) if one.brand and rng.random() < 0.3 else frozenset(),
        excluded_brands=frozenset({other.brand.casefold()}) if other.brand and rng.random() < 0.5 else frozenset(),
        attributes=_attributes(rng, stated, 0.5),
        excluded_attributes=_attributes(rng, other, 0.3),
        in_stock=bool(rng.random() < 0.3),
        excluded_items=frozenset({other.item_id}) if rng.random() < 0.3 else frozenset(),
    )


def _attributes(rng: np.random.Generator, item: CatalogueItem, probability: float) -> tuple[AttributeConstraint, ...]:
    """With this probability, a constraint on one of the item's attributes, about its own value."""
    stated = [a for a in item.attributes.values() if a.values or a.number is not None]
    if not stated or rng.random() >= probability:
        return ()
    attribute = stated[rng.integers(len(stated))]
    name = attribute.name if rng.random() < 0.7 else None
    if attribute.number is not None:
        comparison = _NUMERIC[rng.integers(len(_NUMERIC))]
        return (AttributeConstraint(name, comparison, number=attribute.number, unit=attribute.unit),)
    return (AttributeConstraint(name, Comparison.IS, attribute.values[rng.integers(len(attribute.values))]),)
