from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.candidates import Candidate, Rows, Scores
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.interactions import EMPTY_SESSION, Interaction, InteractionKind, Session
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.reranking import CountedBehaviour, RankingSettings, expected_behaviour, rerank

START = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULTS = RankingSettings()
KNOWN = Session("me", (Interaction("me", "0", InteractionKind.VIEW, START),))


class FixedBehaviour:
    """Says the same of every row, whoever asks; nothing to an empty session."""

    def __init__(self, scores: list[float]) -> None:
        self._scores = np.array(scores)

    def score(self, session: Session, rows: Rows) -> Mapping[str, Scores]:
        return {"behaviour": self._scores[rows] if session.interactions else np.zeros(len(rows))}


def ranked(
    content: list[float],
    behaviour: list[float],
    counts: list[int],
    session: Session = KNOWN,
    variants: tuple[str | None, ...] = (),
    vectors: list[list[float]] | None = None,
    settings: RankingSettings = DEFAULTS,
    limit: int = 10,
) -> tuple[Candidate, ...]:
    groups = variants or (None,) * len(content)
    catalogue = Catalogue(CatalogueItem(str(n), "thing", variant_of=group) for n, group in enumerate(groups))
    return rerank(
        catalogue,
        np.arange(len(content)),
        np.array(content),
        session,
        FixedBehaviour(behaviour),
        np.array(counts),
        settings,
        None if vectors is None else np.array(vectors, dtype=np.float32),
        limit=limit,
    ).candidates


def ids(candidates: tuple[Candidate, ...]) -> list[str]:
    return [candidate.item_id for candidate in candidates]


def test_of_equal_content_the_item_shoppers_like_her_took_comes_first() -> None:
    assert ids(ranked([0.8, 0.8, 0.8], [0.1, 0.9, 0.5], [100, 100, 100])) == ["1", "2", "0"]


def test_behaviour_from_few_interactions_is_trusted_less() -> None:
    first, second, _ = ranked([0.8, 0.8, 0.8], [0.9, 0.9, 0.1], [1, 1000, 1000])
    assert (first.item_id, second.item_id) == ("1", "0")
    assert second.scores["trust"] == pytest.approx(1 / 11)


def test_a_cold_item_ranks_as_a_warm_one_of_the_same_content_does_on_average() -> None:
    settings = RankingSettings(novelty=0)
    candidates = {c.item_id: c for c in ranked([0.8, 0.8, 0.8], [0.2, 0.6, 0.0], [100, 100, 0], settings=settings)}
    mean = (candidates["0"].relevance + candidates["1"].relevance) / 2
    assert candidates["2"].relevance == pytest.approx(mean)
    assert candidates["2"].interaction_count == 0


def test_a_cold_item_of_better_content_beats_an_average_warm_one() -> None:
    assert ids(ranked([0.75, 0.8, 0.7], [0.5, 0.0, 0.5], [50, 0, 50]))[0] == "1"


def test_without_any_interactions_content_alone_ranks() -> None:
    assert ids(ranked([0.5, 0.7, 0.6], [0.0, 0.0, 0.0], [0, 0, 0], EMPTY_SESSION)) == ["1", "2", "0"]


@given(
    st.lists(st.tuples(st.floats(0, 0.79), st.floats(0, 1), st.integers(0, 10_000)), min_size=1, max_size=12),
    st.floats(0, 1),
    st.integers(0, 10_000),
)
def test_an_item_that_stands_clear_of_the_rest_is_never_drowned(
    others: list[tuple[float, float, int]], own: float, count: int
) -> None:
    candidates = ranked(
        [1.0, *(c for c, _, _ in others)], [own, *(b for _, b, _ in others)], [count, *(n for _, _, n in others)]
    )
    assert candidates[0].item_id == "0"


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 1000)), min_size=2, max_size=15))
def test_behaviour_never_lifts_an_item_past_its_share_of_the_content_scale(
    items: list[tuple[float, float, int]],
) -> None:
    contents, behaviours, counts = map(list, zip(*items, strict=True))
    settings = RankingSettings(diversity=0, novelty=0)
    order = [contents[int(c.item_id)] for c in ranked(contents, behaviours, counts, settings=settings, limit=15)]
    for place, content in enumerate(order):
        assert content >= max(order[place:]) - settings.alpha / settings.beta - 1e-9


