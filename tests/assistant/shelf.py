"""A small shelf of invented records, and outcomes of turns over it, for the tests of the reply."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from assistant.dialogue import DialogueAct, DialogueState, Intent, Need, Slots
from assistant.events import Outcome, Pick
from retrieval.candidates import Candidate
from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.query import AttributeConstraint, Comparison, Constraints
from retrieval.units import parse_quantity


def attribute(name: str, text: str) -> Attribute:
    quantity = parse_quantity(text)
    values = tuple(part.strip().casefold() for part in text.split(","))
    if quantity is None:
        return Attribute(name, text, values)
    return Attribute(name, text, values, quantity.number, quantity.unit)


def item(item_id: str, title: str, price: str | None = None, **fields: Any) -> CatalogueItem:
    attributes: Mapping[str, str] = fields.pop("attributes", {})
    currency = fields.pop("currency", "USD")
    if isinstance(fields.get("released"), str):
        fields["released"] = date.fromisoformat(fields["released"])
    return CatalogueItem(
        item_id,
        title,
        price=None if price is None else Money.of(price, currency),
        attributes={name: attribute(name, text) for name, text in attributes.items()},
        **{**fields, "category": tuple(fields.get("category", ()))},
    )


LAPTOPS = (
    item(
        "L1",
        "Vantor Aero 14 Laptop",
        "849",
        brand="Vantor",
        category=("Computers", "Laptops"),
        description="A slim aluminium laptop for long days away from a desk. The keyboard is backlit.",
        attributes={"ram": "16 GB", "storage": "512 GB", "weight": "1.3 kg", "colour": "silver", "touchscreen": "no"},
        stock=12,
        rating=4.5,
        rating_count=128,
    ),
    item(
        "L2",
        "Kestrel Field 15 Laptop",
        "799.90",
        brand="Kestrel",
        category=("Computers", "Laptops"),
        description="A sturdy machine with a spill-resistant keyboard. It is not waterproof.",
        attributes={"ram": "8 GB", "storage": "1 TB", "weight": "1.9 kg", "colour": "black", "touchscreen": "yes"},
        stock=0,
        rating=4.2,
        rating_count=61,
    ),
    item(
        "L3",
        "Orrin Mote 13 Laptop",
        "699",
        brand="Orrin",
        category=("Computers", "Laptops"),
        attributes={"ram": "8 GB", "storage": "256 GB", "weight": "1.1 kg", "colour": "blue"},
        stock=3,
        released="2026-10-01",
    ),
)
UNDER_900 = Constraints(category="laptops", price_max=90000, currency="USD", excluded_brands=frozenset({"hp"}))


def picks_of(items: tuple[CatalogueItem, ...], interactions: tuple[int, ...] = (40, 12, 0)) -> tuple[Pick, ...]:
    scores = {"content": 0.7, "dense": 0.72, "lexical": 0.6, "behaviour": 0.4, "trust": 0.8, "relevance": 0.61}
    return tuple(
        Pick(n, i, Candidate(i.item_id, 0.61, dict(scores), interactions[(n - 1) % len(interactions)], n))
        for n, i in enumerate(items, start=1)
    )


def outcome(
    intent: Intent = Intent.FIND,
    utterance: str = "a laptop under $900, not hp, light enough to travel",
    items: tuple[CatalogueItem, ...] = LAPTOPS,
    **fields: Any,
) -> Outcome:
    slots = fields.pop("slots", Slots(category="laptops", price_max=900, currency="USD", excluded_brands=("hp",)))
    need = fields.pop("need", Need(slots, "light enough to travel"))
    act = fields.pop("act", DialogueAct(intent, slots))
    state = DialogueState(needs=(need,), turns=1)
    return Outcome(
        utterance,
        act,
        fields.pop("before", DialogueState()),
        fields.pop("after", state),
        fields.pop("constraints", UNDER_900),
        fields.pop("picks", picks_of(items)),
        fields.pop("matching", 6),
        fields.pop("searched", intent in (Intent.FIND, Intent.REFINE)),
        **fields,
    )


def at_most(name: str, number: float, unit: str, words: str) -> AttributeConstraint:
    return AttributeConstraint(name, Comparison.AT_MOST, number=number, unit=unit, words=words)
