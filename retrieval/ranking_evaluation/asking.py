"""A model asked about cases, a portion at a time, so that the scores of all items never lie in memory at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import Floats, Ranker
from retrieval.ranking_evaluation.measures import SHOWN, Ranking
from retrieval.ranking_evaluation.splits import Cases

_ROUNDING = 1e-6  # two scores nearer than this part of their size tie: float32 products of equal vectors differ so much
_BYTES = 64 << 20  # of scores held at a time; a model may need some times as much


def rank(ranker: Ranker, cases: Cases, items: int) -> Ranking:
    """Where the target of each case stands among all items that the shopper has not seen.

    Ties count against the target: every item that scores as high as it stands before it.

    Raises:
        ValueError: a model's scores are of another shape, or not finite.
    """
    portion = max(1, _BYTES // (4 * items))
    found = [_portion(ranker, cases, slice(start, start + portion), items) for start in range(0, len(cases), portion)]
    if not found:
        return Ranking(np.empty(0, np.int64), np.empty((0, SHOWN), np.int32))
    return Ranking(np.concatenate([r.rank for r in found]), np.concatenate([r.shown for r in found]))


def _portion(ranker: Ranker, cases: Cases, rows: slice, items: int) -> Ranking:
    target = cases.target[rows]
    scores = np.array(ranker.score(cases.histories(rows)), dtype=np.float32)  # a copy: seen items are overwritten
    if scores.shape != (len(target), items):
        raise ValueError(f"{ranker.name}: scores of shape {scores.shape}, not {(len(target), items)}")
    if not np.isfinite(scores).all():
        raise ValueError(f"{ranker.name}: scores that are not finite")
    scores[_seen(cases, rows)] = -np.inf
    own = scores[np.arange(len(target)), target][:, None]
    as_high = scores >= own - _ROUNDING * np.abs(own)
    return Ranking(as_high.sum(axis=1).astype(np.int64), _shown(scores))


def _seen(cases: Cases, rows: slice) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Places (case, item) of what is in the histories, over their whole length."""
    lengths = cases.lengths[rows]
    case = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(case)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return case, cases.events.item[cases.starts[rows][case] + within]


def _shown(scores: Floats) -> NDArray[np.int32]:
    """int32 (b, SHOWN): the highest scores, best first; -1 where nothing is known."""
    some = min(SHOWN, scores.shape[1])
    best = np.argpartition(-scores, some - 1, axis=1)[:, :some]
    theirs = np.take_along_axis(scores, best, axis=1)
    order = np.argsort(-theirs, axis=1)
    best, theirs = np.take_along_axis(best, order, axis=1), np.take_along_axis(theirs, order, axis=1)
    shown = np.full((len(scores), SHOWN), -1, dtype=np.int32)
    shown[:, :some] = np.where(np.isfinite(theirs) & (theirs != 0), best, -1)
    return shown
