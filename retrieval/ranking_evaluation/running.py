"""The evaluation: every model on every split, and the report of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from retrieval.behaviour.events import Ranker
from retrieval.behaviour.kinds import KindPredictor
from retrieval.errors import SetupError
from retrieval.ranking_evaluation.asking import rank
from retrieval.ranking_evaluation.folder import Log
from retrieval.ranking_evaluation.kinds import counted_rows, kind_questions, measured_kinds, predicted
from retrieval.ranking_evaluation.measures import (
    CUTOFFS,
    RESAMPLES,
    SHOWN,
    Column,
    Estimate,
    Means,
    Metric,
    Ranking,
    coverage,
    per_case,
    slices,
)
from retrieval.ranking_evaluation.models import MODELS, RankedModel
from retrieval.ranking_evaluation.prequential import replay
from retrieval.ranking_evaluation.report import RankingReport, Row
from retrieval.ranking_evaluation.splits import CUTS, LONGEST, Cases, Split, sampled

SEEDS = 3  # of every model that is random
_COMPARED: tuple[Metric, ...] = (("ndcg", 10), ("hr", 10))

Say = Callable[[str], None]
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be evaluated.

    Attributes:
        models: names in `MODELS`; none for all of them.
        users: shoppers whose cases are asked in each split; a log of more is sampled.
        seed: of the sample, the bootstrap, and the first seed of what is random.
        splits: some of "loo", "time", "cold".
    """

    models: Sequence[str] = ()
    users: int = 25_000
    seed: int = 0
    splits: Sequence[str] = tuple(CUTS)


@dataclass(slots=True)
class _Measured:
    """What one model did on one split: its rows, and the values that others are compared with."""

    name: str
    rows: list[Row] = field(default_factory=list)
    values: dict[Metric, Column] = field(default_factory=dict)
    best: bool = False
    seconds: float = 0.0


def evaluate(log: Log, options: Options, say: Say, models: Mapping[str, RankedModel] = MODELS) -> RankingReport:
    """Fit every model on every split and measure it on the test cases.

    Args:
        log: see `read_folder`.
        options: what to evaluate.
        say: told of every model before it is fitted.
        models: those that names are looked up in.

    Raises:
        SetupError: the name of a model or of a split is unknown, or the log is too small for any split.
    """
    chosen = _chosen("model", options.models, models)
    asked = kind_questions(log, options.users, options.seed)
    found: dict[str, tuple[dict[str, Any], list[_Measured]]] = {}
    for name, cut in _chosen("split", options.splits, CUTS).items():
        split = cut(log)
        cases = sampled(split.test, options.users, options.seed)
        if not len(cases) or not len(split.train):
            say(f"{name}: the log is too small for this split, left out")
            continue
        measured = []
        for model_name, model in chosen.items():
            say(f"{name}: {model_name}")
            one, ranker = _measure(model_name, model, split, cases, options.seed)
            measured.append(one)
            if name == "time" and len(asked) and isinstance(ranker, KindPredictor):
                one.rows += measured_kinds(model_name, predicted(ranker, log.events, asked), log, asked, options.seed)
        _compare(measured, [name for name, model in chosen.items() if model.baseline], split, cases, options.seed)
        found[name] = _facts(split, cases, measured), measured
    if not found:
        raise SetupError("The log is too small for any split.", "Give shoppers with three different items or more.")
    rows = [row for _, measured in found.values() for one in measured for row in one.rows]
    if "time" in found and len(asked):
        rows += counted_rows(log, asked, options.seed)
    if "time" in found:
        say("replay: predict, then learn")
        rows += replay(log, options.seed)
    facts = {name: entry for name, (entry, _) in found.items()}
    return RankingReport(_protocol(log, options, chosen, facts), tuple(rows))


def _chosen(what: str, names: Sequence[str], known: Mapping[str, Entry]) -> dict[str, Entry]:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SetupError(f"There is no {what} {unknown[0]!r}.", f"--{what}s knows: {', '.join(known)}.")
    return {name: known[name] for name in (names or known)}


