"""The full system for a log: which lessons teach it, and whether the trees or the plain rule rank."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import structlog
from numpy.typing import NDArray

from retrieval.behaviour.events import Events, Histories, Items, Ranker
from retrieval.behaviour.fusion.lambdamart import LogTooSmall
from retrieval.behaviour.fusion.lessons import Lesson, after_date, held_out_items, last_events
from retrieval.behaviour.fusion.ranker import FusedRanker, FusionRecipe
from retrieval.behaviour.fusion.rule import WeighedRanker, gains
from retrieval.behaviour.markov import Markov
from retrieval.behaviour.single_signals import ContentRanker, WordsRanker

_TUNED_ON = 5_000  # validation questions that choose alpha, stop the trees and calibrate
_JUDGED_ON = 3_000  # others, that choose between rule and trees
_COLD_SHARE = 1 / 3  # questions about items held out, for each about a shopper's last
_SHORT = 3  # events of a history that counts as short
_DEVIATIONS = 1.96  # of a 95 % interval

log = structlog.get_logger()


def lessons_of(split: str, events: Events, n: int, recipe: FusionRecipe) -> list[Lesson]:
    """The lessons for "loo" (each shopper's next item), "time" (what comes after a date) or "cold" (items held out).

    A shop in service, to which new items come, learns by "cold".

    Args:
        split: one of the three.
        events: training events of n items.
        n: how many items.
        recipe: how many questions, and the seed that draws them and the items of the cold lesson.
    """
    if split == "time":
        return [after_date(events).sampled(recipe.questions, recipe.seed)]
    lessons = [last_events(events).sampled(recipe.questions, recipe.seed)]
    if split == "cold":
        cold = held_out_items(events, n, recipe.seed)
        lessons.append(cold.sampled(round(_COLD_SHARE * recipe.questions), recipe.seed))
    return lessons


def full_system(
    split: str, events: Events, items: Items, valid: Histories, targets: NDArray[np.int32], recipe: FusionRecipe
) -> Ranker:
    """The trees if they win on validation questions, else the rule, with the content that suits it better.

    They win when they beat the rule over meaning, the baseline, and rank no worse than the rule that would stand in
    for them. They beat it when the difference in nDCG@10 is above 0 with its whole 95 % interval, and not below 0 with
    its whole interval for warm targets, for cold ones or for short histories.

    Args:
        split: see `lessons_of`.
        events: training events.
        items: n of them.
        valid: histories of v validation questions.
        targets: int32 (v,), their answers.
        recipe: of the fusion.

    Raises:
        SetupError: LightGBM is not installed.
    """
    tuning, judging = tuning_and_judging(split, valid, recipe.seed)
    tuned, answers = valid.where(tuning), targets[tuning]
    rules = _rules(Markov.fit(events, len(items)), items, tuned, answers)
    lessons = lessons_of(split, events, len(items), recipe)
    try:
        fused = FusedRanker.fit(lessons, events, items, tuned, answers, recipe)
    except LogTooSmall as error:
        log.info("the rule ranks", reason=error.problem)
        return rules.better
    if _trees_win(fused, rules, valid.where(judging), targets[judging]):
        return fused
    return rules.better


def tuning_and_judging(split: str, valid: Histories, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of the validation questions that tune, and of others that judge; of those alone that have a history.

    They are drawn; by the calendar the latest judge. The further from the training, the more items are new and the
    less its counts say, and whatever is asked next lies further than any validation question.
    """
    drawn = np.random.default_rng(seed).permutation(np.flatnonzero(valid.lengths > 0))
    order = np.argsort(valid.now[drawn], kind="stable") if split == "time" else np.arange(len(drawn))
    judging = order[len(drawn) - min(_JUDGED_ON, len(drawn) // 2) :]
    return np.delete(drawn, judging)[:_TUNED_ON], drawn[judging]


@dataclass(frozen=True, slots=True)
class _Rules:
    """The rule over meaning, and of that and the rule over words the one that ranks better; each at its best alpha."""

    by_meaning: WeighedRanker
    better: WeighedRanker


def _rules(behaviour: Ranker, items: Items, valid: Histories, targets: NDArray[np.int32]) -> _Rules:
    by_meaning, by_words = (
        WeighedRanker.tuned(behaviour, content, valid, targets)
        for content in (ContentRanker(items), WordsRanker(items))
    )
    return _Rules(by_meaning[0], max(by_meaning, by_words, key=lambda tuned: max(tuned[1].values()))[0])


def _trees_win(fused: FusedRanker, rules: _Rules, asked: Histories, wanted: NDArray[np.int32]) -> bool:
    """Whether the trees win on questions that neither they nor the rules were tuned on."""
    trees, baseline, other = (gains(ranker, asked, wanted) for ranker in (fused, rules.by_meaning, rules.better))
    warm = fused.stage.counts.times[wanted] > 0
    slices = {"warm": warm, "cold": ~warm, "short history": asked.lengths < _SHORT}
    won = win(trees, baseline, other, slices)
    log.info(
        "the trees rank" if won else "the rule ranks",
        over_the_baseline=round(float((trees - baseline).mean()), 4),
        over_the_rule_in_their_place=round(float((trees - other).mean()), 4),
    )
    return won


def win(
    trees: NDArray[np.float64],
    baseline: NDArray[np.float64],
    other: NDArray[np.float64],
    slices: Mapping[str, NDArray[np.bool_]],
) -> bool:
    """Whether trees beat the baseline and rank on average no worse than what would stand in for them: gains, (v,)."""
    return beats(trees - baseline, slices) and bool(trees.mean() >= other.mean())


def beats(difference: NDArray[np.float64], slices: Mapping[str, NDArray[np.bool_]]) -> bool:
    """Whether a difference per question (v,) is surely above 0, and surely below 0 on no slice: bool (v,) each."""
    mean, margin = _interval(difference)
    lost = [
        part for part in (difference[chosen] for chosen in slices.values()) if len(part) and sum(_interval(part)) < 0
    ]
    return mean - margin > 0 and not lost


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """The mean and the half width of its interval; endless for a single value."""
    if len(values) < 2:
        return float(values.mean()), np.inf
    return float(values.mean()), float(_DEVIATIONS * values.std(ddof=1) / np.sqrt(len(values)))
