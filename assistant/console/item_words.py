"""What a caller's words name, put into the filters: "boots under $90, not black" becomes three of them."""

from __future__ import annotations

from assistant.console.item_query import MOST_CONDITIONS, ItemQuery
from assistant.dialogue import DialogueState, Intent
from assistant.rules import understand_by_rules
from assistant.where import OPERATORS
from retrieval.query import AttributeConstraint
from retrieval.vocabulary import Vocabulary


def as_filters(query: ItemQuery, vocabulary: Vocabulary, currency: str) -> ItemQuery | None:
    """The query with what its words name moved into filters; None when they name nothing that a filter could hold.

    Filters that are set already stay. A wish that no filter holds stays among the words; a refusal that none holds is
    left out, for words would ask for it. Read by the rules of the chat.

    Args:
        query: as it was asked.
        vocabulary: the shop's own words.
        currency: of the shop's prices; a limit in another one stays unset.
    """
    act = understand_by_rules(query.q, DialogueState(), (), vocabulary, Intent.FIND)
    slots, kept = act.slots, []
    low, high = (slots.price_min, slots.price_max) if slots.currency in (None, currency) else (None, None)
    conditions = [*query.conditions, *(("brand", "!=", vocabulary.display(brand)) for brand in slots.excluded_brands)]
    for phrases, refused in ((slots.attributes, False), (slots.excluded_attributes, True)):
        for phrase in phrases:
            found = [_condition(c, refused) for c in vocabulary.find_attributes(phrase)]
            conditions += [condition for condition in found if condition is not None]
            kept += [] if any(found) or refused else [phrase]
    names, operators, values = zip(*dict.fromkeys(conditions), strict=True) if conditions else ((), (), ())
    filled = query.model_copy(
        update={
            "q": " ".join((*kept, act.topic)).strip(),
            "category": query.category or (vocabulary.display(slots.category) if slots.category else ""),
            "brand": query.brand or ", ".join(map(vocabulary.display, slots.brands)),
            "price_from": query.price_from or _amount(low),
            "price_to": query.price_to or _amount(high),
            "attribute": list(names[:MOST_CONDITIONS]),
            "operator": list(operators[:MOST_CONDITIONS]),
            "value": list(values[:MOST_CONDITIONS]),
            "page": 1,
        }
    )
    return None if filled.model_copy(update={"q": query.q, "page": query.page}) == query else filled


def _condition(constraint: AttributeConstraint, refused: bool) -> tuple[str, str, str] | None:
    """The line of the form that says it; None when it concerns no one attribute, or refuses a bound."""
    operator = OPERATORS[constraint.comparison]
    if constraint.name is None or (refused and operator != "="):
        return None
    amount = None if constraint.number is None else f"{constraint.number:g} {constraint.unit or ''}".strip()
    return constraint.name, "!=" if refused else operator, amount or constraint.value or ""


def _amount(major: float | None) -> str:
    return "" if major is None else f"{major:g}"
