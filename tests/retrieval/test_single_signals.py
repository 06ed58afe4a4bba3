from __future__ import annotations

import numpy as np
import pytest
from ranking_doubles import DAY, events_of, items_of

from retrieval.behaviour.events import NO_ITEM, Events, Histories, Items, Ranker
from retrieval.behaviour.kinds import PAUSE, KindCounts
from retrieval.behaviour.single_signals import ContentRanker, NeighboursRanker, PopularityRanker, WordsRanker
from retrieval.ranking_evaluation.folder import first_seen

EVENTS = events_of([[0, 1, 2], [0, 1], [3, 1]])
ITEMS = 5
VIEW, CLICK, CART = range(3)


def asked(*histories: list[int]) -> Histories:
    longest = max(map(len, histories))
    item = np.array([[NO_ITEM] * (longest - len(h)) + h for h in histories], dtype=np.int32).reshape(
        len(histories), longest
    )
    at = np.where(item == NO_ITEM, 0, 10 * DAY)
    return Histories(item, at, np.zeros(item.shape, np.int8), np.full(len(item), 11 * DAY))


def worded(*texts: str) -> Items:
    events = events_of([[0]])
    plain = items_of(events, len(texts))
    return Items(plain.ids, texts, plain.prices, first_seen(events, len(texts)), plain.vectors)


@pytest.mark.parametrize(
    "ranker",
    [
        PopularityRanker(EVENTS, items_of(EVENTS, ITEMS)),
        NeighboursRanker(EVENTS, items_of(EVENTS, ITEMS)),
        ContentRanker(items_of(EVENTS, ITEMS)),
        WordsRanker(worded("red cup", "blue cup", "red bowl", "plate", "jug")),
    ],
    ids=lambda ranker: ranker.name,
)
def test_every_ranker_scores_all_items_and_ignores_padding(ranker: Ranker) -> None:
    scores = ranker.score(asked([0, 1], [2], []))
    assert scores.shape == (3, ITEMS)
    assert scores.dtype == np.float32
    assert np.allclose(scores[1], ranker.score(asked([2]))[0])
    assert ranker.score(asked([])).shape == (1, ITEMS)


def test_popularity_is_the_same_for_everybody_and_follows_the_counts() -> None:
    scores = PopularityRanker(EVENTS, items_of(EVENTS, ITEMS)).score(asked([0], []))
    assert np.array_equal(scores[0], scores[1])
    assert scores[0].argmax() == 1
    assert scores[0, 4] == 0


def test_neighbours_score_what_shares_a_history_and_nothing_without_one() -> None:
    scores = NeighboursRanker(EVENTS, items_of(EVENTS, ITEMS)).score(asked([3], []))
    assert np.flatnonzero(scores[0]).tolist() == [1]
    assert not scores[1].any()


def test_content_is_the_weighted_mean_of_cosines_with_the_newest_counting_most() -> None:
    items = worded("aaaa", "zzzz", "aazz")
    found = ContentRanker(items).score(asked([0, 1], []))
    cosines = items.vectors @ items.vectors.T
    assert found[0] == pytest.approx((0.7 * cosines[0] + cosines[1]) / 1.7, abs=1e-6)
    assert not found[1].any()


def test_words_compare_with_the_last_item_only() -> None:
    scores = WordsRanker(worded("red cup", "blue jug", "red bowl")).score(asked([1, 0]))
    assert scores[0, 2] > 0
    assert scores[0, 1] == 0


def kinds_log(*histories: list[int]) -> Events:
    events = events_of([[0] * len(h) for h in histories], step=60)
    return Events(events.shopper, events.item, events.at, np.array([k for h in histories for k in h], dtype=np.int8))


def kinds_asked(history: list[int], pause: int = 60) -> Histories:
    item = np.zeros((1, len(history)), dtype=np.int32)
    return Histories(item, np.full(item.shape, DAY), np.array([history], dtype=np.int8), np.array([DAY + pause]))


def test_the_next_kind_follows_from_the_last_three() -> None:
    counts = KindCounts(kinds_log(*[[VIEW, VIEW, CLICK, CART], [CLICK, VIEW, CLICK, VIEW]] * 30))
    assert counts.next_kinds(kinds_asked([VIEW, VIEW, CLICK])).argmax() == CART
    assert counts.next_kinds(kinds_asked([CLICK, VIEW, CLICK])).argmax() == VIEW


def test_probabilities_sum_to_one_and_an_unknown_context_falls_back_on_a_shorter_one() -> None:
    counts = KindCounts(kinds_log(*[[VIEW, CLICK, VIEW, CLICK]] * 20))
    unheard = counts.next_kinds(kinds_asked([CART, CART, VIEW]))
    assert unheard.sum() == pytest.approx(1)
    assert unheard.argmax() == CLICK
    assert counts.next_kinds(kinds_asked([])).argmax() == VIEW


def test_a_pause_begins_a_new_visit() -> None:
    visits = kinds_log(*[[VIEW, CLICK, CLICK, VIEW, CLICK]] * 40)
    at = visits.at + np.tile([0, 0, 0, 2 * PAUSE, 2 * PAUSE], 40)
    counts = KindCounts(Events(visits.shopper, visits.item, at, visits.kind))
    assert counts.next_kinds(kinds_asked([VIEW, CLICK, CLICK], pause=2 * PAUSE)).argmax() == VIEW
    assert counts.next_kinds(kinds_asked([VIEW], pause=60)).argmax() == CLICK
