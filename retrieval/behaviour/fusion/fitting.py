"""Which lessons teach for which question: each mirrors how the split hides what it asks for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import Events, Histories, Items
from retrieval.behaviour.fusion.lessons import Lesson, after_date, held_out_items, last_events
from retrieval.behaviour.fusion.ranker import FusedRanker, FusionRecipe


def lessons_of(split: str, events: Events, n: int, seed: int) -> list[Lesson]:
    """The lessons for "loo" (each shopper's next item), "time" (what comes after a date) or "cold" (items held out).

    Args:
        split: one of the three.
        events: training events of n items.
        n: how many items.
        seed: draws the items of the cold lesson.
    """
    if split == "time":
        return [after_date(events)]
    if split == "cold":
        return [last_events(events), held_out_items(events, n, seed)]
    return [last_events(events)]


def full_system(
    split: str,
    events: Events,
    items: Items,
    valid: Histories,
    targets: NDArray[np.int32],
    recipe: FusionRecipe,
) -> FusedRanker:
    """The fusion fitted for one of the splits; see `lessons_of` and `FusedRanker.fit`."""
    return FusedRanker.fit(lessons_of(split, events, len(items), recipe.seed), events, items, valid, targets, recipe)
