"""A page as it was left, made of the stored conversation and of today's records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, Rung
from assistant.events import Claim, Outcome
from assistant.grounding import to_query
from assistant.suggestions import suggest
from assistant.ui.view import Message, Shopper, View

if TYPE_CHECKING:
    from assistant.service import Service


def restored(service: Service, conversation_id: str) -> View:
    """The page of a stored conversation.

    Raises:
        KeyError: there is no such conversation.
    """
    state, turns = service.store.state(conversation_id), service.store.turns(conversation_id)
    cart = service.conversations.carts.read(conversation_id)
    if not turns:
        return View(conversation_id=conversation_id, cart=cart)
    assistant, shop, last = service.assistant, service.shop, turns[-1]
    picks = assistant.on_page(state)
    query = to_query(state.need, shop.vocabulary, assistant.money, assistant.picks).query
    matching = len(shop.columns.admitted(query.constraints)) if picks else 0
    act = DialogueAct(Intent.REFINE)
    outcome = Outcome("", act, DialogueState(), state, query.constraints, picks, matching, True)
    return View(
        conversation_id=conversation_id,
        shopper=Shopper(ignoring=state.ignore_history),
        transcript=tuple(message for turn in turns for message in _said(turn)),
        rung=Rung(last["rung"]),
        need=state.need,
        constraints=query.constraints,
        picks=picks,
        matching=matching,
        relaxations=state.offered,
        suggestions=suggest(outcome, shop),
        cart=cart,
        confirming=state.pending is Edit.FORGET,
    )


def _said(turn: dict[str, Any]) -> tuple[Message, Message]:
    claims = tuple(claim for stated in turn["claims"] if (claim := Claim(**stated)).supported)
    return Message(True, turn["utterance"]), Message(False, turn["reply"], claims)
