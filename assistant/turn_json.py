"""A finished turn as plain JSON: what the command line prints, the API returns and the store keeps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from assistant.cart import cart_as_json
from assistant.comparison import ComparisonTable
from assistant.dialogue import DialogueAct
from assistant.events import Cards, Pick, Suggestion, Turn
from retrieval.catalogue import Money
from retrieval.query import AttributeConstraint, Constraints, Relaxation

_act = TypeAdapter(DialogueAct)


def turn_as_json(turn: Turn) -> dict[str, Any]:
    """One JSON object per turn; prices are numbers in major units, latencies seconds."""
    return {
        "conversation_id": turn.conversation_id,
        "turn": turn.number,
        "utterance": turn.utterance,
        "act": act_as_json(turn.act),
        "constraints": constraints_as_json(turn.constraints),
        **cards_as_json(turn),
        "discussed": list(turn.discussed),
        "reply": turn.reply,
        "claims": [
            {"text": c.text, "item_id": c.item_id, "field": c.field, "supported": c.supported} for c in turn.claims
        ],
        "notices": list(turn.notices),
        "written_by": dict(turn.written_by),
        "without_model": None if turn.without_model is None else turn.without_model.value,
        "prompts": dict(turn.prompts),
        "latency": {stage: round(seconds, 4) for stage, seconds in turn.latency.items()},
    }


def cards_as_json(shown: Turn | Cards) -> dict[str, Any]:
    """What is shown beside the reply."""
    return {
        "matching": shown.matching,
        "picks": [pick_as_json(pick) for pick in shown.picks],
        "relaxations": [relaxation_as_json(r) for r in shown.relaxations],
        "table": None if shown.table is None else table_as_json(shown.table),
        "suggestions": [suggestion_as_json(s) for s in shown.suggestions],
        "cart": cart_as_json(shown.cart),
    }


def table_as_json(table: ComparisonTable) -> dict[str, Any]:
    """Items side by side."""
    return {
        "item_ids": list(table.item_ids),
        "header": list(table.header),
        "rows": [
            {"field": r.field, "label": r.label, "values": list(r.values), "differs": r.differs} for r in table.rows
        ],
    }


def suggestion_as_json(suggestion: Suggestion) -> dict[str, Any]:
    """A suggested reply; `control` is what it means, where nothing has to be understood."""
    return {
        "label": suggestion.label,
        "utterance": suggestion.utterance,
        "count": suggestion.count,
        "question": suggestion.question,
        "control": None if suggestion.act is None else control_as_json(suggestion.act),
    }


def control_as_json(act: DialogueAct) -> dict[str, Any]:
    """What a press means, as the API takes it back."""
    meaning = act_as_json(act)
    return {**{name: meaning[name] for name in ("intent", "slots", "dropped", "edit", "cart")}, "accepts": act.accepts}


def act_as_json(act: DialogueAct) -> dict[str, Any]:
    """What was understood, and who understood it."""
    return {
        "intent": act.intent.value,
        "slots": act.slots.as_json(),
        "rung": act.rung.value,
        "confidence": round(act.confidence, 4),
        "dropped": list(act.dropped),
        "edit": None if act.edit is None else act.edit.value,
        "cart": None if act.cart is None else act.cart.value,
        "topic": act.topic,
        "notes": list(act.notes),
    }


def act_from_json(stored: Mapping[str, Any]) -> DialogueAct:
    """The act that `act_as_json` wrote; but for a relaxation that it accepted, of which only the slots are kept.

    Raises:
        pydantic.ValidationError: it is no such act.
    """
    return _act.validate_python(stored)


def constraints_as_json(constraints: Constraints) -> dict[str, Any]:
    """Only the constraints that are set; prices as numbers in major units."""
    filled: dict[str, Any] = {}
    if constraints.category is not None:
        filled["category"] = constraints.category
    for name in ("price_min", "price_max"):
        minor = getattr(constraints, name)
        if minor is not None:
            assert constraints.currency is not None, "a price bound has a currency"
            filled[name] = float(Money(minor, constraints.currency).major)
            filled["currency"] = constraints.currency
    for name in ("brands", "excluded_brands"):
        if getattr(constraints, name):
            filled[name] = sorted(getattr(constraints, name))
    for name in ("attributes", "excluded_attributes"):
        if getattr(constraints, name):
            filled[name] = [_attribute_as_json(a) for a in getattr(constraints, name)]
    if constraints.in_stock:
        filled["in_stock"] = True
    if constraints.excluded_items:
        filled["excluded_items"] = sorted(constraints.excluded_items)
    return filled


def _attribute_as_json(constraint: AttributeConstraint) -> dict[str, Any]:
    return {
        "name": constraint.name,
        "comparison": constraint.comparison.value,
        "value": constraint.value if constraint.number is None else constraint.number,
        "unit": constraint.unit,
        "words": constraint.words,
    }


def pick_as_json(pick: Pick) -> dict[str, Any]:
    """A pick with its scores by part."""
    item, candidate = pick.item, pick.candidate
    return {
        "rank": pick.rank,
        "item_id": item.item_id,
        "title": item.title,
        "brand": item.brand,
        "category": list(item.category),
        "price": None if item.price is None else float(item.price.major),
        "currency": None if item.price is None else item.price.currency,
        "in_stock": item.available,
        "rating": item.rating,
        "rating_count": item.rating_count,
        "image": item.image,
        "url": item.url,
        "interaction_count": candidate.interaction_count,
        "rank_without_history": candidate.rank_without_history,
        "scores": {part: round(score, 6) for part, score in candidate.scores.items()},
    }


def relaxation_as_json(relaxation: Relaxation) -> dict[str, Any]:
    """An offered relaxation: what changes, and how many items it would bring."""
    return {
        "slot": relaxation.slot,
        "label": relaxation.label,
        "count": relaxation.count,
        "constraints": constraints_as_json(relaxation.constraints),
    }
