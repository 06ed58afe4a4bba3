"""The network: items as places, a recurrent encoder over them, and what is read from its state."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from retrieval.behaviour.events import KINDS
from retrieval.behaviour.sequence.recipe import SequenceRecipe

GAPS = 26  # places of `gap_places`
_KIND_WIDTH = 32


class Memory(NamedTuple):
    """What an encoder keeps between two events of a shopper; the tensors' second axis is the batch.

    Attributes:
        hidden: (layers, b, width) of the recurrent ones; the window of inputs (events, b, width) of attention.
        cell: (layers, b, width) of the LSTM; None otherwise.
    """

    hidden: Tensor
    cell: Tensor | None = None


def gap_places(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of a time gap on a scale of doublings from one minute: 0 below, 25 for what is not known (negative)."""
    doublings = np.floor(np.log2(np.maximum(seconds, 30) / 30.0)).astype(np.int64)
    return np.where(seconds < 0, GAPS - 1, np.minimum(doublings, GAPS - 2))


class ItemPlaces(nn.Module):  # type: ignore[misc]  # torch is not analysed
    """Where items lie: a projection of the text's vector, and a delta by the item's identifier.

    The projection starts as the principal components of the texts, scaled to a mean length of 1. The delta starts at
    zero, is no longer than the recipe's cap and counts n / (n + k) for an item with n interactions: an item that has
    none lies where its text puts it.
    """

    trust: Tensor

    def __init__(self, dimension: int, counts: NDArray[np.int64], recipe: SequenceRecipe) -> None:
        super().__init__()
        self.recipe = recipe
        self.projection = nn.Linear(dimension, recipe.width)
        self.delta = nn.Parameter(torch.zeros(len(counts) + 1, recipe.width))  # the last row: of no item known
        trust = np.append(counts / (counts + recipe.trust_at), 0.0)
        self.register_buffer("trust", torch.tensor(trust, dtype=torch.float32))

    def start_at(self, vectors: Tensor) -> None:
        """Set the projection to the first principal components of the vectors (n, dimension)."""
        with torch.no_grad():
            mean = vectors.mean(dim=0)
            spread = (vectors - mean).T @ (vectors - mean)
            _, axes = torch.linalg.eigh(spread)  # in the order of rising variance
            components = axes.flip(1)[:, : self.recipe.width].T
            # the sign of an axis is arbitrary: the largest entry is made positive, so that every machine gets the same
            largest = components.gather(1, components.abs().argmax(dim=1, keepdim=True))
            components = components * largest.sign()
            components = components / ((vectors - mean) @ components.T).norm(dim=1).mean().clamp_min(1e-6)
            self.projection.weight[: len(components)] = components
            self.projection.weight[len(components) :] = 0.0
            self.projection.bias.copy_(-self.projection.weight @ mean)

    def forward(self, vectors: Tensor, rows: Tensor) -> Tensor:
        """Places (m, width) of items by the vectors (m, dimension) of their texts and their rows (m,), -1: unknown."""
        delta = self.delta[rows]
        delta = delta * (self.recipe.cap / delta.norm(dim=1, keepdim=True).clamp_min(1e-9)).clamp_max(1.0)
        trust = self.trust[rows]
        if self.training:
            trust = trust * (torch.rand_like(trust) >= self.recipe.forget_identifier)
        places: Tensor = self.projection(vectors) + delta * trust[:, None]
        return places


class Attention(nn.Module):  # type: ignore[misc]  # torch is not analysed
    """SASRec's encoder: causal self-attention over a window; positions are counted from its first event."""

    def __init__(self, recipe: SequenceRecipe) -> None:
        super().__init__()
        self.longest = recipe.longest
        self.positions = nn.Parameter(torch.randn(recipe.longest, recipe.width) * 0.02)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                recipe.width, 2, 4 * recipe.width, recipe.dropout, "gelu", batch_first=True, norm_first=True
            )
            for _ in range(recipe.layers)
        )

    def forward(self, inputs: Tensor, memory: Memory | None = None) -> tuple[Tensor, Memory]:
        """Hidden states (b, events, width) for inputs of the same shape; a memory is the window before them."""
        new = inputs.shape[1]
        if memory is not None:
            inputs = torch.cat([memory.hidden.transpose(0, 1), inputs], dim=1)
        inputs = inputs[:, -self.longest :]
        hidden = inputs + self.positions[: inputs.shape[1]]
        later = torch.ones(2 * hidden.shape[1:2], dtype=torch.bool, device=hidden.device).triu(1)
        for block in self.blocks:
            hidden = block(hidden, src_mask=later)
        return hidden[:, -new:], Memory(inputs.transpose(0, 1))


