"""What diversity and novelty cost: nDCG@10 against likeness within a list, coverage and novelty, on a real log.

    python -m benchmarks.diversity [--data ../shared/data/amazon_beauty] [--shoppers 2000] [--models FOLDER]

The full system orders 100 candidates for each leave-one-out test case. The first ten are then chosen one by one, by
relevance (as a share of the list's greatest) less `diversity` times the greatest likeness of meaning to what stands
above (maximal marginal relevance), plus `novelty` / sqrt(1 + events of the item). `--models` is that of
benchmarks/fusion.py: what it fitted is used.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.fusion import ROOT, beauty, fitted, say
from retrieval.behaviour.events import NO_ITEM, Floats
from retrieval.behaviour.fusion.ranker import FusedRanker, FusionRecipe
from retrieval.ranking_evaluation.measures import Means, Ranking, coverage, per_case
from retrieval.ranking_evaluation.splits import Cases, leave_one_out, sampled

CANDIDATES, SHOWN = 100, 10
DIVERSITY = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
NOVELTY = (0.02, 0.05, 0.1, 0.2, 0.4)


def candidates(fused: FusedRanker, cases: Cases) -> tuple[NDArray[np.int64], Floats]:
    """The likeliest unseen items of each case and their relevance as shares of the greatest: (c, CANDIDATES) each."""
    rows, shares = [], []
    for block in np.array_split(np.arange(len(cases)), max(1, len(cases) // 256)):
        histories = cases.histories(block)
        scores = fused.score(histories)
        case, column = np.nonzero(histories.item != NO_ITEM)
        scores[case, histories.item[case, column]] = 0.0
        best = np.argsort(-scores, axis=1, kind="stable")[:, :CANDIDATES]
        values = np.take_along_axis(scores, best, axis=1)
        rows.append(best)
        shares.append(values / np.maximum(values[:, :1], 1e-9))
    return np.concatenate(rows), np.concatenate(shares)


def chosen(
    rows: NDArray[np.int64], worth: Floats, fused: FusedRanker, diversity: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The rows shown to each case, (c, SHOWN), and the mean likeness between two of them, (c,)."""
    shown = np.empty((len(rows), SHOWN), dtype=np.int64)
    likeness = np.empty(len(rows))
    for case, own in enumerate(rows):
        vectors = fused.stage.items.vectors[own]
        cosine = vectors @ vectors.T
        waiting, nearest, places = worth[case].copy(), np.zeros(len(own), np.float32), []
        for _ in range(SHOWN):
            place = int(np.argmax(waiting - diversity * nearest))
            waiting[place] = -np.inf
            nearest = np.maximum(nearest, cosine[place])
            places.append(place)
        shown[case] = own[places]
        likeness[case] = (cosine[np.ix_(places, places)].sum() - SHOWN) / (SHOWN * (SHOWN - 1))
    return shown, likeness


def point(
    diversity: float, novelty: float, rows: NDArray[np.int64], shares: Floats, fused: FusedRanker, cases: Cases
) -> dict[str, Any]:
    """One point of the curve."""
    times = fused.stage.counts.times
    worth = np.where(shares > 0, shares + novelty / np.sqrt(1 + times[rows]), -1e9).astype(np.float32)
    shown, likeness = chosen(rows, worth, fused, diversity)
    found = shown == cases.target[:, None]
    rank = np.where(found.any(axis=1), found.argmax(axis=1) + 1, len(fused.stage.items))
    ranking = Ranking(rank.astype(np.int64), shown.astype(np.int32))
    everyone = np.ones(len(cases), dtype=np.bool_)
    means = Means(cases.shopper, seed=0)
    values = per_case(ranking, times)
    for metric in (("ndcg", 10), ("novelty", 10)):
        means.over_cases(("mixed", metric), values[metric], everyone)
    means.over_cases(("mixed", ("likeness", 10)), likeness, everyone)
    figures = {f"{name}@{k}": asdict(estimate) for (_, (name, k)), estimate in means.estimates().items()}
    say(f"diversity {diversity} novelty {novelty}: nDCG@10 {figures['ndcg@10']['value']:.4f}")
    return {
        "diversity": diversity,
        "novelty": novelty,
        **figures,
        "coverage@10": coverage(ranking, everyone, len(fused.stage.items)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="What diversity and novelty cost.")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "amazon_beauty")
    parser.add_argument("--shoppers", type=int, default=2000)
    parser.add_argument("--models", type=Path, help="Folder of benchmarks/fusion.py.")
    options = parser.parse_args()
    split = leave_one_out(beauty(options.data))
    fused = fitted(split, options.models, FusionRecipe())
    cases = sampled(split.test, options.shoppers, seed=0)
    rows, shares = candidates(fused, cases)
    points = [point(weight, 0.0, rows, shares, fused, cases) for weight in DIVERSITY]
    points += [point(0.0, weight, rows, shares, fused, cases) for weight in NOVELTY]
    print(json.dumps({"cases": len(cases), "candidates": CANDIDATES, "points": points}, indent=1))


if __name__ == "__main__":
    main()
