"""The full system against what it is made of, on a real log: paired, by slice, with what it costs.

    python -m benchmarks.fusion [--data ../shared/data/amazon_beauty] [--splits loo,time,cold] [--shoppers N]
                               [--models FOLDER]

For each split: nDCG@10 and HR@10 of every model, what the full system has over each of them case by case, what the
lesson of held-out items costs warm targets, how well the probabilities are calibrated, and which columns decide. Then
the time that 500 candidates of one session take. `--models` keeps what was fitted, so that a second run goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import Ranker
from retrieval.behaviour.fusion.calibration import calibration_error
from retrieval.behaviour.fusion.fitting import lessons_of
from retrieval.behaviour.fusion.lambdamart import TreeRecipe
from retrieval.behaviour.fusion.ranker import TREES, FusedRanker, FusionRecipe
from retrieval.behaviour.fusion.rule import WeighedRanker
from retrieval.behaviour.fusion.stage import Stage
from retrieval.behaviour.fusion.texts import Texts
from retrieval.behaviour.markov import Markov
from retrieval.behaviour.single_signals import ContentRanker, PopularityRanker, WordsRanker
from retrieval.ranking_evaluation.asking import rank
from retrieval.ranking_evaluation.folder import Log, read_folder
from retrieval.ranking_evaluation.measures import Means, Ranking, per_case, slices
from retrieval.ranking_evaluation.splits import CUTS, Cases, Split, sampled

ROOT = Path(__file__).parents[1]
TUNED_ON = 4_000  # validation cases of the rule
CANDIDATES = 500
METRICS = (("ndcg", 10), ("hr", 10))


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def beauty(data: Path) -> Log:
    """The log with its items' vectors."""
    from assistant.language_model.packaged import default_cache
    from retrieval.embedding import Encoder

    return read_folder(data, Encoder(), default_cache(), say)


def fitted(split: Split, kept: Path | None, recipe: FusionRecipe, *, cold_lesson: bool = True) -> FusedRanker:
    """The full system for a split, read from the folder of an earlier run when it is there."""
    folder = None if kept is None else kept / (split.name if cold_lesson else f"{split.name}-warm-lessons")
    if folder is not None and (folder / TREES).is_file():
        return FusedRanker.load(folder, Stage.of(split.train, split.items, Texts.of(split.items), ()))
    valid = split.valid.histories(slice(None))
    lessons = lessons_of(split.name, split.train, len(split.items), recipe)
    if not cold_lesson:
        lessons = lessons[:1]
    ranker = FusedRanker.fit(lessons, split.train, split.items, valid, split.valid.target, recipe)
    if folder is not None:
        ranker.save(folder)
    return ranker


def measure(split: Split, shoppers: int, kept: Path | None, recipe: FusionRecipe) -> dict[str, Any]:
    """Every model on one split."""
    cases = sampled(split.test, shoppers, seed=0) if shoppers else split.test
    markov, content = Markov.fit(split.train, len(split.items)), ContentRanker(split.items)
    tuned = sampled(split.valid, TUNED_ON, seed=0)
    rule, by_alpha = WeighedRanker.tuned(markov, content, tuned.histories(slice(None)), tuned.target)
    say(f"{split.name}: rule at alpha {rule.alpha}")
    began = time.process_time()
    fused = fitted(split, kept, recipe)
    seconds = round(time.process_time() - began, 1)
    say(f"{split.name}: full system of {fused.model.trees} trees, {seconds} CPU seconds")
    rankers: dict[str, Ranker] = {
        "popularity": PopularityRanker(split.train, split.items),
        "markov": markov,
        "content": content,
        "tf-idf": WordsRanker(split.items),
        "rule": rule,
        fused.name: fused,
    }
    if len(lessons_of(split.name, split.train, len(split.items), recipe)) > 1:
        rankers["full system, warm lessons alone"] = fitted(split, kept, recipe, cold_lesson=False)
    rankings = {}
    for name, ranker in rankers.items():
        rankings[name] = rank(ranker, cases, len(split.items))
        say(f"{split.name}: {name} {np.mean(per_case(rankings[name], split.counts)['ndcg', 10]):.4f}")
    return {
        "cases": len(cases),
        "cpu_seconds_to_fit_or_read": seconds,
        "trees": fused.model.trees,
        "models": {name: _figures(ranking, split, cases) for name, ranking in rankings.items()},
        "full_system_over": {
            name: _figures(rankings[fused.name], split, cases, ranking)
            for name, ranking in rankings.items()
            if name != fused.name
        },
        "rule": {"alpha": rule.alpha, "ndcg@10 of validation by alpha": by_alpha},
        "calibration_error": _calibration(fused, cases),
        "gains": {name: round(gain, 4) for name, gain in list(fused.model.gains().items())[:20]},
    }


