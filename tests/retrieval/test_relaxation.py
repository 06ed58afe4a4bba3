from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.catalogue import Attribute, Catalogue, CatalogueItem, Money
from retrieval.columns import Columns
from retrieval.query import AttributeConstraint, Comparison, Constraints, Relaxation
from retrieval.relaxation import smallest_relaxations


def attribute(name: str, text: str, number: float | None = None, unit: str | None = None) -> dict[str, Attribute]:
    return {name: Attribute(name, text, () if number is not None else (text,), number, unit)}


def laptop(item_id: str, dollars: float, brand: str, weight: float, **more: object) -> CatalogueItem:
    item = CatalogueItem(
        item_id,
        f"{brand} laptop",
        brand=brand,
        category=("Computers", "Laptops"),
        price=Money.of(dollars, "USD"),
        attributes=attribute("weight", f"{weight / 1000:g} kg", weight, "g"),
    )
    return replace(item, **more)  # type: ignore[arg-type]


SHOP = Columns(
    Catalogue(
        [
            laptop("a", 937.49, "Lenovo", 1600),
            laptop("b", 939, "HP", 1300),
            laptop("c", 1200, "Lenovo", 1200),
            laptop("d", 800, "HP", 2100),
            laptop("e", 850, "Dell", 1800, stock=0),
            CatalogueItem("t", "Tablet", brand="Dell", category=("Computers", "Tablets"), price=Money.of(300, "USD")),
        ]
    )
)
LAPTOPS = Constraints(category="laptops", currency="USD")
LIGHT = AttributeConstraint("weight", Comparison.LESS_THAN, number=1100.0, unit="g", words="under 1.1 kg")


def offers(constraints: Constraints) -> dict[str, Relaxation]:
    return {offer.label: offer for offer in smallest_relaxations(constraints, SHOP, limit=10)}


def test_where_something_is_left_nothing_is_offered() -> None:
    assert smallest_relaxations(LAPTOPS, SHOP) == ()


def test_the_price_rises_to_a_round_step_beyond_the_cheapest_item() -> None:
    offer = offers(replace(LAPTOPS, price_max=90_000, brands=frozenset({"lenovo"})))["+$40"]
    assert offer.constraints.price_max == 94_000
    assert offer.count == 1


def test_a_least_price_falls_to_the_dearest_item() -> None:
    offer = offers(replace(LAPTOPS, price_min=150_000))["-$300"]
    assert offer.constraints.price_min == 120_000
    assert offer.count == 1


def test_an_excluded_brand_is_offered_under_its_own_spelling() -> None:
    offer = offers(replace(LAPTOPS, price_max=82_000, excluded_brands=frozenset({"hp"})))["including HP"]
    assert offer.slot == "excluded_brands"
    assert offer.count == 1


def test_a_number_is_loosened_to_the_nearest_one_stated() -> None:
    offer = offers(replace(LAPTOPS, attributes=(LIGHT,)))["up to 1.2 kg"]
    assert offer.slot == "attributes"
    assert offer.count == 1
    assert offer.constraints.attributes[0].number == 1200


def test_words_are_dropped_whole() -> None:
    blue = AttributeConstraint(None, Comparison.IS, "blue")
    assert offers(replace(LAPTOPS, attributes=(blue,)))["without 'blue'"].count == 5


def test_a_category_widens_to_its_parent() -> None:
    offer = offers(replace(LAPTOPS, price_max=40_000))["all of Computers"]
    assert offer.constraints.category == "computers"
    assert offer.count == 1


def test_what_is_out_of_stock_may_be_offered() -> None:
    offer = offers(replace(LAPTOPS, brands=frozenset({"dell"}), in_stock=True))["including out of stock"]
    assert offer.count == 1


def test_two_constraints_give_way_together_where_one_alone_does_not_help() -> None:
    found = smallest_relaxations(
        replace(LAPTOPS, price_max=90_000, brands=frozenset({"lenovo"}), attributes=(replace(LIGHT, number=1000.0),)),
        SHOP,
    )
    assert found
    assert all(len(offer.slot.split("+")) == 2 for offer in found)
    assert found[0].label == "+$40, up to 1.6 kg"


def test_the_smallest_change_comes_first() -> None:
    labels = [o.label for o in smallest_relaxations(replace(LAPTOPS, price_max=79_000, price_min=70_000), SHOP)]
    assert labels[0] == "+$10"


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_are_offered_than_asked_for(limit: int) -> None:
    constraints = replace(LAPTOPS, price_max=82_000, excluded_brands=frozenset({"hp"}), attributes=(LIGHT,))
    assert len(smallest_relaxations(constraints, SHOP, limit)) <= limit


def test_an_empty_shop_has_nothing_to_offer() -> None:
    assert smallest_relaxations(LAPTOPS, Columns(Catalogue())) == ()


attributes = st.builds(
    AttributeConstraint,
    name=st.none() | st.just("weight"),
    comparison=st.sampled_from(Comparison),
    number=st.sampled_from([900.0, 1250.0, 1600.0, 3000.0]),
    unit=st.sampled_from(["g", "mm"]),
) | st.builds(AttributeConstraint, name=st.none(), comparison=st.just(Comparison.IS), value=st.just("blue"))


@settings(deadline=None)
@given(
    st.builds(
        Constraints,
        category=st.none() | st.sampled_from(["laptops", "tablets", "phones", "computers"]),
        price_min=st.none() | st.integers(0, 200_000),
        price_max=st.none() | st.integers(0, 200_000),
        currency=st.none() | st.sampled_from(["USD", "EUR"]),
        brands=st.frozensets(st.sampled_from(["hp", "dell", "acer"]), max_size=2),
        excluded_brands=st.frozensets(st.sampled_from(["hp", "lenovo", "dell"]), max_size=3),
        attributes=st.lists(attributes, max_size=2).map(tuple),
        excluded_attributes=st.lists(attributes, max_size=1).map(tuple),
        in_stock=st.booleans(),
    )
)
def test_every_offer_admits_the_items_it_counts_and_changes_only_its_slots(constraints: Constraints) -> None:
    for offer in smallest_relaxations(constraints, SHOP):
        admitted = [item for item in SHOP.catalogue if offer.constraints.admits(item)]
        assert len(admitted) == offer.count > 0
        slots = set(offer.slot.split("+"))
        for slot in ("category", "price_min", "price_max", "brands", "excluded_brands", "attributes", "in_stock"):
            assert slot in slots or getattr(offer.constraints, slot) == getattr(constraints, slot)
