"""The evaluation: every model on every split, and the report of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

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

_COMPARED: tuple[Metric, ...] = (("ndcg", 10), ("hr", 10))

Say = Callable[[str], None]
Parts = Mapping[str, NDArray[np.bool_]]
"""Slices of the cases by name: bool (c,) each."""

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Options:
    """What is to be evaluated.

    Attributes:
        models: names in `MODELS`; none for all of them.
        users: shoppers whose cases are asked in each split; a log of more is sampled.
        seed: of the sample, the bootstrap, and the first seed of what is random.
        seeds: with how many a random model is fitted.
        seeds_everywhere: on every split; otherwise on the first, and on the others with one, for each fit may take
            minutes.
        splits: some of "loo", "time", "cold".
    """

    models: Sequence[str] = ()
    users: int = 25_000
    seed: int = 0
    seeds: int = 3
    seeds_everywhere: bool = False
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
    run = _Run(log, options, say, _chosen("model", options.models, models))
    found: dict[str, dict[str, Any]] = {}
    rows: list[Row] = []
    for name, cut in _chosen("split", options.splits, CUTS).items():
        split = cut(log)
        cases = sampled(split.test, options.users, options.seed)
        if not len(cases) or not len(split.train):
            say(f"{name}: the log is too small for this split, left out")
            continue
        seeds = options.seeds if options.seeds_everywhere or not found else 1
        measured = run.split(split, cases, seeds)
        if not measured:
            continue
        found[name] = _facts(split, cases, run.models, measured) | {"seeds of random models": seeds}
        rows += [row for one in measured for row in one.rows]
    if not found:
        raise SetupError("The log is too small for any split.", "Give shoppers with three different items or more.")
    if "time" in found:
        say("time: the next kind; replay: predict, then learn")
        rows += counted_rows(log, run.asked_kinds, options.seed) + replay(log, options.seed)
    return RankingReport(_protocol(log, options, run.models, found), tuple(rows))


class _Run:
    """One evaluation under way: what is asked of every model."""

    def __init__(self, log: Log, options: Options, say: Say, models: Mapping[str, RankedModel]) -> None:
        self.log, self.options, self.say, self.models = log, options, say, models
        self.asked_kinds = kind_questions(log, options.users, options.seed)

    def split(self, split: Split, cases: Cases, seeds: int) -> list[_Measured]:
        """Every model on one split, each with what it has over the best baseline; without those it is too small for.

        Args:
            split: what is learnt from and asked.
            cases: those of its test cases that are asked.
            seeds: with how many a random model is fitted.
        """
        query = None if self.log.query is None else self.log.query[cases.place]
        parts = slices(split.warm[cases.target], cases.lengths, query)
        measured = []
        for name, model in self.models.items():
            self.say(f"{split.name}: {name}")
            started = time.monotonic()
            tried = range(self.options.seed, self.options.seed + (seeds if model.random else 1))
            try:
                rankers = [model.fit(split, seed) for seed in tried]
            except SetupError as error:
                self.say(f"{split.name}: {name} is left out: {error.problem}")
                continue
            one = _measure(name, rankers, split, cases, parts, self.options.seed)
            if split.name == "time" and len(self.asked_kinds) and isinstance(rankers[0], KindPredictor):
                guess = predicted(rankers[0], self.log.events, self.asked_kinds)
                one.rows += measured_kinds(name, guess, self.log, self.asked_kinds, self.options.seed)
            one.seconds = round(time.monotonic() - started, 1)
            measured.append(one)
        baselines = [name for name, model in self.models.items() if model.baseline]
        _compare(measured, baselines, split, cases, parts, self.options.seed)
        return measured


def _chosen(what: str, names: Sequence[str], known: Mapping[str, Entry]) -> dict[str, Entry]:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SetupError(f"There is no {what} {unknown[0]!r}.", f"--{what}s knows: {', '.join(known)}.")
    return {name: known[name] for name in (names or known)}


def _measure(name: str, rankers: Sequence[Ranker], split: Split, cases: Cases, parts: Parts, seed: int) -> _Measured:
    """The figures of a model: means over the rankers, which differ in their seeds."""
    rankings = [rank(ranker, cases, len(split.items)) for ranker in rankers]
    by_seed = [per_case(ranking, split.counts) for ranking in rankings]
    measured = _Measured(name)
    measured.values = {metric: np.mean([values[metric] for values in by_seed], axis=0) for metric in by_seed[0]}
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
    if len(rankers) > 1:
        measured.rows += _spread(name, split, rankings)
    return measured


def _spread(name: str, split: Split, rankings: Sequence[Ranking]) -> list[Row]:
    """Standard deviation over the seeds; low and high are the least and the greatest seed's figure."""
    rows = []
    for metric in _COMPARED:
        figures = np.array([per_case(ranking, split.counts)[metric].mean() for ranking in rankings])
        spread = Estimate(float(figures.std(ddof=1)), float(figures.min()), float(figures.max()))
        rows.append(_row(name, split, "mixed", (f"{metric[0]} over seeds", metric[1]), spread))
    return rows


def _compare(
    measured: Sequence[_Measured], baselines: Sequence[str], split: Split, cases: Cases, parts: Parts, seed: int
) -> None:
    """Add to each model's rows what it has over the best baseline, case by case."""
    among = [one for one in measured if one.name in baselines]
    if not among:
        return
    best = max(among, key=lambda one: float(one.values["ndcg", 10].mean()))
    best.best = True
    for one in measured:
        means = Means(cases.shopper, seed)
        for part, chosen in parts.items():
            for metric in _COMPARED if one is not best else ():
                apart = one.values[metric] - best.values[metric]
                means.over_cases((part, (f"{metric[0]} over best baseline", metric[1])), apart, chosen)
        one.rows += [_row(one.name, split, *key, estimate) for key, estimate in means.estimates().items()]


def _row(model: str, split: Split, part: str, metric: Metric, found: Estimate) -> Row:
    return Row(model, split.name, part, *metric, found.value, found.low, found.high)


def _facts(split: Split, cases: Cases, models: Iterable[str], measured: Sequence[_Measured]) -> dict[str, Any]:
    return {
        "cut": "given by the folder" if split.given else "cut here",
        "training events": len(split.train),
        "validation cases": len(split.valid),
        "test cases": len(cases),
        "shoppers asked": len(np.unique(cases.shopper)),
        "cold targets": int((~split.warm[cases.target]).sum()),
        "items without a training event": int((~split.warm).sum()),
        "models left out": [name for name in models if name not in {one.name for one in measured}],
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
        "seeds of random models": list(range(options.seed, options.seed + options.seeds)) if random else [],
        "random models": random,
        "splits": dict(facts),
    }
