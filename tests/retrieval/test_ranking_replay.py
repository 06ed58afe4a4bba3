from __future__ import annotations

import numpy as np
import pytest
from ranking_doubles import DAY, items_of

from retrieval.behaviour.events import Events
from retrieval.ranking_evaluation.folder import Log
from retrieval.ranking_evaluation.prequential import FROZEN, LEARNING, rank_among, replay
from retrieval.ranking_evaluation.report import Row


def replayed(pairs: list[tuple[int, int]], seed: int = 0) -> dict[str, Row]:
    """nDCG@10 by model, on a log of shoppers of one day each who take these two items."""
    shopper = np.repeat(np.arange(len(pairs), dtype=np.int32), 2)
    at = (np.repeat(np.arange(len(pairs)), 2) * DAY + np.tile([0, 60], len(pairs))).astype(np.int64)
    events = Events(shopper, np.array(pairs, dtype=np.int32).ravel(), at, np.zeros(len(at), dtype=np.int8))
    log = Log(items_of(events, 60), tuple(map(str, range(len(pairs)))), events)
    return {row.model: row for row in replay(log, seed) if (row.metric, row.k) == ("ndcg", 10)}


def test_habits_that_change_are_followed_by_counts_that_learn_and_missed_by_those_that_do_not() -> None:
    found = replayed([(1, 2)] * 200 + [(1, 3)] * 40 + [(5, 6)] * 60)
    assert found[LEARNING].low > found[FROZEN].high
    assert found["markov learning over frozen"].low > 0


def test_habits_that_stay_are_known_to_both() -> None:
    found = replayed([(1, 2), (3, 4)] * 150)
    assert found[LEARNING].value == found[FROZEN].value > 0


def test_an_event_is_predicted_before_it_is_learnt_from() -> None:
    unheard = [(2 * n % 60, (2 * n + 1) % 60) for n in range(30)]
    assert replayed(unheard)[LEARNING].value == 0


def test_a_rank_without_a_score_is_the_last_and_ties_come_first() -> None:
    scores = {1: 2.0, 2: 2.0, 3: 1.0}
    assert rank_among(scores, 1, set(), 10) == 2
    assert rank_among(scores, 3, {2}, 10) == 2
    assert rank_among(scores, 9, {2}, 10) == 9


def test_the_same_seed_asks_the_same_events() -> None:
    pairs = [(int(a), int(b)) for a, b in np.random.default_rng(4).integers(0, 60, (300, 2)) if a != b]
    assert replayed(pairs, 1) == replayed(pairs, 1)
    assert pytest.approx(replayed(pairs, 1)[FROZEN].value) != 1.0
