"""A fusion in service: it answers for one session among given items, over counts that go on with every event.

Rows are the catalogue's, which never change their item. What an item's text says is taken in when it first appears
here; a text that changes after that counts from the next load on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from retrieval.behaviour.events import Floats, Histories
from retrieval.behaviour.fusion.lessons import LONGEST
from retrieval.behaviour.fusion.ranker import FusedRanker
from retrieval.behaviour.fusion.stage import Stage
from retrieval.behaviour.fusion.texts import Nearest, Texts
from retrieval.behaviour.log_counts import LogCounts
from retrieval.behaviour.own_log import own_items
from retrieval.candidates import Rows, Scores
from retrieval.catalogue import Catalogue
from retrieval.errors import SetupError
from retrieval.interactions import Interaction

NEAREST = "nearest.safetensors"
IDS = "items.txt"

VectorsOf = Callable[[Rows], Floats]


class OnlineFusion:
    """The fusion of a shop. Safe to use from several threads.

    Args:
        ranker: fitted; its stage is over rows of the catalogue.
        catalogue: where rows are from.
        vectors: float32 (n, d) of rows, by the encoder of the training; zeros for one that has none yet.
    """

    def __init__(self, ranker: FusedRanker, catalogue: Catalogue, vectors: VectorsOf) -> None:
        self._ranker = ranker.over(replace(ranker.stage, whole=None))  # it answers from the counts as they stand
        self._catalogue = catalogue
        self._vectors = vectors
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls, folder: Path, catalogue: Catalogue, vectors: VectorsOf, histories: Mapping[str, Sequence[Interaction]]
    ) -> OnlineFusion:
        """What `save` wrote, over the items there are and what each shopper did so far, in order of time.

        Raises:
            SetupError: LightGBM is not installed; a file is missing or damaged, or of another version.
        """
        rows = np.arange(catalogue.row_count, dtype=np.int64)
        items = own_items([catalogue.at(row) for row in rows.tolist()], vectors(rows))
        texts = Texts.of(items, _nearest(folder, items.ids, items.vectors))
        stage = Stage(items, texts, LogCounts(len(rows)))
        fusion = cls(FusedRanker.load(folder, stage), catalogue, vectors)
        fusion.put_all(histories)
        return fusion

    def save(self, folder: Path) -> None:
        """Write the trees, and which items are near which: what takes long to make anew."""
        self._ranker.save(folder)
        near = self._ranker.stage.texts.nearest
        save_file({"item": near.item, "share": near.share}, folder / NEAREST)
        (folder / IDS).write_text("\n".join(self._ranker.stage.items.ids), encoding="utf-8")

    def score(self, events: Sequence[Interaction], rows: Rows) -> Scores | None:
        """How likely each row is next, as a share of the likeliest: float64 (k,), in [0, 1].

        Args:
            events: of one session, in order of time; what the item of the last few says counts, however many there are.
            rows: int64 (k,), each at most once. One whose vector is not there yet scores 0.

        Returns:
            None for a session without events of items that the shop still has.
        """
        with self._lock:
            stage = self._up_to_date()
            steps = self._steps(events[-LONGEST:])
            known = rows < len(stage.items)
            if not steps or not known.any():
                return None
            scores = np.zeros(len(rows))
            scores[known] = self._ranker.relevance(_history(steps), rows[known])
            return np.asarray(scores / scores.max(), dtype=np.float64)

    def add(self, interaction: Interaction) -> None:
        """Count one event more."""
        with self._lock:
            counts = self._up_to_date().counts
            for at, row in self._steps([interaction]):
                counts.add(interaction.shopper_id, row, at)

    def put(self, shopper_id: str, history: Sequence[Interaction]) -> None:
        """Have exactly these events counted of a shopper, in order of time; none: she is forgotten."""
        with self._lock:
            self._up_to_date().counts.put(shopper_id, self._steps(history))

    def put_all(self, histories: Mapping[str, Sequence[Interaction]]) -> None:
        """Have exactly these events counted, by shopper, in order of time."""
        with self._lock:
            stage = self._up_to_date()
            counts = LogCounts(len(stage.items))
            counts.put_new({shopper_id: self._steps(history) for shopper_id, history in histories.items()})
            self._ranker = self._ranker.over(replace(stage, counts=counts))

    def _up_to_date(self) -> Stage:
        """The stage with all items whose vectors are there; those that came since are taken in."""
        stage, catalogue = self._ranker.stage, self._catalogue
        new = np.arange(len(stage.items), catalogue.row_count, dtype=np.int64)
        if not len(new):
            return stage
        vectors = self._vectors(new)
        waiting = np.array([catalogue.at(row) is not None for row in new.tolist()]) & ~vectors.any(axis=1)
        number = int(np.argmax(waiting)) if waiting.any() else len(new)
        if number:
            ids = [*range(len(stage.items)), *new[:number].tolist()]
            known = np.concatenate([stage.items.vectors, vectors[:number]])
            items = own_items([catalogue.at(row) for row in ids], known)
            stage.counts.grow(len(items))
            stage = replace(stage, items=items, texts=stage.texts.and_of(items))
            self._ranker = self._ranker.over(stage)
        return stage

    def _steps(self, events: Iterable[Interaction]) -> list[tuple[int, int]]:
        """(unix seconds, row) of those whose items the shop still has and the stage knows."""
        catalogue, known = self._catalogue, len(self._ranker.stage.items)
        found = ((int(i.at.timestamp()), catalogue.row(i.item_id)) for i in events if i.item_id in catalogue)
        return [(at, row) for at, row in found if row < known]


def _history(steps: Sequence[tuple[int, int]]) -> Histories:
    """A batch of one."""
    at, item = (np.array([column]) for column in zip(*steps, strict=True))
    return Histories(item.astype(np.int32), at.astype(np.int64), np.zeros(item.shape, np.int8), at[:, -1])


def _nearest(folder: Path, ids: Sequence[str], vectors: Floats) -> Nearest:
    """The neighbours that were kept, by the rows of today; those of new items made anew.

    Raises:
        SetupError: they cannot be read.
    """
    try:
        kept = load_file(folder / NEAREST)
        names = (folder / IDS).read_text(encoding="utf-8").split("\n")
        item, share = kept["item"].astype(np.int64), kept["share"]
        if len(item) != len(names):
            raise ValueError(f"{len(item)} rows for {len(names)} items")
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise SetupError(
            f"The fusion in {folder} cannot be read: {error}", "Run 'python -m assistant learn'."
        ) from error
    row_of = {item_id: row for row, item_id in enumerate(ids) if item_id}
    rows = np.array([row_of.get(name, -1) for name in names] + [-1], dtype=np.int64)  # -1 stays -1
    nearest = Nearest(np.full((len(ids), item.shape[1]), -1, np.int32), np.zeros((len(ids), item.shape[1]), np.float32))
    there = rows[:-1] >= 0
    moved: NDArray[np.int64] = rows[item[there]]
    nearest.item[rows[:-1][there]] = moved
    nearest.share[rows[:-1][there]] = np.where(moved >= 0, share[there], 0)
    new = np.setdiff1d(np.fromiter(row_of.values(), dtype=np.int64), rows)
    if len(new):
        made = Nearest.of(vectors, new)
        nearest.item[new], nearest.share[new] = made.item, made.share
    return nearest
