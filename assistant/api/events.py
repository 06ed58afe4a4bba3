"""What shoppers do on the shop's own pages: views, clicks, carts, purchases, reviews, and likes of cards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from pydantic import ValidationError

from assistant.api.access import needs
from assistant.api.once import DOCUMENTED, OnceRoute
from assistant.api.problems import Problem, documented, invalid, refusals
from assistant.api.shopper_models import BulkEventsAnswer, BulkEventsBody, EventBody, EventOutcome
from assistant.conversation import Conversations
from assistant.store import Verdict
from assistant.store.keys import Scope
from retrieval.interactions import Interaction, InteractionKind

if TYPE_CHECKING:
    from assistant.service import Service

CLOCKS_DIFFER = timedelta(minutes=5)  # an event from later than this is a mistake, and would age all others
EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)
_WRITING = (
    *("no-key", "unknown-key", "missing-scope", "no-such-item", "no-such-conversation", "not-shown"),
    *("too-large", "invalid-request", "write-under-way", "other-request"),
)


def routes(service: Service) -> APIRouter:
    """The routes of one service."""
    router = APIRouter(tags=["events"], route_class=OnceRoute, dependencies=[needs(Scope.EVENTS_WRITE)])
    conversations = service.conversations

    @router.post("/events", response_model=EventOutcome, responses=documented(*_WRITING), openapi_extra=DOCUMENTED)
    def event(body: EventBody) -> EventOutcome:
        """Something a shopper did. It counts for the next search; without her consent nothing is kept."""
        return EventOutcome(outcome="kept" if _take(conversations, body) else "no_consent", errors=[])

    @router.post(
        "/events/bulk", response_model=BulkEventsAnswer, responses=documented(*_WRITING), openapi_extra=DOCUMENTED
    )
    def events(body: BulkEventsBody) -> BulkEventsAnswer:
        """Up to 1,000 events, with one outcome for each; one that is wrong keeps no other from being taken."""
        outcomes = [_outcome(conversations, raw) for raw in body.events]
        counts = {name: sum(o.outcome == name for o in outcomes) for name in ("kept", "no_consent", "refused")}
        return BulkEventsAnswer(**counts, outcomes=outcomes)

    return router


def _outcome(conversations: Conversations, raw: dict[str, Any]) -> EventOutcome:
    try:
        body = EventBody.model_validate(raw)
        return EventOutcome(outcome="kept" if _take(conversations, body) else "no_consent", errors=[])
    except ValidationError as error:
        return EventOutcome(outcome="refused", errors=refusals(error))
    except Problem as error:
        return EventOutcome(outcome="refused", errors=[error.detail])


def _take(conversations: Conversations, body: EventBody) -> bool:
    """Keep an event; False: the shopper did not consent.

    Raises:
        Problem: no-such-item, no-such-conversation, not-shown, invalid-request.
    """
    if body.conversation_id is not None:
        try:
            conversations.store.shopper(body.conversation_id)
        except KeyError as error:
            raise Problem("no-such-conversation") from error
        if body.kind in ("like", "dislike"):
            return _rate(conversations, body.conversation_id, body.item_id, Verdict(body.kind))
    if body.item_id not in conversations.assistant.shop.catalogue:
        raise Problem("no-such-item")
    kind = InteractionKind(body.kind)
    if body.conversation_id is not None:
        return conversations.observe(body.conversation_id, body.item_id, kind, body.value)
    assert body.shopper_id is not None, "an event has either a conversation or a shopper"
    now = datetime.now(UTC)
    at = now if body.at is None else body.at.astimezone(UTC)
    if not EARLIEST <= at <= now + CLOCKS_DIFFER:
        raise invalid("/body/at", f"The time is not between {EARLIEST:%Y-%m-%d} and now.")
    return conversations.keep(Interaction(body.shopper_id, body.item_id, kind, at, None, body.value))


def _rate(conversations: Conversations, conversation_id: str, item_id: str, verdict: Verdict) -> bool:
    try:
        conversations.rate(conversation_id, item_id, verdict)
    except KeyError as error:
        raise Problem("not-shown") from error
    return True
