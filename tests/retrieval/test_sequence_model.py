"""The sequence model on sessions whose next item is known, and on ones where nothing is to be known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from retrieval.behaviour.events import KINDS, NO_ITEM, Events, Histories, Items, histories_before
from retrieval.behaviour.sequence.lessons import Questions, hold_out
from retrieval.behaviour.sequence.model import CONFIG, WEIGHTS, SequenceModel, SequenceRanker
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.behaviour.sequence.training import Trained, measure, train
from retrieval.errors import SetupError

ITEMS, SHOPPERS, LENGTH = 60, 300, 8
DAY = 86_400
SMALL = SequenceRecipe(
    width=16, batch=64, epochs=12, patience=12, negatives=60, learning_rate=0.01, dropout=0.0, input_dropout=0.0
)


def catalogue() -> Items:
    vectors = np.random.default_rng(1).normal(size=(ITEMS, 24)).astype(np.float32)
    return Items(
        ids=tuple(f"i{row}" for row in range(ITEMS)),
        texts=tuple(f"item {row}" for row in range(ITEMS)),
        prices=np.full(ITEMS, np.nan),
        first_seen=np.zeros(ITEMS, dtype=np.int64),
        vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
    )


def log(item: np.ndarray, kind: np.ndarray | int = 0) -> Events:
    """One shopper for each row of `item`, an event a day."""
    shoppers, length = item.shape
    return Events(
        shopper=np.repeat(np.arange(shoppers, dtype=np.int32), length),
        item=item.ravel().astype(np.int32),
        at=np.tile(np.arange(length, dtype=np.int64) * DAY, shoppers),
        kind=np.broadcast_to(kind, item.shape).ravel().astype(np.int8),
    )


def predictable() -> Events:
    """Each shopper goes through the catalogue in its order from where she begins."""
    begins = np.random.default_rng(2).integers(ITEMS, size=(SHOPPERS, 1))
    return log((begins + np.arange(LENGTH)) % ITEMS)


def aimless(seed: int) -> Events:
    generator = np.random.default_rng(seed)
    return log(np.array([generator.permutation(ITEMS)[:LENGTH] for _ in range(SHOPPERS)]))


class ByCount:
    """The popularity baseline."""

    def __init__(self, events: Events) -> None:
        self.counts = np.bincount(events.item, minlength=ITEMS).astype(np.float32)

    def score(self, histories: Histories) -> np.ndarray:
        return np.repeat(self.counts[None], len(histories), axis=0)


def trained(events: Events, recipe: SequenceRecipe = SMALL) -> tuple[Trained, Events, Questions]:
    told, questions = hold_out(events, 200, seed=0)
    return train(catalogue(), told, questions, recipe, report=lambda line: None), told, questions


@pytest.fixture(scope="module")
def on_predictable() -> tuple[Trained, Events, Questions]:
    return trained(predictable())


def test_on_predictable_sessions_it_beats_popularity_by_half(on_predictable: tuple[Trained, Events, Questions]) -> None:
    result, told, questions = on_predictable
    own = measure(SequenceRanker(result.model, catalogue()), questions)
    popular = measure(ByCount(told), questions)  # type: ignore[arg-type]
    assert own["ndcg@10"] > popular["ndcg@10"] + 0.5


def test_on_aimless_sessions_it_does_not_beat_popularity() -> None:
    result, told, _ = trained(aimless(seed=3), replace(SMALL, epochs=6))
    _, fresh = hold_out(aimless(seed=4), SHOPPERS, seed=0)  # the pass was chosen on the other questions
    own = measure(SequenceRanker(result.model, catalogue()), fresh)
    popular = measure(ByCount(told), fresh)  # type: ignore[arg-type]
    assert own["hr@10"] < popular["hr@10"] + 4 * np.sqrt(0.2 * 0.8 / len(fresh.target))


@pytest.mark.parametrize("encoder", ["gru", "lstm", "attention"])
def test_event_by_event_gives_the_scores_of_the_whole_history(encoder: str) -> None:
    result, told, questions = trained(predictable(), replace(SMALL, encoder=encoder, epochs=1, longest=5))
    model, items = result.model, catalogue()
    matrix = model.item_matrix(items.ids, items.vectors)
    history = questions.histories.where(slice(0, 1))
    state = model.start()
    gap = None
    for item, kind in zip(history.item[0], history.kind[0], strict=True):
        state = model.step(state, matrix[item], int(kind), gap)
        gap = DAY
    np.testing.assert_allclose(
        model.scores(state, matrix), SequenceRanker(model, items).score(history)[0], rtol=1e-4, atol=1e-5
    )
    assert told.item.size


def test_padding_changes_no_score(on_predictable: tuple[Trained, Events, Questions]) -> None:
    result, _, questions = on_predictable
    ranker = SequenceRanker(result.model, catalogue())
    short = questions.histories.where(slice(0, 1))
    wide = Histories(
        np.pad(short.item, ((0, 0), (5, 0)), constant_values=NO_ITEM),
        np.pad(short.at, ((0, 0), (5, 0))),
        np.pad(short.kind, ((0, 0), (5, 0))),
        short.now,
    )
    np.testing.assert_allclose(ranker.score(wide), ranker.score(short), rtol=1e-5, atol=1e-6)


def test_of_an_empty_history_nothing_is_known(on_predictable: tuple[Trained, Events, Questions]) -> None:
    result, told, _ = on_predictable
    nothing = np.zeros(1, dtype=np.int64)
    for longest in (0, 3):
        empty = histories_before(told, nothing, nothing, nothing, longest)
        assert not SequenceRanker(result.model, catalogue()).score(empty).any()
    matrix = result.model.item_matrix(catalogue().ids, catalogue().vectors)
    assert not result.model.scores(result.model.start(), matrix).any()


def test_a_model_read_back_gives_the_same_scores(
    on_predictable: tuple[Trained, Events, Questions], tmp_path: Path
) -> None:
    result, _, questions = on_predictable
    result.model.save(tmp_path / "model")
    again = SequenceRanker.load(tmp_path / "model", catalogue())
    assert again.model.recipe == SMALL
    np.testing.assert_array_equal(
        again.score(questions.histories), SequenceRanker(result.model, catalogue()).score(questions.histories)
    )


@pytest.mark.parametrize("file", [WEIGHTS, CONFIG])
def test_a_damaged_model_is_an_error_that_says_what_to_do(
    on_predictable: tuple[Trained, Events, Questions], tmp_path: Path, file: str
) -> None:
    on_predictable[0].model.save(tmp_path)
    (tmp_path / file).write_bytes((tmp_path / file).read_bytes()[:-40])
    with pytest.raises(SetupError, match="train behaviour"):
        SequenceModel.load(tmp_path)


def test_a_new_item_lies_where_its_text_puts_it(on_predictable: tuple[Trained, Events, Questions]) -> None:
    model, items = on_predictable[0].model, catalogue()
    known, new = model.item_matrix((items.ids[7], "new"), items.vectors[[7, 7]])
    projection = model.network.items.projection
    text = items.vectors[7] @ projection.weight.detach().numpy().T + projection.bias.detach().numpy()
    np.testing.assert_allclose(new, text, rtol=1e-4, atol=1e-5)
    assert np.linalg.norm(known - new) > 0.01


def test_no_identifier_moves_an_item_further_than_the_cap() -> None:
    result, _, _ = trained(predictable(), replace(SMALL, cap=0.05, epochs=3))
    items = catalogue()
    moved = result.model.item_matrix(items.ids, items.vectors) - result.model.item_matrix(
        ["new"] * ITEMS, items.vectors
    )
    assert 0.0 < np.linalg.norm(moved, axis=1).max() <= 0.05 + 1e-5


def test_a_training_that_goes_on_ends_where_an_uninterrupted_one_does(tmp_path: Path) -> None:
    told, questions = hold_out(predictable(), 50, seed=0)
    lively = replace(SMALL, dropout=0.2, epochs=4)

    def run(epochs: int, checkpoint: Path | None, resume: bool = False) -> Trained:
        recipe = replace(lively, epochs=epochs)
        return train(
            catalogue(),
            told,
            questions,
            recipe,
            report=lambda line: None,
            checkpoint=checkpoint,
            resume=resume,
        )

    whole = run(4, None)
    run(2, tmp_path / "checkpoint")
    resumed = run(4, tmp_path / "checkpoint", resume=True)
    for one, other in zip(whole.history, resumed.history, strict=True):
        assert one["loss"] == pytest.approx(other["loss"], rel=1e-5)
        assert one["ndcg@10"] == pytest.approx(other["ndcg@10"], abs=1e-6)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path) -> None:
    told, questions = hold_out(predictable(), 50, seed=0)
    arguments = (catalogue(), told, questions)
    train(*arguments, replace(SMALL, epochs=1), report=lambda line: None, checkpoint=tmp_path / "c")
    with pytest.raises(SetupError, match="another recipe"):
        train(*arguments, replace(SMALL, width=8), report=lambda line: None, checkpoint=tmp_path / "c", resume=True)


def test_without_events_to_learn_from_it_says_so() -> None:
    told, questions = hold_out(predictable(), 50, seed=0)
    with pytest.raises(SetupError, match="too few"):
        train(catalogue(), told.where(told.shopper < 0), questions, SMALL, report=lambda line: None)


def test_kinds_that_follow_a_rule_are_foretold_and_deeds_are_those_of_her_kind_of_shopper() -> None:
    view, click, _, purchase, review = range(len(KINDS))
    begins = np.random.default_rng(5).integers(ITEMS, size=(SHOPPERS, 1))
    buys = np.arange(SHOPPERS)[:, None] % 2 == 0  # every other shopper views, clicks and buys; the rest only view
    item = (begins + np.where(buys, np.repeat(np.arange(4), 3), np.arange(12))) % ITEMS
    told, questions = hold_out(log(item, np.where(buys, np.tile([view, click, purchase], 4), view)), 100, seed=0)
    recipe = replace(SMALL, kind_weight=1.0, batch=16)
    result = train(catalogue(), told, questions, recipe, report=lambda line: None)
    starts = told.starts()[[0, 0]]
    ends = starts + np.array([2, 3])  # once she has clicked, and once she has bought
    kinds = SequenceRanker(result.model, catalogue()).next_kinds(
        histories_before(told, starts, ends, told.at[ends], longest=10)
    )
    assert kinds[0, purchase] > 0.8
    assert kinds[1, view] > 0.8
    np.testing.assert_allclose(kinds.sum(axis=1), 1.0, rtol=1e-5)
    assert result.calibration["kind_error"] < 0.1

    model = result.model
    matrix = model.item_matrix(catalogue().ids, catalogue().vectors)
    buyer = viewer = model.start()
    for place in range(3):
        buyer = model.step(buyer, matrix[place], [view, click, purchase][place], DAY if place else None)
        viewer = model.step(viewer, matrix[place], view, DAY if place else None)
    assert model.deeds(buyer, matrix)[:, purchase].min() > 0.8 > 0.2 > model.deeds(viewer, matrix)[:, purchase].max()
    assert model.deeds(buyer, matrix)[:, review].max() < 0.1
