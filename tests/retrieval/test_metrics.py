from __future__ import annotations

from math import log2

import numpy as np
import pytest

from retrieval.metrics import interval, measure

pytest.importorskip("ir_measures")

JUDGEMENTS = {"q1": {"a": 3, "b": 0, "c": 1}, "q2": {"d": 0}, "q3": {"e": 2}}
RANKINGS = {"q1": ["b", "a", "unjudged", "c"], "q2": ["d"]}


def test_ndcg_is_the_linear_gain_discounted_by_rank_over_the_ideal_order() -> None:
    gained = 3 / log2(3) + 1 / log2(5)
    ideal = 3 / log2(2) + 1 / log2(3)
    assert measure(JUDGEMENTS, RANKINGS)["ndcg", 10][0] == pytest.approx(gained / ideal, abs=1e-6)


def test_a_query_without_relevant_items_or_without_a_ranking_scores_nothing() -> None:
    values = measure(JUDGEMENTS, RANKINGS)
    for metric in (("ndcg", 10), ("recall", 10), ("hit", 10)):
        assert values[metric][1] == 0.0
        assert values[metric][2] == 0.0


def test_recall_counts_relevant_items_within_k_and_not_beyond() -> None:
    late = {"q1": [f"other{n}" for n in range(10)] + ["a", "c"]}
    values = measure({"q1": {"a": 3, "c": 1}}, late)
    assert values["recall", 10][0] == 0.0
    assert values["recall", 100][0] == 1.0
    assert values["hit", 10][0] == 0.0


def test_judged_is_the_share_of_the_first_ten_that_somebody_rated() -> None:
    ranking = {"q1": ["a", "b", "c", *(f"other{n}" for n in range(7))]}
    assert measure(JUDGEMENTS, ranking)["judged", 10][0] == pytest.approx(0.3)


def test_an_interval_holds_the_mean_and_narrows_with_more_queries() -> None:
    few = interval(np.array([0.0, 1.0] * 5))
    many = interval(np.array([0.0, 1.0] * 500))
    assert few.value == many.value == 0.5
    assert few.low < many.low < 0.5 < many.high < few.high


def test_the_interval_of_equal_values_is_a_point() -> None:
    same = interval(np.full(20, 0.25))
    assert (same.low, same.value, same.high) == (0.25, 0.25, 0.25)
