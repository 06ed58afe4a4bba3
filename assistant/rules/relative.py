"""Relative wishes: "cheaper", "a bit bigger", "lighter than the second", as limits beyond what is shown.

What was said is an order or a comparative, and every rung of understanding states it so; `against_page` makes it a
limit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.dialogue import DialogueAct, DialogueState, Intent, Slots
from assistant.references import resolve
from assistant.rules.cues import cue
from assistant.rules.polarity import Span
from assistant.rules.slots import Reading, read
from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.units import format_quantity, parse_quantity
from retrieval.vocabulary import Vocabulary

_SIZES = ("screen size", "display", "diagonal", "size", "capacity", "volume", "diameter", "width", "length")
# list of `cues.toml` -> attribute names to look for, in order; the unit they are in (None: any); whether more is wanted
_MEASURES: dict[str, tuple[tuple[str, ...], str | None, bool]] = {
    "lighter": (("weight",), "g", False),
    "heavier": (("weight",), "g", True),
    "bigger": (_SIZES, None, True),
    "smaller": (_SIZES, None, False),
    "more_memory": (("ram", "memory"), "GB", True),
    "more_storage": (("storage", "ssd", "hard", "capacity"), "GB", True),
    "longer_battery": (("battery life", "battery"), None, True),
    "stronger": (("power",), "W", True),
}


NOTHING_BEYOND = "nothing that fits goes beyond what is shown"


def is_relative_alone(act: DialogueAct) -> bool:
    """Whether an act that `against_page` changed asks for nothing beside the limit."""
    others = replace(act.slots, price_min=None, price_max=None, currency=None, attributes=())
    return others == Slots() and len(act.slots.attributes) <= 1 and not act.dropped


def against_page(
    act: DialogueAct, utterance: str, state: DialogueState, shown: Sequence[CatalogueItem], vocabulary: Vocabulary
) -> DialogueAct:
    """The act with its relative wishes as limits beyond what is shown: "cheaper" as a price, "lighter" as a weight.

    A wish with a number of its own, and one that the shown items state nothing about, stays as it was said.

    Args:
        act: of the utterance; only changes of a need have relative wishes.
        utterance: cleaned words of the shopper.
        state: before the turn.
        shown: items on the page, in their order.
        vocabulary: the shop's words.
    """
    if act.intent is not Intent.REFINE or act.edit is not None:
        return act
    reading, slots = read(utterance, vocabulary, shown), act.slots
    if (slots.price_min, slots.price_max) == (None, None) and not reading.prices:
        price = relative_price(reading, state, shown)
        if price is not None and price[0].sort is None:
            low, high, currency = price[0].price_min, price[0].price_max, price[0].currency
            slots = replace(slots, price_min=low, price_max=high, currency=currency, sort=None)
    bound = relative_attribute(reading, state, shown, vocabulary)
    if bound is not None:
        said = reading.text[bound[1][0] : bound[1][1]]
        others = tuple(words for words in slots.attributes if words not in said and said not in words)
        slots = replace(slots, attributes=(*others, bound[0]))
    return replace(act, slots=slots)


def relative_price(reading: Reading, state: DialogueState, shown: Sequence[CatalogueItem]) -> tuple[Slots, Span] | None:
    """ "cheaper" as a limit, one cent below what it is compared with ("more expensive": one above), and its place.

    Compared are the items referred to ("cheaper than the first"), else the item in focus, else all that is shown:
    then what is found is cheaper than every pick on the page. With nothing to compare with it is an order by price.
    """
    cheaper = _stated(reading, "cheaper")
    match = cheaper or _stated(reading, "dearer")
    prices = [item.price for item in _compared_with(reading, state, shown) if item.price is not None]
    if match is None:
        return None
    if not prices:
        return Slots(sort="price_asc" if cheaper else "price_desc"), match.span()
    end = min(prices) if cheaper else max(prices)
    bound = float(Money(end.minor + (-1 if cheaper else 1), end.currency).major)
    currency = end.currency if state.need.slots.currency else None
    slots = Slots(price_max=bound, currency=currency) if cheaper else Slots(price_min=bound, currency=currency)
    return slots, match.span()


def relative_attribute(
    reading: Reading, state: DialogueState, shown: Sequence[CatalogueItem], vocabulary: Vocabulary
) -> tuple[str, Span] | None:
    """ "a bit bigger" as an attribute phrase beyond what the compared items state ("screen size over 14 in").

    None when the items state no such number, or the shop could not filter by it.
    """
    for name, (attributes, unit, more) in _MEASURES.items():
        match = _stated(reading, name)
        for attribute in attributes if match else ():
            phrase = _beyond(attribute, unit, more, _compared_with(reading, state, shown))
            if match and phrase and any(c.name and attribute in c.name for c in vocabulary.find_attributes(phrase)):
                return phrase, match.span()
    return None


def _stated(reading: Reading, name: str) -> re.Match[str] | None:
    """A relative wish that is no part of a description ("the cheaper one") or limit ("14 inch or bigger")."""
    places = [(r.start, r.end) for r in reading.references] + [(m.start, m.end) for m in reading.mentions]
    for match in cue(f"relative.{name}").finditer(reading.text):
        described = any(start <= match.start() < end for start, end in places)
        if not described and not re.match(r"\s+than\s+\D{0,3}\d", reading.text[match.end() :]):
            return match
    return None


def _compared_with(reading: Reading, state: DialogueState, shown: Sequence[CatalogueItem]) -> Sequence[CatalogueItem]:
    named = tuple(r.reference for r in reading.references if r.kind != "pronoun" or r.reference == "it")
    ids = resolve(named, shown, state.focus).item_ids or ((state.focus,) if state.focus else ())
    return [item for item in shown if item.item_id in ids] or shown


def _beyond(name: str, unit: str | None, more: bool, items: Sequence[CatalogueItem]) -> str | None:
    """The phrase for more, or less, of an attribute than any of the items states."""
    stated = [
        (a.number, a)
        for item in items
        for a in item.attributes.values()
        if name in a.name and a.number is not None and unit in (None, a.unit)
    ]
    if not stated:
        return None
    number, attribute = (max if more else min)(stated, key=lambda pair: pair[0])
    return f"{attribute.name} {'over' if more else 'under'} {_as_written(attribute, number)}"


def _as_written(attribute: Attribute, number: float) -> str:
    """The number in the feed's own unit where it reads back as the same quantity."""
    read_back = parse_quantity(attribute.text)
    if read_back and (read_back.number, read_back.unit) == (number, attribute.unit):
        return attribute.text
    return format_quantity(number, attribute.unit)
