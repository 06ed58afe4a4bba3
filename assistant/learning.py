"""The feedback loop: what was seen -> a new behaviour model -> in service, if it is not worse than what is there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from assistant.language_model.packaged import default_cache
from assistant.progress import Say
from assistant.settings import Settings
from assistant.store import open_store
from assistant.store.history import learnable
from retrieval.behaviour.bundle import SEQUENCE, Bundles, Card
from retrieval.behaviour.held_out import HeldOut, best_mixture, gains, hold_out_recent
from retrieval.behaviour.own_log import own_log
from retrieval.behaviour.scorer import LearnedBehaviour
from retrieval.behaviour.sequence.lessons import hold_out
from retrieval.behaviour.sequence.model import SequenceModel
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.behaviour.sequence.training import train
from retrieval.candidates import Rows
from retrieval.catalogue import Catalogue
from retrieval.embedding import Encoder, TextEncoder
from retrieval.errors import SetupError
from retrieval.interactions import Interaction
from retrieval.metrics import Interval, interval
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.ranking_evaluation.folder import item_vectors
from retrieval.records import Records
from retrieval.reranking import BehaviourScorer, CountedBehaviour
from retrieval.shop import categorised

FEWEST_CASES = 100  # below this a comparison tells nothing
RECIPE = SequenceRecipe(epochs=15, patience=2)
_ASKED = 1_000  # shoppers whose last new item stops the training


@dataclass(frozen=True, slots=True)
class Learned:
    """What came of one run.

    Attributes:
        in_service: the name of the model that answers now; None: counts alone.
        swapped: whether that is the new one.
        reason: why, in words.
        interactions, shoppers: that the new model was trained on.
        trained_until: of the last of them.
        cases: first touches of items after that, by which the two were compared.
        new, before: nDCG@10 of the new model and of what was in service, over all items, seen ones left out.
        low, high: 95 % paired bootstrap interval of the difference.
        weights: shares of the parts in the new model's score.
    """

    in_service: str | None
    swapped: bool
    reason: str
    interactions: int
    shoppers: int
    trained_until: str
    cases: int
    new: float
    before: float
    low: float
    high: float
    weights: dict[str, float]

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"Trained on {self.interactions:,} interactions of {self.shoppers:,} shoppers until {self.trained_until}.\n"
            f"On {self.cases:,} later first touches: nDCG@10 {self.new:.4f}, in service {self.before:.4f},"
            f" difference {self.new - self.before:+.4f} [{self.low:+.4f}, {self.high:+.4f}].\n"
            f"{self.reason}\n"
            f"In service: {self.in_service or 'counts, without a trained model'}."
        )


def learn(
    settings: Settings,
    say: Say,
    *,
    dry_run: bool = False,
    even_if_worse: bool = False,
    recipe: SequenceRecipe = RECIPE,
    encoder: TextEncoder | None = None,
) -> Learned:
    """Train on all but the latest interactions, compare on those, and swap if the new model is not worse.

    A running service may go on meanwhile; it takes the new model up by itself.

    Args:
        settings: name the data folder, the database and the encoder.
        say: receives progress lines.
        dry_run: write nothing.
        even_if_worse: swap whatever the comparison says.
        recipe: of the sequence model.
        encoder: instead of the one that the settings name.

    Raises:
        SetupError: another run is under way, or there are too few interactions to learn from.
    """
    bundles = Bundles(settings.data_folder)
    with _alone(bundles):
        run = _Run(settings, bundles, encoder or Encoder(settings.encoder), say)
        model, events, shoppers = run.trained(recipe)
        say("comparing with what is in service")
        counted = run.counted
        draft = LearnedBehaviour(counted, model, {"sequence": 1.0}, run.catalogue, run.vectors_of)
        weights = best_mixture(draft, run.catalogue, run.held_out.tuning)
        learned = LearnedBehaviour(counted, model, weights, run.catalogue, run.vectors_of)
        new, before = (gains(scorer, run.catalogue, run.held_out.test) for scorer in (learned, run.scorer_in_service()))
        better = interval(new - before)
        name = bundles.in_service()
        swap, reason = verdict(better, len(new), first=name is None, anyway=even_if_worse)
        figures = {"ndcg@10": _mean(new), "ndcg@10 before": _mean(before), "low": better.low, "high": better.high}
        if swap and not dry_run:
            card = Card(
                made_at=datetime.now(UTC),
                trained_until=run.held_out.before[-1].at,
                interactions=events,
                shoppers=shoppers,
                items=len(run.catalogue),
                encoder=run.encoder.fingerprint,
                replaces=name,
                weights=weights,
                figures={**figures, "cases": float(len(new))},
            )
            name = bundles.add(card, lambda folder: model.save(folder / SEQUENCE))
            bundles.put_in_service(name)
            bundles.tidy()
    return Learned(
        in_service=name,
        swapped=swap and not dry_run,
        reason=f"{reason} Nothing was written (dry run)." if dry_run else reason,
        interactions=events,
        shoppers=shoppers,
        trained_until=f"{run.held_out.before[-1].at:%Y-%m-%d %H:%M}",
        cases=len(new),
        new=figures["ndcg@10"],
        before=figures["ndcg@10 before"],
        low=better.low,
        high=better.high,
        weights=dict(weights),
    )


def verdict(better: Interval, cases: int, *, first: bool, anyway: bool) -> tuple[bool, str]:
    """Whether a new model goes in service, and why.

    Args:
        better: paired difference of its nDCG@10 to that of what is in service.
        cases: how many it is over.
        first: whether counts alone are in service: then it has to be better, for counts cost nothing.
        anyway: swap whatever was measured.
    """
    if anyway:
        return True, "It goes in service as was asked, whatever the comparison says."
    if cases < FEWEST_CASES:
        return False, f"It does not go in service: {cases} cases are too few to tell; {FEWEST_CASES} are needed."
    if first:
        words = "It goes in service: it is better than counts alone."
        return (True, words) if better.low > 0 else (False, "It does not go in service: it is not better than counts.")
    if better.high < 0:
        return False, "It does not go in service: it is worse than what is there."
    return True, "It goes in service: it is not worse than what is there."


def roll_back(settings: Settings) -> str | None:
    """Put in service what the present model replaced; its name, None: counts alone.

    Raises:
        SetupError: see `Bundles.roll_back`; or a training is under way.
    """
    bundles = Bundles(settings.data_folder)
    with _alone(bundles):
        return bundles.roll_back()


@contextmanager
def _alone(bundles: Bundles) -> Iterator[None]:
    bundles.folder.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(bundles.folder / "learn.lock", timeout=0):
            yield
    except Timeout as error:
        raise SetupError(
            f"Another 'learn' is under way in {bundles.folder}.", "Wait for it to end, or stop it."
        ) from error


class _Run:
    """All that one run works on."""

    def __init__(self, settings: Settings, bundles: Bundles, encoder: TextEncoder, say: Say) -> None:
        self._bundles, self.encoder, self._say = bundles, encoder, say
        with Records(settings.data_folder) as records:
            self.catalogue = Catalogue(categorised(list(records.items())))
            seen = list(records.interactions())
        store = open_store(settings)
        seen += learnable(store)
        store.close()
        self._items = list(self.catalogue)
        known = [i for i in seen if i.item_id in self.catalogue]
        if not known:
            raise SetupError(
                "There are no interactions to learn from.",
                "Ingest the shop's interaction log first: python -m assistant ingest PATH",
            )
        self.held_out: HeldOut = hold_out_recent(known, self.catalogue)
        self._vectors = item_vectors([item.text() for item in self._items], encoder, default_cache(), say)
        self.counted = self._counted(self.held_out.before)

    def _counted(self, before: tuple[Interaction, ...]) -> CountedBehaviour:
        return CountedBehaviour(Popularity(self.catalogue, before), Neighbours(self.catalogue, before))

    def vectors_of(self, rows: Rows) -> NDArray[np.float32]:
        """Vectors of catalogue rows; the catalogue is fresh, so that rows are places."""
        return self._vectors[rows]

    def trained(self, recipe: SequenceRecipe) -> tuple[SequenceModel, int, int]:
        """A model of what may be learnt from, with how many interactions and shoppers that is."""
        items, events = own_log(self._items, self.held_out.before, self._vectors)
        lessons, questions = hold_out(events, _ASKED, seed=recipe.seed)
        self._say(f"training on {len(events):,} interactions with {len(items):,} items")
        trained = train(items, lessons, questions, recipe, report=self._say)
        return trained.model, len(events), len(np.unique(events.shopper))

    def scorer_in_service(self) -> BehaviourScorer:
        """What answers now, over the same counts; counts alone where the model there cannot be used."""
        name = self._bundles.in_service()
        if name is None:
            return self.counted
        try:
            card = self._bundles.card(name)
            model = SequenceModel.load(self._bundles.path(name) / SEQUENCE)
        except SetupError as error:
            self._say(f"in service cannot be used, so counts are compared with: {error.problem}")
            return self.counted
        if card.encoder != self.encoder.fingerprint:
            return self.counted
        return LearnedBehaviour(self.counted, model, card.weights, self.catalogue, self.vectors_of)


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0
