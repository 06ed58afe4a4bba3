"""What a turn is made of and what it tells while it runs: picks, claims, events, the finished `Turn`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from assistant.cart import EMPTY_CART, Cart, InCart
from assistant.cart_turn import CartOutcome
from assistant.comparison import ComparisonTable
from assistant.dialogue import DialogueAct, DialogueState, Need
from assistant.trace import Trace
from retrieval.candidates import Candidate, Stage
from retrieval.catalogue import CatalogueItem
from retrieval.interactions import EMPTY_SESSION, Session
from retrieval.query import Constraints, Relaxation


@dataclass(frozen=True, slots=True)
class Pick:
    """An item that is shown, with what scored it. `rank` starts at 1."""

    rank: int
    item: CatalogueItem
    candidate: Candidate

    @property
    def cold_start(self) -> bool:
        """Whether nobody has touched or rated the item yet."""
        return self.candidate.interaction_count == 0 and self.item.rating_count == 0


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the reply about an item, and whether the item's record supports it.

    Attributes:
        text: the words of the reply that state it.
        item_id: the item it speaks of.
        field: the record's field it was checked against: "price", "brand", "attributes.ram", "title", ...
        supported: only supported claims ever reach the page; the others are kept here for staff.
    """

    text: str
    item_id: str
    field: str
    supported: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested reply.

    Attributes:
        label: words of the button.
        utterance: what pressing it says for the shopper.
        count: how many items it would leave; None when it does not change the need.
        act: what it means, so that pressing it does exactly what `count` says; None: `utterance` is read as typed.
        question: the clarifying question that it is an answer to; "": it answers none.
    """

    label: str
    utterance: str
    count: int | None = None
    act: DialogueAct | None = None
    question: str = ""


class WithoutModel(StrEnum):
    """Why the language model did not write all that it was to write of a reply."""

    BUSY = "busy"  # it wrote for other shoppers
    SLOW = "slow"
    STOPPED = "stopped"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a reply with its claims.

    Attributes:
        text: what the shopper reads, with the white space that joins it to the next; "" when it was withheld because a
            claim is not supported.
        origin: "model", "record" (built from the item's record) or "template" (words of `prompts/`).
        without_model: set on the sentence that tells why the model did not write all of the reply.
    """

    text: str
    claims: tuple[Claim, ...] = ()
    origin: str = "template"
    without_model: WithoutModel | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A finished turn: the only source for text, cards, citations, stored impressions and telemetry.

    Attributes:
        picks: what is on the page now, in its order; `searched` tells whether this turn put it there.
        matching: how many items satisfy the constraints in all.
        discussed: ids of the items the utterance referred to.
        notices: what has to be said about the answer: a lower rung, a wish that could not become a filter.
        written_by: sentences of the reply by `Sentence.origin`; "withheld" counts those that did not hold.
        without_model: why the language model did not write all that it was to write; None: it did.
        prompts: digest of each prompt that was used, by name.
        cart: what is in the cart after the turn.
        latency: seconds by stage: "understand", "search", "cards" (since the start), "explain", "turn".
        trace: how it came about, for staff; None when nobody recorded it. No part of the public answer.
    """

    conversation_id: str
    number: int
    utterance: str
    act: DialogueAct
    state: DialogueState
    constraints: Constraints
    picks: tuple[Pick, ...]
    matching: int
    searched: bool
    discussed: tuple[str, ...]
    reply: str
    claims: tuple[Claim, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    table: ComparisonTable | None = None
    suggestions: tuple[Suggestion, ...] = ()
    notices: tuple[str, ...] = ()
    written_by: Mapping[str, int] = field(default_factory=dict)
    without_model: WithoutModel | None = None
    prompts: Mapping[str, str] = field(default_factory=dict)
    latency: Mapping[str, float] = field(default_factory=dict)
    cart: Cart = EMPTY_CART
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Understood:
    """Event: what the utterance was taken to mean, the need now in force, and the constraints that follow.

    Attributes:
        cart_changes: lines that the turn sets in the cart; those of 0 pieces are taken out.
    """

    act: DialogueAct
    constraints: Constraints
    need: Need = field(default_factory=Need)
    cart_changes: tuple[InCart, ...] = ()


@dataclass(frozen=True, slots=True)
class Cards:
    """Event: what is shown, before any prose."""

    picks: tuple[Pick, ...]
    matching: int
    relaxations: tuple[Relaxation, ...] = ()
    table: ComparisonTable | None = None
    suggestions: tuple[Suggestion, ...] = ()
    cart: Cart = EMPTY_CART


@dataclass(frozen=True, slots=True)
class Text:
    """Event: the next piece of the reply; concatenated they are `Turn.reply`. Already checked."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Event: the last one."""

    turn: Turn


Event = Understood | Cards | Text | Finished


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that there is to explain: what was asked, what came of it. Handed to `Explainer.reply`.

    Attributes:
        before, after: the dialogue state around the turn.
        corrected: the query text as the spelling correction changed it; None when it did not.
        discussed: the items the utterance refers to, in the order it names them.
        unresolved: references that match nothing that was shown.
        cart: what there is to say of the cart; None when the utterance does not concern it.
        stages: of the search; () when there was none.
        blocked: ids of the items that satisfy the constraints and are kept from shoppers.
    """

    utterance: str
    act: DialogueAct
    before: DialogueState
    after: DialogueState
    constraints: Constraints
    picks: tuple[Pick, ...]
    matching: int
    searched: bool
    relaxations: tuple[Relaxation, ...] = ()
    corrected: str | None = None
    discussed: tuple[Pick, ...] = ()
    unresolved: tuple[str, ...] = ()
    table: ComparisonTable | None = None
    notices: tuple[str, ...] = ()
    session: Session = EMPTY_SESSION
    cart: CartOutcome | None = None
    stages: tuple[Stage, ...] = ()
    blocked: tuple[str, ...] = ()
