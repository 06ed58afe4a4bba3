"""What one page shows: a fold over the events of its turns. Pure; the truth is in the store."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from assistant.cart import EMPTY_CART, Cart
from assistant.comparison import ComparisonTable
from assistant.dialogue import DialogueAct, Edit, Intent, Need, Rung
from assistant.events import Cards, Claim, Event, Finished, Pick, Suggestion, Text, Turn, Understood
from retrieval.query import Constraints, Relaxation

# what only a history could answer
_PERSONAL = re.compile(
    r"\bmy (?:taste|style|history|usual)\b|\b(?:what|as|like|something) i (?:usually|normally|always|often) \w+"
    r"|\bi(?: ha|')?ve (?:bought|ordered|looked at|liked)\b|\bi (?:bought|ordered) (?:here|before|last)\b"
    r"|\blike last time\b|\bsomething i(?:'d| would| might) like\b|\bpersonali[sz]ed\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the transcript; `claims`: what a reply says of items, all of it supported by their records."""

    by_shopper: bool
    text: str
    claims: tuple[Claim, ...] = ()


class Said(NamedTuple):
    """An utterance that got no whole answer: saying it again takes one press. `act`: what a press meant."""

    utterance: str
    act: DialogueAct | None = None


@dataclass(frozen=True, slots=True)
class Shopper:
    """Who looks at the page, as far as she has allowed or the shop's own site has told.

    Attributes:
        shopper_id: None: a guest of whom nothing is kept beyond the conversation.
        consented: whether what she does here may sort items for her.
        history: how many of her interactions that is.
        ignoring: whether she asked to leave it out in this conversation.
        declined: whether she was asked and said no, so that she is not asked again.
    """

    shopper_id: str | None = None
    consented: bool = False
    history: int = 0
    ignoring: bool = False
    declined: bool = False

    @property
    def sorts(self) -> bool:
        """Whether her history orders what is shown."""
        return self.consented and self.history > 0 and not self.ignoring


@dataclass(frozen=True, slots=True)
class View:
    """The content of a page; an empty one is a page on which nothing was said yet.

    Attributes:
        conversation_id: None until the shopper first says something.
        looking_at: the item on whose page of the shop's site the chat is open, until something else is searched for.
        rung: who understood the last utterance; None before the first.
        before: the need that the last utterance changed; None when it began a new one or changed nothing.
        again: what can be said again, because it got no answer or was stopped.
        asks_consent: whether she said something that only her history could answer, and has allowed none.
        confirming: whether she asked to be forgotten and has to confirm it.
        note: what has just been done and has no line of the transcript.
    """

    conversation_id: str | None = None
    shopper: Shopper = field(default_factory=Shopper)
    looking_at: str | None = None
    transcript: tuple[Message, ...] = ()
    rung: Rung | None = None
    need: Need = field(default_factory=Need)
    before: Need | None = None
    constraints: Constraints = field(default_factory=Constraints)
    picks: tuple[Pick, ...] = ()
    matching: int = 0
    relaxations: tuple[Relaxation, ...] = ()
    table: ComparisonTable | None = None
    suggestions: tuple[Suggestion, ...] = ()
    cart: Cart = EMPTY_CART
    again: Said | None = None
    asks_consent: bool = False
    confirming: bool = False
    note: str = ""

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The items on the page, in their order."""
        return tuple(pick.item.item_id for pick in self.picks)

    def asked(self, utterance: str) -> View:
        """The shopper has spoken; the answer to come is still empty."""
        return replace(
            self,
            transcript=(*self.transcript, Message(True, utterance), Message(False, "")),
            before=None,
            suggestions=(),
            relaxations=(),
            again=None,
            asks_consent=False,
            confirming=False,
            note="",
        )

    def seeing(self, event: Event) -> View:
        """The page after an event of the turn."""
        match event:
            case Understood():
                return self._understood(event)
            case Cards():
                return replace(
                    self,
                    picks=event.picks,
                    matching=event.matching or (self.matching if event.picks else 0),
                    relaxations=event.relaxations,
                    table=event.table,
                    suggestions=event.suggestions,
                    cart=event.cart,
                )
            case Text():
                return self._with_reply(self.transcript[-1].text + event.text)
            case Finished():
                return self._finished(event.turn)

    def forgotten(self) -> View:
        """The page after she was forgotten: the reply that says so, and nothing else, of nobody."""
        return View(transcript=self.transcript[-1:], looking_at=self.looking_at)

    def _understood(self, event: Understood) -> View:
        edit = event.act.edit
        changed = event.act.intent is Intent.REFINE and event.need.slots != self.need.slots
        asked = edit in (Edit.USE_HISTORY, Edit.SHOW_DATA) or _PERSONAL.search(self.transcript[-2].text) is not None
        personal = asked and not self.shopper.declined
        ignoring = edit is Edit.IGNORE_HISTORY or (self.shopper.ignoring and edit is not Edit.USE_HISTORY)
        return replace(
            self,
            shopper=replace(self.shopper, ignoring=ignoring),
            rung=event.act.rung,
            before=self.need if changed else None,
            need=event.need,
            constraints=event.constraints,
            asks_consent=personal and not self.shopper.consented,
            confirming=edit is Edit.FORGET,
        )

    def _finished(self, turn: Turn) -> View:
        if turn.act.edit is Edit.FORGET_CONFIRMED:
            return self._with_reply(turn.reply).forgotten()
        claims = tuple(claim for claim in turn.claims if claim.supported)
        looking_at = None if turn.searched else self.looking_at
        return replace(self._with_reply(turn.reply, claims), looking_at=looking_at)

    def _with_reply(self, text: str, claims: tuple[Claim, ...] = ()) -> View:
        return replace(self, transcript=(*self.transcript[:-1], Message(False, text, claims)))
