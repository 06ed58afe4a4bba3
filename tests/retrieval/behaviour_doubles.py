"""A small shop with small real models over it: what they say matters less than what is done with it."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import torch
from search_doubles import DIMENSION, HashingEncoder

from retrieval.behaviour.bundle import FUSION, SEQUENCE, Bundles, Card
from retrieval.behaviour.fusion.lambdamart import TreeRecipe
from retrieval.behaviour.fusion.lessons import last_events
from retrieval.behaviour.fusion.online import OnlineFusion
from retrieval.behaviour.fusion.ranker import FusedRanker, FusionRecipe
from retrieval.behaviour.own_log import own_log
from retrieval.behaviour.sequence.model import SequenceModel
from retrieval.behaviour.sequence.network import SequenceNetwork
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.candidates import Rows
from retrieval.catalogue import Catalogue
from retrieval.embedding import Vectors
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


def walks(item_ids: Sequence[str], shoppers: int = 300, steps: int = 5) -> list[Interaction]:
    """Shoppers who go on to the next item mostly, else to any."""
    draw, log = random.Random(5), []
    for shopper in range(shoppers):
        place, seen = draw.randrange(len(item_ids)), []
        while len(seen) < steps:
            seen.append(item_ids[place])
            left = [n for n, item_id in enumerate(item_ids) if item_id not in seen]
            following = (place + 1) % len(item_ids)
            place = following if following in left and draw.random() < 0.7 else draw.choice(left)
        log += did(f"walker{shopper}", seen, start=START - timedelta(days=shopper))
    return log


def small_fusion(catalogue: Catalogue, log: Sequence[Interaction]) -> OnlineFusion:
    """Learnt from this log, over it."""
    items, events = own_log(list(catalogue), log, vectors_in(catalogue)(np.arange(catalogue.row_count)))
    lesson = last_events(events)
    recipe = FusionRecipe(trees=TreeRecipe(trees=30, fewest_in_leaf=10, learning_rate=0.1))
    ranker = FusedRanker.fit([lesson], events, items, lesson.histories, lesson.target, recipe)
    return OnlineFusion(ranker, catalogue, vectors_in(catalogue))


def vectors_in(catalogue: Catalogue) -> Callable[[Rows], Vectors]:
    def vectors(rows: Rows) -> Vectors:
        items = (catalogue.at(int(row)) for row in rows)
        return HashingEncoder().encode([i.text() if i else "" for i in items])

    return vectors


def put_in_service(
    folder: Path, model: SequenceModel, encoder: str = "hashing-1", fusion: OnlineFusion | None = None
) -> str:
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
        weights={"fusion": 1.0} if fusion else {"popularity": 0.2, "neighbours": 0.3, "sequence": 0.5},
        figures={},
    )

    def write(into: Path) -> None:
        model.save(into / SEQUENCE)
        if fusion is not None:
            fusion.save(into / FUSION)

    name = bundles.add(card, write)
    bundles.put_in_service(name)
    return name


def did(
    shopper: str, item_ids: Sequence[str], kind: InteractionKind = InteractionKind.VIEW, start: datetime = START
) -> tuple[Interaction, ...]:
    """These items in a row, a minute apart."""
    return tuple(Interaction(shopper, i, kind, start + timedelta(minutes=n)) for n, i in enumerate(item_ids))
