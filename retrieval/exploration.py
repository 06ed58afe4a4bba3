"""Exploration: now and then the last place of a page goes to an item that nobody has touched yet.

A new item that its words rank just below the page is never seen, so nothing is ever learned of it. The draw gives it
one place, and its chance (the propensity) is kept with what was shown: an estimate of another ranking from the log of
this one weighs by it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Scores

POOL = 5  # new items that share the draw: the most relevant ones below the page


@dataclass(frozen=True, slots=True)
class Exploration:
    """How one page is explored.

    Attributes:
        probability: that the last place is given away, in [0, 1).
        seed: of the draw; the same seed draws the same again.
    """

    probability: float
    seed: str


@dataclass(frozen=True, slots=True)
class LastPlace:
    """What stands last on a page: its place among the candidates, the chance of that, and whether it was drawn.

    Attributes:
        by_content: whether content alone would have put it there, of what could have stood there.
    """

    place: int
    propensity: float
    explored: bool
    by_content: bool


def last_place(
    order: Sequence[int],
    shown: int,
    content: Scores,
    untouched: NDArray[np.bool_],
    decisive_gap: float,
    exploration: Exploration,
) -> LastPlace | None:
    """Draw who stands last on the page; None when there is nothing to draw.

    Args:
        order: places of all candidates, best first; all of them satisfy the constraints.
        shown: how many of them the page has. A page of one is not explored.
        content: (n,) by place; an item a decisive gap or more below the one that it would displace takes no part.
        untouched: (n,) by place, whether the item can be explored: can be bought, and nobody has touched it.
        decisive_gap: see `RankingSettings`.
        exploration: how likely, and the seed.
    """
    if shown < 2 or exploration.probability <= 0:
        return None
    usual = order[shown - 1]
    floor = content[usual] - decisive_gap
    pool = [place for place in order[shown:] if untouched[place] and content[place] > floor][:POOL]
    if not pool:
        return None
    nearest = max([usual, *pool], key=lambda place: float(content[place]))
    draw = random.Random(exploration.seed)
    if draw.random() >= exploration.probability:
        return LastPlace(usual, 1 - exploration.probability, explored=False, by_content=usual == nearest)
    chosen = draw.choice(pool)
    return LastPlace(chosen, exploration.probability / len(pool), explored=True, by_content=chosen == nearest)
