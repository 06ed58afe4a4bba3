"""What the fusion is made of: counts, texts, candidates, lessons, features."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from retrieval.behaviour.events import NO_ITEM, Events, Histories, Items
from retrieval.behaviour.fusion.candidates import Candidates, best_of_each
from retrieval.behaviour.fusion.counts import COUNT_PARTS, CountTables
from retrieval.behaviour.fusion.features import FACTS, features, names
from retrieval.behaviour.fusion.lessons import Lesson, after_date, held_out_items, last_events
from retrieval.behaviour.fusion.texts import TEXT_PARTS, Texts, Words
from retrieval.behaviour.log_counts import LogCounts

DAY = 86_400


def events(*shoppers: list[tuple[int, int]]) -> Events:
    """Each shopper's (item, day)s in order."""
    rows = [(shopper, item, day) for shopper, done in enumerate(shoppers) for item, day in done]
    shopper, item, day = np.array(rows).T
    return Events(
        shopper.astype(np.int32), item.astype(np.int32), day.astype(np.int64) * DAY, np.zeros(len(rows), np.int8)
    )


def history(*done: tuple[int, int], padding: int = 0) -> Histories:
    item = np.array([[NO_ITEM] * padding + [item for item, _ in done]], dtype=np.int32)
    at = np.array([[0] * padding + [day * DAY for _, day in done]], dtype=np.int64)
    return Histories(item, at, np.zeros_like(item, dtype=np.int8), at[:, -1])


def items(texts: list[str], vectors: NDArray[np.float32] | None = None) -> Items:
    n = len(texts)
    return Items(
        ids=tuple(f"i{row}" for row in range(n)),
        texts=tuple(texts),
        prices=np.full(n, np.nan),
        first_seen=np.full(n, -1, dtype=np.int64),
        vectors=np.eye(n, dtype=np.float32) if vectors is None else vectors,
    )


NAILS = items(["red nail polish", "blue nail polish", "nail file", "hair dryer", "hair brush"])


def tables(*shoppers: list[tuple[int, int]]) -> CountTables:
    return CountTables.whole(LogCounts.of(events(*shoppers), 5))


def test_what_followed_the_last_item_counts_less_with_every_step_and_with_time() -> None:
    after = tables([(0, 0), (1, 0), (2, 180)]).parts(history((0, 0)), Texts.of(NAILS))["after_last"][0]
    assert after[1] == pytest.approx(1.0)  # one step, the same day
    assert after[2] == pytest.approx(2**-0.5 * 0.5)  # two steps, one half-life
    assert after[3] == 0.0


def test_no_pair_is_counted_between_two_shoppers() -> None:
    assert np.argwhere(tables([(0, 0), (1, 0)], [(2, 0), (3, 0)]).forward.toarray()).tolist() == [[0, 1], [2, 3]]


def test_padding_changes_no_part() -> None:
    counts, texts = tables([(0, 0), (1, 1), (2, 2)], [(1, 0), (3, 1)]), Texts.of(NAILS)
    plain, padded = history((0, 0), (1, 1)), history((0, 0), (1, 1), padding=3)
    for one, other in (
        (counts.parts(plain, texts), counts.parts(padded, texts)),
        (texts.parts(plain), texts.parts(padded)),
    ):
        for name, scores in one.items():
            np.testing.assert_allclose(scores, other[name], rtol=1e-6, err_msg=name)


def test_the_parts_are_those_that_are_named() -> None:
    counts, texts = tables([(0, 0), (1, 1)]), Texts.of(NAILS)
    assert tuple(counts.parts(history((0, 0)), texts)) == COUNT_PARTS
    assert tuple(texts.parts(history((0, 0)))) == TEXT_PARTS


def test_recent_events_are_those_of_the_item_in_the_window_with_its_end() -> None:
    counts = LogCounts.of(events([(1, 0), (1, 10), (1, 40), (2, 40)]), 5)
    until = np.array([40, 40, 39, 10, 5]) * DAY
    assert counts.recent(np.array([1, 2, 1, 1, 3], np.int32), until, 30).tolist() == [1, 1, 1, 2, 0]


def test_words_weigh_by_their_rarity() -> None:
    names = ("nail polish", "nail file", "nail art", "hair brush")
    table = Words(names).table(names).toarray()
    likeness = table @ table.T
    np.testing.assert_allclose(np.diag(likeness), 1.0, rtol=1e-5)
    assert likeness[0, 3] == 0.0
    assert 0 < likeness[0, 1] < 0.5  # they share the commonest word alone


def test_nothing_is_its_own_nearest_and_shares_sum_to_one() -> None:
    drawn = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    likeness = Texts.of(items(["thing"] * 50, vectors)).likeness
    assert likeness.diagonal().sum() == 0
    np.testing.assert_allclose(np.asarray(likeness.sum(axis=1)).ravel(), 1.0, rtol=1e-5)