def _figures(ranking: Ranking, split: Split, cases: Cases, other: Ranking | None = None) -> dict[str, Any]:
    """Means with their intervals by slice; of the difference to another ranking, when there is one."""
    values = per_case(ranking, split.counts)
    less = None if other is None else per_case(other, split.counts)
    means = Means(cases.shopper, seed=0)
    wanted = METRICS if less is not None else (*METRICS, ("cold share", 10))
    for name, chosen in slices(split.warm[cases.target], cases.lengths).items():
        for metric in wanted:
            means.over_cases((name, metric), values[metric] - (0 if less is None else less[metric]), chosen)
    found: dict[str, Any] = {}
    for (name, (metric, k)), estimate in means.estimates().items():
        rounded = {key: round(value, 5) for key, value in asdict(estimate).items()}
        found.setdefault(name, {})[f"{metric}@{k}"] = rounded
    return found


def _calibration(fused: FusedRanker, cases: Cases, most: int = 2_000) -> float:
    """Expected calibration error of the probabilities of all candidates of some test cases."""
    rows = np.arange(min(most, len(cases)))
    said: list[NDArray[np.float64]] = []
    happened: list[NDArray[np.bool_]] = []
    for block in np.array_split(rows, max(1, len(rows) // 256)):
        scores = fused.score(cases.histories(block))
        case, item = np.nonzero(scores)
        said.append(scores[case, item].astype(np.float64))
        happened.append(item == cases.target[block][case])
    return round(calibration_error(np.concatenate(said), np.concatenate(happened)), 5)


def latency(fused: FusedRanker, cases: Cases, asked: int = 200) -> dict[str, float]:
    """Milliseconds to score 500 candidates of one session, as in service, over 200 sessions."""
    fused = fused.over(replace(fused.stage, whole=None))
    generator = np.random.default_rng(0)
    taken = []
    for place in range(min(asked, len(cases))):
        history = cases.histories(slice(place, place + 1))
        rows = generator.choice(len(fused.stage.items), size=min(CANDIDATES, len(fused.stage.items)), replace=False)
        began = time.perf_counter()
        fused.relevance(history, rows)
        taken.append((time.perf_counter() - began) * 1000)
    return {f"p{share}": round(float(np.percentile(taken[5:], share)), 2) for share in (50, 95)}


def main() -> None:
    parser = argparse.ArgumentParser(description="The full system against what it is made of.")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "amazon_beauty")
    parser.add_argument("--splits", default=",".join(CUTS))
    parser.add_argument("--shoppers", type=int, default=0, help="Shoppers whose cases are asked; 0: all.")
    parser.add_argument("--questions", type=int, default=FusionRecipe().questions, help="Of each lesson.")
    parser.add_argument("--trees", type=int, default=TreeRecipe().trees)
    parser.add_argument("--models", type=Path, help="Folder that keeps what was fitted.")
    chosen = parser.parse_args()
    log = beauty(chosen.data)
    recipe = FusionRecipe(trees=TreeRecipe(trees=chosen.trees), questions=chosen.questions)
    result: dict[str, Any] = {"recipe": asdict(recipe), "splits": {}}
    for name in chosen.splits.split(","):
        split = CUTS[name](log)
        result["splits"][name] = measure(split, chosen.shoppers, chosen.models, recipe)
        if "milliseconds_for_500" not in result and chosen.models is not None:
            result["milliseconds_for_500"] = latency(fitted(split, chosen.models, recipe), split.test)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
