"""What an item without events pays for its place: the least that leaves warm targets most of theirs.

Trees taught with held-out items put new ones as high as the lessons had answers among them. How many of them a page
can bear is another question: every place that a new item gets, a known one loses. At most so many of them on a page was
tried instead of a cost, and with it: it gives cold targets no more for what it takes from warm ones (docs/log.md).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COSTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)
WARM_KEPT = 0.92  # of the warm nDCG@10 without new items; 0.985 left cold targets half of what content alone finds
_PLACES = 10


def least_cost(
    scores: NDArray[np.float64], cold: NDArray[np.bool_], hit: NDArray[np.bool_], sizes: NDArray[np.int64]
) -> float:
    """The least of `COSTS` that keeps enough of the warm targets' nDCG@10; in the units of the scores.

    Args:
        scores: float64 (k,), of the candidates of b validation questions in turn.
        cold: bool (k,), whether a candidate has no events.
        hit: bool (k,), whether it is the answer.
        sizes: int64 (b,), candidates of each question.
    """
    left = [warm_gain(scores - cost * cold, cold, hit, sizes) for cost in COSTS]
    return next(cost for cost, gain in zip(COSTS, left, strict=True) if gain >= WARM_KEPT * left[-1])


def warm_gain(
    scores: NDArray[np.float64], cold: NDArray[np.bool_], hit: NDArray[np.bool_], sizes: NDArray[np.int64]
) -> float:
    """The sum of nDCG@10 over the questions whose answer is a warm candidate; a tie counts against it."""
    answers = np.flatnonzero(hit & ~cold)
    case = np.repeat(np.arange(len(sizes)), sizes)
    own = np.full(len(sizes), np.inf)  # nothing is as high where there is no warm answer
    own[case[answers]] = scores[answers]
    ranks = np.bincount(case[scores >= own[case]], minlength=len(sizes))[case[answers]]
    return float(np.sum(np.where(ranks <= _PLACES, 1 / np.log2(ranks + 1), 0.0)))
