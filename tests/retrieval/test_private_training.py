"""Private training: its promise adds up, one shopper moves a step by the clip at most, and it learns all the same."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("opacus")

import torch
from test_sequence_model import ITEMS, LENGTH, SHOPPERS, ByCount, catalogue, log, predictable

from retrieval.behaviour.events import Events
from retrieval.behaviour.sequence import private
from retrieval.behaviour.sequence.lessons import Lessons, hold_out
from retrieval.behaviour.sequence.model import SequenceModel, SequenceRanker
from retrieval.behaviour.sequence.private import CLIP, Privacy, plan, train_privately
from retrieval.behaviour.sequence.recipe import PRIVATE, SequenceRecipe
from retrieval.behaviour.sequence.training import measure
from retrieval.errors import SetupError

SMALL = replace(PRIVATE, width=16, batch=60, negatives=30, learning_rate=0.03, epochs=6)
UNNOISED = Privacy("shopper", math.inf, 1e-5, 3, 1.0, 1, 0.0, CLIP, "rdp")


def run_over(events: Events, recipe: SequenceRecipe = SMALL, promised: Privacy = UNNOISED) -> private._Run:
    lessons = Lessons(events, recipe.longest, recipe.seed)
    owners, firsts = np.unique(events.shopper[lessons.windows[:, 0]], return_index=True)
    torch.manual_seed(0)
    told = replace(promised, shoppers=len(owners))
    return private._Run(catalogue(), lessons, np.append(firsts, len(lessons.windows)), recipe, told)


def summed(run: private._Run) -> float:
    """The length of the sum of gradients that a step learns from."""
    run.optimizer.add_noise = lambda: seen.append(  # type: ignore[method-assign]
        math.sqrt(sum(float((part.summed_grad**2).sum()) for part in run.learnt.values()))
    )
    seen: list[float] = []
    for part in run.learnt.values():
        part.grad = torch.zeros_like(part)
    run.step()
    return seen[-1]


def test_less_epsilon_more_noise_and_never_more_spent_than_asked_for() -> None:
    strict, loose = (plan(5_000, PRIVATE, epsilon) for epsilon in (1.0, 8.0))
    assert strict.noise > loose.noise > 0
    assert strict.epsilon <= 1.0
    assert 7.0 < loose.epsilon <= 8.0
    assert strict.delta < 1 / 5_000
    assert strict.steps == math.ceil(PRIVATE.epochs / strict.sampling)


def test_a_shopper_with_a_thousand_events_moves_a_step_no_further_than_the_clip() -> None:
    few = log(np.arange(4)[None])
    many = log((np.arange(1_000) % ITEMS)[None])
    assert summed(run_over(few)) <= CLIP * 1.001
    assert summed(run_over(many)) <= CLIP * 1.001
    assert summed(run_over(log(np.tile(np.arange(4), (50, 1))))) > 10 * CLIP, "or nothing is measured here"


def test_the_noise_of_a_step_is_as_strong_as_the_plan_says() -> None:
    run = run_over(log(np.arange(4)[None]), promised=replace(UNNOISED, noise=50.0, sampling=0.0))  # nobody is drawn
    run.step()
    noise = torch.cat([part.grad.flatten() for part in run.learnt.values()]) * SMALL.batch
    assert float(noise.std()) == pytest.approx(50.0 * CLIP, rel=0.05)


def test_neither_counts_nor_identifiers_of_items_are_in_the_weights() -> None:
    model, _ = train_privately(catalogue(), predictable(), replace(SMALL, epochs=1), math.inf, lambda line: None)
    weights = model.network.state_dict()
    assert not weights["items.delta"].any()
    assert not weights["items.trust"].any()


def test_it_learns_predictable_sessions_and_is_read_back_as_the_same_model(tmp_path: Path) -> None:
    told, questions = hold_out(predictable(), 200, seed=0)
    model, promised = train_privately(catalogue(), told, SMALL, 50.0, lambda line: None)
    assert promised.shoppers == SHOPPERS
    reached = measure(SequenceRanker(model, catalogue()), questions)
    assert reached["ndcg@10"] > 2 * measure(ByCount(told), questions)["ndcg@10"]  # type: ignore[arg-type]
    model.save(tmp_path)
    again = SequenceRanker(SequenceModel.load(tmp_path), catalogue()).score(questions.histories)
    np.testing.assert_allclose(again, SequenceRanker(model, catalogue()).score(questions.histories), atol=1e-6)


def test_an_lstm_is_trained_and_attention_refused() -> None:
    short = replace(SMALL, epochs=1, encoder="lstm")
    model, _ = train_privately(catalogue(), log(np.tile(np.arange(LENGTH), (60, 1))), short, 8.0, lambda line: None)
    assert model.recipe.encoder == "lstm"
    with pytest.raises(SetupError, match="Attention"):
        train_privately(catalogue(), predictable(), replace(SMALL, encoder="attention"), 8.0, lambda line: None)


def test_what_no_noise_can_keep_is_said() -> None:
    with pytest.raises(SetupError, match="No noise"):
        plan(10**6, replace(PRIVATE, batch=10**6, epochs=10**9), 1e-6)
