"""A trained sequence model: on disk, and as it answers, event by event or for a batch of histories."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional

from retrieval.behaviour.events import KINDS, Floats, Histories, Items
from retrieval.behaviour.sequence.lessons import left_aligned
from retrieval.behaviour.sequence.network import Memory, SequenceNetwork, gap_places
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.errors import SetupError

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
_FIX = "Train it again: python -m assistant train behaviour --out FOLDER."


class _Config(BaseModel):
    """What stands beside the weights: all that it takes to build the network and to find an item's row in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    recipe: SequenceRecipe
    dimension: int
    kinds: tuple[str, ...]
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class SequenceState:
    """What the model keeps of a shopper: as much after a thousand events as after one (attention: its window).

    Attributes:
        memory: the encoder's; None before the first event.
        hidden: float32 (width,), what kinds are read from.
        wanted: float32 (width,), what is wanted next, in the space of items' places; zeros before the first event.
    """

    memory: Memory | None
    hidden: Tensor
    wanted: Tensor


class SequenceModel:
    """What a shopper turns to next, and what she will do with it. Safe to use from several threads.

    Args:
        network: trained.
        item_ids: the items it was trained on; row r of its identifiers is item_ids[r].
    """

    def __init__(self, network: SequenceNetwork, item_ids: Sequence[str]) -> None:
        self.network = network.eval().cpu()
        self.recipe: SequenceRecipe = network.items.recipe
        self.item_ids = tuple(item_ids)
        self._rows = {item_id: row for row, item_id in enumerate(self.item_ids)}

    @classmethod
    def load(cls, folder: Path) -> SequenceModel:
        """Read what `save` wrote.

        Raises:
            SetupError: it is not there, damaged, or made for other kinds of interaction.
        """
        try:
            config = _Config.model_validate_json((folder / CONFIG).read_bytes())
            if config.kinds != tuple(KINDS):
                raise SetupError(f"The sequence model in {folder} knows the kinds {', '.join(config.kinds)}.", _FIX)
            network = SequenceNetwork(config.dimension, np.zeros(len(config.items), dtype=np.int64), config.recipe)
            network.load_state_dict(load_file(folder / WEIGHTS))
        except (OSError, ValidationError, SafetensorError, RuntimeError) as error:
            raise SetupError(f"The sequence model in {folder} cannot be loaded: {error}", _FIX) from error
        return cls(network, config.items)

    def save(self, folder: Path) -> None:
        """Write weights and configuration, whole, into a folder (made if need be)."""
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: part.contiguous() for name, part in self.network.state_dict().items()}, folder / WEIGHTS)
        config = _Config(
            recipe=self.recipe,
            dimension=self.network.items.projection.in_features,
            kinds=tuple(kind.value for kind in KINDS),
            items=self.item_ids,
        )
        (folder / CONFIG).write_text(json.dumps(config.model_dump(), indent=1) + "\n", encoding="utf-8")

    def item_matrix(self, item_ids: Sequence[str], vectors: Floats) -> Floats:
        """Places of items, known ones and new ones: compute once, and again when the catalogue changes.

        Args:
            item_ids: m ids. One that was not trained on lies where its text puts it.
            vectors: float32 (m, dimension), unit vectors of their texts by the encoder of the training.

        Returns:
            float32 (m, width).
        """
        with torch.inference_mode():
            rows = torch.tensor([self._rows.get(item_id, -1) for item_id in item_ids], dtype=torch.int64)
            places: Floats = self.network.items(torch.from_numpy(vectors), rows).numpy()
            return places

    def start(self) -> SequenceState:
        """The state of a shopper of whom nothing is known."""
        nothing = torch.zeros(self.recipe.width)
        return SequenceState(None, nothing, nothing)

    def step(self, state: SequenceState, place: Floats, kind: int, gap: float | None = None) -> SequenceState:
        """The state after one more event. A recurrent encoder takes the same time however long the history is.

        Args:
            state: before it; not changed.
            place: float32 (width,), the row of `item_matrix` of its item.
            kind: its place in `KINDS`.
            gap: seconds since the event before; None: unknown, as before the first.
        """
        with torch.inference_mode():
            gaps = torch.from_numpy(_gap_place(gap)).reshape(1, 1)
            kinds = torch.tensor([[kind]])
            hidden, wanted, memory = self.network(torch.from_numpy(place)[None, None], kinds, gaps, state.memory)
            return SequenceState(memory, hidden[0, 0], wanted[0, 0])

    def scores(self, state: SequenceState, item_matrix: Floats) -> Floats:
        """How well each item (m, width) follows: float32 (m,), logits of the next item; 0.0 before the first event."""
        with torch.inference_mode():
            scores: Floats = (torch.from_numpy(item_matrix) @ state.wanted).numpy()
            return scores

    def next_kinds(self, state: SequenceState, pause: float | None = None) -> Floats:
        """Calibrated probabilities (kinds,) of what the next event is, `pause` seconds after the last."""
        with torch.inference_mode():
            logits = self.network.kind_logits(state.hidden, torch.from_numpy(_gap_place(pause)))
            kinds: Floats = functional.softmax(logits[0] / self.network.kind_temperature, dim=-1).numpy()
            return kinds

    def deeds(self, state: SequenceState, item_matrix: Floats) -> Floats:
        """Calibrated probabilities (m, kinds), each by itself, of what she does with an item if she turns to it."""
        with torch.inference_mode():
            logits = self.network.deed_logits(state.hidden, torch.from_numpy(item_matrix))
            deeds: Floats = torch.sigmoid(logits / self.network.deed_temperature).numpy()
            return deeds


