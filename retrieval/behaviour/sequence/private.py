"""Trains a sequence model under differential privacy (DP-SGD by opacus): what it shows hardly depends on one shopper.

The unit of privacy is a shopper with all she ever did: two logs are neighbours when one of them has one shopper more.
Every step takes each shopper by the same chance, of hers one window, cuts the gradient of that window to `CLIP`, and
adds noise to the sum. So a shopper with a thousand events moves no step by more than one with two.

Nothing else of the log enters the weights, which is why this is not the other training with noise added:

- Items are seen by their text alone: a number for each item would say how often it was touched, and would be noise.
- Items to tell the next one apart from are drawn evenly, not by their counts.
- It ends after the passes that were asked for, not when the held-out shoppers are answered best, and its probabilities
  are not calibrated on the log.
- Noise and draws come from the system's entropy. The recipe's seed would let everybody who has the card take it away.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.func import functional_call, grad_and_value, vmap
from torch.nn import functional

from retrieval.behaviour.events import Events, Items
from retrieval.behaviour.sequence.lessons import NOT_ASKED, Batch, Lessons
from retrieval.behaviour.sequence.model import SequenceModel
from retrieval.behaviour.sequence.network import SequenceNetwork
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.errors import SetupError

CLIP = 1.0  # longest gradient of one shopper in one step
_AT_ONCE = 128  # windows whose gradients are held at a time


@dataclass(frozen=True, slots=True)
class Privacy:
    """What is promised of a model, and how it was kept; all of it may be published.

    Attributes:
        unit: whose presence in the log is hidden.
        epsilon: what was spent, by the accountant; at most what was asked for.
        delta: the chance that `epsilon` does not hold, a tenth of one by the number of shoppers.
        shoppers: in the log, with two events or more. Taken as known to everybody.
        sampling: the chance of a shopper to be in a step, drawn anew for every step.
        steps: of the training.
        noise: standard deviation of the noise on a step's sum, as a multiple of `clip`.
        clip: the longest gradient of one shopper in one step.
        accountant: of opacus, that added the steps up.
    """

    unit: str
    epsilon: float
    delta: float
    shoppers: int
    sampling: float
    steps: int
    noise: float
    clip: float
    accountant: str


def plan(shoppers: int, recipe: SequenceRecipe, epsilon: float) -> Privacy:
    """The noise that keeps a promise.

    Args:
        shoppers: in the log.
        recipe: its batch is the number of shoppers that a step takes on average, its epochs the passes.
        epsilon: the most that may be spent; infinity: no noise (the gradients are cut all the same).

    Raises:
        SetupError: opacus is not installed, or no noise keeps the promise.
    """
    try:
        from opacus.accountants import create_accountant  # type: ignore[import-untyped]
        from opacus.accountants.utils import get_noise_multiplier  # type: ignore[import-untyped]
    except ModuleNotFoundError as error:
        raise SetupError("Private training needs opacus.", 'pip install "shop-assistant[privacy]"') from error
    sampling = min(1.0, recipe.batch / shoppers)
    steps, delta = math.ceil(recipe.epochs / sampling), 0.1 / shoppers
    noise = 0.0
    spent = math.inf
    if not math.isinf(epsilon):
        try:
            noise = get_noise_multiplier(
                target_epsilon=epsilon, target_delta=delta, sample_rate=sampling, steps=steps, accountant="rdp"
            )
        except ValueError as error:
            raise SetupError(
                f"No noise makes this training private to epsilon {epsilon:g}.",
                "Ask for more, or train fewer --epochs.",
            ) from error
        accountant = create_accountant("rdp")
        accountant.history = [(noise, sampling, steps)]
        spent = accountant.get_epsilon(delta=delta)
    return Privacy("shopper", spent, delta, shoppers, sampling, steps, noise, CLIP, "rdp")


def train_privately(
    items: Items, events: Events, recipe: SequenceRecipe, epsilon: float, report: Callable[[str], None]
) -> tuple[SequenceModel, Privacy]:
    """Train a model, on the CPU.

    Args:
        items: with the vectors of their texts; taken as known to everybody.
        events: what is learnt from and hidden.
        recipe: how. Its settings must not have been chosen on these events. `patience` and all of identifiers and
            popularity do not apply.
        epsilon: see `plan`.
        report: receives progress lines.

    Returns:
        The model, not calibrated, and what is promised of it.

    Raises:
        SetupError: see `plan`; nobody did two things, or the encoder cannot be trained this way.
    """
    if recipe.encoder == "attention":
        raise SetupError("Attention cannot be trained privately.", "Take --encoder gru or lstm.")
    lessons = Lessons(events, recipe.longest, recipe.seed)
    if not len(lessons.windows):
        raise SetupError(
            "There are too few interactions to learn from.", "Ingest a longer log: python -m assistant ingest FILE."
        )
    owners, firsts = np.unique(events.shopper[lessons.windows[:, 0]], return_index=True)
    promised = plan(len(owners), recipe, epsilon)
    torch.manual_seed(recipe.seed)
    run = _Run(items, lessons, np.append(firsts, len(lessons.windows)), recipe, promised)
    began = time.monotonic()
    losses = []
    for step in range(1, promised.steps + 1):
        losses.append(run.step())
        if step % math.ceil(1 / promised.sampling) == 0 or step == promised.steps:
            report(f"step {step:,} of {promised.steps:,}: loss {np.mean(losses):.4g}, {time.monotonic() - began:.0f} s")
            losses.clear()
    return run.model(), promised


class _Run:
    """A network in training: one step at a time.

    Args:
        first_window: int64 (shoppers + 1,): the windows of shopper s are first_window[s]:first_window[s + 1].
    """

    def __init__(
        self,
        items: Items,
        lessons: Lessons,
        first_window: NDArray[np.int64],
        recipe: SequenceRecipe,
        promised: Privacy,
    ) -> None:
        from opacus.optimizers import DPOptimizer  # type: ignore[import-untyped]

        self.items, self.lessons, self.first_window, self.promised = items, lessons, first_window, promised
        self.vectors = torch.from_numpy(items.vectors)
        self.recipe = recipe
        self.network = _network(items, recipe).train()
        self.losses = _Losses(self.network, recipe)
        self.losses.network.items.delta.requires_grad_(False)
        self.learnt = {name: part for name, part in self.losses.named_parameters() if part.requires_grad}
        self.generator = np.random.default_rng()
        noise = torch.Generator()
        noise.seed()
        self.optimizer = DPOptimizer(
            torch.optim.AdamW(self.learnt.values(), recipe.learning_rate, weight_decay=recipe.weight_decay),
            noise_multiplier=promised.noise,
            max_grad_norm=CLIP,
            expected_batch_size=recipe.batch,
            generator=noise,
        )
        self.gradients = vmap(
            grad_and_value(self._loss), in_dims=(None, 0, 0, 0, 0, 0, 0, 0, None), randomness="different"
        )

    def step(self) -> float:
        """Learn from the shoppers that are drawn; returns their mean loss, nan where there was none."""
        drawn = np.flatnonzero(self.generator.random(self.promised.shoppers) < self.promised.sampling)
        places = self.generator.integers(self.first_window[drawn], self.first_window[drawn + 1])
        windows = self.lessons.windows[places]
        windows = windows[np.argsort(windows[:, 1] - windows[:, 0])]
        negatives = torch.from_numpy(self.generator.integers(len(self.items), size=self.recipe.negatives))
        parts = [windows[start : start + _AT_ONCE] for start in range(0, max(1, len(windows)), _AT_ONCE)]
        total = 0.0
        for number, part in enumerate(parts, start=1):
            self.optimizer.zero_grad()  # keeps the sum of the parts before
            gradients, losses = self._gradients_of(part, negatives)
            for name, parameter in self.learnt.items():
                parameter.grad_sample = gradients[name]
            self.optimizer.signal_skip_step(do_skip=number < len(parts))
            self.optimizer.step()
            total += float(losses.sum())
        return total / len(windows) if len(windows) else math.nan

    def _gradients_of(self, windows: NDArray[np.int64], negatives: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        if not len(windows):  # nobody was drawn: noise alone is learnt, or her absence would show
            return {name: part.new_zeros(0, *part.shape) for name, part in self.learnt.items()}, torch.zeros(0)
        batch = self.lessons.batch(windows)
        values = {name: part.detach() for name, part in self.learnt.items()}
        gradients, losses = self.gradients(values, *batch, negatives)
        return gradients, losses

    def _loss(self, values: dict[str, Tensor], *asked: Tensor) -> Tensor:
        *batch, negatives = asked
        inputs = (Batch(*(part[None] for part in batch)), self.vectors, negatives)
        loss: Tensor = functional_call(self.losses, values, inputs)
        return loss

    def model(self) -> SequenceModel:
        """The network with the encoder that answers in its place."""
        answering = SequenceNetwork(self.vectors.shape[1], _nobody_knows(self.items), self.recipe)
        weights = self.network.state_dict()  # opacus gives its cells' weights under torch's names, and under its own
        answering.load_state_dict({name: weights[name] for name in answering.state_dict()})
        return SequenceModel(answering, self.items.ids)


class _Losses(nn.Module):  # type: ignore[misc]  # torch is not analysed
    """The loss of one shopper's window, each of its three parts a mean over what the window asks."""

    def __init__(self, network: SequenceNetwork, recipe: SequenceRecipe) -> None:
        super().__init__()
        self.network, self.kind_weight = network, recipe.kind_weight

    def forward(self, batch: Batch, vectors: Tensor, negatives: Tensor) -> Tensor:
        """Of a batch of one window (1, l); vectors (n, dimension) of all items; negatives (k,), rows of them."""
        network, project = self.network, self.network.items.projection
        hidden, wanted, _ = network(project(vectors[batch.item]), batch.kind, batch.gap)
        asked, told = (batch.target != NOT_ASKED).float(), (batch.next_kind != NOT_ASKED).float()
        target = batch.target.clamp_min(0)
        places = project(vectors[target])
        against = wanted @ project(vectors[negatives]).T - math.log(len(negatives) / len(vectors))
        against = against.masked_fill(target[..., None] == negatives, -torch.inf)
        right = (wanted * places).sum(dim=-1, keepdim=True)
        next_item = -functional.log_softmax(torch.cat([right, against], dim=-1), dim=-1)[..., 0]
        chances = functional.log_softmax(network.kind_logits(hidden, batch.pause), dim=-1)
        kinds = -chances.gather(-1, batch.next_kind.clamp_min(0)[..., None])[..., 0]
        logits = network.deed_logits(hidden, places.detach())
        deeds = functional.binary_cross_entropy_with_logits(logits, batch.deeds, reduction="none").mean(dim=-1)
        return _mean(next_item, asked) + self.kind_weight * (_mean(kinds, told) + _mean(deeds, asked))


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp_min(1.0)


def _network(items: Items, recipe: SequenceRecipe) -> SequenceNetwork:
    """A network whose encoder gives a gradient for each shopper; the names of its weights are the other's."""
    from opacus.layers import DPGRU, DPLSTM  # type: ignore[import-untyped]

    network = SequenceNetwork(items.vectors.shape[1], _nobody_knows(items), recipe)
    network.items.start_at(torch.from_numpy(items.vectors))
    kind = DPGRU if recipe.encoder == "gru" else DPLSTM
    network.encoder.cells = kind(recipe.width, recipe.width, recipe.layers, batch_first=True)
    return network


def _nobody_knows(items: Items) -> NDArray[np.int64]:
    """No item has been touched as far as the network is told: it lies where its text puts it."""
    return np.zeros(len(items), dtype=np.int64)
