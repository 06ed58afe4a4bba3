"""Sentences that read as orders to the machine although no phrase was written for them: one weight a feature, summed.

A logistic regression over words, pairs of words and runs of four letters; `assistant.training.orders` fits it and says
from what. Its weights are plain JSON, read when the first sentence comes.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

_WORD = re.compile(r"\w+(?:'\w+)?|[^\w\s]+")
_RUN = 4


def reads_as_order(unmasked: str) -> bool:
    """Whether a sentence reads as an order to the machine.

    Args:
        unmasked: one sentence, without its disguise (`assistant.rules.orders`).
    """
    held = _weights()
    return score(unmasked, held["weights"], held["intercept"]) > float(held["threshold"])


def score(unmasked: str, weights: dict[str, float], intercept: float) -> float:
    """Log-odds that a sentence is an order, before the threshold."""
    return intercept + sum(value * weights.get(name, 0.0) for name, value in features(unmasked).items())


def features(unmasked: str) -> dict[str, float]:
    """The features of a sentence, each of the same value, together of unit length; a word with figures is "#"."""
    words = ["#" if any(c.isdigit() for c in word) else word for word in _WORD.findall(unmasked)]
    ends = ["^", *words, "$"]
    found = {*words, *(f"{one} {following}" for one, following in pairwise(ends))}
    for word in words:
        marked = f"<{word}>"
        found |= {"~" + marked[start : start + _RUN] for start in range(len(marked) - _RUN + 1)}
    return dict.fromkeys(sorted(found), len(found) ** -0.5)


@cache
def _weights() -> Any:
    return json.loads((files("assistant") / "adapters" / "orders" / "weights.json").read_text("utf-8"))
