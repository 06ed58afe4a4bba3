from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from search_doubles import HashingEncoder, item

from retrieval.catalogue import Attribute
from retrieval.constraint_check import constraint_violations
from retrieval.query import Query
from retrieval.search import SearchResult
from retrieval.shop import Shop

NOUNS = ("lamp", "chair", "mouse", "cable", "printer")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    items = [
        item(
            f"i{n}",
            f"Model {n} {NOUNS[n % 5]}",
            brand=f"Brand {n % 7}",
            category=("Things", NOUNS[n % 5].capitalize()),
            price=None if n % 11 == 0 else 10 + 3 * n,
            stock=n % 4,
            colour=("Red", "Blue", "Black")[n % 3],
        )
        for n in range(120)
    ]
    weighed = [
        replace(one, attributes={**one.attributes, "weight": Attribute("weight", f"{n * 10} g", (), n * 10.0, "g")})
        for n, one in enumerate(items)
    ]
    with Shop.open(tmp_path, encoder=HashingEncoder()) as opened:
        opened.upsert(weighed)
        yield opened


def test_a_search_keeps_every_generated_constraint(shop: Shop) -> None:
    check = constraint_violations(shop, n=300, seed=1)
    assert (check.violations, check.miscounted, check.unhelpful) == (0, 0, 0)
    assert check.results > 300
    assert 0 < check.empty < 300


def test_a_search_that_ignores_constraints_is_caught(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    search = shop.search

    def unconstrained(query: Query) -> SearchResult:
        return search(Query(query.text, limit=query.limit))

    monkeypatch.setattr(shop, "search", unconstrained)
    check = constraint_violations(shop, n=30)
    assert check.violations > 100
    assert check.miscounted > 20
