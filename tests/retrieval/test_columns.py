import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.catalogue import Attribute, Catalogue, CatalogueItem, Money
from retrieval.columns import Columns
from retrieval.query import AttributeConstraint, Comparison, Constraints

# few values, so that random constraints meet random items
NAMES = ["ram", "weight", "colour", "case colour"]
WORDS = ["black", "silver", "red", "yes"]
BRANDS = ["HP", "Straße", "hp", "Lenovo", ""]
NUMBERS = [8.0, 16.0, 16.000001, 32.0, 1400.0, -5.0]
UNITS = ["GB", "g", None]


def attribute(name: str) -> st.SearchStrategy[Attribute]:
    words = st.lists(st.sampled_from(WORDS), max_size=3).map(
        lambda values: Attribute(name, ", ".join(values), tuple(values))
    )
    numbers = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(UNITS)).map(
        lambda pair: Attribute(name, f"{pair[0]}", (f"{pair[0]}",), pair[0], pair[1])
    )
    return words | numbers


items = st.builds(
    CatalogueItem,
    item_id=st.sampled_from([f"i{n}" for n in range(8)]),
    title=st.just("thing"),
    brand=st.none() | st.sampled_from(BRANDS),
    category=st.lists(st.sampled_from(["Computers", "Laptops", "laptops", "Bags"]), max_size=3).map(tuple),
    price=st.none() | st.builds(Money, st.integers(0, 5), st.sampled_from(["USD", "EUR"])),
    attributes=st.lists(st.sampled_from(NAMES), unique=True, max_size=4).flatmap(
        lambda names: st.fixed_dictionaries({name: attribute(name) for name in names})
    ),
    stock=st.none() | st.integers(0, 2),
)
attribute_constraints = st.builds(
    AttributeConstraint,
    name=st.none() | st.sampled_from(NAMES),
    comparison=st.just(Comparison.IS),
    value=st.none() | st.sampled_from(WORDS),
) | st.builds(
    AttributeConstraint,
    name=st.none() | st.sampled_from(NAMES),
    comparison=st.sampled_from(Comparison),
    number=st.sampled_from(NUMBERS),
    unit=st.sampled_from(UNITS),
)
constraint_sets = st.builds(
    Constraints,
    category=st.none() | st.sampled_from(["laptops", "bags", "Laptops"]),
    price_min=st.none() | st.integers(0, 5),
    price_max=st.none() | st.integers(0, 5),
    currency=st.none() | st.sampled_from(["USD", "EUR", "GBP"]),
    brands=st.frozensets(st.sampled_from(["hp", "strasse", "acer"]), max_size=2),
    excluded_brands=st.frozensets(st.sampled_from(["hp", "lenovo"]), max_size=2),
    attributes=st.lists(attribute_constraints, max_size=2).map(tuple),
    excluded_attributes=st.lists(attribute_constraints, max_size=1).map(tuple),
    in_stock=st.booleans(),
    excluded_items=st.frozensets(st.sampled_from(["i0", "i1", "gone"]), max_size=2),
)


def admitted_one_by_one(catalogue: Catalogue, constraints: Constraints) -> list[int]:
    rows = ((row, catalogue.at(row)) for row in range(catalogue.row_count))
    return [row for row, item in rows if item is not None and constraints.admits(item)]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(items, max_size=12), st.lists(items, max_size=4), st.sets(st.sampled_from(["i0", "i3"])), constraint_sets
)
def test_columns_admit_exactly_what_the_constraints_admit(
    first: list[CatalogueItem], later: list[CatalogueItem], removed: set[str], constraints: Constraints
) -> None:
    catalogue = Catalogue(first)
    columns = Columns(catalogue)
    assert columns.admitted(constraints).tolist() == admitted_one_by_one(catalogue, constraints)
    columns.update(catalogue.upsert(later))
    columns.update(catalogue.remove(removed))
    assert columns.admitted(constraints).tolist() == admitted_one_by_one(catalogue, constraints)


def test_a_new_item_is_admitted_once_its_row_is_updated() -> None:
    catalogue = Catalogue([CatalogueItem("a", "lamp", brand="Lumo")])
    columns = Columns(catalogue)
    columns.update(catalogue.upsert([CatalogueItem("b", "lamp", brand="Nova")]))
    assert columns.admitted(Constraints(brands=frozenset({"nova"}))).tolist() == [1]


def test_an_item_appended_but_not_yet_updated_does_not_disturb_a_search() -> None:
    catalogue = Catalogue([CatalogueItem("a", "lamp")])
    columns = Columns(catalogue)
    catalogue.upsert([CatalogueItem("b", "lamp")])
    assert columns.admitted(Constraints(excluded_items=frozenset({"b"}))).tolist() == [0]


def test_prices_and_numbers_are_nan_where_nothing_is_stated() -> None:
    weight = Attribute("weight", "1.4 kg", (), 1400.0, "g")
    catalogue = Catalogue(
        [
            CatalogueItem("a", "laptop", price=Money(100, "USD"), attributes={"weight": weight}),
            CatalogueItem("b", "laptop"),
        ]
    )
    columns = Columns(catalogue)
    rows = np.array([1, 0])
    np.testing.assert_array_equal(columns.prices(rows), [np.nan, 100.0])
    np.testing.assert_array_equal(columns.numbers("weight", "g", rows), [np.nan, 1400.0])
    np.testing.assert_array_equal(columns.numbers("weight", "mm", rows), [np.nan, np.nan])


@pytest.mark.slow
def test_a_filter_over_fifty_thousand_rows_takes_under_two_milliseconds() -> None:
    colours = ["black", "silver", "red", "blue"]
    item = CatalogueItem("", "thing", category=("Computers", "Laptops"))
    catalogue = Catalogue(
        replace(
            item,
            item_id=str(n),
            brand=f"Brand {n % 50}",
            price=Money(1000 + n % 9973, "USD"),
            attributes={
                "colour": Attribute("colour", colours[n % 4], (colours[n % 4],)),
                "weight": Attribute("weight", f"{n % 3000} g", (), float(n % 3000), "g"),
            },
        )
        for n in range(50_000)
    )
    columns = Columns(catalogue)
    constraints = Constraints(
        category="laptops",
        price_max=9000,
        excluded_brands=frozenset({"brand 3"}),
        attributes=(
            AttributeConstraint(None, Comparison.IS, "black"),
            AttributeConstraint("weight", Comparison.LESS_THAN, number=1400.0, unit="g"),
        ),
    )
    seconds = []
    for _ in range(50):
        start = time.perf_counter()
        columns.admitted(constraints)
        seconds.append(time.perf_counter() - start)
    assert sorted(seconds)[25] < 0.002
