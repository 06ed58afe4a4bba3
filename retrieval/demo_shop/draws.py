"""Random draws that are the same on every Python: all of them come from `random.Random.random()`.

Python promises that one method to be reproducible across versions, and none of the others.
"""

from __future__ import annotations

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draws:
    """A stream of random draws, fixed by its seed."""

    def __init__(self, *seed: object) -> None:
        self.unit = random.Random("/".join(str(part) for part in seed)).random

    def between(self, low: float, high: float) -> float:
        """A number in [low, high), uniform."""
        return low + (high - low) * self.unit()

    def below(self, count: int) -> int:
        """A whole number in [0, count), uniform."""
        return int(self.unit() * count)

    def pick(self, choices: Sequence[T]) -> T:
        """One of the choices, all equally likely."""
        return choices[self.below(len(choices))]

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.unit() < probability

    def normal(self, mean: float = 0.0, spread: float = 1.0) -> float:
        """A normal number, by Box and Muller."""
        radius = math.sqrt(-2.0 * math.log(1.0 - self.unit()))
        return mean + spread * radius * math.cos(2.0 * math.pi * self.unit())

    def cumulated(self, cumulated_weights: Sequence[float]) -> int:
        """An index, likely in proportion to its weight; the weights are given as running sums."""
        mark = self.unit() * cumulated_weights[-1]
        return min(bisect_right(cumulated_weights, mark), len(cumulated_weights) - 1)

    def shuffled(self, values: Sequence[T]) -> list[T]:
        """The values in random order (Fisher and Yates)."""
        mixed = list(values)
        for last in range(len(mixed) - 1, 0, -1):
            other = self.below(last + 1)
            mixed[last], mixed[other] = mixed[other], mixed[last]
        return mixed
