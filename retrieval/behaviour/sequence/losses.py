"""What a sequence model learns from: the next item among items drawn, the next kind, and the deeds with an item."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from retrieval.behaviour.sequence.lessons import NOT_ASKED, Batch
from retrieval.behaviour.sequence.network import SequenceNetwork


class Losses(nn.Module):  # type: ignore[misc]  # torch is not analysed
    """The loss of a network on a batch.

    The next item's is cross-entropy over the whole catalogue, estimated from items drawn anew for each step: each one's
    logit is corrected by the logarithm of how often it is expected to be drawn (logQ), so that their sum is an unbiased
    estimate of the sum over all items, and the scores are those of a full softmax. The target itself is certain to be
    there: its logit is not corrected. Only items with interactions are drawn: one that nobody could have turned to
    would be learnt as one that nobody wants, and its text with it.

    Args:
        network: to train.
        vectors: float32 (n, dimension), unit vectors of the items' texts.
        counts: int64 (n,), interactions of each item.
    """

    vectors: Tensor
    log_expected: Tensor

    def __init__(self, network: SequenceNetwork, vectors: NDArray[np.float32], counts: NDArray[np.int64]) -> None:
        super().__init__()
        self.network = network
        recipe = network.items.recipe
        self.negatives, self.kind_weight = recipe.negatives, recipe.kind_weight
        chance = np.where(counts > 0, np.maximum(counts, 1) ** recipe.popularity_power, 0.0)
        chance /= chance.sum()
        self.cumulated = np.cumsum(chance)
        self.register_buffer("vectors", torch.from_numpy(vectors), persistent=False)
        expected = torch.from_numpy((self.negatives * chance).astype(np.float32))
        self.register_buffer("log_expected", expected.log(), persistent=False)

    def draw(self, generator: np.random.Generator) -> Tensor:
        """Rows of items to tell the next one apart from: int64 (negatives,)."""
        drawn = np.searchsorted(self.cumulated, generator.random(self.negatives) * self.cumulated[-1], side="right")
        return torch.from_numpy(drawn)

    def forward(self, batch: Batch, drawn: Tensor) -> tuple[Tensor, Tensor]:
        """The loss, and the next item's part of it.

        Args:
            batch: of windows, on the network's device.
            drawn: see `draw`; on the same device.
        """
        asked, told = batch.target != NOT_ASKED, batch.next_kind != NOT_ASKED
        read, targets = batch.item.flatten(), batch.target[asked]
        needed, rows = torch.unique(torch.cat([read, targets, drawn]), return_inverse=True)
        item, target, negative = rows.split([len(read), len(targets), len(drawn)])
        places = self.network.items(self.vectors[needed], needed)
        hidden, wanted, _ = self.network(places[item.view_as(batch.item)], batch.kind, batch.gap)

        against = wanted[asked] @ places[negative].T - self.log_expected[drawn]
        against = against.masked_fill(target[:, None] == negative[None, :], -torch.inf)
        right = (wanted[asked] * places[target]).sum(dim=1, keepdim=True)
        next_item = -functional.log_softmax(torch.cat([right, against], dim=1), dim=1)[:, 0].mean()

        kinds = functional.cross_entropy(
            self.network.kind_logits(hidden[told], batch.pause[told]), batch.next_kind[told]
        )
        both = told[asked]
        deeds = functional.binary_cross_entropy_with_logits(
            self.network.deed_logits(hidden[asked][both], places[target[both]].detach()), batch.deeds[asked][both]
        )
        return next_item + self.kind_weight * (torch.nan_to_num(kinds) + torch.nan_to_num(deeds)), next_item