def test_items_that_come_later_have_the_words_and_the_neighbours_of_any_other() -> None:
    drawn = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    names = [f"thing word{row % 7}" for row in range(30)]
    whole, first = items(names, vectors), items(names[:28], vectors[:28])
    grown = Texts.of(first).and_of(whole)
    np.testing.assert_array_equal(grown.likeness[28:].toarray(), Texts.of(whole).likeness[28:].toarray())
    np.testing.assert_array_equal(grown.words[28].toarray(), grown.words[0].toarray())  # both are "thing word0"
    assert grown.words[28].nnz == 2


def test_candidates_are_the_best_of_every_part_and_nothing_seen() -> None:
    one = np.array([[0.9, 0.8, 0.7, 0.0, 0.0]], np.float32)
    other = np.array([[0.0, 0.0, 0.1, 0.3, 0.2]], np.float32)
    none_cold = np.zeros(5, np.bool_)
    found = best_of_each([one, other], [], none_cold, history((0, 0)), each=1)
    assert found.item.tolist() == [1, 3]
    assert found.sizes.tolist() == [2]


def test_a_part_proposes_nothing_that_it_scores_zero() -> None:
    part = np.array([[0.0, 0.5, 0.0, 0.0, 0.0]], np.float32)
    assert best_of_each([part], [], np.zeros(5, np.bool_), history((0, 0)), each=4).item.tolist() == [1]


def test_cold_items_compete_among_themselves() -> None:
    part = np.array([[0.0, 0.9, 0.8, 0.2, 0.1]], np.float32)
    cold = np.array([False, False, False, True, True])
    assert best_of_each([part], [], cold, history((0, 0)), each=1).item.tolist() == [1]
    assert best_of_each([part], [part], cold, history((0, 0)), each=1).item.tolist() == [1, 3]


def test_ranks_and_greatest_are_by_history() -> None:
    chosen = np.array([[1, 1, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 1, 1]], np.bool_)
    candidates = Candidates.where(chosen)
    values = np.array([0.1, 0.5, 0.3, 0.2, 0.9], np.float32)
    assert candidates.ranks(values).tolist() == [2, 0, 1, 1, 0]
    np.testing.assert_allclose(candidates.greatest(values), [0.5, 0.0, 0.9])


def test_features_say_what_is_known_of_a_candidate() -> None:
    counts = LogCounts.of(events([(0, 0), (1, 100), (1, 120)]), 5)
    asked = history((3, 118), (0, 121))
    candidates = Candidates.where(np.array([[0, 1, 0, 0, 1]], np.bool_))
    table = features({"part": np.array([0.5, 0.25], np.float32)}, candidates, asked, NAILS, counts)
    columns = names(["part"])
    warm, cold = (dict(zip(columns, row.tolist(), strict=True)) for row in table)
    assert (warm["part/greatest"], warm["part#"], cold["part/greatest"], cold["part#"]) == (1.0, 0.0, 0.5, 1.0)
    assert (warm["times"], warm["cold"], warm["recent_month"]) == (2, 0, 2)
    assert (warm["age_days"], warm["idle_days"], warm["pause_days"], warm["length"]) == (21, 1, 3, 2)
    assert cold["cold"] == 1
    assert np.isnan(cold["age_days"])
    assert np.isnan(cold["price_ratio"])
    assert columns[-len(FACTS) :] == FACTS


def counted_pairs(lesson: Lesson) -> set[tuple[int, int]]:
    return set(zip(lesson.counted.shopper.tolist(), lesson.counted.item.tolist(), strict=True))


def test_the_last_event_is_asked_for_and_not_counted() -> None:
    lesson = last_events(events([(0, 0), (1, 1), (2, 2)], [(3, 0)], [(4, 0), (0, 5)]))
    assert lesson.target.tolist() == [2, 0]
    assert lesson.histories.item.tolist() == [[0, 1], [NO_ITEM, 4]]
    assert counted_pairs(lesson) == {(0, 0), (0, 1), (1, 3), (2, 4)}


def test_a_repeat_is_no_answer_and_not_counted_after_the_question() -> None:
    lesson = last_events(events([(0, 0), (1, 1), (0, 2)]))
    assert lesson.target.tolist() == [1]
    assert counted_pairs(lesson) == {(0, 0)}


def test_a_calendar_lesson_counts_nothing_after_its_date_and_its_histories_end_before_the_moment() -> None:
    log = events([(0, 0), (1, 95), (2, 95)], *[[(3, day), (4, day)] for day in range(20)])
    lesson = after_date(log)
    assert lesson.counted.at.max() < 95 * DAY
    asked = {
        (tuple(row[row != NO_ITEM].tolist()), target)
        for row, target in zip(lesson.histories.item, lesson.target, strict=True)
    }
    assert {((0,), 1), ((0,), 2)} <= asked
    assert all(target not in held for held, target in asked)


def test_held_out_items_are_in_no_count_and_no_history() -> None:
    log = events(*[[((shopper + step) % 40, step) for step in range(6)] for shopper in range(40)])
    lesson = held_out_items(log, 40, seed=1)
    asked = set(lesson.target.tolist())
    assert len(asked) == 5
    assert not asked & set(lesson.counted.item.tolist())
    assert not asked & set(lesson.histories.item.ravel().tolist())
    assert (lesson.histories.lengths > 0).all()
