"""Conversations that last: the one fold over `Assistant.turn` that page, terminal, API and tests use."""

from __future__ import annotations

import threading
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from weakref import WeakValueDictionary

from assistant.conversation_carts import Carts
from assistant.dialogue import DialogueAct, DialogueState, Edit
from assistant.events import Event, Finished, Turn, Understood
from assistant.flagging import concerns
from assistant.forgetting import forget
from assistant.logs import beginning, turn_line
from assistant.metrics import Metrics
from assistant.settings import LOW_CONFIDENCE
from assistant.store import Store, Verdict, traces
from assistant.tracing import turn_span
from assistant.turn import Assistant
from assistant.under_way import UnderWay
from assistant.variants import Shelf
from retrieval.interactions import Interaction, InteractionKind

MAX_CHARACTERS = 2_000
JOINERS = "\u200c\u200d"  # the invisible characters that emoji and some scripts are written with


class UtteranceError(ValueError):
    """The utterance cannot be answered; the message says why, to the shopper."""


def clean(utterance: str) -> str:
    """The utterance without control and invisible characters and surplus white space.

    Raises:
        UtteranceError: nothing is left, it is too long, or it is not text.
    """
    if len(utterance) > MAX_CHARACTERS:
        raise UtteranceError(
            f"That is {len(utterance):,} characters; I can read up to {MAX_CHARACTERS:,}."
            " Please say what you need in a few sentences."
        )
    odd = sum(unicodedata.category(c) in ("Cc", "Cs", "Co", "Cn") and c not in "\t\r\n" for c in utterance)
    if odd > 0.1 * len(utterance) or "\x00" in utterance:
        raise UtteranceError("I can only read text, and that looks like a file. Please type what you need.")
    seen = "".join(c for c in utterance if unicodedata.category(c) != "Cf" or c in JOINERS)
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cs") else c for c in seen)
    text = " ".join(kept.split())
    if not any(c.isalnum() or unicodedata.category(c) == "So" for c in text):
        raise UtteranceError("Please type what you are looking for, for example “headphones under $100”.")
    return text


