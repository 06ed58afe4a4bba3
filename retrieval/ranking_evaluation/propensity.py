"""What another way of ranking would have earned, from a log of what was shown with which chance.

Every impression that was drawn counts by how much more often the other policy would have shown it. IPS divides by the
number of impressions: right on average, and wide where chances were small. SNIPS divides by the sum of the weights:
hardly biased and much narrower. Both need every item that the other policy shows to have had a chance above 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.ranking_evaluation.measures import Estimate, Means

_IPS, _SNIPS = ("mixed", ("ips", None)), ("mixed", ("snips", None))


@dataclass(frozen=True, slots=True)
class PropensityEstimate:
    """The mean reward of an impression under the other policy.

    Attributes:
        ips, snips: see the module; with 95 % bootstrap intervals over shoppers.
        logged: the mean reward that the log itself shows.
        impressions: how many there are.
        effective: as how many impressions of the other policy itself they count, (sum w)^2 / sum w^2. Where this is
            a small part of `impressions`, trust neither estimate.
        clipped: impressions whose weight was cut to the greatest allowed; each makes the estimates more biased.
    """

    ips: Estimate
    snips: Estimate
    logged: float
    impressions: int
    effective: float
    clipped: int


def estimate_reward(
    reward: NDArray[np.float64],
    chance: NDArray[np.float64],
    other_chance: NDArray[np.float64],
    shopper: NDArray[np.int32],
    *,
    greatest_weight: float = 100.0,
    seed: int = 0,
) -> PropensityEstimate:
    """Estimate what another policy earns from the impressions of the one that was in service.

    Args:
        reward: float64 (c,), of each impression: 1.0 for a click or a purchase, or its worth.
        chance: float64 (c,), with which it was drawn, above 0.
        other_chance: float64 (c,), with which the other policy would have drawn the same item in the same place.
        shopper: int32 (c,), whose impressions stay together in the bootstrap.
        greatest_weight: more than this a single impression never counts.
        seed: of the bootstrap.

    Raises:
        ValueError: there is no impression, a chance is not in (0, 1], or the other policy shows nothing of the log.
    """
    if not len(reward):
        raise ValueError("no impression to estimate from")
    if not ((chance > 0) & (chance <= 1)).all() or not ((other_chance >= 0) & (other_chance <= 1)).all():
        raise ValueError("a chance lies outside (0, 1]")
    ratio = other_chance / chance
    weight = np.minimum(ratio, greatest_weight)
    if not weight.any():
        raise ValueError("the other policy shows nothing that the log holds")
    means = Means(shopper, seed)
    means.quotient(_IPS, weight * reward, np.ones(len(reward)))
    means.quotient(_SNIPS, weight * reward, weight)
    found = means.estimates()
    return PropensityEstimate(
        ips=found[_IPS],
        snips=found[_SNIPS],
        logged=float(reward.mean()),
        impressions=len(reward),
        effective=float(weight.sum() ** 2 / (weight**2).sum()),
        clipped=int((ratio > greatest_weight).sum()),
    )
