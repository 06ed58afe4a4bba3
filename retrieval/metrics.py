"""Retrieval metrics, always with their k, by ir-measures (trec_eval's definitions), and their confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.errors import SetupError

Judgements = Mapping[str, Mapping[str, int]]
"""Query id -> item id -> graded relevance, 0 (none) and up."""

Rankings = Mapping[str, Sequence[str]]
"""Query id -> item ids, best first."""

METRICS = (("ndcg", 10), ("recall", 10), ("recall", 100), ("hit", 10), ("judged", 10))
_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over queries and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


def measure(judgements: Judgements, rankings: Rankings) -> dict[tuple[str, int], NDArray[np.float64]]:
    """Every metric of `METRICS` for every judged query, in the order of `judgements`.

    nDCG has linear gains and counts an item without judgement as irrelevant; recall and hit count any rating above 0;
    a query that has no relevant item, or no ranking, scores 0. "judged" is the share of the first k items that have a
    judgement: what the others are worth, nobody knows.

    Raises:
        SetupError: ir-measures is not installed.
    """
    try:
        import ir_measures as ir
    except ModuleNotFoundError as error:
        raise SetupError(
            "Evaluating a search needs ir-measures.", "Run 'pip install \"shop-assistant[evaluation]\"'."
        ) from error
    named = {"ndcg": ir.nDCG, "recall": ir.R, "hit": ir.Success, "judged": ir.Judged}
    by_measure = {named[name] @ k: (name, k) for name, k in METRICS}
    place = {query_id: n for n, query_id in enumerate(judgements)}
    values = {metric: np.zeros(len(place)) for metric in METRICS}
    qrels = [ir.Qrel(q, item, rating) for q, rated in judgements.items() for item, rating in rated.items()]
    run = [
        ir.ScoredDoc(query_id, item, float(-rank))
        for query_id in judgements
        for rank, item in enumerate(rankings.get(query_id, ()))
    ]
    for result in ir.iter_calc(list(by_measure), qrels, run):
        values[by_measure[result.measure]][place[result.query_id]] = result.value
    return values


def interval(values: NDArray[np.float64], seed: int = 0) -> Interval:
    """The mean of a value per query (or of a difference per query: a paired interval), resampling the queries."""
    if not len(values):
        return Interval(0.0, 0.0, 0.0)
    drawn = np.random.default_rng(seed).integers(0, len(values), size=(_RESAMPLES, len(values)))
    low, high = np.percentile(values[drawn].mean(axis=1), [2.5, 97.5])
    return Interval(float(values.mean()), float(low), float(high))
