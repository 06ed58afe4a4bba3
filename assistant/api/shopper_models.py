"""What goes over the wire about shoppers, and about the service itself."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from assistant.api.item_models import FoundAnswer
from assistant.api.wire import Answer, Body, ConversationId, ItemId, ShopperId

MOST_EVENTS = 1_000

EventKind = Literal["view", "click", "cart", "purchase", "review", "like", "dislike"]


# what `EventBody._one_owner` holds, for the document
_OF_SHOPPER: dict[str, Any] = {
    "required": ["shopper_id"],
    "properties": {
        "kind": {"enum": ["view", "click", "cart", "purchase", "review"]},
        "shopper_id": {"type": "string"},
        "conversation_id": {"type": "null"},
    },
}
_OF_CONVERSATION: dict[str, Any] = {
    "required": ["conversation_id"],
    "properties": {"conversation_id": {"type": "string"}, "shopper_id": {"type": "null"}, "at": {"type": "null"}},
}


class EventBody(Body):
    """Something a shopper did. It is kept only when she consented; a like or dislike is of a conversation's card."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_OF_SHOPPER, _OF_CONVERSATION]})

    kind: EventKind
    item_id: ItemId
    shopper_id: ShopperId | None = None
    conversation_id: ConversationId | None = None
    at: AwareDatetime | None = Field(None, description="With its time zone; without one: now. A shopper's events only.")
    value: float | None = Field(None, ge=-1e9, le=1e9, description="Pieces of a purchase, stars of a review.")

    @model_validator(mode="after")
    def _one_owner(self) -> EventBody:
        if (self.shopper_id is None) == (self.conversation_id is None):
            raise ValueError("name either shopper_id or conversation_id")
        if self.kind in ("like", "dislike") and self.conversation_id is None:
            raise ValueError("a like or dislike needs the conversation_id in which the item was shown")
        if self.at is not None and self.conversation_id is not None:
            raise ValueError("an event of a conversation happens now; leave at out")
        return self


class BulkEventsBody(Body):
    """Events, oldest first. One that is wrong does not keep the others from being taken."""

    events: list[dict[str, Any]] = Field(
        min_length=1, max_length=MOST_EVENTS, description="Each as the body of POST /events."
    )


class EventOutcome(Answer):
    """What became of an event; `no_consent`: the shopper did not consent, and nothing was kept."""

    outcome: Literal["kept", "no_consent", "refused"]
    errors: list[str]


class BulkEventsAnswer(Answer):
    """One outcome for each event, in their order."""

    kept: int
    no_consent: int
    refused: int
    outcomes: list[EventOutcome]


# shoppers


class ConsentBody(Body):
    """The shopper's word on being remembered."""

    granted: bool
    surface: str = Field("api", min_length=1, max_length=100, description="Where she was asked: “account page”.")
    words: str | None = Field(None, max_length=2_000, description="What she was asked, as it was shown to her.")


class HoldingsAnswer(Answer):
    """How much is held about a shopper, by kind; `logged` are interactions of the shop's own log."""

    conversations: int
    turns: int
    impressions: int
    interactions: int
    feedback: int
    logged: int


class ShopperAnswer(Answer):
    """A shopper, as far as the assistant knows her."""

    shopper_id: str
    consented: bool
    held: HoldingsAnswer


class ExportAnswer(Answer):
    """Everything that is held about a shopper: every row by table, and the interactions of the shop's own log."""

    shopper_id: str
    held: dict[str, list[dict[str, Any]]]


class ForgottenAnswer(Answer):
    """What was held, and is not any more."""

    shopper_id: str
    forgotten: HoldingsAnswer


class RecommendationsAnswer(Answer):
    """Items to show, best first; `personal`: the shopper's own history took part."""

    personal: bool
    items: list[FoundAnswer]


# health


class HealthAnswer(Answer):
    """The process lives, which rung understands and explains, and which behaviour model ranks."""

    status: Literal["ok"]
    items: int
    language_model: str | None
    understanding: str
    explanation: str
    behaviour: str


class ReadyAnswer(Answer):
    """Whether a search that must find something does; when not, what is wrong and the command that fixes it."""

    ready: bool
    items: int
    language_model: str | None
    understanding: str
    explanation: str
    behaviour: str
    searched_for: str | None = None
    found: int | None = None
    seconds: float | None = None
    problem: str | None = None
    fix: str | None = None
