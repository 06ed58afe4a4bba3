"""Which behaviour answers: the trained model that is in service, or counts. A new one is taken up without a restart."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import structlog
from numpy.typing import NDArray

from retrieval.behaviour.bundle import Bundles, Card
from retrieval.candidates import Rows, Scores
from retrieval.catalogue import Catalogue
from retrieval.errors import SetupError
from retrieval.interactions import Interaction, Session
from retrieval.neighbours import Neighbours
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
        neighbours: know every interaction that is counted.
        counting: held by whoever changes what they count and then tells it here.
    """

    def __init__(
        self,
        bundles: Bundles,
        counted: CountedBehaviour,
        catalogue: Catalogue,
        vectors: Callable[[Rows], NDArray[np.float32]],
        encoder: Callable[[], str],
        neighbours: Neighbours,
        counting: threading.RLock,
    ) -> None:
        self.bundles = bundles
        self.status = COUNTS
        self._counted, self._catalogue, self._vectors, self._encoder = counted, catalogue, vectors, encoder
        self._neighbours, self._counting = neighbours, counting
        self._learned: LearnedBehaviour | None = None
        self._changed: set[str] | None = None  # while a model is being loaded: whose events changed meanwhile
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

    def observe(self, interaction: Interaction) -> None:
        """Count an interaction in the fusion as well, from now on. `counting` is held."""
        if self._changed is not None:
            self._changed.add(interaction.shopper_id)
        if self._learned is not None and self._learned.fusion is not None:
            self._learned.fusion.add(interaction)

    def recount(self, shopper_id: str) -> None:
        """Have the fusion count exactly what is counted of a shopper by now. `counting` is held."""
        if self._changed is not None:
            self._changed.add(shopper_id)
        if self._learned is not None and self._learned.fusion is not None:
            self._learned.fusion.put(shopper_id, self._neighbours.history(shopper_id))

    def recount_all(self) -> None:
        """The same for all shoppers at once, where many events came. `counting` is held."""
        histories = self._neighbours.histories()
        if self._changed is not None:
            self._changed |= histories.keys()
        if self._learned is not None and self._learned.fusion is not None:
            self._learned.fusion.put_all(histories)

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
                self._take_up(name, card)
            except SetupError as error:
                before = self.status.partition(" (not in service: ")[0]
                self.status = f"{before} (not in service: {error.problem})"
                log.warning("behaviour model cannot be used", model=name, problem=error.problem, fix=error.fix)
                return
            self.status = (
                f"model {name}: trained on {card.interactions:,} interactions of {card.shoppers:,} shoppers"
                f" until {card.trained_until:%Y-%m-%d}{', with the fusion' if self._fuses() else ''}"
            )
            log.info("behaviour model in service", model=name)

    def _fuses(self) -> bool:
        return self._learned is not None and self._learned.fusion is not None

    def _take_up(self, name: str, card: Card) -> None:
        """Load a bundle beside what answers; events that come meanwhile are counted in it before it answers itself."""
        with self._counting:
            self._changed = set()
            histories = self._neighbours.histories()
        try:
            learned = self._loaded(name, card, histories)
            with self._counting:
                if learned.fusion is not None:
                    for shopper_id in self._changed:
                        learned.fusion.put(shopper_id, self._neighbours.history(shopper_id))
                self._learned = learned
        finally:
            self._changed = None

    def _loaded(self, name: str, card: Card, histories: Mapping[str, Sequence[Interaction]]) -> LearnedBehaviour:
        from retrieval.behaviour.scorer import LearnedBehaviour

        if card.encoder != self._encoder():
            raise SetupError(
                f"The behaviour model {name} was made for another encoder.", "Run 'python -m assistant learn'."
            )
        return LearnedBehaviour.load(
            self.bundles.path(name), card.weights, self._counted, self._catalogue, self._vectors, histories
        )
