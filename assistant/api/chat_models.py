"""What goes over the wire in a chat."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from assistant.api.carts import CartContents
from assistant.api.wire import Answer, Body, ConversationId, Currency, ItemId, Price, Words
from assistant.cart import CartEdit
from assistant.dialogue import Edit, Intent
from assistant.events import WithoutModel
from retrieval.query import Sort


class SlotsBody(Body):
    """What a press states, in slots; all in the shopper's words, lower-case."""

    category: Words | None = None
    price_min: Price | None = None
    price_max: Price | None = None
    currency: Currency | None = None
    brands: tuple[Words, ...] = Field(default=(), max_length=20)
    excluded_brands: tuple[Words, ...] = Field(default=(), max_length=20)
    attributes: tuple[Words, ...] = Field(default=(), max_length=20)
    excluded_attributes: tuple[Words, ...] = Field(default=(), max_length=20)
    sort: Sort | None = None
    references: tuple[Words, ...] = Field(default=(), max_length=12, description='To items on the page, by rank: "1".')
    quantity: int | None = Field(default=None, ge=1, le=10_000)


Dropped = Annotated[
    str,
    Field(
        max_length=240,
        pattern="^(category|price_min|price_max|sort|((excluded_)?(brands|attributes))(=.+)?)$",
        description='What is taken back: "price_max", or one value: "excluded_brands=hp".',
    ),
]


class Control(Body):
    """A press: what is meant, where nothing has to be understood. Suggestions come with theirs."""

    intent: Intent = Intent.REFINE
    slots: SlotsBody = SlotsBody()
    dropped: tuple[Dropped, ...] = Field((), max_length=20)
    edit: Edit | None = None
    cart: CartEdit | None = Field(default=None, description="What is done with the cart, with “select”.")
    accepts: int | None = Field(None, ge=1, le=20, description="Number of the offered relaxation that is accepted.")


class Context(Body):
    """Where on the shop's site the shopper is."""

    item_id: ItemId = Field(description="The item whose page she is on; “is it waterproof?” then means this one.")


class ChatRequest(Body):
    """One utterance of a conversation."""

    utterance: str = Field(max_length=2_000, description="What the shopper says, or the label of what she pressed.")
    conversation_id: ConversationId | None = Field(
        None, description="From the answer before; without one a conversation begins."
    )
    shopper_token: str | None = Field(
        None, max_length=2_000, description="Whose conversation begins; without one it is a guest's."
    )
    context: Context | None = None
    control: Control | None = None


class ActAnswer(Answer):
    """What was understood; `rung` says by whom: model, repair, head, rules or control."""

    intent: str
    slots: dict[str, Any]
    rung: str
    confidence: float
    dropped: list[str]
    edit: str | None
    cart: str | None = Field(None, description="What was done with the cart, with “select”.")
    topic: str
    notes: list[str]


class PickAnswer(Answer):
    """An item that is shown, with its scores by part."""

    rank: int
    item_id: str
    title: str
    brand: str | None
    category: list[str]
    price: float | None
    currency: str | None
    in_stock: bool
    rating: float | None
    rating_count: int
    image: str | None
    url: str | None
    interaction_count: int
    rank_without_history: int | None
    scores: dict[str, float]


class ClaimAnswer(Answer):
    """A statement about an item, and the record's field it was checked against; only supported ones are said."""

    text: str
    item_id: str
    field: str
    supported: bool


class RelaxationAnswer(Answer):
    """A change of the constraints that would bring `count` items."""

    slot: str
    label: str
    count: int
    constraints: dict[str, Any]


class ControlAnswer(Answer):
    """What a suggestion means; send it back as `control` when it is pressed."""

    intent: str
    slots: dict[str, Any]
    dropped: list[str]
    edit: str | None
    cart: str | None
    accepts: int | None


class SuggestionAnswer(Answer):
    """A suggested reply; `count` items would be left, None: it does not change the need."""

    label: str
    utterance: str
    count: int | None
    question: str
    control: ControlAnswer | None


class RowAnswer(Answer):
    """One field of a comparison."""

    field: str
    label: str
    values: list[str]
    differs: bool


class TableAnswer(Answer):
    """Items side by side."""

    item_ids: list[str]
    header: list[str]
    rows: list[RowAnswer]


class CardsAnswer(Answer):
    """What is shown, before any prose."""

    matching: int
    picks: list[PickAnswer]
    relaxations: list[RelaxationAnswer]
    table: TableAnswer | None
    suggestions: list[SuggestionAnswer]
    cart: CartContents


class TurnAnswer(CardsAnswer):
    """A finished turn, as `python -m assistant chat --json` prints it."""

    conversation_id: str
    turn: int
    utterance: str
    act: ActAnswer
    constraints: dict[str, Any]
    discussed: list[str]
    reply: str
    claims: list[ClaimAnswer]
    notices: list[str]
    written_by: dict[str, int]
    without_model: WithoutModel | None
    prompts: dict[str, str]
    latency: dict[str, float]


class UnderstoodAnswer(Answer):
    """The first event of a stream: whose conversation it is, and what the utterance was taken to mean."""

    conversation_id: str
    act: ActAnswer
    constraints: dict[str, Any]


class TextAnswer(Answer):
    """The next piece of the reply, already checked."""

    text: str


class ShownAnswer(Answer):
    """An item that stood on the page after a turn."""

    rank: int
    item_id: str
    scores: dict[str, float]


class StoredTurn(Answer):
    """A turn as it was stored."""

    turn: int
    at: str
    utterance: str
    act: ActAnswer
    constraints: dict[str, Any]
    matching: int
    shown: list[ShownAnswer]
    reply: str
    claims: list[ClaimAnswer]
    relaxations: list[RelaxationAnswer]
    notices: list[str]
    latency: dict[str, float]


class TurnsAnswer(Answer):
    """Turns of a conversation, oldest first."""

    conversation_id: str
    turns: list[StoredTurn]
    next_cursor: str | None


class StoppedAnswer(Answer):
    """Whether there was a reply to stop."""

    stopped: bool
