"""The full system as a ranker: candidates of every part, their features, the LambdaMART, a probability."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.behaviour.events import Events, Floats, Histories, Items
from retrieval.behaviour.fusion.calibration import Calibration
from retrieval.behaviour.fusion.candidates import EACH, Candidates, best_of_each
from retrieval.behaviour.fusion.counts import COUNT_PARTS, Counts
from retrieval.behaviour.fusion.features import features, names
from retrieval.behaviour.fusion.lambdamart import LambdaMart, Ranked, TreeRecipe, too_small
from retrieval.behaviour.fusion.lessons import Lesson
from retrieval.behaviour.fusion.texts import TEXT_PARTS, Texts
from retrieval.errors import SetupError

TREES = "fusion.txt"
CARD = "fusion.json"
_CONTENT = ("meaning", "words")
_PROPOSING = ("markov", "markov_long", "like_next", "next_of_like", "shoppers", *_CONTENT)
_VALIDATION = 4_000  # questions that stop the trees, and as many that calibrate
_AT_ONCE = 256  # histories scored together: 200 MB for 12,000 items


@dataclass(frozen=True, slots=True)
class FusionRecipe:
    """How a fusion is fitted.

    Attributes:
        trees: how its trees are grown.
        questions: at most, of each lesson.
        seed: draws the questions, and what each tree sees.
    """

    trees: TreeRecipe = field(default_factory=TreeRecipe)
    questions: int = 12_000
    seed: int = 0


class _Card(BaseModel):
    """fusion.json."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    columns: tuple[str, ...]
    slope: float
    level: float
    sha256: str


class FusedRanker:
    """Orders items by how likely each is the next that a shopper turns to.

    Args:
        items: n of them.
        texts: of the items.
        counts: of the events that may be known.
        model: orders candidates.
        calibration: makes its score a probability.
    """

    name = "full system"

    def __init__(self, items: Items, texts: Texts, counts: Counts, model: LambdaMart, calibration: Calibration) -> None:
        self.items = items
        self.texts = texts
        self.counts = counts
        self.model = model
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
    ) -> FusedRanker:
        """Learn from lessons, stop and calibrate by validation questions, and count all events.

        Args:
            lessons: cut from `events` (`lessons.py`).
            events: training events.
            items: n of them.
            valid: histories of v validation questions; one half stops the trees, the other calibrates.
            targets: int32 (v,), their answers.
            recipe: how.

        Raises:
            SetupError: LightGBM is not installed, or the log is too small.
        """
        if len(targets) < 2 or not all(len(lesson.target) for lesson in lessons):
            raise too_small("there are no questions")
        texts = Texts.of(items)
        learned = []
        for lesson in lessons:
            drawn = lesson.sampled(recipe.questions, recipe.seed)
            stage = _Stage(items, texts, Counts.of(drawn.counted, len(items)))
            learned.append(stage.ranked(drawn.histories, drawn.target, answered_only=True))
        stage = _Stage(items, texts, Counts.of(events, len(items)))
        drawn_valid = np.random.default_rng(recipe.seed).permutation(len(targets))[: 2 * _VALIDATION]
        stopping, calibrating = np.array_split(drawn_valid, 2)
        model = LambdaMart.fit(
            stage.columns(),
            Ranked.joined(learned),
            stage.ranked(valid.where(stopping), targets[stopping], answered_only=True),
            recipe.trees,
            recipe.seed,
        )
        asked = stage.ranked(valid.where(calibrating), targets[calibrating], answered_only=False)
        try:
            calibration = Calibration.fit(model.score(asked.features), asked.hit)
        except ValueError as error:
            raise too_small(str(error)) from error
        return cls(items, texts, stage.counts, model, calibration)

    def score(self, histories: Histories) -> Floats:
        """Float32 (b, n): the probability of each candidate to be next, 0.0 for all other items.

        A history without events gets the share of all events that each item has.
        """
        scores: Floats = np.zeros((len(histories), len(self.items)), dtype=np.float32)
        known = np.flatnonzero(histories.lengths > 0)
        for start in range(0, len(known), _AT_ONCE):
            rows = known[start : start + _AT_ONCE]
            block = histories.where(rows)
            parts = self._stage.parts(block)
            candidates = self._stage.candidates(parts, block)
            scores[rows[candidates.case], candidates.item] = self._probability(parts, candidates, block)
        scores[histories.lengths == 0] = self.counts.times / self.counts.times.sum()
        return scores

    def relevance(self, history: Histories, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """float64 (k,): the probability of each of these items to be next after one history that has events.

        Args:
            history: a batch of one.
            rows: int64 (k,), of `items`; each at most once.
        """
        candidates = Candidates(np.zeros(len(rows), np.int64), rows.astype(np.int32), np.array([len(rows)], np.int64))
        return self._probability(self._stage.parts(history), candidates, history)

    def save(self, folder: Path) -> None:
        """Write trees and calibration; counts and texts are the shop's own and made anew by `load`."""
        text = self.model.text()
        card = _Card(
            columns=self.model.columns,
            slope=self.calibration.slope,
            level=self.calibration.level,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
        )
        folder.mkdir(parents=True, exist_ok=True)
        (folder / TREES).write_text(text, encoding="utf-8")
        (folder / CARD).write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, events: Events, items: Items) -> FusedRanker:
        """What `save` wrote, over these events and items.

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
        stage = _Stage(items, Texts.of(items), Counts.of(events, len(items)))
        if card.columns != stage.columns():
            raise SetupError(f"The fusion in {folder} decides by other columns than this version has.", fix)
        model = LambdaMart.of_text(text)
        return cls(items, stage.texts, stage.counts, model, Calibration(card.slope, card.level))

    @property
    def _stage(self) -> _Stage:
        return _Stage(self.items, self.texts, self.counts)

    def _probability(
        self, parts: Mapping[str, Floats], candidates: Candidates, histories: Histories
    ) -> NDArray[np.float64]:
        return self.calibration.probability(self.model.score(self._stage.features(parts, candidates, histories)))


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """What comes before the trees: the parts, the candidates and their features, over one set of counts."""

    items: Items
    texts: Texts
    counts: Counts

    def parts(self, histories: Histories) -> dict[str, Floats]:
        """float32 (b, n) each."""
        return {**self.counts.parts(histories, self.texts), **self.texts.parts(histories)}

    def columns(self) -> tuple[str, ...]:
        return names((*COUNT_PARTS, *TEXT_PARTS))

    def candidates(self, parts: Mapping[str, Floats], histories: Histories) -> Candidates:
        content = [parts[name] for name in _CONTENT]
        proposing = [parts[name] for name in _PROPOSING]
        return best_of_each(proposing, content, self.counts.times == 0, histories, EACH)

    def features(self, parts: Mapping[str, Floats], candidates: Candidates, histories: Histories) -> Floats:
        chosen = {name: table[candidates.case, candidates.item] for name, table in parts.items()}
        return features(chosen, candidates, histories, self.items, self.counts)

    def ranked(self, histories: Histories, targets: NDArray[np.int32], *, answered_only: bool) -> Ranked:
        """The candidates of questions with their answers; of those alone whose answer is among them, if wanted."""
        blocks = []
        for start in range(0, len(targets), _AT_ONCE):
            block = histories.where(slice(start, start + _AT_ONCE))
            parts = self.parts(block)
            candidates = self.candidates(parts, block)
            hit = candidates.item == targets[start : start + _AT_ONCE][candidates.case]
            ranked = Ranked(self.features(parts, candidates, block), candidates.sizes, hit)
            blocks.append(ranked.answered() if answered_only else ranked)
        return Ranked.joined(blocks)
