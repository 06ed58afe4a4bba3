from dataclasses import replace

import pytest

from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.query import AttributeConstraint, Comparison, Constraints

LAPTOP = CatalogueItem(
    "a",
    "Air 14",
    brand="Straße",
    category=("Electronics", "Laptops"),
    price=Money.of(899, "USD"),
    attributes={
        "ram": Attribute("ram", "16 GB", (), 16.0, "GB"),
        "weight": Attribute("weight", "3.1 lb", (), 1406.137, "g"),
        "colour": Attribute("colour", "Black, Silver", ("black", "silver")),
        "touchscreen": Attribute("touchscreen", "No", ("no",)),
    },
    stock=3,
)
BARE = CatalogueItem("b", "No facts")


def number(name: str | None, comparison: Comparison, bound: float, unit: str | None) -> AttributeConstraint:
    return AttributeConstraint(name, comparison, number=bound, unit=unit)


@pytest.mark.parametrize(
    ("constraints", "admitted"),
    [
        (Constraints(), True),
        (Constraints(category="laptops"), True),
        (Constraints(category="electronics"), True),
        (Constraints(category="phones"), False),
        (Constraints(price_max=89_900, currency="USD"), True),
        (Constraints(price_max=89_899, currency="USD"), False),
        (Constraints(price_min=89_900, currency="USD"), True),
        (Constraints(price_max=99_999, currency="EUR"), False),
        (Constraints(brands=frozenset({"strasse", "hp"})), True),
        (Constraints(brands=frozenset({"hp"})), False),
        (Constraints(excluded_brands=frozenset({"strasse"})), False),
        (Constraints(in_stock=True), True),
        (Constraints(excluded_items=frozenset({"a"})), False),
        (Constraints(attributes=(number("ram", Comparison.AT_LEAST, 16, "GB"),)), True),
        (Constraints(attributes=(number("ram", Comparison.MORE_THAN, 16, "GB"),)), False),
        (Constraints(attributes=(number("ram", Comparison.LESS_THAN, 16, "GB"),)), False),
        (Constraints(attributes=(number("ram", Comparison.AT_MOST, 16, "GB"),)), True),
        (Constraints(attributes=(number("ram", Comparison.IS, 16, "GB"),)), True),
        (Constraints(attributes=(number("ram", Comparison.AT_LEAST, 8, "g"),)), False),
        (Constraints(attributes=(number(None, Comparison.LESS_THAN, 1500, "g"),)), True),
        (Constraints(attributes=(number("colour", Comparison.AT_LEAST, 1, None),)), False),
        (Constraints(attributes=(AttributeConstraint("colour", Comparison.IS, "silver"),)), True),
        (Constraints(attributes=(AttributeConstraint(None, Comparison.IS, "silver"),)), True),
        (Constraints(attributes=(AttributeConstraint("touchscreen", Comparison.IS, "yes"),)), False),
        (Constraints(excluded_attributes=(AttributeConstraint(None, Comparison.IS, "black"),)), False),
        (Constraints(excluded_attributes=(AttributeConstraint(None, Comparison.IS, "red"),)), True),
    ],
)
def test_an_item_is_admitted_when_it_satisfies_every_constraint(constraints: Constraints, admitted: bool) -> None:
    assert constraints.admits(LAPTOP) is admitted


@pytest.mark.parametrize(
    "constraints",
    [
        Constraints(category="laptops"),
        Constraints(price_max=1, currency="USD"),
        Constraints(price_min=0, currency="USD"),
        Constraints(brands=frozenset({"hp"})),
        Constraints(attributes=(AttributeConstraint(None, Comparison.IS, "black"),)),
    ],
)
def test_an_item_that_states_nothing_satisfies_no_positive_constraint(constraints: Constraints) -> None:
    assert not constraints.admits(BARE)


def test_an_item_that_states_nothing_breaks_no_exclusion() -> None:
    exclusions = Constraints(
        excluded_brands=frozenset({"hp"}), excluded_attributes=(AttributeConstraint(None, Comparison.IS, "black"),)
    )
    assert exclusions.admits(BARE)


@pytest.mark.parametrize(("stock", "admitted"), [(None, True), (1, True), (0, False)])
def test_unstated_stock_counts_as_available(stock: int | None, admitted: bool) -> None:
    assert Constraints(in_stock=True).admits(replace(LAPTOP, stock=stock)) is admitted


def test_all_constraints_hold_together() -> None:
    both = Constraints(category="laptops", attributes=(number("ram", Comparison.AT_LEAST, 32, "GB"),))
    assert not both.admits(LAPTOP)


def test_rounding_in_a_feed_does_not_break_an_exact_number() -> None:
    inches = replace(LAPTOP, attributes={"screen": Attribute("screen", "15.6 in", (), 396.2400001, "mm")})
    assert Constraints(attributes=(number("screen", Comparison.IS, 396.24, "mm"),)).admits(inches)
