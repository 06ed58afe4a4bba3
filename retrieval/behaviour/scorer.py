"""What a trained model says of a shopper's session: behaviour as the ranking takes it, with counts beside it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.bundle import FUSION, SEQUENCE
from retrieval.behaviour.events import KINDS
from retrieval.behaviour.fusion.online import OnlineFusion
from retrieval.behaviour.sequence.model import SequenceModel, SequenceState
from retrieval.candidates import Rows, Scores
from retrieval.catalogue import Catalogue
from retrieval.interactions import Interaction, InteractionKind, Session
from retrieval.reranking import CountedBehaviour

REMEMBERED = 10_000  # shoppers whose state is kept: 1 kB each
DEEDS = {
    "p_click": KINDS.index(InteractionKind.CLICK),
    "p_purchase": KINDS.index(InteractionKind.PURCHASE),
    "p_review": KINDS.index(InteractionKind.REVIEW),
}


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of a shopper: how many events, the last of them, and the state after it."""

    events: int
    last: Interaction
    state: SequenceState


class LearnedBehaviour:
    """Behaviour by a sequence model, counts and, where there is one, the fusion of counts and texts.

    A shopper's state is kept: one more event costs one more step.

    The interactions of the session are the truth; the state follows them when it is asked for, and begins anew where
    they are not those that it was made of.

    Args:
        counted: popularity and neighbours.
        model: trained.
        weights: share of "popularity", "neighbours", "sequence" and "fusion" in the score of a session.
        catalogue: where rows are from.
        vectors: float32 (n, dimension) of rows, by the encoder that the model was trained with.
        fusion: None: the rule alone, which is those shares of the others.
    """

    def __init__(
        self,
        counted: CountedBehaviour,
        model: SequenceModel,
        weights: Mapping[str, float],
        catalogue: Catalogue,
        vectors: Callable[[Rows], NDArray[np.float32]],
        fusion: OnlineFusion | None = None,
    ) -> None:
        self.counted = counted
        self.model = model
        self.fusion = fusion
        self.weights = weights
        self._catalogue = catalogue
        self._vectors = vectors
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def load(
        cls,
        bundle: Path,
        weights: Mapping[str, float],
        counted: CountedBehaviour,
        catalogue: Catalogue,
        vectors: Callable[[Rows], NDArray[np.float32]],
        histories: Mapping[str, Sequence[Interaction]],
    ) -> LearnedBehaviour:
        """The models in a bundle's folder; the fusion, where there is one, over what each shopper did so far.

        Raises:
            SetupError: a model cannot be loaded.
        """
        model = SequenceModel.load(bundle / SEQUENCE)
        folder = bundle / FUSION
        fusion = OnlineFusion.load(folder, catalogue, vectors, histories) if folder.is_dir() else None
        return cls(counted, model, weights, catalogue, vectors, fusion)

    def save(self, bundle: Path) -> None:
        """Write the models into a bundle's folder."""
        self.model.save(bundle / SEQUENCE)
        if self.fusion is not None:
            self.fusion.save(bundle / FUSION)

    def score(self, session: Session, rows: Rows) -> Mapping[str, Scores]:
        """Those parts of `CountedBehaviour`, and for a session with events that the shop still knows the items of:

        "sequence" and "fusion" how likely each row is next, as a share of the likeliest; "p_click", "p_purchase",
        "p_review" how likely she does this with the item, if she turns to it.
        """
        parts = dict(self.counted.score(session, rows))
        state = self._state(session)
        if state is None or not len(rows):
            return parts
        places = self._places(rows)
        logits = self.model.scores(state, places).astype(np.float64)
        parts["sequence"] = np.exp(logits - logits.max())
        deeds = self.model.deeds(state, places).astype(np.float64)
        parts |= {name: deeds[:, column] for name, column in DEEDS.items()}
        fused = None if self.fusion is None else self.fusion.score(session.interactions, rows)
        if fused is not None:
            parts["fusion"] = fused
        weighed = [weight * parts[name] for name, weight in self.weights.items() if name in parts]
        return {**parts, "behaviour": np.sum(weighed, axis=0)}

    def drop(self, shopper_id: str) -> None:
        """Forget the state of a shopper; it is made anew from what her session then holds."""
        with self._lock:
            self._known.pop(shopper_id, None)

    def _state(self, session: Session) -> SequenceState | None:
        """The state after the events of a session, None where no item of it is left in the shop."""
        events = session.interactions
        if not events:
            return None
        owner = session.shopper_id
        with self._lock:
            known = self._known.get(owner) if owner is not None else None
        fits = known is not None and known.events <= len(events) and events[known.events - 1] == known.last
        state, before = (known.state, known.events) if known is not None and fits else (self.model.start(), 0)
        state = self._after(state, events, before)
        if owner is not None:
            with self._lock:
                self._known[owner] = _Known(len(events), events[-1], state)
                self._known.move_to_end(owner)
                if len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        return None if state.memory is None else state

    def _after(self, state: SequenceState, events: Sequence[Interaction], first: int) -> SequenceState:
        """The state after the events from `first` on; those of items that left the shop are passed over."""
        for place in range(first, len(events)):
            event = events[place]
            if event.item_id in self._catalogue:
                item = self._places(np.array([self._catalogue.row(event.item_id)], dtype=np.int64))[0]
                gap = None if place == 0 else (event.at - events[place - 1].at).total_seconds()
                state = self.model.step(state, item, KINDS.index(event.kind), gap)
        return state

    def _places(self, rows: Rows) -> NDArray[np.float32]:
        """Places of rows in the model: float32 (n, width). A new item lies where its text puts it."""
        items = (self._catalogue.at(row) for row in rows.tolist())
        return self.model.item_matrix([item.item_id if item else "" for item in items], self._vectors(rows))
