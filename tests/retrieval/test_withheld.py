"""What is kept from shoppers: whole items and single fields, at once and for as long as it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from search_doubles import HashingEncoder, item

from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.query import AttributeConstraint, Comparison, Constraints, Query, Sort
from retrieval.shop import Shop
from retrieval.withheld import Withheld, can_be_withheld

LIGHT = AttributeConstraint("weight", Comparison.AT_MOST, number=1000.0, unit="g", words="up to 1 kg")
WATERPROOF = AttributeConstraint("waterproof", Comparison.IS, "yes")


def jacket(item_id: str, price: float, grams: float, **facts: str) -> CatalogueItem:
    made = item(item_id, f"Jacket {item_id}", brand="Brae", category=("Jackets",), price=price, **facts)
    weight = Attribute("weight", f"{grams:g} g", number=grams, unit="g")
    return replace(made, attributes={**made.attributes, "weight": weight})


ITEMS = [
    jacket("j1", 80, 700, waterproof="yes"),
    jacket("j2", 120, 900, waterproof="yes"),
    jacket("j3", 200, 1500),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as opened:
        opened.upsert(ITEMS)
        yield opened


def withhold(shop: Shop, *items: str, **fields: set[str]) -> None:
    held = Withheld(frozenset(items), {item_id: frozenset(names) for item_id, names in fields.items()})
    shop.withhold(lambda: held)


def found(shop: Shop, constraints: Constraints | None = None, sort: Sort = Sort.RELEVANCE) -> list[str]:
    return [c.item_id for c in shop.search(Query("jacket", constraints or Constraints(), sort)).candidates]


@pytest.mark.parametrize("sort", list(Sort))
def test_an_item_that_is_withheld_is_in_no_result_and_no_count(shop: Shop, sort: Sort) -> None:
    withhold(shop, "j1")
    result = shop.search(Query("jacket j1", Constraints(category="jackets"), sort))
    assert {c.item_id for c in result.candidates} == {"j2", "j3"}
    assert result.matching == 2
    assert shop.left_out(Constraints(category="jackets")) == ("j1",)
    assert shop.left_out(Constraints(category="boots")) == ()


def test_what_is_no_longer_withheld_is_back_at_once(shop: Shop) -> None:
    withhold(shop, "j1")
    assert shop.item("j1") is None
    withhold(shop)
    assert set(found(shop)) == {"j1", "j2", "j3"}
    assert shop.item("j1") == ITEMS[0]


def test_an_item_that_is_not_in_the_shop_can_be_withheld_before_it_comes(shop: Shop) -> None:
    withhold(shop, "j9")
    shop.upsert([jacket("j9", 50, 500)])
    assert "j9" not in found(shop)


def test_an_item_that_is_withheld_while_a_search_runs_is_left_out_of_its_result(shop: Shop) -> None:
    asked = iter([Withheld(), Withheld(frozenset({"j2"}))])
    last = Withheld(frozenset({"j2"}))
    shop.withhold(lambda: next(asked, last))
    assert "j2" not in found(shop)


def test_no_constraint_admits_an_item_by_a_field_that_is_withheld(shop: Shop) -> None:
    withhold(shop, j1={"attributes.waterproof"}, j2={"price"})
    assert found(shop, Constraints(attributes=(WATERPROOF,))) == ["j2"]
    assert set(found(shop, Constraints(price_max=15000, currency="USD"))) == {"j1"}
    assert shop.search(Query("", Constraints(price_max=15000, currency="USD"))).matching == 1


def test_an_item_that_an_exclusion_keeps_out_stays_out_when_the_field_is_withheld(shop: Shop) -> None:
    withhold(shop, j1={"attributes.waterproof"})
    assert found(shop, Constraints(excluded_attributes=(WATERPROOF,))) == ["j3"]


def test_an_item_whose_price_is_withheld_stands_where_those_without_a_price_stand(shop: Shop) -> None:
    withhold(shop, j1={"price"})
    assert found(shop, sort=Sort.PRICE_ASCENDING) == ["j2", "j3", "j1"]


def test_a_relaxation_is_not_counted_on_what_is_withheld(shop: Shop) -> None:
    under_50 = Constraints(price_max=5000, currency="USD", attributes=(LIGHT,))
    withhold(shop, "j1")
    (raised,) = (r for r in shop.search(Query("jacket", under_50)).relaxations if r.slot == "price_max")
    assert (raised.constraints.price_max, raised.count) == (12000, 1)
    withhold(shop, j1={"attributes.weight"}, j2={"attributes.weight"})
    very_light = Constraints(attributes=(replace(LIGHT, number=100.0),))
    for relaxation in shop.search(Query("jacket", very_light)).relaxations:
        assert relaxation.count == shop.search(Query("jacket", relaxation.constraints)).matching > 0


def test_a_record_without_a_field_says_nothing_of_it_and_everything_else() -> None:
    full = replace(ITEMS[0], rating=4.5, rating_count=9, stock=3, description="Keeps the rain out.")
    held = Withheld(fields={"j1": frozenset({"rating", "stock", "attributes.waterproof", "description"})})
    seen = held.seen(full)
    assert seen is not None
    assert (seen.rating, seen.rating_count, seen.stock, seen.description) == (None, 0, None, "")
    assert set(seen.attributes) == {"weight"}
    assert (seen.price, seen.brand, seen.title) == (full.price, "Brae", "Jacket j1")
    assert held.seen(ITEMS[1]) is ITEMS[1]


@pytest.mark.parametrize("name", ["title", "interactions", "attributes.", "", "need"])
def test_what_an_item_cannot_be_shown_without_cannot_be_withheld(name: str) -> None:
    assert not can_be_withheld(name)


@pytest.mark.parametrize(
    "name", ["price", "brand", "rating", "stock", "released", "category", "description", "attributes.weight"]
)
def test_every_field_that_can_be_withheld_leaves_a_record_that_is_silent_on_it(name: str) -> None:
    stated = replace(ITEMS[0], rating=4.0, stock=1, description="Warm.")
    assert can_be_withheld(name)
    seen = Withheld(fields={"j1": frozenset({name})}).seen(stated)
    assert seen is not None
    attribute = name.removeprefix("attributes.")
    left = seen.attributes.get(attribute) if attribute != name else getattr(seen, name)
    assert left in (None, (), "")
