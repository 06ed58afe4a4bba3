"""A score made a probability, and how far a probability is from what happened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 50
_SMALLEST_STEP = 1e-9
_BINS = 15


@dataclass(frozen=True, slots=True)
class Calibration:
    """1 / (1 + exp(-(slope * score + level))): Platt's, which keeps every order and makes no two scores alike."""

    slope: float
    level: float

    @classmethod
    def fit(cls, scores: NDArray[np.float64], happened: NDArray[np.bool_]) -> Calibration:
        """The likeliest slope and level, by Newton's method; targets are Platt's, so that a clean cut stays finite.

        Args:
            scores: float64 (k,), of candidates that nothing was fitted on.
            happened: bool (k,).

        Raises:
            ValueError: all happened or none; or the higher a score, the less it happened.
        """
        yes = int(happened.sum())
        no = len(happened) - yes
        if not yes or not no:
            raise ValueError("nothing to tell apart: all happened, or nothing did")
        target = np.where(happened, (yes + 1) / (yes + 2), 1 / (no + 2))
        centre, spread = float(scores.mean()), float(scores.std()) or 1.0
        design = np.stack([(scores - centre) / spread, np.ones(len(scores))], axis=1)
        weights = np.array([0.0, np.log(yes / no)])
        for _ in range(_ROUNDS):
            chance = _sigmoid(design @ weights)
            curvature = design.T @ (design * (chance * (1 - chance))[:, None]) + 1e-9 * np.eye(2)
            step = np.linalg.solve(curvature, design.T @ (target - chance))
            while _loss(design @ (weights + step), target) > _loss(design @ weights, target):
                step /= 2  # a whole step of Newton's can overshoot
                if np.abs(step).max() < _SMALLEST_STEP:
                    break
            if np.abs(step).max() < _SMALLEST_STEP:
                break
            weights += step
        if weights[0] <= 0:
            raise ValueError("the score says nothing of what happens: the likeliest slope is not above 0")
        slope = float(weights[0]) / spread
        return cls(slope, float(weights[1]) - slope * centre)

    def probability(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64 (k,) in (0, 1)."""
        return _sigmoid(self.slope * scores + self.level)


def calibration_error(probability: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    """Expected calibration error over bins of equally many: mean distance of what was said from what happened."""
    order = np.argsort(probability, kind="stable")
    bins = np.array_split(order, min(_BINS, len(order)))
    apart = [len(members) * abs(probability[members].mean() - happened[members].mean()) for members in bins]
    return float(np.sum(apart) / max(1, len(order)))


def _sigmoid(logit: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logit, -500, 500))), dtype=np.float64)


def _loss(logit: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """Cross-entropy, summed."""
    return float(np.sum(np.logaddexp(0, logit) - target * logit))
