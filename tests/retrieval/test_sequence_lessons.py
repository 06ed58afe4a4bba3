"""What the sequence model is taught: targets, windows, negatives, places of items."""

from __future__ import annotations

import numpy as np
import torch

from retrieval.behaviour.events import KINDS, Events, Histories
from retrieval.behaviour.sequence.lessons import NOT_ASKED, Lessons, hold_out, left_aligned
from retrieval.behaviour.sequence.losses import Losses
from retrieval.behaviour.sequence.network import GAPS, SequenceNetwork, gap_places
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.interactions import InteractionKind

VIEW, CLICK, CART, PURCHASE, REVIEW = range(len(KINDS))


def events(*shoppers: list[tuple[int, int]]) -> Events:
    """Shoppers as lists of item and kind, an event a minute."""
    flat = [
        (number, item, place * 60, kind)
        for number, own in enumerate(shoppers)
        for place, (item, kind) in enumerate(own)
    ]
    shopper, item, at, kind = np.array(flat, dtype=np.int64).T
    return Events(shopper.astype(np.int32), item.astype(np.int32), at, kind.astype(np.int8))


FUNNEL = events([(3, VIEW), (3, CLICK), (5, VIEW), (3, PURCHASE), (8, VIEW)], [(8, VIEW), (3, VIEW)], [(1, VIEW)])


def test_the_next_item_is_asked_for_only_where_it_is_new_to_the_shopper() -> None:
    lessons = Lessons(FUNNEL, longest=10, seed=0)
    assert lessons.target[:4].tolist() == [NOT_ASKED, 5, NOT_ASKED, 8]
    assert lessons.target[5] == 3  # new to the second shopper, whatever the first one did


def test_the_last_event_of_a_shopper_has_nothing_after_it() -> None:
    lessons = Lessons(FUNNEL, longest=10, seed=0)
    for last in (4, 6, 7):
        assert lessons.target[last] == lessons.next_kind[last] == NOT_ASKED
        assert lessons.pause[last] == GAPS - 1


def test_deeds_are_all_that_a_shopper_ever_does_with_the_next_item() -> None:
    lessons = Lessons(FUNNEL, longest=10, seed=0)
    done = {kind for kind, was in zip(KINDS, lessons.deeds[5], strict=True) if was}
    assert done == {InteractionKind.VIEW}  # the second shopper only viewed item 3
    before_three = Lessons(events([(9, VIEW), (3, VIEW), (3, PURCHASE)]), longest=10, seed=0).deeds[0]
    assert before_three.tolist() == [1.0, 0.0, 0.0, 1.0, 0.0]


def test_windows_read_every_event_that_has_a_next_one_and_no_other_shopper() -> None:
    lessons = Lessons(FUNNEL, longest=3, seed=0)
    assert lessons.windows.tolist() == [[0, 3], [3, 4], [5, 6]]
    batch = lessons.batch(lessons.windows)
    assert batch.item.tolist() == [[3, 3, 5], [3, 0, 0], [8, 0, 0]]
    assert batch.target.tolist() == [[NOT_ASKED, 5, NOT_ASKED], [8, NOT_ASKED, NOT_ASKED], [3, NOT_ASKED, NOT_ASKED]]
    assert batch.next_kind.tolist() == [[CLICK, VIEW, PURCHASE], [VIEW, NOT_ASKED, NOT_ASKED], [VIEW, -1, -1]]


def test_the_windows_that_calibrate_teach_no_kinds() -> None:
    lessons = Lessons(FUNNEL, longest=3, seed=0)
    assert len(lessons.calibrating) == 1
    taught = {
        int(item[0]): told.tolist()
        for batch in lessons.batches(1, np.random.default_rng(0))
        for item, told in zip(batch.item, batch.next_kind, strict=True)
    }
    silent = [told for told in taught.values() if all(kind == NOT_ASKED for kind in told)]
    assert len(silent) == 1
    assert (lessons.batch(lessons.calibrating).next_kind != NOT_ASKED).any()