def test_behaviour_still_orders_what_stands_clear_together() -> None:
    assert ids(ranked([1.0, 1.0, 0.5], [0.1, 0.9, 1.0], [100, 100, 100])) == ["1", "0", "2"]


def test_variants_of_one_model_show_once_and_the_best_is_kept() -> None:
    candidates = ranked([0.8, 0.9, 0.7], [0, 0, 0], [0, 0, 0], variants=("shirt", "shirt", None))
    assert ids(candidates) == ["1", "2"]


def test_of_near_equal_items_unlike_ones_share_the_page() -> None:
    same, other = [1.0, 0.0], [0.0, 1.0]
    candidates = ranked([0.80, 0.79, 0.76], [0, 0, 0], [0, 0, 0], vectors=[same, same, other], limit=2)
    assert ids(candidates) == ["0", "2"]
    assert candidates[0].scores["diversity"] == 0


def test_the_rank_without_history_is_that_of_a_new_shopper() -> None:
    candidates = ranked([0.80, 0.79, 0.78], [0.0, 0.0, 1.0], [50, 50, 50])
    assert {c.item_id: c.rank_without_history for c in candidates} == {"0": 1, "1": 2, "2": 3}
    assert candidates[0].item_id == "2"


def test_the_scores_add_up_to_the_relevance() -> None:
    contents = [0.8, 0.7, 0.65]
    for c in ranked(contents, [0.3, 0.6, 0.1], [5, 20, 0]):
        s = c.scores
        alpha = 0.3 if c.item_id == "0" else 0.3 * (1 - 0.1 / DEFAULTS.decisive_gap)
        believed = s["trust"] * s["behaviour"] + (1 - s["trust"]) * s["expected"]
        assert c.relevance == pytest.approx(alpha * believed + 0.7 * s["content"] + 0.01 * s["novelty"])


def test_no_candidates_give_no_ranking() -> None:
    assert ranked([], [], []) == ()


def test_an_item_removed_meanwhile_is_passed_over() -> None:
    catalogue = Catalogue([CatalogueItem("0", "thing"), CatalogueItem("1", "thing")])
    catalogue.remove(["0"])
    candidates = rerank(
        catalogue, np.array([0, 1]), np.array([0.9, 0.8]), KNOWN, FixedBehaviour([0, 0]), np.array([0, 0])
    ).candidates
    assert ids(candidates) == ["1"]


def test_what_content_lets_expect_never_falls_with_content() -> None:
    content, behaviour = np.array([0.1, 0.5, 0.9]), np.array([0.9, 0.5, 0.1])
    expected = expected_behaviour(content, behaviour, np.ones(3))
    np.testing.assert_allclose(expected, 0.5)


def test_counts_move_a_new_shoppers_page_less_than_a_known_ones() -> None:
    catalogue = Catalogue(CatalogueItem(i, "thing") for i in "abc")
    log = [
        Interaction(f"s{n}", i, InteractionKind.VIEW, START + timedelta(minutes=m))
        for n in range(5)
        for m, i in enumerate("ab")
    ]
    counted = CountedBehaviour(Popularity(catalogue, log), Neighbours(catalogue, log))
    rows = np.arange(3)
    new = counted.score(EMPTY_SESSION, rows)["behaviour"]
    known = counted.score(Session("me", (log[0],)), rows)["behaviour"]
    assert known[1] > new[1] > 0
    assert known[2] == new[2] == 0
    assert known.max() <= 1


def stocked(content: list[float], stock: list[int | None]) -> tuple[Candidate, ...]:
    catalogue = Catalogue(CatalogueItem(str(n), "thing", stock=pieces) for n, pieces in enumerate(stock))
    rows, counts = np.arange(len(content)), np.zeros(len(content), dtype=np.int64)
    return rerank(catalogue, rows, np.array(content), KNOWN, FixedBehaviour([0.0] * len(content)), counts).candidates


def test_what_is_sold_out_stands_behind_what_suits_nearly_as_well() -> None:
    candidates = stocked([0.80, 0.75, 0.74], [0, 3, None])
    assert ids(candidates) == ["1", "2", "0"]
    assert candidates[-1].scores["stock"] == -DEFAULTS.sold_out


def test_what_is_sold_out_is_still_found_by_name() -> None:
    assert ids(stocked([0.95, 0.60], [0, 3])) == ["0", "1"]
