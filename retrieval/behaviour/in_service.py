"""Which behaviour answers: the trained model that is in service, or counts. A new one is taken up without a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import structlog
from numpy.typing import NDArray

from retrieval.behaviour.bundle import SEQUENCE, Bundles, Card
from retrieval.candidates import Rows, Scores
from retrieval.catalogue import Catalogue
from retrieval.errors import SetupError
from retrieval.interactions import Session
from retrieval.reranking import CountedBehaviour

if TYPE_CHECKING:
    from retrieval.behaviour.scorer import LearnedBehaviour

EVERY = 1.0  # seconds between two looks
COUNTS = "counts: popularity and what was chosen together; no trained model ('python -m assistant learn' makes one)"

log = structlog.get_logger()


class BehaviourInService:
    """The behaviour scorer of a shop: counts, until `look` finds a model in service.

    A model that cannot be used (damaged, made for another encoder) is never half used: what answered before goes on,
    and `status` says why.

    Args:
        bundles: where models are.
        counted: popularity and neighbours.
        catalogue, vectors: see `LearnedBehaviour`.
        encoder: gives the fingerprint of the encoder of those vectors.
    """

    def __init__(
        self,
        bundles: Bundles,
        counted: CountedBehaviour,
        catalogue: Catalogue,
        vectors: Callable[[Rows], NDArray[np.float32]],
        encoder: Callable[[], str],
    ) -> None:
        self.bundles = bundles
        self.status = COUNTS
        self._counted, self._catalogue, self._vectors, self._encoder = counted, catalogue, vectors, encoder
        self._learned: LearnedBehaviour | None = None
        self._looked_at: str | None = None
        self._looking = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="behaviour", daemon=True)

    def score(self, session: Session, rows: Rows) -> Mapping[str, Scores]:
        """See `BehaviourScorer`."""
        scorer = self._learned or self._counted
        return scorer.score(session, rows)

    def drop(self, shopper_id: str) -> None:
        """Forget what is kept of a shopper between two of her turns."""
        learned = self._learned
        if learned is not None:
            learned.drop(shopper_id)

    def open(self) -> None:
        """Look again and again, in a thread of its own, until `close`."""
        self._thread.start()

    def close(self) -> None:
        """Stop looking."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(EVERY):
            self.look()

    def look(self) -> None:
        """Take up the model that is in service by now."""
        with self._looking:
            name = self.bundles.in_service()
            if name == self._looked_at:
                return
            self._looked_at = name
            if name is None:
                self._learned, self.status = None, COUNTS
                return
            try:
                card = self.bundles.card(name)
                self._learned = self._loaded(name, card)
            except SetupError as error:
                before = self.status.partition(" (not in service: ")[0]
                self.status = f"{before} (not in service: {error.problem})"
                log.warning("behaviour model cannot be used", model=name, problem=error.problem, fix=error.fix)
                return
            self.status = (
                f"model {name}: trained on {card.interactions:,} interactions of {card.shoppers:,} shoppers"
                f" until {card.trained_until:%Y-%m-%d}"
            )
            log.info("behaviour model in service", model=name)

    def _loaded(self, name: str, card: Card) -> LearnedBehaviour:
        from retrieval.behaviour.scorer import LearnedBehaviour
        from retrieval.behaviour.sequence.model import SequenceModel

        if card.encoder != self._encoder():
            raise SetupError(
                f"The behaviour model {name} was made for another encoder.", "Run 'python -m assistant learn'."
            )
        model = SequenceModel.load(self.bundles.path(name) / SEQUENCE)
        return LearnedBehaviour(self._counted, model, card.weights, self._catalogue, self._vectors)
