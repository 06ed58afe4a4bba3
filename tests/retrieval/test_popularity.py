from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.interactions import EMPTY_SESSION, Interaction, InteractionKind
from retrieval.popularity import Popularity
from retrieval.query import Query

START = datetime(2026, 1, 1, tzinfo=UTC)
QUERY = Query("anything")
ITEMS = "abcd"
ROWS = np.arange(len(ITEMS))


def event(shopper: str, item: str, day: int, kind: InteractionKind = InteractionKind.VIEW) -> Interaction:
    return Interaction(shopper, item, kind, START + timedelta(days=day))


def catalogue() -> Catalogue:
    return Catalogue(CatalogueItem(i, f"item {i}") for i in ITEMS)


logs = st.lists(
    st.builds(
        event, st.sampled_from("xyz"), st.sampled_from(ITEMS), st.integers(0, 900), st.sampled_from(InteractionKind)
    ),
    max_size=40,
)


@given(logs)
def test_a_forgotten_shopper_leaves_no_trace(log: list[Interaction]) -> None:
    forgetful = Popularity(catalogue(), log)
    forgetful.score(QUERY, EMPTY_SESSION, ROWS)
    forgetful.forget(i for i in log if i.shopper_id == "x")
    never = Popularity(catalogue(), [i for i in log if i.shopper_id != "x"])
    for popularity in (forgetful, never):
        popularity.add(event("later", "a", 901))
    same = [p.score(QUERY, EMPTY_SESSION, ROWS).tobytes() for p in (forgetful, never)]
    assert same[0] == same[1]
    assert forgetful.interaction_counts(ROWS).tolist() == never.interaction_counts(ROWS).tolist()


@given(logs)
def test_the_order_of_the_log_does_not_matter(log: list[Interaction]) -> None:
    forwards, backwards = Popularity(catalogue(), log), Popularity(catalogue())
    for interaction in reversed(log):
        backwards.add(interaction)
        backwards.score(QUERY, EMPTY_SESSION, ROWS)
    assert forwards.score(QUERY, EMPTY_SESSION, ROWS).tobytes() == backwards.score(QUERY, EMPTY_SESSION, ROWS).tobytes()


def test_a_count_halves_in_ninety_days() -> None:
    popularity = Popularity(catalogue(), [event("x", "a", 0), event("x", "b", 90)])
    np.testing.assert_allclose(popularity.score(QUERY, EMPTY_SESSION, ROWS), [0.5, 1.0, 0.0, 0.0])


def test_a_purchase_tells_more_than_views() -> None:
    log = [event("x", "a", 0) for _ in range(9)] + [event("x", "b", 0, InteractionKind.PURCHASE)]
    assert Popularity(catalogue(), log).propose(QUERY, EMPTY_SESSION, ROWS, 10).rows.tolist() == [1, 0]


def test_only_admitted_rows_with_interactions_are_proposed() -> None:
    popularity = Popularity(catalogue(), [event("x", "a", 0), event("x", "b", 0)])
    assert popularity.propose(QUERY, EMPTY_SESSION, np.array([1, 2, 3]), 10).rows.tolist() == [1]


def test_an_item_that_arrives_later_brings_its_counts_along() -> None:
    shop = catalogue()
    popularity = Popularity(shop, [event("x", "new", 0)])
    popularity.score(QUERY, EMPTY_SESSION, ROWS)
    rows = np.array(shop.upsert([CatalogueItem("new", "new item")]))
    assert popularity.score(QUERY, EMPTY_SESSION, rows).tolist() == [1.0]
    assert popularity.interaction_counts(rows).tolist() == [1]


def test_a_removed_item_counts_nothing() -> None:
    shop = catalogue()
    popularity = Popularity(shop, [event("x", "a", 0)])
    shop.remove(["a"])
    assert popularity.score(QUERY, EMPTY_SESSION, ROWS).tolist() == [0, 0, 0, 0]
    assert popularity.interaction_counts(ROWS).tolist() == [0, 0, 0, 0]


def test_taking_back_what_was_never_counted_is_an_error() -> None:
    with pytest.raises(KeyError, match="never counted"):
        Popularity(catalogue()).forget([event("x", "a", 0)])