def _measure(name: str, model: RankedModel, split: Split, cases: Cases, seed: int) -> tuple[_Measured, Ranker]:
    """The figures of a model and the model, fitted once, or once for each of several seeds when it is random.

    Then every figure is the mean over the seeds, and the model is the first.
    """
    started = time.monotonic()
    rankers = [model.fit(split, one) for one in (range(seed, seed + SEEDS) if model.random else (seed,))]
    rankings = [rank(ranker, cases, len(split.items)) for ranker in rankers]
    by_seed = [per_case(ranking, split.counts) for ranking in rankings]
    measured = _Measured(name, seconds=round(time.monotonic() - started, 1))
    measured.values = {metric: np.mean([values[metric] for values in by_seed], axis=0) for metric in by_seed[0]}
    parts = slices(split.warm[cases.target], cases.lengths)
    means = Means(cases.shopper, seed)
    for part, chosen in parts.items():
        for metric, values in measured.values.items():
            means.over_cases((part, metric), values, chosen)
        for k in CUTOFFS:
            means.over_shoppers((part, ("recall", k)), measured.values["hr", k], chosen)
    measured.rows = [_row(name, split, *key, estimate) for key, estimate in means.estimates().items()]
    for part, chosen in parts.items():
        covered = float(np.mean([coverage(ranking, chosen, len(split.items)) for ranking in rankings]))
        measured.rows.append(_row(name, split, part, ("coverage", SHOWN), Estimate(covered, covered, covered)))
    if model.random:
        measured.rows += _spread(name, split, rankings)
    return measured, rankers[0]


def _spread(name: str, split: Split, rankings: Sequence[Ranking]) -> list[Row]:
    """Standard deviation over the seeds; low and high are the least and the greatest seed's figure."""
    rows = []
    for metric in _COMPARED:
        figures = np.array([per_case(ranking, split.counts)[metric].mean() for ranking in rankings])
        spread = Estimate(float(figures.std(ddof=1)), float(figures.min()), float(figures.max()))
        rows.append(_row(name, split, "mixed", (f"{metric[0]} over seeds", metric[1]), spread))
    return rows


def _compare(measured: Sequence[_Measured], baselines: Sequence[str], split: Split, cases: Cases, seed: int) -> None:
    """Add to each model's rows what it has over the best baseline, case by case."""
    among = [one for one in measured if one.name in baselines]
    if not among:
        return
    best = max(among, key=lambda one: float(one.values["ndcg", 10].mean()))
    best.best = True
    parts = slices(split.warm[cases.target], cases.lengths)
    for one in measured:
        means = Means(cases.shopper, seed)
        for part, chosen in parts.items():
            for metric in _COMPARED if one is not best else ():
                apart = one.values[metric] - best.values[metric]
                means.over_cases((part, (f"{metric[0]} over best baseline", metric[1])), apart, chosen)
        one.rows += [_row(one.name, split, *key, estimate) for key, estimate in means.estimates().items()]


def _row(model: str, split: Split, part: str, metric: Metric, found: Estimate) -> Row:
    return Row(model, split.name, part, *metric, found.value, found.low, found.high)


def _facts(split: Split, cases: Cases, measured: Sequence[_Measured]) -> dict[str, Any]:
    return {
        "cut": "given by the folder" if split.given else "cut here",
        "training events": len(split.train),
        "validation cases": len(split.valid),
        "test cases": len(cases),
        "shoppers asked": len(np.unique(cases.shopper)),
        "cold targets": int((~split.warm[cases.target]).sum()),
        "items without a training event": int((~split.warm).sum()),
        "best baseline by nDCG@10": next((one.name for one in measured if one.best), None),
        "seconds to fit and rank": {one.name: one.seconds for one in measured},
    }


def _protocol(
    log: Log, options: Options, chosen: Mapping[str, RankedModel], facts: Mapping[str, Any]
) -> dict[str, Any]:
    random = [name for name, model in chosen.items() if model.random]
    return {
        "items": len(log.items),
        "shoppers": len(log.shopper_ids),
        "events": len(log.events),
        "events of unknown items left out": log.left_out,
        "all items ranked": True,
        "seen items filtered": True,
        "trained on validation": False,
        "ties": "count against the target",
        "newest events of a history a model is given": LONGEST,
        "intervals": f"95 % bootstrap over shoppers, {RESAMPLES:,} draws",
        "seed": options.seed,
        "seeds of random models": list(range(options.seed, options.seed + SEEDS)) if random else [],
        "random models": random,
        "splits": dict(facts),
    }
