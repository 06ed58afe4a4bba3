"""The next kind of event: how often it is predicted, and how near that is to what can be known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import KINDS, Events, Floats, histories_before
from retrieval.behaviour.kinds import KindCounts, KindPredictor
from retrieval.ranking_evaluation.folder import TEST, TRAIN, Log
from retrieval.ranking_evaluation.measures import Column, Means
from retrieval.ranking_evaluation.report import Row
from retrieval.ranking_evaluation.splits import LONGEST, calendar_parts

COUNTS, COMMONEST = "kind counts", "commonest kind"
_AT_ONCE = 4096


def kind_questions(log: Log, shoppers: int, seed: int) -> NDArray[np.intp]:
    """intp (c,): places of the events after the calendar's last date; none in a log of one kind.

    Args:
        log: the log.
        shoppers: of more, this many are drawn.
        seed: of that.
    """
    part = calendar_parts(log)
    asked = np.flatnonzero(part == TEST)
    if len(np.unique(log.events.kind)) < 2 or not (part == TRAIN).any():
        return asked[:0]
    known = np.unique(log.events.shopper[asked])
    if len(known) > shoppers:
        drawn = np.random.default_rng(seed).choice(known, size=shoppers, replace=False)
        asked = asked[np.isin(log.events.shopper[asked], drawn)]
    return asked


def counted_rows(log: Log, asked: NDArray[np.intp], seed: int) -> list[Row]:
    """Counts over kinds beside the commonest kind, both from the events before the calendar's first date."""
    if not len(asked):
        return []
    train = log.events.where(calendar_parts(log) == TRAIN)
    likeliest = predicted(KindCounts(train), log.events, asked)
    commonest = np.full(len(asked), np.bincount(train.kind).argmax())
    rows = measured_kinds(COUNTS, likeliest, log, asked, seed)
    return rows + measured_kinds(COMMONEST, commonest, log, asked, seed)


def predicted(predictor: KindPredictor, events: Events, asked: NDArray[np.intp]) -> NDArray[np.int64]:
    """int64 (c,): the likeliest kind of each of these events, by all that its shopper did before."""
    starts = events.starts()[events.shopper[asked]]
    found: list[Floats] = []
    for first in range(0, len(asked), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        now = events.at[asked[some]]
        found.append(predictor.next_kinds(histories_before(events, starts[some], asked[some], now, LONGEST)))
    return np.asarray(np.concatenate(found).argmax(axis=1), dtype=np.int64)


def measured_kinds(model: str, guess: NDArray[np.int64], log: Log, asked: NDArray[np.intp], seed: int) -> list[Row]:
    """Accuracy, recall by two definitions, and accuracy over the bound where the log states it.

    Args:
        model: name in the rows.
        guess: int64 (c,), places in `KINDS`.
        log: whose events are asked.
        asked: places of the c events.
        seed: of the bootstrap.
    """
    true = log.events.kind[asked].astype(np.int64)
    right = (guess == true).astype(np.float64)
    columns: dict[str, Column] = {
        "kind accuracy": right,
        "kind accuracy one against the rest": _one_against_rest(guess, true),
    }
    means = Means(log.events.shopper[asked], seed)
    every = np.ones(len(asked), dtype=np.bool_)
    for name, values in columns.items():
        means.over_cases(("mixed", (name, None)), values, every)
    for kind in np.unique(true):
        means.over_cases((f"next is {KINDS[kind]}", ("kind recall", None)), right, true == kind)
    rows = [Row(model, "time", p, *metric, e.value, e.low, e.high) for (p, metric), e in means.estimates().items()]
    recalls = np.array([row.value for row in rows if row.metric == "kind recall"])
    shares = np.array([(true == kind).mean() for kind in np.unique(true)])
    counted = {"kind recall weighted": float(recalls @ shares), "kind recall macro": float(recalls.mean())}
    if log.kind_bound is not None:
        bound = float(log.kind_bound[asked].mean())
        counted |= {"kind accuracy bound": bound, "kind accuracy over bound": float(right.mean()) / bound}
    return rows + [Row(model, "time", "mixed", name, None, value, value, value) for name, value in counted.items()]


def _one_against_rest(guess: NDArray[np.int64], true: NDArray[np.int64]) -> Column:
    """The share of the kinds about which the guess is right to say yes or no: the looser "accuracy" in print."""
    wrong = 2 * (guess != true)  # a wrong guess is wrong about two kinds, and right about all others
    return np.asarray((len(KINDS) - wrong) / len(KINDS))
