from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ranking_doubles import DAY, events_of

from retrieval.behaviour.events import NO_ITEM, Histories
from retrieval.behaviour.markov import BACKWARD, FORWARD, Markov

ITEMS = 5
# (shopper, item, day), in the order in which they arrive; not in order of time
LOGS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, ITEMS - 1), st.integers(0, 3)), max_size=40)


def asked(*histories: list[int]) -> Histories:
    longest = max(map(len, histories))
    item = np.array([[NO_ITEM] * (longest - len(h)) + h for h in histories], dtype=np.int32).reshape(
        len(histories), longest
    )
    return Histories(item, np.zeros(item.shape, np.int64), np.zeros(item.shape, np.int8), np.zeros(len(item), np.int64))


def built(log: list[tuple[int, int, int]]) -> Markov:
    markov = Markov(ITEMS)
    for shopper, item, day in log:
        markov.add(shopper, item, day * DAY)
    return markov


def test_steps_count_by_their_distance_and_less_against_the_direction_of_time() -> None:
    follow, visits = Markov.fit(events_of([[0, 1, 2, 3, 4]]), 5).counts()
    assert follow[0] == dict(zip((1, 2, 3, 4), FORWARD, strict=False))
    assert follow[4] == dict(zip((3, 2, 1, 0), BACKWARD, strict=False))
    assert visits == dict.fromkeys(range(5), 1)


def test_items_further_apart_than_the_longest_step_do_not_count_together() -> None:
    reach = len(FORWARD)
    follow, _ = Markov.fit(events_of([list(range(reach + 2))]), reach + 2).counts()
    assert follow[0][reach] == FORWARD[-1]
    assert reach + 1 not in follow[0]
    assert 0 not in follow[reach + 1]


def test_an_item_that_follows_itself_is_one_step() -> None:
    assert Markov.fit(events_of([[0, 0, 0, 1, 1]]), 2).counts() == Markov.fit(events_of([[0, 1]]), 2).counts()


def test_what_followed_more_often_scores_higher_and_what_never_did_scores_nothing() -> None:
    scores = Markov.fit(events_of([[0, 1], [0, 1], [0, 2]]), 4).score(asked([0]))
    assert scores.dtype == np.float32
    assert scores[0, 1] > scores[0, 2] > 0
    assert scores[0, [0, 3]].tolist() == [0, 0]


def test_a_score_worked_by_hand() -> None:
    markov = Markov.fit(events_of([[0, 1], [0, 1], [0, 2], [3, 2]]), 4)
    expected = FORWARD[0] / 3**0.5 + 0.6 * FORWARD[0]  # item 0 was visited three times, item 3 once
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
    assert markov.score(asked([1]))[0, 5] == FORWARD[0] / 2**0.5


@settings(max_examples=150, deadline=None)
@given(LOGS, st.integers(0, 3))
def test_forgetting_leaves_the_counts_of_a_log_without_her(log: list[tuple[int, int, int]], shopper: int) -> None:
    markov = built(log)
    markov.forget(shopper)
    without = built([event for event in log if event[0] != shopper])
    assert markov.counts() == without.counts()
    probe = asked(list(range(ITEMS)))
    without.items = markov.items
    assert markov.score(probe).tobytes() == without.score(probe).tobytes()


@settings(max_examples=150, deadline=None)
@given(LOGS, st.randoms(use_true_random=False))
def test_counts_do_not_depend_on_the_order_of_arrival(log: list[tuple[int, int, int]], random: object) -> None:
    once = {(shopper, day): item for shopper, item, day in log}  # no two events of one shopper at one time
    events = [(shopper, item, day) for (shopper, day), item in once.items()]
    shuffled = list(events)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert built(events).counts() == built(shuffled).counts()
    for shopper in {shopper for shopper, _, _ in events}:
        again = built(shuffled)
        again.forget(shopper)
        assert again.counts() == built([e for e in events if e[0] != shopper]).counts()


def test_forgetting_one_who_is_not_known_changes_nothing() -> None:
    markov = Markov.fit(events_of([[0, 1]]), 2)
    before = markov.counts()
    markov.forget("nobody")
    assert markov.counts() == before
