"""What a shopper asks the catalogue for: words to rank by, and constraints that code enforces.

`Constraints.admits` is the definition: whatever is fast elsewhere (`retrieval.columns`) is tested against it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from retrieval.catalogue import Attribute, CatalogueItem


class Sort(StrEnum):
    """Orders a shopper can ask for by name."""

    RELEVANCE = "relevance"
    PRICE_ASCENDING = "price_asc"
    PRICE_DESCENDING = "price_desc"
    RATING = "rating"
    NEWEST = "newest"
    POPULARITY = "popularity"


class Comparison(StrEnum):
    """How an attribute constraint compares: with words (`IS`) or numbers (all of them)."""

    IS = "is"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"


@dataclass(frozen=True, slots=True)
class AttributeConstraint:
    """A condition on one stated attribute.

    Attributes:
        name: `Attribute.name` it applies to; None: any attribute whose values hold `value`.
        comparison: how to compare.
        value: lower-case words for `IS` on words.
        number: for numeric comparisons, in `unit`.
        unit: canonical unit (see `retrieval.units`).
        words: what the shopper said, for chips and messages.
    """

    name: str | None
    comparison: Comparison
    value: str | None = None
    number: float | None = None
    unit: str | None = None
    words: str = ""

    def admits(self, item: CatalogueItem) -> bool:
        """Whether the item states an attribute that meets this. An item that states nothing does not."""
        if self.name is not None:
            attribute = item.attributes.get(self.name)
            return attribute is not None and self.met_by(attribute)
        return any(self.met_by(attribute) for attribute in item.attributes.values())

    def met_by(self, attribute: Attribute) -> bool:
        """Whether one attribute's value meets this constraint."""
        if self.number is None:
            return self.value is not None and self.value in attribute.values
        if attribute.number is None or attribute.unit != self.unit:
            return False
        number, bound = attribute.number, self.number
        slack = 1e-6 * max(1.0, abs(bound))
        match self.comparison:
            case Comparison.IS:
                return abs(number - bound) <= slack
            case Comparison.AT_LEAST:
                return number >= bound - slack
            case Comparison.AT_MOST:
                return number <= bound + slack
            case Comparison.MORE_THAN:
                return number > bound + slack
            case Comparison.LESS_THAN:
                return number < bound - slack


@dataclass(frozen=True, slots=True)
class Constraints:
    """Everything that an item must satisfy to be shown. All of them hold together; the empty one admits all.

    Attributes:
        category: case-folded label of any node of the category path; None: any.
        price_min, price_max: minor units of `currency`, both inclusive. An item without a price, or priced in
            another currency, is not admitted once either bound is set.
        brands: case-folded; an item must be of one of them. Empty: any.
        excluded_brands: case-folded; an item must be of none of them.
        attributes: every one must be met.
        excluded_attributes: none may be met.
        in_stock: only items that can be bought now.
        excluded_items: ids that must not come back ("not that one").
    """

    category: str | None = None
    price_min: int | None = None
    price_max: int | None = None
    currency: str | None = None
    brands: frozenset[str] = frozenset()
    excluded_brands: frozenset[str] = frozenset()
    attributes: tuple[AttributeConstraint, ...] = ()
    excluded_attributes: tuple[AttributeConstraint, ...] = ()
    in_stock: bool = False
    excluded_items: frozenset[str] = frozenset()

    def admits(self, item: CatalogueItem) -> bool:
        """Whether the item satisfies every constraint."""
        brand = item.brand.casefold() if item.brand else None
        return (
            (self.category is None or self.category in item.category_labels)
            and self._admits_price(item)
            and (not self.brands or brand in self.brands)
            and brand not in self.excluded_brands
            and all(a.admits(item) for a in self.attributes)
            and not any(a.admits(item) for a in self.excluded_attributes)
            and (not self.in_stock or item.available)
            and item.item_id not in self.excluded_items
        )

    def _admits_price(self, item: CatalogueItem) -> bool:
        if self.price_min is None and self.price_max is None:
            return True
        if item.price is None or (self.currency is not None and item.price.currency != self.currency):
            return False
        return (self.price_min is None or item.price.minor >= self.price_min) and (
            self.price_max is None or item.price.minor <= self.price_max
        )


@dataclass(frozen=True, slots=True)
class Query:
    """A need, ready for the catalogue.

    Attributes:
        text: words to rank by (never filters); may be empty when only constraints were given.
        constraints: what every result must satisfy.
        sort: explicit order; RELEVANCE ranks by the fused score.
        limit: how many results.
    """

    text: str
    constraints: Constraints = field(default_factory=Constraints)
    sort: Sort = Sort.RELEVANCE
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A smallest change of the constraints that would bring results; offered, never applied silently.

    Attributes:
        slot: which constraint changes: "price_max", "brands", "category", "attributes", ...
        label: short words for a button: "+$40", "any brand", "without 'waterproof'".
        constraints: the whole constraint set after the change.
        count: how many items it would then admit (> 0).
    """

    slot: str
    label: str
    constraints: Constraints
    count: int
