"""A small shop with a small real sequence model over it: random weights, for only what is done with them is tested."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from search_doubles import DIMENSION, HashingEncoder

from retrieval.behaviour.bundle import SEQUENCE, Bundles, Card
from retrieval.behaviour.sequence.model import SequenceModel
from retrieval.behaviour.sequence.network import SequenceNetwork
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.interactions import Interaction, InteractionKind

START = datetime(2026, 1, 1, tzinfo=UTC)


def small_model(item_ids: Sequence[str], seed: int = 0) -> SequenceModel:
    torch.manual_seed(seed)
    recipe = SequenceRecipe(width=8)
    network = SequenceNetwork(DIMENSION, np.full(len(item_ids), 5), recipe)
    network.items.start_at(torch.from_numpy(HashingEncoder().encode([f"lamp {i}" for i in item_ids])))
    for part in network.parameters():
        torch.nn.init.normal_(part, std=0.5)
    return SequenceModel(network, item_ids)


def put_in_service(folder: Path, model: SequenceModel, encoder: str = "hashing-1") -> str:
    """A bundle of this model, in service in a data folder; returns its name."""
    bundles = Bundles(folder)
    card = Card(
        made_at=START,
        trained_until=START,
        interactions=100,
        shoppers=10,
        items=len(model.item_ids),
        encoder=encoder,
        replaces=bundles.in_service(),
        weights={"popularity": 0.2, "neighbours": 0.3, "sequence": 0.5},
        figures={},
    )
    name = bundles.add(card, lambda into: model.save(into / SEQUENCE))
    bundles.put_in_service(name)
    return name


def did(
    shopper: str, item_ids: Sequence[str], kind: InteractionKind = InteractionKind.VIEW, start: datetime = START
) -> tuple[Interaction, ...]:
    """These items in a row, a minute apart."""
    return tuple(Interaction(shopper, i, kind, start + timedelta(minutes=n)) for n, i in enumerate(item_ids))
