"""The dialogue: what an utterance means, what has been asked so far, and the query that follows from it.

Everything here is pure: no model, no store, no clock. A conversation is a fold of `update` over its acts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


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


class Rung(StrEnum):
    """Who understood the utterance: the further down, the weaker."""

    MODEL = "model"
    REPAIR = "repair"  # the model, at the second try
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
    """Changes that are no slot values."""

    UNDO = "undo"  # back to the constraints before the last change
    RESTART = "restart"  # forget the need, start over


@dataclass(frozen=True, slots=True)
class DialogueAct:
    """One utterance, understood.

    Attributes:
        slots: what it states or adds.
        dropped: what it takes back: slot names ("price_max": any price is fine) or, as "slot=value", single values
            ("excluded_brands=hp": actually HP is fine).
        edit: undo or restart, when that is all that was said.
        topic: the rest of the need in words, for ranking ("light enough to travel"); "" when there is none.
        confidence: 0 to 1, of the intent.
        rung: who understood it.
        notes: what was understood but set aside, for staff: "brand 'appel' is not in the catalogue".
    """

    intent: Intent
    slots: Slots = field(default_factory=Slots)
    dropped: tuple[str, ...] = ()
    edit: Edit | None = None
    topic: str = ""
    confidence: float = 1.0
    rung: Rung = Rung.RULES
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """The need in force: folded slots, and its words for ranking."""

    slots: Slots = field(default_factory=Slots)
    topic: str = ""


@dataclass(frozen=True, slots=True)
class DialogueState:
    """All that a conversation has settled so far.

    Attributes:
        needs: the slots in force and the topic, one snapshot per change, oldest first; the last one holds.
        shown: ids of the picks on the page now, in their order.
        focus: the item last talked about; None when none was.
        selected: ids the shopper chose, with how many pieces.
        turns: how many turns there were.
    """

    needs: tuple[Need, ...] = ()
    shown: tuple[str, ...] = ()
    focus: str | None = None
    selected: tuple[tuple[str, int], ...] = ()
    turns: int = 0
    ignore_history: bool = False
    excluded_items: frozenset[str] = frozenset()

    @property
    def need(self) -> Need:
        """The need in force; an empty one before the first."""
        return self.needs[-1] if self.needs else Need()
