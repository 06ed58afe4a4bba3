"""One chat turn, from the shopper's words to the checked answer. Start reading here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from assistant.dialogue import DialogueAct, DialogueState
from retrieval.candidates import Candidate
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints, Relaxation


@dataclass(frozen=True, slots=True)
class Pick:
    """An item that is shown, with what scored it. `rank` starts at 1."""

    rank: int
    item: CatalogueItem
    candidate: Candidate


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
class ComparisonTable:
    """Items side by side: one row per field, one column per item; "not stated" where a record says nothing."""

    item_ids: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One field of a comparison; `differs` when the stated values are not all the same."""

    field: str
    label: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested reply: a button's label, what it says for the shopper, and how many items it would leave."""

    label: str
    utterance: str
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """A finished turn: the only source for text, cards, citations, stored impressions and telemetry."""

    conversation_id: str
    number: int
    utterance: str
    act: DialogueAct
    state: DialogueState
    constraints: Constraints
    picks: tuple[Pick, ...]
    matching: int
    reply: str
    claims: tuple[Claim, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    table: ComparisonTable | None = None
    suggestions: tuple[Suggestion, ...] = ()
    notices: tuple[str, ...] = ()
    latency: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Understood:
    """Event: what the utterance was taken to mean, and the constraints that follow."""

    act: DialogueAct
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class Cards:
    """Event: what is shown, before any prose. `matching`: how many items satisfy the constraints in all."""

    picks: tuple[Pick, ...]
    matching: int
    relaxations: tuple[Relaxation, ...] = ()
    table: ComparisonTable | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """Event: the next piece of the reply; concatenated they are `Turn.reply`. Already checked."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """Event: the last one."""

    turn: Turn


Event = Understood | Cards | Text | Finished
