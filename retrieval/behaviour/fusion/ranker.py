"""The full system as a ranker: candidates of every part, their features, the LambdaMART, a probability."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.behaviour.events import Events, Floats, Histories, Items
from retrieval.behaviour.fusion.calibration import Calibration
from retrieval.behaviour.fusion.cold import least_cost
from retrieval.behaviour.fusion.lambdamart import LambdaMart, LogTooSmall, Ranked, TreeRecipe
from retrieval.behaviour.fusion.lessons import Lesson
from retrieval.behaviour.fusion.stage import AT_ONCE, FitRanker, Stage
from retrieval.behaviour.fusion.texts import Texts
from retrieval.errors import SetupError

TREES = "fusion.txt"
CARD = "fusion.json"
_VALIDATION = 2_500  # questions that stop the trees, and as many that calibrate


@dataclass(frozen=True, slots=True)
class FusionRecipe:
    """How a fusion is fitted.

    Attributes:
        trees: how its trees are grown.
        questions: at most, of a lesson.
        seed: draws the questions, the validation's halves, and what each tree sees.
    """

    trees: TreeRecipe = field(default_factory=TreeRecipe)
    questions: int = 8_000
    seed: int = 0


class _Card(BaseModel):
    """fusion.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[str, ...]
    cold_cost: float
    slope: float
    level: float
    sha256: str


class FusedRanker:
    """Orders items by how likely each is the next that a shopper turns to.

    Args:
        stage: what is known of the items and of the events.
        model: orders candidates.
        cold_cost: what its score loses for an item without events (`cold.py`).
        calibration: makes the rest a probability.
    """

    name = "full system"

    def __init__(self, stage: Stage, model: LambdaMart, cold_cost: float, calibration: Calibration) -> None:
        self.stage = stage
        self.model = model
        self.cold_cost = cold_cost
        self.calibration = calibration

    @classmethod
    def fit(
        cls,
        lessons: Sequence[Lesson],
        events: Events,
        items: Items,
        valid: Histories,
        targets: NDArray[np.int32],
        recipe: FusionRecipe = FusionRecipe(),
        others: Sequence[FitRanker] = (),
    ) -> FusedRanker:
        """Learn from lessons, stop and calibrate by validation questions, and count all events.

        Args:
            lessons: cut from `events` (`lessons.py`).
            events: training events.
            items: n of them.
            valid: histories of v validation questions; one half stops the trees, the other calibrates.
            targets: int32 (v,), their answers.
            recipe: how.
            others: rankers to weigh beside counts and texts (the sequence model): each is fitted for every lesson
                without what the lesson hides, and once more on all events.

        Raises:
            SetupError: LightGBM is not installed.
            LogTooSmall: there is too little to learn from.
        """
        known = np.flatnonzero(valid.lengths > 0)
        if len(known) < 2 or not all(len(lesson.target) for lesson in lessons):
            raise LogTooSmall("there are no questions")
        texts = Texts.of(items)
        learned = []
        for lesson in lessons:
            stage = Stage.of(lesson.counted, items, texts, others)
            learned.append(stage.ranked(lesson.histories, lesson.target, answered_only=True))
        stage = Stage.of(events, items, texts, others)
        drawn_valid = np.random.default_rng(recipe.seed).permutation(known)[: 2 * _VALIDATION]
        stopping, calibrating = np.array_split(drawn_valid, 2)
        stop = stage.ranked(valid.where(stopping), targets[stopping], answered_only=True)
        model = LambdaMart.fit(stage.columns(), Ranked.joined(learned), stop, recipe.trees, recipe.seed)
        asked = stage.ranked(valid.where(calibrating), targets[calibrating], answered_only=False)
        cold, scores = asked.features[:, stage.columns().index("cold")] > 0, model.score(asked.features)
        cold_cost = least_cost(scores, cold, asked.hit, asked.sizes)
        try:
            calibration = Calibration.fit(scores - cold_cost * cold, asked.hit)
        except ValueError as error:
            raise LogTooSmall(str(error)) from error
        return cls(stage, model, cold_cost, calibration)

    def score(self, histories: Histories) -> Floats:
        """Float32 (b, n): the probability of each candidate to be next, 0.0 for all other items.

        A history without events gets the share of all events that each item has.
        """
        scores: Floats = np.zeros((len(histories), len(self.stage.items)), dtype=np.float32)
        known = np.flatnonzero(histories.lengths > 0)
        for start in range(0, len(known), AT_ONCE):
            rows = known[start : start + AT_ONCE]
            block = histories.where(rows)
            parts = self.stage.parts(block)
            candidates = self.stage.candidates(parts, block)
            table = self.stage.features(parts, candidates, block)
            scores[rows[candidates.case], candidates.item] = self._probability(candidates.item, table)
        scores[histories.lengths == 0] = self.stage.counts.times / self.stage.counts.times.sum()
        return scores

    def relevance(self, history: Histories, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64 (k,): the probability of each of these items to be next after one history that has events.

        Args:
            history: a batch of one.
            rows: int64 (k,), of the stage's items; each at most once.
        """
        return self._probability(rows, self.stage.features_of(rows, history))

    def save(self, folder: Path) -> None:
        """Write trees and calibration; counts and texts are the shop's own and made anew by `load`."""
        text = self.model.text()
        card = _Card(
            columns=self.model.columns,
            cold_cost=self.cold_cost,
            slope=self.calibration.slope,
            level=self.calibration.level,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TREES).write_text(text, encoding="utf-8")
        (folder / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, stage: Stage) -> FusedRanker:
        """What `save` wrote, over this stage: its other rankers as it was fitted with.

        Raises:
            SetupError: a file is missing or damaged, or the columns are those of another version.
        """
        fix = "Train it again: 'python -m assistant learn'."
        try:
            card = _Card.model_validate_json((folder / CARD).read_bytes())
            text = (folder / TREES).read_text(encoding="utf-8")
        except (OSError, ValidationError, UnicodeDecodeError) as error:
            raise SetupError(f"The fusion in {folder} cannot be read: {error}", fix) from error
        if hashlib.sha256(text.encode()).hexdigest() != card.sha256:
            raise SetupError(f"The fusion in {folder} is damaged: {TREES} is not what was written.", fix)
        if card.columns != stage.columns():
            raise SetupError(f"The fusion in {folder} decides by other columns than this version has.", fix)
        return cls(stage, LambdaMart.of_text(text), card.cold_cost, Calibration(card.slope, card.level))

    def over(self, stage: Stage) -> FusedRanker:
        """The same over another stage of the same columns."""
        return FusedRanker(stage, self.model, self.cold_cost, self.calibration)

    def _probability(self, items: NDArray[np.integer], table: Floats) -> NDArray[np.float64]:
        cold = self.stage.counts.times[items] == 0
        return self.calibration.probability(self.model.score(table) - self.cold_cost * cold)