class Recurrent(nn.Module):  # type: ignore[misc]  # torch is not analysed
    """A GRU or an LSTM."""

    def __init__(self, recipe: SequenceRecipe) -> None:
        super().__init__()
        self.has_cell = recipe.encoder == "lstm"
        kind = nn.LSTM if self.has_cell else nn.GRU
        between = recipe.dropout if recipe.layers > 1 else 0.0
        self.cells = kind(recipe.width, recipe.width, recipe.layers, batch_first=True, dropout=between)

    def forward(self, inputs: Tensor, memory: Memory | None = None) -> tuple[Tensor, Memory]:
        """Hidden states (b, events, width) for inputs of the same shape; a memory is the state before them."""
        if not self.has_cell:
            hidden, last = self.cells(inputs, None if memory is None else memory.hidden)
            return hidden, Memory(last)
        hidden, (last, cell) = self.cells(inputs, None if memory is None else (memory.hidden, memory.cell))
        return hidden, Memory(last, cell)


class SequenceNetwork(nn.Module):  # type: ignore[misc]  # torch is not analysed
    """Items, encoder and heads. `wanted` and an item's place are compared by their dot product: tied weights."""

    def __init__(self, dimension: int, counts: NDArray[np.int64], recipe: SequenceRecipe) -> None:
        super().__init__()
        width = recipe.width
        self.items = ItemPlaces(dimension, counts, recipe)
        self.kind = nn.Embedding(len(KINDS), width)
        self.gap = nn.Embedding(GAPS, width)
        self.before = nn.Dropout(recipe.input_dropout)
        self.encoder = Attention(recipe) if recipe.encoder == "attention" else Recurrent(recipe)
        self.after = nn.Dropout(recipe.dropout)
        self.wish = nn.Linear(width, width)
        self.sharpness = nn.Parameter(torch.tensor(math.log(recipe.sharpness)))
        self.pause = nn.Embedding(GAPS, _KIND_WIDTH)
        self.moment = nn.Linear(width, _KIND_WIDTH)
        self.next_kind = nn.Linear(_KIND_WIDTH, len(KINDS))
        self.shopper = nn.Linear(width, _KIND_WIDTH)
        self.candidate = nn.Linear(width, _KIND_WIDTH, bias=False)
        self.deeds = nn.Linear(_KIND_WIDTH, len(KINDS))
        self.register_buffer("kind_temperature", torch.ones(()))
        self.register_buffer("deed_temperature", torch.ones(len(KINDS)))
        nn.init.normal_(self.kind.weight, std=0.1)  # against places of length 1
        nn.init.zeros_(self.gap.weight)
        nn.init.zeros_(self.pause.weight)
        nn.init.normal_(self.wish.weight, std=0.02)  # what is wanted starts as what was touched last
        nn.init.zeros_(self.wish.bias)

    def forward(
        self, places: Tensor, kinds: Tensor, gaps: Tensor, memory: Memory | None = None
    ) -> tuple[Tensor, Tensor, Memory]:
        """Read events.

        Args:
            places: float (b, events, width), see `ItemPlaces`.
            kinds: int (b, events).
            gaps: int (b, events), `gap_places` of the time since the event before.
            memory: of what came before; None: nothing.

        Returns:
            Hidden states (b, events, width); what is wanted after each event (b, events, width), comparable to places;
            the memory.
        """
        places = self.before(places)
        hidden, memory = self.encoder(places + self.kind(kinds) + self.gap(gaps), memory)
        hidden = self.after(hidden)
        return hidden, (places + self.wish(hidden)) * self.sharpness.exp(), memory

    def kind_logits(self, hidden: Tensor, pauses: Tensor) -> Tensor:
        """Logits (..., kinds) of the next event's kind, after a hidden state and `gap_places` of the time since."""
        moment = functional.gelu(self.moment(hidden) + self.pause(pauses))
        logits: Tensor = self.next_kind(moment)
        return logits

    def deed_logits(self, hidden: Tensor, places: Tensor) -> Tensor:
        """Logits (..., kinds), each by itself, that she will do this with an item she turns to; shapes broadcast."""
        logits: Tensor = self.deeds(functional.gelu(self.shopper(hidden) + self.candidate(places)))
        return logits