def test_what_is_held_out_is_the_last_new_item_and_all_from_then_on() -> None:
    told, questions = hold_out(FUNNEL, shoppers=10, seed=0)
    assert questions.target.tolist() == [8]  # the others touched fewer than three items
    assert questions.histories.item.tolist() == [[3, 3, 5, 3]]
    assert told.item.tolist() == [3, 3, 5, 3, 8, 3, 1]
    repeated = events([(1, VIEW), (2, VIEW), (3, VIEW), (1, VIEW)])
    told, questions = hold_out(repeated, shoppers=10, seed=0)
    assert (questions.target.tolist(), told.item.tolist()) == ([3], [1, 2])


def test_a_history_is_aligned_to_the_left_with_the_gaps_it_was_learnt_with() -> None:
    item = np.array([[-1, -1, 4], [6, 7, 8]], dtype=np.int32)
    at = np.array([[0, 0, 500], [0, 120, 86_520]], dtype=np.int64)
    batch, last = left_aligned(Histories(item, at, np.zeros((2, 3), dtype=np.int8), at[:, -1]), 200)
    assert last.tolist() == [0, 2]
    assert batch.item[0, 0] == 4
    assert batch.item[1].tolist() == [6, 7, 8]
    assert batch.gap[0, 0] == GAPS - 1
    assert batch.gap[1].tolist() == [GAPS - 1, *gap_places(np.array([120, 86_400])).tolist()]


def test_gaps_double_from_place_to_place() -> None:
    assert gap_places(np.array([-5, 0, 59, 60, 119, 120, 10**12])).tolist() == [GAPS - 1, 0, 0, 1, 1, 2, GAPS - 2]


def network(items: int, recipe: SequenceRecipe, dimension: int = 12) -> tuple[SequenceNetwork, np.ndarray]:
    torch.manual_seed(0)
    vectors = np.random.default_rng(0).normal(size=(items, dimension)).astype(np.float32)
    return SequenceNetwork(dimension, np.arange(items), recipe), vectors


def test_with_every_item_drawn_once_the_loss_is_that_of_a_full_softmax() -> None:
    recipe = SequenceRecipe(width=8, negatives=19, kind_weight=0.0, input_dropout=0, dropout=0, forget_identifier=0)
    built, vectors = network(20, recipe)
    losses = Losses(built, vectors, np.ones(20, dtype=np.int64))
    losses.negatives, losses.log_expected = 20, torch.zeros(20)
    batch = Lessons(FUNNEL, longest=10, seed=0).batch(np.array([[0, 4]]))
    loss, item_loss = losses(batch, torch.arange(20))
    places = built.items(torch.from_numpy(vectors), torch.arange(20))
    _, wanted, _ = built(places[batch.item], batch.kind, batch.gap)
    asked = batch.target != NOT_ASKED
    full = torch.nn.functional.cross_entropy(wanted[asked] @ places.T, batch.target[asked])
    torch.testing.assert_close(item_loss, full)
    torch.testing.assert_close(loss, full)


def test_the_sum_over_items_drawn_estimates_the_sum_over_all() -> None:
    recipe = SequenceRecipe(width=8, negatives=400, popularity_power=0.7)
    built, vectors = network(20, recipe)
    losses = Losses(built, vectors, np.arange(20) ** 2)
    generator = np.random.default_rng(0)
    value = torch.from_numpy(np.random.default_rng(1).random(20))
    estimate = 0.0
    for _ in range(200):
        drawn = losses.draw(generator)
        estimate += float((value[drawn] / losses.log_expected[drawn].exp()).sum()) / 200
    assert abs(estimate - float(value[1:].sum())) < 0.02 * float(value.sum())


def test_an_item_without_interactions_is_never_drawn() -> None:
    built, vectors = network(20, SequenceRecipe(width=8, negatives=2000))
    drawn = Losses(built, vectors, np.array([0, 3] * 10)).draw(np.random.default_rng(0))
    assert set(drawn.tolist()) == set(range(1, 20, 2))


def test_places_start_at_the_principal_components_of_the_texts() -> None:
    built, vectors = network(50, SequenceRecipe(width=4))
    built.items.start_at(torch.from_numpy(vectors))
    places = built.eval().items(torch.from_numpy(vectors), torch.full((50,), -1)).detach().numpy()
    centred = vectors - vectors.mean(axis=0)
    left, strength, _ = np.linalg.svd(centred, full_matrices=False)
    expected = left[:, :4] * strength[:4]
    expected /= np.linalg.norm(expected, axis=1).mean()
    np.testing.assert_allclose(places @ places.T, expected @ expected.T, atol=1e-4)