class SequenceRanker:
    """A sequence model over the items of a log: what the evaluation asks."""

    name = "sequence"

    def __init__(self, model: SequenceModel, items: Items) -> None:
        self.model = model
        self._matrix = torch.from_numpy(model.item_matrix(items.ids, items.vectors))

    @classmethod
    def load(cls, folder: Path, items: Items) -> SequenceRanker:
        """The model in a folder; see `SequenceModel.load`."""
        return cls(SequenceModel.load(folder), items)

    def score(self, histories: Histories) -> Floats:
        """float32 (b, n), logits of the next item; 0.0 for an empty history."""
        with torch.inference_mode():
            _, wanted = self._read(histories)
            scores: Floats = (wanted @ self._matrix.T).numpy()
            return scores

    def next_kinds(self, histories: Histories) -> Floats:
        """float32 (b, kinds), calibrated probabilities of the kind of each shopper's next event, asked `now`."""
        with torch.inference_mode():
            hidden, _ = self._read(histories)
            last = histories.at[:, -1] if histories.at.shape[1] else histories.now + 1
            pauses = np.where(histories.lengths > 0, histories.now - last, -1)
            logits = self.model.network.kind_logits(hidden, torch.from_numpy(gap_places(pauses)))
            kinds: Floats = functional.softmax(logits / self.model.network.kind_temperature, dim=-1).numpy()
            return kinds

    def _read(self, histories: Histories) -> tuple[Tensor, Tensor]:
        """Hidden states and what is wanted (b, width) after the last event of each history."""
        recipe = self.model.recipe
        longest = recipe.longest if recipe.encoder == "attention" else histories.item.shape[1]
        batch, last = left_aligned(histories, longest)
        if batch.item.shape[1] == 0:
            nothing = torch.zeros(len(histories), recipe.width)
            return nothing, nothing
        hidden, wanted, _ = self.model.network(self._matrix[batch.item], batch.kind, batch.gap)
        rows = torch.arange(len(histories))
        known = (last >= 0)[:, None]
        return hidden[rows, last] * known, wanted[rows, last] * known


def _gap_place(seconds: float | None) -> NDArray[np.int64]:
    """`gap_places` of one gap: int64 (1,)."""
    return gap_places(np.array([-1 if seconds is None else int(seconds)]))
