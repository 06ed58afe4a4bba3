"""What is measured of a ranking, and how sure the figures are. Every definition is in docs/ranking.md.

A value is a mean of one number per case; its interval comes from drawing the shoppers again with replacement, so that
the cases of one shopper stay together. Every model is measured on the same draws: differences are paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

CUTOFFS = (1, 5, 10, 20)
SHOWN = 10  # items of a list that coverage, novelty and the share of cold items look at
RESAMPLES = 1000
_AT_ONCE = 50
_HISTORY_SLICES = ((0, 0), (1, 2), (3, 4), (5, 9), (10, 19), (20, None))

Metric = tuple[str, int | None]
"""Name and k; None where a metric looks at the whole ranking."""

Key = tuple[str, Metric]
"""Slice and metric."""

Column = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over cases, or over shoppers, and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """How one model ranked all n items for c cases; what a shopper had seen was filtered out.

    Attributes:
        rank: int64 (c,), of the target, from 1; items that score as high as it stand before it.
        shown: int32 (c, SHOWN), the first items, best first; -1 where the model knew nothing to show.
    """

    rank: NDArray[np.int64]
    shown: NDArray[np.int32]


def per_case(ranking: Ranking, counts: NDArray[np.int64]) -> dict[Metric, Column]:
    """Every metric that is a mean over cases: float64 (c,) each.

    Args:
        ranking: of the c cases.
        counts: int64 (n,), training events of each item.
    """
    rank = ranking.rank
    values: dict[Metric, Column] = {}
    for k in CUTOFFS:
        values["hr", k] = (rank <= k).astype(np.float64)
        values["ndcg", k] = np.where(rank <= k, 1 / np.log2(rank + 1), 0.0)
    values["mrr", None] = 1 / rank
    known = ranking.shown >= 0
    number = np.maximum(known.sum(axis=1), 1)
    rarity = -np.log2((counts + 1) / (counts.sum() + len(counts)))
    values["novelty", SHOWN] = np.where(known, rarity[ranking.shown], 0.0).sum(axis=1) / number
    values["cold share", SHOWN] = (known & (counts[ranking.shown] == 0)).sum(axis=1) / number
    return values


def coverage(ranking: Ranking, chosen: NDArray[np.bool_], items: int) -> float:
    """The share of all items that stand in at least one of the chosen cases' lists. Counted, so without an interval."""
    shown = np.unique(ranking.shown[chosen])
    return float((shown >= 0).sum() / items)


def slices(
    target_warm: NDArray[np.bool_], history: NDArray[np.int64], query: NDArray[np.bool_] | None = None
) -> dict[str, NDArray[np.bool_]]:
    """The parts of the cases that are reported by themselves; parts without a case are left out.

    Args:
        target_warm: bool (c,), whether the target has a training event.
        history: int64 (c,), events before the target.
        query: bool (c,), whether the shopper had asked in words; None where the log doesn't tell.
    """
    parts = {"mixed": np.ones(len(history), dtype=np.bool_), "warm": target_warm, "cold": ~target_warm}
    for low, high in _HISTORY_SLICES:
        name = f"history {low}+" if high is None else f"history {low}-{high}" if high > low else f"history {low}"
        parts[name] = (history >= low) & (history <= (history.max(initial=0) if high is None else high))
    if query is not None:
        parts |= {"with a query": query, "without a query": ~query}
    return {name: chosen for name, chosen in parts.items() if chosen.any()}


class Means:
    """Means over cases or shoppers, gathered and then estimated together. The same seed draws the same shoppers.

    Args:
        shopper: int32 (c,), of each case.
        seed: of the draws.
    """

    def __init__(self, shopper: NDArray[np.int32], seed: int) -> None:
        self._known, self._place = np.unique(shopper, return_inverse=True)
        self._seed = seed
        self._sums: dict[Key, Column] = {}
        self._weights: dict[Key, Column] = {}

    def quotient(self, key: Key, values: Column, weights: Column) -> None:
        """Ask for the sum of values (c,) over the sum of weights (c,), which must not be 0."""
        self._sums[key] = self._by_shopper(values)
        self._weights[key] = self._by_shopper(weights)

    def over_cases(self, key: Key, values: Column, chosen: NDArray[np.bool_]) -> None:
        """Ask for the mean of values (c,) over the chosen cases; they must not be none."""
        self.quotient(key, np.where(chosen, values, 0.0), chosen.astype(np.float64))

    def over_shoppers(self, key: Key, values: Column, chosen: NDArray[np.bool_]) -> None:
        """Ask for the mean over shoppers of each one's mean over her chosen cases: each counts as much as another."""
        cases = self._by_shopper(chosen.astype(np.float64))
        self._sums[key] = self._by_shopper(np.where(chosen, values, 0.0)) / np.maximum(cases, 1)
        self._weights[key] = (cases > 0).astype(np.float64)

    def estimates(self) -> dict[Key, Estimate]:
        """What was asked for, each mean with its interval."""
        if not self._sums:
            return {}
        sums, weights = (np.stack(list(table.values()), axis=1) for table in (self._sums, self._weights))
        values = sums.sum(axis=0) / weights.sum(axis=0)
        low, high = np.percentile(self._drawn(sums, weights), [2.5, 97.5], axis=0)
        low, high = np.minimum(low, values), np.maximum(high, values)  # where all cases are alike, rounding decides
        found = zip(self._sums, values.tolist(), low.tolist(), high.tolist(), strict=True)
        return {key: Estimate(*figures) for key, *figures in found}

    def _by_shopper(self, column: Column) -> Column:
        return np.bincount(self._place, weights=column.astype(np.float64), minlength=len(self._known)).astype(
            np.float64
        )

    def _drawn(self, sums: Column, weights: Column) -> Column:
        """float64 (RESAMPLES, means): each mean over each draw of as many shoppers as there are."""
        generator = np.random.default_rng(self._seed)
        number, width = sums.shape
        table = np.concatenate([sums, weights], axis=1)
        blocks = []
        for start in range(0, RESAMPLES, _AT_ONCE):
            rows = min(_AT_ONCE, RESAMPLES - start)
            drawn = generator.integers(0, number, size=(rows, number)) + number * np.arange(rows)[:, None]
            times = np.bincount(drawn.ravel(), minlength=rows * number).reshape(rows, number)
            totals = times @ table
            blocks.append(totals[:, :width] / np.where(totals[:, width:] == 0, 1, totals[:, width:]))
        return np.concatenate(blocks)