class Conversations:
    """Conversations of all shoppers over one assistant and one store. One turn at a time per conversation.

    Args:
        assistant: answers.
        store: keeps what was said.
        record_traces: keep the traces too.
        low_confidence: confidence below which a turn is flagged.
    """

    def __init__(
        self, assistant: Assistant, store: Store, *, record_traces: bool = True, low_confidence: float = LOW_CONFIDENCE
    ) -> None:
        self.assistant = assistant
        self.store = store
        self.record_traces = record_traces
        self.low_confidence = low_confidence
        self.metrics = Metrics()
        self.under_way = UnderWay()
        self.carts = Carts(lambda: Shelf.of(assistant.shop), store, self._put_in_cart)
        self._locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()

    def start(self, shopper_id: str | None = None) -> str:
        """Begin a conversation; returns its id. The cart of a shopper who consented comes along."""
        conversation_id = self.store.start(shopper_id)
        if shopper_id is not None:
            self.carts.follow(shopper_id, conversation_id)
        return conversation_id

    def state(self, conversation_id: str) -> DialogueState:
        """The state after the last turn. Raises KeyError when there is no such conversation."""
        return self.store.state(conversation_id)

    def say(
        self,
        conversation_id: str,
        utterance: str,
        *,
        act: DialogueAct | None = None,
        looking_at: str | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Iterator[Event]:
        """One turn of a conversation: the events of `Assistant.turn`; stored before `Finished` is given.

        Args:
            conversation_id: from `start`.
            utterance: as the shopper typed it; with `act`, the words of the button.
            act: what a button means; nothing has to be understood then.
            looking_at: the item whose page the shopper is on: "is it waterproof?" means it. One that the shop does not
                have is ignored.
            cancelled: asked while the reply is written.

        Raises:
            UtteranceError: the utterance cannot be answered.
            KeyError: there is no such conversation.
            Stopping: the service is being stopped.
        """
        text = clean(utterance)
        with (
            self.under_way.turn(),
            turn_line(conversation_id) as logged,
            turn_span(beginning(conversation_id)) as traced,
            self._locks.setdefault(conversation_id, threading.Lock()),
        ):
            shopper_id = self.store.shopper(conversation_id)
            state = self._beside(self.store.state(conversation_id), looking_at)
            state = replace(state, selected=self.carts.lines(conversation_id))
            session = self.store.session(shopper_id)
            stop = self.under_way.either(cancelled)
            asker = shopper_id or conversation_id
            for event in self.assistant.turn(
                conversation_id, state, text, session=session, act=act, cancelled=stop, asker=asker
            ):
                match event:
                    case Understood():
                        self._understood(event, conversation_id, shopper_id)
                    case Finished(turn):
                        self._finished(turn)
                        logged(turn)
                        traced(turn)
                yield event

    def _understood(self, event: Understood, conversation_id: str, shopper_id: str | None) -> None:
        """Change the cart, and forget, as the shopper said: before it is told."""
        if event.cart_changes:
            self.carts.put(conversation_id, event.cart_changes)
        if event.act.edit is Edit.FORGET_CONFIRMED:
            if shopper_id is not None:
                self.forget(shopper_id)
            self.store.begin_anew(conversation_id)

    def _finished(self, turn: Turn) -> None:
        if turn.act.edit is not Edit.FORGET_CONFIRMED:
            kept = turn if self.record_traces else replace(turn, trace=None)
            self.store.add_turn(kept, concerns(turn, self.low_confidence))
        self.metrics.turn(turn)

    def replay(
        self, conversation_id: str, turn: int, act: DialogueAct | None = None, utterance: str | None = None
    ) -> Turn:
        """Run a stored turn again, from the state before it, on the engine as it is now. Nothing is stored.

        Her history counts as far as it was known then. A button that was pressed is pressed again, words are
        understood anew.

        Args:
            conversation_id, turn: which turn.
            act: what it is to be taken to mean; None: it is understood.
            utterance: other words; None: those of then.

        Raises:
            KeyError: there is no such turn.
            UtteranceError: the other words cannot be answered.
        """
        begun = traces.beginning(self.store, conversation_id, turn)
        if utterance is None:
            act = act or begun.pressed
        text = begun.utterance if utterance is None else clean(utterance)
        session = self.store.session(self.store.shopper(conversation_id))
        known = tuple(interaction for interaction in session.interactions if interaction.at < begun.at)
        session = replace(session, interactions=known)
        return run(self.assistant.turn(conversation_id, begun.state, text, session=session, act=act))

    def _beside(self, state: DialogueState, looking_at: str | None) -> DialogueState:
        """The state with the item that the shopper looks at on the page and talked about, unless it was there."""
        if looking_at is None or looking_at in {c.item_id for c in state.shown}:
            return state
        shop = self.assistant.shop
        if looking_at not in shop.catalogue:
            return state
        return replace(state, shown=(*state.shown, shop.candidate(looking_at)), focus=looking_at)

    def observe(self, conversation_id: str, item_id: str, kind: InteractionKind, value: float | None = None) -> bool:
        """An event from the page, of the conversation's own shopper; False: she did not consent, nothing is kept.

        Raises:
            KeyError: no such conversation, or no such item.
        """
        shopper_id = self.store.shopper(conversation_id)
        if item_id not in self.assistant.shop.catalogue:
            raise KeyError(item_id)
        return shopper_id is not None and self.keep(
            Interaction(shopper_id, item_id, kind, datetime.now(UTC), conversation_id, value), conversation_id
        )

    def _put_in_cart(self, conversation_id: str, item_id: str) -> None:
        self.observe(conversation_id, item_id, InteractionKind.CART)

    def keep(self, interaction: Interaction, conversation_id: str | None = None) -> bool:
        """Store and count an interaction; False: it is not kept.

        Its shopper did not consent, or it is from before she was forgotten.
        """
        shopper_id = interaction.shopper_id
        if not self.store.consented(shopper_id) or self.store.tombstones.covers(shopper_id, interaction.at):
            return False
        self.store.add_interaction(interaction, conversation_id)
        self.assistant.shop.observe(interaction)
        self.metrics.interaction(interaction.kind.value)
        return True

    def rate(self, conversation_id: str, item_id: str, verdict: Verdict | None) -> None:
        """Like or dislike a card. Raises KeyError when the conversation never showed the item."""
        self.store.set_feedback(conversation_id, item_id, verdict)
        self.metrics.feedback("withdrawn" if verdict is None else verdict.value)

    def forget(self, shopper_id: str) -> None:
        """Delete all that is held about a shopper; see `assistant.forgetting`."""
        forget(self.store, self.assistant.shop, shopper_id)


def run(events: Iterator[Event]) -> Turn:
    """Run a turn to its end and return it."""
    for event in events:
        if isinstance(event, Finished):
            return event.turn
    raise AssertionError("a turn ends with Finished")
