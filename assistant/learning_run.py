"""One run of `learn`: what it is trained on, what it is compared with, and what ranks best of what it made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.language_model.packaged import default_cache
from assistant.progress import Say
from assistant.settings import Settings
from assistant.store import open_store
from assistant.store.history import learnable
from retrieval.behaviour.bundle import Bundles
from retrieval.behaviour.fusion.fitting import lessons_of
from retrieval.behaviour.fusion.online import OnlineFusion
from retrieval.behaviour.fusion.ranker import FusedRanker, FusionRecipe
from retrieval.behaviour.held_out import HeldOut, as_questions, best_mixture, gains, hold_out_recent
from retrieval.behaviour.item_vectors import item_vectors
from retrieval.behaviour.own_log import own_log
from retrieval.behaviour.scorer import LearnedBehaviour
from retrieval.behaviour.sequence.lessons import hold_out
from retrieval.behaviour.sequence.model import SequenceModel
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.behaviour.sequence.training import train
from retrieval.candidates import Rows
from retrieval.catalogue import Catalogue
from retrieval.embedding import TextEncoder
from retrieval.errors import SetupError
from retrieval.interactions import by_shopper
from retrieval.metrics import interval
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.records import Records
from retrieval.reranking import BehaviourScorer, CountedBehaviour
from retrieval.shop import categorised

FEWEST_CASES = 100  # below this a comparison tells nothing
_ASKED = 1_000  # shoppers whose last new item stops the training


@dataclass(frozen=True, slots=True)
class Chosen:
    """What ranks best with a new model: the scorer, its nDCG@10 on each test case, and why it is fused or not."""

    scorer: LearnedBehaviour
    gains: NDArray[np.float64]
    fusion: str


class Run:
    """All that one run works on."""

    def __init__(self, settings: Settings, bundles: Bundles, encoder: TextEncoder, say: Say) -> None:
        self._bundles, self.encoder, self._say = bundles, encoder, say
        with Records(settings.data_folder) as records:
            self.catalogue = Catalogue(categorised(list(records.items())))
            seen = list(records.interactions())
        store = open_store(settings)
        seen += learnable(store)
        store.close()
        self._items = list(self.catalogue)  # row r of the catalogue, which is fresh, is the r-th
        known = [i for i in seen if i.item_id in self.catalogue]
        if not known:
            raise SetupError(
                "There are no interactions to learn from.",
                "Ingest the shop's interaction log first: python -m assistant ingest PATH",
            )
        self.held_out: HeldOut = hold_out_recent(known, self.catalogue)
        self._vectors = item_vectors([item.text() for item in self._items], encoder, default_cache(), say)
        self._log = own_log(self._items, self.held_out.before, self._vectors)
        before = self.held_out.before
        self.counted = CountedBehaviour(Popularity(self.catalogue, before), Neighbours(self.catalogue, before))

    def vectors_of(self, rows: Rows) -> NDArray[np.float32]:
        """Vectors of catalogue rows; the catalogue is fresh, so that rows are places."""
        return self._vectors[rows]

    def trained(self, recipe: SequenceRecipe) -> tuple[SequenceModel, int, int]:
        """A model of what may be learnt from, with how many interactions and shoppers that is."""
        items, events = self._log
        lessons, questions = hold_out(events, _ASKED, seed=recipe.seed)
        self._say(f"training on {len(events):,} interactions with {len(items):,} items")
        trained = train(items, lessons, questions, recipe, report=self._say)
        return trained.model, len(events), len(np.unique(events.shopper))

    def chosen(self, model: SequenceModel) -> Chosen:
        """The rule over counts and model, or that and the fusion where it surely ranks the test cases better."""
        rule = self._mixed(model, None)
        by_rule = gains(rule, self.catalogue, self.held_out.test)
        if len(by_rule) < FEWEST_CASES:
            return Chosen(rule, by_rule, f"Without the fusion: {len(by_rule)} cases are too few to tell.")
        self._say("fitting the fusion")
        try:
            fusion = self._fusion()
        except SetupError as error:
            return Chosen(rule, by_rule, f"Without the fusion: {error.problem}")
        fused = self._mixed(model, fusion)
        by_fusion = gains(fused, self.catalogue, self.held_out.test)
        over = interval(by_fusion - by_rule)
        words = f"{by_fusion.mean():.4f} against {by_rule.mean():.4f} of the rule [{over.low:+.4f}, {over.high:+.4f}]"
        if fused.fusion is None or over.low <= 0:
            return Chosen(rule, by_rule, f"Without the fusion, which is not surely better: {words}.")
        return Chosen(fused, by_fusion, f"With the fusion: nDCG@10 {words}.")

    def _mixed(self, model: SequenceModel, fusion: OnlineFusion | None) -> LearnedBehaviour:
        """At the shares that rank the tuning cases best; without the fusion where its best share is none."""
        draft = LearnedBehaviour(self.counted, model, {"sequence": 1.0}, self.catalogue, self.vectors_of, fusion)
        weights = best_mixture(draft, self.catalogue, self.held_out.tuning, fused=fusion is not None)
        fusion = fusion if "fusion" in weights else None
        return LearnedBehaviour(self.counted, model, weights, self.catalogue, self.vectors_of, fusion)

    def _fusion(self) -> OnlineFusion:
        """Learnt from the log alone; the tuning cases stop its trees and calibrate it.

        Raises:
            SetupError: the log is too small, or LightGBM is not installed.
        """
        items, events = self._log
        recipe = FusionRecipe()
        lessons = lessons_of("cold", events, len(items), recipe)
        histories, targets = as_questions(self.held_out.tuning, self.catalogue)
        fitted = FusedRanker.fit(lessons, events, items, histories, targets, recipe)
        return OnlineFusion(fitted, self.catalogue, self.vectors_of)

    def scorer_in_service(self) -> BehaviourScorer:
        """What answers now, over the same counts; counts alone where the model there cannot be used."""
        name = self._bundles.in_service()
        if name is None:
            return self.counted
        try:
            card = self._bundles.card(name)
            if card.encoder != self.encoder.fingerprint:
                return self.counted
            histories = by_shopper(self.held_out.before)
            return LearnedBehaviour.load(
                self._bundles.path(name), card.weights, self.counted, self.catalogue, self.vectors_of, histories
            )
        except SetupError as error:
            self._say(f"in service cannot be used, so counts are compared with: {error.problem}")
            return self.counted
