"""A new item is drawn into the last place: how often, with which chance on record, and what it never displaces."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from search_doubles import HashingEncoder, item

from retrieval.candidates import Candidate
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.exploration import Exploration
from retrieval.interactions import EMPTY_SESSION, Interaction, InteractionKind
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.query import Constraints, Query, Sort
from retrieval.reranking import CountedBehaviour, rerank
from retrieval.shop import Shop

WARM, NEW = (0.80, 0.79, 0.78, 0.77), (0.70, 0.69)


def page(
    exploration: Exploration | None,
    content: tuple[float, ...] = (*WARM, *NEW),
    new_from: int = 4,
    limit: int = 4,
    **new: Any,
) -> list[Candidate]:
    items = [CatalogueItem(str(n), "thing", **(new if n >= new_from else {})) for n in range(len(content))]
    catalogue = Catalogue(items)
    counts = np.array([50 if n < new_from else 0 for n in range(len(content))])
    behaviour = CountedBehaviour(Popularity(catalogue), Neighbours(catalogue))
    rows = np.arange(len(content))
    scores = np.array(content)
    ranked = rerank(
        catalogue, rows, scores, EMPTY_SESSION, behaviour, counts, limit=limit, exploration=exploration
    ).candidates
    return list(ranked)


def ids(candidates: list[Candidate]) -> list[str]:
    return [candidate.item_id for candidate in candidates]


def seeded(n: int, probability: float = 0.25) -> Exploration:
    return Exploration(probability, f"conversation:{n}")


def test_only_the_last_place_is_given_away_and_as_often_as_was_asked() -> None:
    pages = [page(seeded(n)) for n in range(400)]
    assert all(ids(p)[:3] == ["0", "1", "2"] for p in pages)
    last = Counter(ids(p)[3] for p in pages)
    assert set(last) == {"3", "4", "5"}
    assert 0.15 < (last["4"] + last["5"]) / 400 < 0.35


def test_the_chance_of_what_stands_there_is_on_record_and_the_chances_add_up() -> None:
    chances = {ids(p)[3]: p[3].propensity for p in (page(seeded(n)) for n in range(400))}
    assert chances == {"3": 0.75, "4": 0.125, "5": 0.125}
    assert [c.propensity for c in page(seeded(1))[:3]] == [1.0] * 3


def test_weighing_by_the_chance_tells_what_another_page_would_have_brought() -> None:
    """Clicks on the usual item, 0.2, and on the new ones, 0.6 and 0.4: their truth from a log of draws."""
    truth, random = {"3": 0.2, "4": 0.6, "5": 0.4}, np.random.default_rng(7)
    shown = [page(seeded(n, 0.5))[3] for n in range(3000)]
    clicked = [random.random() < truth[c.item_id] for c in shown]
    for wanted, chance in truth.items():
        estimate = np.mean([k / c.propensity * (c.item_id == wanted) for k, c in zip(clicked, shown, strict=True)])
        assert estimate == pytest.approx(chance, abs=0.06)


def test_one_turn_draws_the_same_again() -> None:
    assert all(page(seeded(n)) == page(seeded(n)) for n in range(20))


def test_what_was_drawn_says_so_and_has_no_place_of_its_own() -> None:
    drawn = next(p[3] for p in (page(seeded(n)) for n in range(50)) if p[3].item_id in "45")
    assert drawn.scores["explored"] == drawn.propensity == 0.125
    assert drawn.rank_without_history is None


@pytest.mark.parametrize(
    "changes",
    [
        {"content": (*WARM, 0.5, 0.4)},  # a decisive gap below
        {"stock": 0},
        {"rating": 4.0, "rating_count": 3},
        {"new_from": 9},
        {"limit": 1},
    ],
)
def test_nothing_is_drawn_and_no_chance_recorded_where_no_item_may_be(changes: dict[str, Any]) -> None:
    for n in range(20):
        explored, usual = page(seeded(n, 0.5), **changes), page(None, **changes)
        assert explored == usual
        assert all(c.propensity == 1.0 for c in explored)


def test_an_order_that_was_asked_for_and_a_hard_constraint_hold_against_the_draw(tmp_path: Path) -> None:
    items = [item(f"w{n}", "garden lamp", price=20 + n) for n in range(4)]
    items += [item("dear", "garden lamp", price=90), item("fair", "garden lamp oak", price=29)]
    with Shop.open(tmp_path, encoder=HashingEncoder()) as shop:
        shop.upsert(items)
        for shopper, n in product("abc", range(4)):
            shop.observe(Interaction(shopper, f"w{n}", InteractionKind.VIEW, datetime(2026, 1, 1, tzinfo=UTC)))
        cheap = Query("garden lamp", Constraints(price_max=3000, currency="USD"), limit=4)
        drawn = {shop.search(cheap, exploration=seeded(n, 0.5)).candidates[-1].item_id for n in range(40)}
        by_price = Query("garden lamp", sort=Sort.PRICE_ASCENDING, limit=4)
        ordered = {tuple(ids(list(shop.search(by_price, exploration=seeded(n, 0.5)).candidates))) for n in range(20)}
    assert "fair" in drawn
    assert "dear" not in drawn
    assert ordered == {("w0", "w1", "w2", "w3")}
