from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from search_doubles import HashingEncoder, item

from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints, Query, Sort
from retrieval.shop import Shop


def rated(one: CatalogueItem, rating: float, count: int) -> CatalogueItem:
    return replace(one, rating=rating, rating_count=count)


ITEMS = [
    rated(item("l1", "Aster laptop 14", brand="Aster", category=("Laptops",), price=899, stock=3), 4.1, 200),
    rated(item("l2", "Borea laptop 16", brand="Borea", category=("Laptops",), price=1299, stock=0), 5.0, 1),
    item("l3", "Cirrus laptop 13", brand="Cirrus", category=("Laptops",), price=649),
    item("b1", "Laptop sleeve", brand="Aster", category=("Bags",), price=29),
    item("c1", "HDMI cable", brand="Cirrus", category=("Cables",), price=9),
    replace(item("c2", "HDMI cable 5 m", brand="Cirrus", category=("Cables",)), released=date(2026, 5, 1)),
    replace(item("p1", "Phone case red", category=("Cases",), price=12), variant_of="case"),
    replace(item("p2", "Phone case blue", category=("Cases",), price=10), variant_of="case"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as opened:
        opened.upsert(ITEMS)
        yield opened


def found(shop: Shop, query: Query) -> list[str]:
    return [candidate.item_id for candidate in shop.search(query).candidates]


def test_every_candidate_satisfies_the_constraints_and_all_matches_are_counted(shop: Shop) -> None:
    constraints = Constraints(category="laptops", price_max=90000, currency="USD", excluded_brands=frozenset({"aster"}))
    result = shop.search(Query("laptop", constraints))
    assert [c.item_id for c in result.candidates] == ["l3"]
    assert result.matching == 1


def test_nothing_left_gives_the_smallest_relaxations_and_no_candidates(shop: Shop) -> None:
    result = shop.search(Query("laptop", Constraints(category="laptops", price_max=60000, currency="USD")))
    assert result.candidates == ()
    assert result.matching == 0
    assert result.relaxations
    for relaxation in result.relaxations:
        assert shop.search(Query("laptop", relaxation.constraints)).matching == relaxation.count > 0


def test_a_typing_error_is_corrected_and_reported(shop: Shop) -> None:
    result = shop.search(Query("laptap"))
    assert result.corrected == "laptop"
    assert result.candidates[0].item_id in {"l1", "l2", "l3", "b1"}


def test_words_that_are_right_are_not_corrected(shop: Shop) -> None:
    assert shop.search(Query("laptop")).corrected is None


def test_a_candidate_tells_what_scored_it(shop: Shop) -> None:
    best = shop.search(Query("hdmi cable")).candidates[0]
    assert {"lexical", "dense", "content", "behaviour", "trust", "relevance"} <= set(best.scores)
    assert best.scores["lexical"] > 0.5


def test_the_cheapest_of_a_category_is_the_cheapest_of_all_that_is_admitted(shop: Shop) -> None:
    query = Query("big laptop", Constraints(category="laptops"), Sort.PRICE_ASCENDING)
    assert found(shop, query) == ["l3", "l1", "l2"]
    assert found(shop, replace(query, sort=Sort.PRICE_DESCENDING)) == ["l2", "l1", "l3"]


def test_sorting_by_price_leaves_out_what_the_words_do_not_mean(shop: Shop) -> None:
    assert "c1" not in found(shop, Query("laptop", sort=Sort.PRICE_ASCENDING))


def test_an_item_without_a_price_comes_last_in_either_order(shop: Shop) -> None:
    for sort in (Sort.PRICE_ASCENDING, Sort.PRICE_DESCENDING):
        assert found(shop, Query("", Constraints(category="cables"), sort)) == ["c1", "c2"]


def test_a_single_five_star_rating_does_not_make_an_item_the_best_by_far(shop: Shop) -> None:
    shop.upsert([rated(item("l4", "Dione laptop", category=("Laptops",)), 4.9, 300)])
    assert found(shop, Query("", Constraints(category="laptops"), Sort.RATING))[:2] == ["l4", "l2"]


def test_the_newest_comes_first_and_what_has_no_date_last(shop: Shop) -> None:
    assert found(shop, Query("", Constraints(category="cables"), Sort.NEWEST)) == ["c2", "c1"]


def test_a_model_is_shown_once_by_its_first_variant_in_the_order_asked_for(shop: Shop) -> None:
    assert found(shop, Query("", Constraints(category="cases"), Sort.PRICE_ASCENDING)) == ["p2"]
    assert len(found(shop, Query("phone case", Constraints(category="cases")))) == 1


def test_constraints_alone_find_everything_that_satisfies_them(shop: Shop) -> None:
    result = shop.search(Query("", Constraints(category="laptops", in_stock=True)))
    assert {c.item_id for c in result.candidates} == {"l1", "l3"}


def test_the_limit_is_kept(shop: Shop) -> None:
    assert len(found(shop, Query("laptop", limit=2))) == 2


def test_an_empty_shop_answers_every_query(tmp_path: Path) -> None:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as empty:
        for sort in Sort:
            result = empty.search(Query("laptop", sort=sort))
            assert (result.candidates, result.matching) == ((), 0)


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01", "a" * 100_000, "%$#@!", "💻 laptop", "the of and"])
def test_no_words_are_too_odd(shop: Shop, text: str) -> None:
    assert shop.search(Query(text)).matching == len(ITEMS)


def test_an_item_that_left_between_two_steps_is_not_shown(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    admitted = shop.columns.admitted
    changed = replace(ITEMS[2], brand="Aster")

    def admitted_and_then_changed(constraints: Constraints) -> object:
        rows = admitted(constraints)
        shop.catalogue.upsert([changed])
        return rows

    monkeypatch.setattr(shop.columns, "admitted", admitted_and_then_changed)
    query = Query("laptop", Constraints(category="laptops", excluded_brands=frozenset({"aster"})))
    assert found(shop, query) == ["l2"]
