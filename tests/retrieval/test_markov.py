from __future__ import annotations

import numpy as np
import pytest
from ranking_doubles import DAY, events_of

from retrieval.behaviour.events import NO_ITEM, Histories
from retrieval.behaviour.markov import AGAINST, Markov


def asked(*histories: list[int]) -> Histories:
    longest = max(map(len, histories))
    item = np.array([[NO_ITEM] * (longest - len(h)) + h for h in histories], dtype=np.int32).reshape(
        len(histories), longest
    )
    return Histories(item, np.zeros(item.shape, np.int64), np.zeros(item.shape, np.int8), np.zeros(len(item), np.int64))


def test_what_followed_more_often_scores_higher_and_what_never_did_scores_nothing() -> None:
    scores = Markov.fit(events_of([[0, 1], [0, 1], [0, 2]]), 4).score(asked([0]))
    assert scores.dtype == np.float32
    assert scores[0, 1] > scores[0, 2] > 0
    assert scores[0, [0, 3]].tolist() == [0, 0]


def test_a_score_worked_by_hand() -> None:
    markov = Markov.fit(events_of([[0, 1], [0, 1], [0, 2], [3, 2]]), 4)
    a_day = 0.5 ** (1 / 180)  # what a step of one day counts
    expected = (1 / 3**0.5 + 0.6) * a_day  # item 0 has three events, item 3 one
    assert markov.score(asked([3, 0]))[0, 2] == pytest.approx(expected)


def test_the_last_three_steps_of_a_history_decide_and_padding_says_nothing() -> None:
    markov = Markov.fit(events_of([[0, 4], [1, 2], [2, 3], [3, 1]]), 5)
    assert markov.score(asked([0, 1, 2, 3]))[0, 4] == 0
    assert np.array_equal(markov.score(asked([1], [1, 2, 3]))[0], markov.score(asked([1]))[0])
    assert not markov.score(asked([], [1]))[0].any()


def test_one_history_scores_alike_alone_and_in_a_batch() -> None:
    markov = Markov.fit(events_of([[0, 1, 2, 0, 3], [2, 3, 1, 0]]), 4)
    alone = markov.follow([2, 2, 0, 1])
    row = markov.score(asked([2, 2, 0, 1]))[0]
    assert {item: pytest.approx(score) for item, score in alone.items()} == {
        int(item): row[item] for item in np.flatnonzero(row)
    }


def test_an_event_changes_the_scores_at_once_and_a_new_item_makes_room_for_itself() -> None:
    markov = Markov.fit(events_of([[0, 1]]), 2)
    assert markov.score(asked([1])).shape == (1, 2)
    markov.add("new", 1, DAY)
    markov.add("new", 5, 2 * DAY)
    assert markov.score(asked([1]))[0, 5] == pytest.approx(0.5 ** (1 / 180) / 2**0.5)


def test_a_step_counts_less_against_its_direction() -> None:
    markov = Markov.fit(events_of([[0, 1, 2]]), 3)
    scores = markov.score(asked([1]))[0]
    assert scores[0] == pytest.approx(AGAINST * scores[2])
