"""What a search tells of its steps, and where an item would stand for a shopper nobody knows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_doubles import DIMENSION, HashingEncoder, item

from retrieval.embedding import Vectors
from retrieval.interactions import Interaction, InteractionKind, Session
from retrieval.query import Constraints, Query, Sort
from retrieval.shop import Shop

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = ("steel", "oak", "lamp", "desk", "kettle", "red", "blue", "small", "tall", "quiet")
SOURCES = ("lexical", "dense", "neighbours", "popularity")
ITEMS = [
    item(
        f"i{n}",
        f"{WORDS[n % 10]} {WORDS[n // 3 % 10]} {WORDS[n * 7 % 10]} no{n}",
        brand=f"Brand {n % 4}",
        category=("Things", f"Kind {n % 3}"),
        price=10 + n * 37 % 50,
        stock=n % 5,
    )
    for n in range(60)
]


class ScatteringEncoder(HashingEncoder):
    """Every word somewhere of its own, so that no two texts are equally near: a tie is broken by rounding."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.encode_query(text) for text in texts])

    def encode_query(self, text: str) -> Vectors:
        seeds = [int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big") for word in ("", *text.split())]
        vector = sum(np.random.default_rng(seed).normal(size=DIMENSION) for seed in seeds)
        unit: Vectors = (vector / np.linalg.norm(vector)).astype(np.float32)
        return unit


def visit(shopper_id: str, item_id: str, minute: int) -> Interaction:
    return Interaction(shopper_id, item_id, InteractionKind.CLICK, START + timedelta(minutes=minute))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with (
        pytest.MonkeyPatch.context() as patch,
        Shop.open(tmp_path_factory.mktemp("shop"), encoder=ScatteringEncoder()) as opened,
    ):
        patch.setattr("retrieval.search.PROPOSED", 5)  # so that a session proposes what nobody else would be shown
        opened.upsert(ITEMS)
        for shopper in range(12):
            for step in range(8):
                opened.observe(visit(f"s{shopper}", f"i{(shopper * 11 + step * (shopper + 3)) % 60}", step))
        yield opened


queries = st.builds(
    Query,
    st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
    st.builds(
        Constraints, category=st.sampled_from([None, "things", "kind 1"]), in_stock=st.booleans(), currency=st.none()
    ),
    st.sampled_from([Sort.RELEVANCE, *Sort]),
    st.integers(1, 6),
)
sessions = st.lists(st.integers(0, 59), min_size=1, max_size=6).map(
    lambda seen: Session("me", tuple(visit("me", f"i{n}", minute) for minute, n in enumerate(seen)))
)


@settings(max_examples=150, deadline=None)
@given(queries, sessions)
def test_the_rank_without_history_is_the_rank_that_an_empty_session_gets(
    shop: Shop, query: Query, session: Session
) -> None:
    unknown = shop.search(query).candidates
    ranks = {c.item_id: rank for rank, c in enumerate(unknown, start=1)}
    for candidate in shop.search(query, session).candidates:
        alone = candidate.rank_without_history
        assert alone is not None
        assert alone == ranks.get(candidate.item_id, max(alone, len(unknown) + 1))


def test_an_empty_session_stands_where_it_stands(shop: Shop) -> None:
    found = shop.search(Query("oak desk", limit=6)).candidates
    assert [c.rank_without_history for c in found] == [1, 2, 3, 4, 5, 6]


def test_a_session_changes_the_order_of_this_shop(shop: Shop) -> None:
    """Else the property above would hold of anything."""
    session = Session("me", tuple(visit("me", f"i{n}", n) for n in (0, 11, 22, 33)))
    found = shop.search(Query("", limit=6), session).candidates
    assert [c.rank_without_history for c in found] != [1, 2, 3, 4, 5, 6]


def test_each_step_of_a_search_tells_how_many_it_left_and_the_first_of_them(shop: Shop) -> None:
    session = Session("me", (visit("me", "i3", 0),))
    query = Query("oak desk", Constraints(category="kind 1"), limit=3)
    result = shop.search(query, session)
    stages = {stage.name: stage for stage in result.stages}
    assert list(stages) == ["admitted", *SOURCES, "fused", "reranked", "checked"]
    assert stages["admitted"].count == result.matching == 20
    assert stages["dense"].count == 5
    proposed = {item_id for name in SOURCES for item_id, _ in stages[name].items}
    assert {item_id for item_id, _ in stages["fused"].items} == proposed
    assert [item_id for item_id, _ in stages["reranked"].items[:3]] == [c.item_id for c in result.candidates]
    assert stages["checked"].items == tuple((c.item_id, c.relevance) for c in result.candidates)
    fused = [score for _, score in stages["fused"].items]
    assert fused == sorted(fused, reverse=True)


def test_a_sorted_search_tells_its_items_in_the_order_asked_for(shop: Shop) -> None:
    result = shop.search(Query("", Constraints(category="kind 2"), Sort.PRICE_ASCENDING, 4))
    stages = {stage.name: stage for stage in result.stages}
    assert list(stages) == ["admitted", "fused", "reranked", "checked"]
    assert [item_id for item_id, _ in stages["reranked"].items] == [c.item_id for c in result.candidates]
    prices = [shop.catalogue[c.item_id].price for c in result.candidates]
    assert prices == sorted(prices, key=lambda price: price.minor if price else 0)


def test_a_stage_names_twenty_items_at_most_and_counts_them_all(shop: Shop) -> None:
    stages = {stage.name: stage for stage in shop.search(Query("", Constraints(), Sort.NEWEST)).stages}
    assert stages["fused"].count == 60
    assert len(stages["fused"].items) == 20


def test_a_search_that_admits_nothing_says_so(shop: Shop) -> None:
    (stage,) = shop.search(Query("oak", Constraints(category="no such kind"))).stages
    assert (stage.name, stage.count) == ("admitted", 0)
