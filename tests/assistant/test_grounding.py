from __future__ import annotations

from dataclasses import replace

import pytest
from understanding_shop import MONEY, MiniShop

from assistant.dialogue import AttributeKey, DialogueState, Need, Slots, update
from assistant.grounding import ShopMoney, accept, key_of, to_query
from retrieval.query import Comparison, Constraints, Query, Relaxation, Sort


@pytest.fixture(scope="module")
def shop() -> MiniShop:
    return MiniShop()


def ground(shop: MiniShop, slots: Slots, topic: str = "", money: ShopMoney = MONEY) -> tuple[Query, tuple[str, ...]]:
    grounded = to_query(Need(slots, topic), shop.vocabulary, money, 4)
    return grounded.query, grounded.notices


def test_slots_become_constraints_and_words_to_rank_by(shop: MiniShop) -> None:
    slots = Slots("notebooks", None, 900, None, ("dell",), ("hp",), ("16gb ram",), (), "price_asc")
    query, notices = ground(shop, slots, "light enough to travel")
    constraints = query.constraints
    assert (constraints.category, constraints.price_max, constraints.currency) == ("laptops", 90_000, "USD")
    assert (constraints.brands, constraints.excluded_brands) == ({"dell"}, {"hp"})
    assert [(a.name, a.comparison, a.number, a.unit) for a in constraints.attributes] == [
        ("ram", Comparison.IS, 16, "GB")
    ]
    assert query.sort is Sort.PRICE_ASCENDING
    assert query.text.endswith("light enough to travel")
    assert notices == ()


def test_a_wish_that_no_item_states_is_ranked_by_and_said(shop: MiniShop) -> None:
    query, notices = ground(shop, Slots(attributes=("vegan",)))
    assert query.constraints.attributes == ()
    assert "vegan" in query.text
    assert "vegan" in notices[0]


def test_a_refusal_that_no_item_states_is_said_and_not_ranked_by(shop: MiniShop) -> None:
    query, notices = ground(shop, Slots(category="headphones", excluded_attributes=("apple",)))
    assert query.constraints.excluded_attributes == ()
    assert "apple" not in query.text
    assert "apple" in notices[0]


def test_a_missing_department_is_said_and_filters_nothing(shop: MiniShop) -> None:
    query, notices = ground(shop, Slots(category="submarines"))
    assert query.constraints.category is None
    assert "submarines" in notices[0]


def test_another_currency_is_converted_and_the_rate_is_said(shop: MiniShop) -> None:
    query, notices = ground(shop, Slots(price_max=100, currency="EUR"))
    assert (query.constraints.price_max, query.constraints.currency) == (11_000, "USD")
    assert "1.1" in notices[0]


def test_a_currency_without_a_rate_is_said(shop: MiniShop) -> None:
    _, notices = ground(shop, Slots(price_max=100, currency="CHF"))
    assert "CHF" in notices[0]


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("blue", AttributeKey("color", "is", "blue")),
        ("at least 32 gb ram", AttributeKey("ram", "low", "32.0 GB")),
        ("weight under 1.4 kg", AttributeKey("weight", "high", "1400.0 g")),
        ("vegan", None),
    ],
)
def test_a_phrase_bounds_one_side_of_one_attribute(shop: MiniShop, words: str, key: AttributeKey | None) -> None:
    assert key_of(shop.vocabulary)(words) == key


def accepted(shop: MiniShop, slots: Slots, **changes: object) -> Slots:
    """The slots after a relaxation of the constraints was accepted."""
    before = to_query(Need(slots), shop.vocabulary, MONEY, 4).query.constraints
    after = replace(before, **changes)  # type: ignore[arg-type]
    act = accept(Relaxation("any", "label", after, 1), before, slots, MONEY)
    return update(DialogueState(needs=(Need(slots),)), act, key_of(shop.vocabulary)).need.slots


def constraints_of(shop: MiniShop, slots: Slots) -> Constraints:
    return to_query(Need(slots), shop.vocabulary, MONEY, 4).query.constraints


STATED = Slots("laptops", 100, 300, None, ("dell",), ("hp",), ("blue",), ("touchscreen",))


@pytest.mark.parametrize(
    "changes",
    [
        {"price_max": 34_000},
        {"price_max": None},
        {"price_min": None, "price_max": None},
        {"brands": frozenset()},
        {"excluded_brands": frozenset()},
        {"attributes": ()},
        {"excluded_attributes": ()},
        {"category": None},
    ],
)
def test_an_accepted_relaxation_leads_to_exactly_its_constraints(shop: MiniShop, changes: dict[str, object]) -> None:
    wanted = replace(constraints_of(shop, STATED), **changes)  # type: ignore[arg-type]
    assert constraints_of(shop, accepted(shop, STATED, **changes)) == replace(
        wanted, currency=wanted.currency if (wanted.price_min, wanted.price_max) != (None, None) else None
    )


def test_a_dollar_is_the_shops_own_in_a_shop_that_counts_in_another_dollar(shop: MiniShop) -> None:
    query, notices = ground(shop, Slots(price_max=100, currency="USD"), money=ShopMoney("CAD", {}))
    assert (query.constraints.price_max, query.constraints.currency) == (10_000, "CAD")
    assert notices == ()


def test_items_waved_away_are_left_out(shop: MiniShop) -> None:
    need = Need(Slots(category="laptops"), passed_over=("a", "b"))
    assert to_query(need, shop.vocabulary, MONEY, 4).query.constraints.excluded_items == {"a", "b"}


def test_a_measured_quality_ranks_without_an_apology_and_its_opposite_ranks_by_it(shop: MiniShop) -> None:
    _, notices = ground(shop, Slots(attributes=("light", "vegan")))
    assert len(notices) == 1
    assert "vegan" in notices[0]
    query, notices = ground(shop, Slots(excluded_attributes=("heavy", "squeaky")))
    assert "light" in query.text.split()
    assert len(notices) == 1
    assert "squeaky" in notices[0]
