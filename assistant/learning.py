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

from assistant.learning_run import FEWEST_CASES, Run
from assistant.progress import Say
from assistant.settings import Settings
from retrieval.behaviour.bundle import Bundles, Card
from retrieval.behaviour.held_out import gains
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.embedding import Encoder, TextEncoder
from retrieval.errors import SetupError
from retrieval.metrics import Interval, interval

RECIPE = SequenceRecipe(epochs=15, patience=2)


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
        fusion: whether the fusion is among them, and why.
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
    fusion: str

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"Trained on {self.interactions:,} interactions of {self.shoppers:,} shoppers until {self.trained_until}.\n"
            f"On {self.cases:,} later first touches: nDCG@10 {self.new:.4f}, in service {self.before:.4f},"
            f" difference {self.new - self.before:+.4f} [{self.low:+.4f}, {self.high:+.4f}].\n"
            f"{self.fusion}\n{self.reason}\n"
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
        run = Run(settings, bundles, encoder or Encoder(settings.encoder), say)
        model, events, shoppers = run.trained(recipe)
        say("comparing with what is in service")
        chosen = run.chosen(model)
        learned, new = chosen.scorer, chosen.gains
        before = gains(run.scorer_in_service(), run.catalogue, run.held_out.test)
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
                weights=learned.weights,
                figures={**figures, "cases": float(len(new))},
                fusion=chosen.fusion,
            )
            name = bundles.add(card, learned.save)
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
        weights=dict(learned.weights),
        fusion=chosen.fusion,
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


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else 0.0
