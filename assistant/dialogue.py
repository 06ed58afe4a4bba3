"""The dialogue: what an utterance means, what has been asked so far, and the query that follows from it.

Everything here is pure: no model, no store, no clock. A conversation is a fold of `update` over its acts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from assistant.cart import CartEdit, CartTalk, InCart
from retrieval.candidates import Candidate
from retrieval.query import Relaxation


class Intent(StrEnum):
    """What a shopper wants from a turn."""

    FIND = "find"  # a new need
    REFINE = "refine"  # change the need there is
    ASK = "ask"  # a question about an item that was shown
    COMPARE = "compare"  # two or more items side by side
    EXPLAIN = "explain"  # why this item, why this order
    SELECT = "select"  # take this one
    PRIVACY = "privacy"  # what do you know about me, forget me, ignore my history
    SERVICE = "service"  # parcels, returns, payment: the shop's people
    CHITCHAT = "chitchat"  # hello, thanks
    OUT_OF_SCOPE = "out_of_scope"  # not a shop's business


ABOUT_ITEMS = frozenset({Intent.ASK, Intent.COMPARE, Intent.EXPLAIN, Intent.SELECT})  # that are shown
WITHOUT_SLOTS = frozenset({Intent.PRIVACY, Intent.SERVICE, Intent.CHITCHAT, Intent.OUT_OF_SCOPE})


class Rung(StrEnum):
    """Who understood the utterance: the further down, the weaker."""

    MODEL = "model"
    REPAIR = "repair"  # the model, at the second try
    TAGGER = "tagger"  # a small network over the sentence encoder
    RULES = "rules"
    CONTROL = "control"  # a button of the page: nothing had to be understood


SlotName = Literal[
    "category",
    "price_min",
    "price_max",
    "brands",
    "excluded_brands",
    "attributes",
    "excluded_attributes",
    "sort",
    "references",
    "quantity",
]


@dataclass(frozen=True, slots=True)
class Slots:
    """What an utterance states, in lower-case words of the shopper, and nothing that she did not say.

    Attributes:
        category: "laptops".
        price_min, price_max: major units of `currency`, inclusive.
        currency: ISO 4217 when she named one; None: the shop's.
        brands, excluded_brands: wanted and unwanted brands.
        attributes, excluded_attributes: "32 gb ram", "blue", "waterproof", "under 1.4 kg".
        sort: "price_asc", "price_desc", "rating", "newest", "popularity".
        references: to items shown: "1" (rank), "last", or a description: "the cheaper one", "the blue hp".
        quantity: how many pieces.
    """

    category: str | None = None
    price_min: float | None = None
    price_max: float | None = None
    currency: str | None = None
    brands: tuple[str, ...] = ()
    excluded_brands: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    excluded_attributes: tuple[str, ...] = ()
    sort: str | None = None
    references: tuple[str, ...] = ()
    quantity: int | None = None

    def as_json(self) -> dict[str, object]:
        """Only the slots that are filled."""
        filled: dict[str, object] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if value not in (None, ()):
                filled[name] = list(value) if isinstance(value, tuple) else value
        return filled


class Edit(StrEnum):
    """Changes of the conversation that are no slot values."""

    UNDO = "undo"  # back to the need before the last change
    RESTART = "restart"  # drop the need, start over
    OTHERS = "others"  # not these: the next best for the same need
    IGNORE_HISTORY = "ignore_history"
    USE_HISTORY = "use_history"
    SHOW_DATA = "show_data"  # what do you know about me
    FORGET = "forget"  # asks for confirmation
    FORGET_CONFIRMED = "forget_confirmed"


@dataclass(frozen=True, slots=True)
class DialogueAct:
    """One utterance, understood.

    Attributes:
        slots: what it states or adds.
        dropped: what it takes back: slot names ("price_max": any price is fine) or, as "slot=value", single values
            ("excluded_brands=hp": actually HP is fine).
        edit: a change that is no slot value.
        cart: what is done with the cart, with `select`; None: the referenced items are put into it.
        accepts: 1-based number of the offered relaxation that it accepts ("yes", "ok, +$40").
        topic: the rest of the need in words, for ranking ("light enough to travel"); "" when there is none.
        confidence: 0 to 1, of the intent.
        rung: who understood it.
        likely: every intent with its probability, likeliest first; empty where the rung states none.
        notes: what was understood but set aside, for staff: "brand 'appel' is not in the catalogue".
    """

    intent: Intent
    slots: Slots = field(default_factory=Slots)
    dropped: tuple[str, ...] = ()
    edit: Edit | None = None
    accepts: int | None = None
    topic: str = ""
    confidence: float = 1.0
    rung: Rung = Rung.RULES
    likely: tuple[tuple[Intent, float], ...] = ()
    notes: tuple[str, ...] = ()
    cart: CartEdit | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """The need in force: folded slots, its words for ranking, and the items she has waved away for it."""

    slots: Slots = field(default_factory=Slots)
    topic: str = ""
    passed_over: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DialogueState:
    """All that a conversation has settled so far. JSON-ready: the store keeps one per turn.

    Attributes:
        needs: one snapshot per change, oldest first; the last one is in force.
        shown: what is on the page now, in its order, with what scored it.
        focus: the item last talked about; None when none was.
        selected: the cart's lines, in the order they were put in.
        cart_talk: what was last said of the cart; None once the talk has moved on to another search.
        offered: relaxations offered in the last turn.
        pending: an edit that waits for a yes.
        ignore_history: the shopper's wish to be ranked as if new.
        turns: how many turns there were.
    """

    needs: tuple[Need, ...] = ()
    shown: tuple[Candidate, ...] = ()
    focus: str | None = None
    selected: tuple[InCart, ...] = ()
    cart_talk: CartTalk | None = None
    offered: tuple[Relaxation, ...] = ()
    pending: Edit | None = None
    ignore_history: bool = False
    turns: int = 0

    @property
    def need(self) -> Need:
        """The need in force; an empty one before the first."""
        return self.needs[-1] if self.needs else Need()


class AttributeKey(NamedTuple):
    """What an attribute phrase bounds: of two wishes for the same side of a name, the later one holds.

    Attributes:
        value: what it is bound to, as the catalogue states it: "blue"; a number with its unit.
    """

    name: str
    side: Literal["is", "low", "high"]
    value: str = ""


def update(
    state: DialogueState,
    act: DialogueAct,
    key_of: Callable[[str], AttributeKey | None] = lambda words: None,
    referenced: tuple[str, ...] = (),
) -> DialogueState:
    """The state after an act. Pure.

    Args:
        state: before.
        act: `accepts` must already be resolved to slots (see `accept`).
        key_of: tells which attribute a phrase bounds, so that "blue" replaces "red"; None when unknown.
        referenced: ids of the items that the act's references mean.
    """
    moved_on = act.intent in (Intent.FIND, Intent.REFINE, Intent.PRIVACY)
    cart_talk = None if moved_on else state.cart_talk
    state = replace(state, turns=state.turns + 1, pending=None, cart_talk=cart_talk)
    match act.edit:
        case Edit.UNDO:
            return replace(state, needs=state.needs[:-1])
        case Edit.RESTART:
            return replace(state, needs=(), shown=(), focus=None)
        case Edit.OTHERS:
            passed = _union(state.need.passed_over, referenced or tuple(c.item_id for c in state.shown))
            return replace(state, needs=(*state.needs, replace(state.need, passed_over=passed)))
        case Edit.FORGET:
            return replace(state, pending=Edit.FORGET)
        case Edit.IGNORE_HISTORY | Edit.USE_HISTORY:
            return replace(state, ignore_history=act.edit is Edit.IGNORE_HISTORY)
        case Edit.FORGET_CONFIRMED:
            return replace(state, selected=())
        case _:
            pass
    if act.intent is Intent.FIND:
        need = Need(replace(act.slots, references=(), quantity=None), act.topic)
    elif act.intent is Intent.REFINE:
        need = refine(state.need, act, key_of)
    else:
        return state
    return state if need == state.need else replace(state, needs=(*state.needs, need))


def refine(need: Need, act: DialogueAct, key_of: Callable[[str], AttributeKey | None]) -> Need:
    """The need after a change: what is dropped goes first, then later values win over earlier ones."""
    old, new = _drop(need.slots, act.dropped), act.slots
    prices_change = (new.price_min, new.price_max) != (None, None)
    if prices_change and new.currency not in (None, old.currency):
        old = replace(old, price_min=None, price_max=None)
    price_min, price_max = new.price_min, new.price_max
    if price_min is None and (price_max is None or (old.price_min or 0) <= price_max):
        price_min = old.price_min
    if price_max is None and (price_min is None or old.price_max is None or old.price_max >= price_min):
        price_max = old.price_max
    wanted, refused = ({key_of(words) for words in said} - {None} for said in (new.attributes, new.excluded_attributes))
    kept = tuple(
        a
        for a in old.attributes
        if not _overruled(key_of(a), wanted) and key_of(a) not in refused and a not in new.excluded_attributes
    )
    slots = Slots(
        category=new.category or old.category,
        price_min=price_min,
        price_max=price_max,
        currency=(new.currency if prices_change else None) or old.currency,
        brands=new.brands or tuple(b for b in old.brands if b not in new.excluded_brands),
        excluded_brands=_union(tuple(b for b in old.excluded_brands if b not in new.brands), new.excluded_brands),
        attributes=_union(kept, new.attributes),
        excluded_attributes=_union(
            tuple(a for a in old.excluded_attributes if a not in new.attributes and key_of(a) not in wanted),
            new.excluded_attributes,
        ),
        sort=new.sort or old.sort,
    )
    topic = " ".join(_union(tuple(need.topic.split()), tuple(act.topic.split())))
    return Need(slots, topic, need.passed_over)


def _drop(slots: Slots, dropped: tuple[str, ...]) -> Slots:
    for entry in dropped:
        name, _, value = entry.partition("=")
        held = getattr(slots, name)
        left: Any = tuple(v for v in held if value and v != value) if isinstance(held, tuple) else None
        slots = replace(slots, **{name: left})
    return slots


def _overruled(key: AttributeKey | None, keys: set[AttributeKey | None]) -> bool:
    if key is None:
        return False
    sides = {k.side for k in keys if k is not None and k.name == key.name}
    return bool(sides) and (key.side in sides or "is" in sides or key.side == "is")


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))
