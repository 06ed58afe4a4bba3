"""Trains a sequence model: early stopping on nDCG@10, resumable after every pass."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator  # type: ignore[import-untyped]
from accelerate.utils import set_seed  # type: ignore[import-untyped]

from retrieval.behaviour.events import NO_ITEM, Events, Items
from retrieval.behaviour.sequence.calibration import calibrate
from retrieval.behaviour.sequence.checkpoints import Progress, keep, take_up
from retrieval.behaviour.sequence.lessons import Batch, Lessons, Questions
from retrieval.behaviour.sequence.losses import Losses
from retrieval.behaviour.sequence.model import SequenceModel, SequenceRanker
from retrieval.behaviour.sequence.network import SequenceNetwork
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.errors import SetupError

Report = Callable[[str], None]

_ASKED_AT_ONCE = 500
_LONGEST_GRADIENT = 5.0


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained model and how it came about.

    Attributes:
        model: with the weights of its best pass, calibrated.
        best_pass: counted from 1.
        history: of each pass: loss, item_loss, ndcg@10 and hr@10 on the questions, seconds since the (last) start.
        calibration: see `calibration.calibrate`.
    """

    model: SequenceModel
    best_pass: int
    history: tuple[dict[str, float], ...]
    calibration: dict[str, float]


def train(
    items: Items,
    events: Events,
    questions: Questions,
    recipe: SequenceRecipe,
    *,
    report: Report,
    checkpoint: Path | None = None,
    resume: bool = False,
    logs: Path | None = None,
) -> Trained:
    """Train a model, on the GPU if there is one.

    Args:
        items: with the vectors of their texts.
        events: what is learnt from.
        questions: what it is measured on after each pass; their targets must not be among the events.
        recipe: how.
        report: receives progress lines.
        checkpoint: folder for what `resume` goes on from, rewritten after each pass; None: nothing is kept.
        resume: go on from there, if there is something, with the numbers that would have come without interruption.
        logs: folder for TensorBoard's curves; none are written without it, or where TensorBoard is not installed.

    Raises:
        SetupError: no shopper did two things, there is no question, or the checkpoint is of another recipe.
    """
    lessons = Lessons(events, recipe.longest, recipe.seed)
    if not len(lessons.windows) or not len(questions.target):
        raise SetupError(
            "There are too few interactions to learn from.", "Ingest a longer log: python -m assistant ingest FILE."
        )
    set_seed(recipe.seed)
    tensorboard = logs is not None and find_spec("tensorboard") is not None
    accelerator = Accelerator(log_with="tensorboard" if tensorboard else None, project_dir=logs)
    accelerator.init_trackers("sequence", config=asdict(recipe))
    run = _Run(items, lessons, recipe, accelerator)
    progress = Progress(recipe)
    if resume and checkpoint is not None and checkpoint.is_dir():
        progress = take_up(checkpoint, recipe, accelerator)
        report(f"going on after pass {progress.passes}")
    began = time.monotonic()
    while progress.passes < recipe.epochs and progress.passes - progress.best_pass < recipe.patience:
        figures = run.one_pass(progress.passes + 1)
        figures |= measure(SequenceRanker(run.model(), items), questions)
        accelerator.log(figures, step=progress.passes + 1)
        figures["seconds"] = round(time.monotonic() - began, 1)
        progress.note(figures, run.network)
        report(f"pass {progress.passes}: " + ", ".join(f"{name} {value:.4g}" for name, value in figures.items()))
        if checkpoint is not None:
            keep(checkpoint, progress, accelerator)
    accelerator.end_training()
    run.network.load_state_dict(progress.best_weights)
    model = run.model()
    calibration = calibrate(model.network, torch.from_numpy(items.vectors), lessons)
    return Trained(model, progress.best_pass, tuple(progress.history), calibration)


def measure(ranker: SequenceRanker, questions: Questions) -> dict[str, float]:
    """ndcg@10 and hr@10 on questions: all items ranked, seen ones filtered, the target last among equals."""
    gain = hits = 0.0
    for start in range(0, len(questions.target), _ASKED_AT_ONCE):
        rows = slice(start, start + _ASKED_AT_ONCE)
        histories, target = questions.histories.where(rows), questions.target[rows]
        scores = ranker.score(histories)
        wanted = scores[np.arange(len(target)), target][:, None]
        shopper, column = np.nonzero(histories.item != NO_ITEM)
        scores[shopper, histories.item[shopper, column]] = -np.inf
        rank = (scores >= wanted).sum(axis=1)  # the target is among those
        hits += float((rank <= 10).sum())
        gain += float((1.0 / np.log2(rank[rank <= 10] + 1.0)).sum())
    return {"ndcg@10": gain / len(questions.target), "hr@10": hits / len(questions.target)}


class _Run:
    """A network in training, with its optimizer: one pass at a time."""

    def __init__(self, items: Items, lessons: Lessons, recipe: SequenceRecipe, accelerator: Accelerator) -> None:
        self.items, self.lessons, self.recipe, self.accelerator = items, lessons, recipe, accelerator
        counts = np.bincount(lessons.events.item, minlength=len(items)).astype(np.int64)
        self.network = SequenceNetwork(items.vectors.shape[1], counts, recipe)
        self.network.items.start_at(torch.from_numpy(items.vectors))
        others = [part for name, part in self.network.named_parameters() if name != "items.delta"]
        rate = recipe.learning_rate
        groups = [{"params": others}, {"params": [self.network.items.delta], "lr": rate * recipe.identifier_rate}]
        optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=recipe.weight_decay)
        self.losses, self.optimizer = accelerator.prepare(Losses(self.network, items.vectors, counts), optimizer)

    def one_pass(self, number: int) -> dict[str, float]:
        """Learn from every window once, in the order that this number draws; returns the mean losses of a batch."""
        generator = np.random.default_rng((self.recipe.seed, number))
        device = self.accelerator.device
        self.losses.train()
        sums = np.zeros(2)
        steps = 0
        for batch in self.lessons.batches(self.recipe.batch, generator):
            drawn = self.losses.draw(generator).to(device)
            loss, item_loss = self.losses(Batch(*(part.to(device) for part in batch)), drawn)
            self.optimizer.zero_grad()
            self.accelerator.backward(loss)
            self.accelerator.clip_grad_norm_(self.losses.parameters(), _LONGEST_GRADIENT)
            self.optimizer.step()
            sums += loss.item(), item_loss.item()
            steps += 1
        return {"loss": sums[0] / steps, "item_loss": sums[1] / steps}

    def model(self) -> SequenceModel:
        """A copy that answers, on the CPU."""
        return SequenceModel(copy.deepcopy(self.network), self.items.ids)
