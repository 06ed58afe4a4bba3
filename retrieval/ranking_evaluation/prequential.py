"""Prequential replay: predict each event, then learn from it, in the order of time.

What it tells is what learning online is worth: the same counts are asked about the same events twice, once kept up to
date with every event and once as they stood when the replay began. Both are given the whole history of the shopper.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import Events
from retrieval.behaviour.markov import Markov
from retrieval.ranking_evaluation.folder import TRAIN, Log
from retrieval.ranking_evaluation.measures import SHOWN, Column, Means, Metric, Ranking, per_case
from retrieval.ranking_evaluation.report import Row
from retrieval.ranking_evaluation.splits import calendar_parts

SPLIT = "replay"
LEARNING, FROZEN = "markov learning", "markov frozen"
_ASKED = 5000
_MEASURED: tuple[Metric, ...] = (("hr", 10), ("ndcg", 10), ("mrr", None))


def replay(log: Log, seed: int, asked: int = _ASKED) -> list[Row]:
    """Rows of the learning and the frozen counts, and of what the first has over the second.

    Args:
        log: what comes before the calendar's first date is learnt at the start; the rest is replayed.
        seed: draws the events that are asked about, and the bootstrap.
        asked: how many; every event is learnt from. Only events with an item that is new to their shopper count.
    """
    events, training = log.events, calendar_parts(log) == TRAIN
    later = np.flatnonzero(~training)
    order = later[np.argsort(events.at[later], kind="stable")]
    drawn = np.random.default_rng(seed).permutation(len(order))[:asked]
    wanted = np.zeros(len(order), dtype=np.bool_)
    wanted[drawn] = True
    counts = events.where(training)
    places, ranks = _ranks(events, order, wanted, counts, len(log.items))
    if not len(places):
        return []
    shopper = events.shopper[places]
    values = {name: _values(rank, len(log.items)) for name, rank in ranks.items()}
    values[f"{LEARNING} over frozen"] = {
        metric: values[LEARNING][metric] - values[FROZEN][metric] for metric in _MEASURED
    }
    every = np.ones(len(places), dtype=np.bool_)
    rows = []
    for name, metrics in values.items():
        means = Means(shopper, seed)
        for metric, column in metrics.items():
            means.over_cases(("mixed", metric), column, every)
        rows += [Row(name, SPLIT, part, *m, e.value, e.low, e.high) for (part, m), e in means.estimates().items()]
    return rows


def _ranks(
    events: Events, order: NDArray[np.intp], wanted: NDArray[np.bool_], training: Events, items: int
) -> tuple[NDArray[np.intp], dict[str, NDArray[np.int64]]]:
    """The places that were asked, and the target's rank by each of the two."""
    learning, frozen = Markov.fit(training, items), Markov.fit(training, items)
    histories: defaultdict[int, list[int]] = defaultdict(list)
    for shopper, item in zip(training.shopper.tolist(), training.item.tolist(), strict=True):
        histories[shopper].append(item)
    places, ranks = [], []
    for place, is_wanted in zip(order.tolist(), wanted.tolist(), strict=True):
        shopper, item = int(events.shopper[place]), int(events.item[place])
        history = histories[shopper]
        if is_wanted and item not in history:
            seen = set(history)
            places.append(place)
            ranks.append([rank_among(counts.follow(history), item, seen, items) for counts in (learning, frozen)])
        learning.add(shopper, item, int(events.at[place]))
        history.append(item)
    table = np.array(ranks, dtype=np.int64).reshape(-1, 2)
    return np.array(places, dtype=np.intp), {LEARNING: table[:, 0], FROZEN: table[:, 1]}


def rank_among(scores: Mapping[int, float], target: int, seen: set[int], items: int) -> int:
    """The target's rank among all items not seen, from 1; what has no score scores 0.0, and ties come before it."""
    own = scores.get(target, 0.0)
    if own <= 0.0:
        return items - len(seen)
    return sum(score >= own for item, score in scores.items() if item not in seen)


def _values(rank: NDArray[np.int64], items: int) -> dict[Metric, Column]:
    nothing_shown = np.full((len(rank), SHOWN), -1, dtype=np.int32)
    measured = per_case(Ranking(rank, nothing_shown), np.ones(items, dtype=np.int64))
    return {metric: measured[metric] for metric in _MEASURED}
