from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.ranking_evaluation.propensity import PropensityEstimate, estimate_reward

ITEMS = 8
CLICKED = np.linspace(0.05, 0.4, ITEMS)  # the truth: how often each item is clicked when it is shown
LOGGING = np.array([0.5, 0.2, 0.1, 0.06, 0.05, 0.04, 0.03, 0.02])  # prefers what is clicked least
OTHER = LOGGING[::-1].copy()


def simulated(impressions: int, seed: int, other: NDArray[np.float64] = OTHER) -> PropensityEstimate:
    draws = np.random.default_rng(seed)
    shown = draws.choice(ITEMS, size=impressions, p=LOGGING)
    reward = (draws.random(impressions) < CLICKED[shown]).astype(np.float64)
    shopper = draws.integers(0, impressions // 3, impressions).astype(np.int32)
    return estimate_reward(reward, LOGGING[shown], other[shown], shopper, seed=seed)


def test_both_estimates_find_the_true_reward_where_the_log_itself_is_far_from_it() -> None:
    truth = float(CLICKED @ OTHER)
    found = simulated(30_000, 1)
    for estimate in (found.ips, found.snips):
        assert estimate.low < truth < estimate.high
        assert estimate.value == pytest.approx(truth, rel=0.1)
    assert found.logged < truth / 2


def test_intervals_hold_the_truth_nearly_as_often_as_they_say() -> None:
    truth = float(CLICKED @ OTHER)
    held = [
        (f.snips.low < truth < f.snips.high, f.ips.low < truth < f.ips.high)
        for f in (simulated(2000, seed) for seed in range(25))
    ]
    snips, ips = np.mean(held, axis=0)
    assert snips >= 0.8
    assert ips >= 0.8


def test_the_weighted_mean_is_the_narrower_one() -> None:
    found = simulated(20_000, 2)
    assert found.snips.high - found.snips.low < found.ips.high - found.ips.low
    assert found.effective < 0.2 * found.impressions


def test_the_policy_of_the_log_earns_what_the_log_shows() -> None:
    found = simulated(2000, 3, other=LOGGING)
    assert found.ips.value == found.snips.value == pytest.approx(found.logged)
    assert found.effective == pytest.approx(found.impressions)


def test_weights_beyond_the_greatest_are_cut_and_counted() -> None:
    every = np.ones(4)
    who = np.arange(4, dtype=np.int32)
    found = estimate_reward(every, np.array([0.01, 0.5, 0.5, 0.5]), every * 0.5, who, greatest_weight=2.0)
    assert (found.clipped, found.ips.value) == (1, pytest.approx(5 / 4))


@pytest.mark.parametrize(("chance", "other"), [(0.0, 0.5), (1.2, 0.5), (0.5, -0.1), (0.5, 0.0)])
def test_chances_that_allow_no_estimate_are_a_mistake(chance: float, other: float) -> None:
    with pytest.raises(ValueError, match=r"chance|other policy"):
        estimate_reward(np.ones(1), np.array([chance]), np.array([other]), np.zeros(1, dtype=np.int32))


def test_no_impression_is_a_mistake() -> None:
    nothing = np.empty(0)
    with pytest.raises(ValueError, match="no impression"):
        estimate_reward(nothing, nothing, nothing, np.empty(0, dtype=np.int32))
