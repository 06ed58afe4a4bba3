"""The model's answer to an utterance: the schema it is held to, read back by pydantic, checked against the utterance.

The schema is built for each utterance from what the shop's vocabulary and the money grammar found in it. The model only
assigns: it chooses the intent and which slot each finding belongs to. It cannot write a brand, a number or a property.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.dialogue import WITHOUT_SLOTS, DialogueAct, Intent, Need, Slots
from assistant.rules.money_words import find_amounts
from assistant.rules.slots import Reading, find_quantity, phrase

SORTS = ("price_asc", "price_desc", "rating", "newest", "popularity")


class ModelAnswer(BaseModel):
    """The model's JSON, short keys as in `prompts/understand.md`."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    i: Intent = Field(strict=False)
    c: str | None = None
    lo: float | None = None
    hi: float | None = None
    b: tuple[str, ...] = Field((), strict=False)
    nb: tuple[str, ...] = Field((), strict=False)
    a: tuple[str, ...] = Field((), strict=False)
    na: tuple[str, ...] = Field((), strict=False)
    s: str | None = None
    r: tuple[str, ...] = Field((), strict=False)
    q: int | None = None
    d: tuple[str, ...] = Field((), strict=False)


def findings(reading: Reading, ruled: DialogueAct, need: Need) -> dict[str, tuple[Any, ...]]:
    """What each key of the answer may hold for this utterance; a key with nothing to hold is absent.

    Args:
        reading: what was found in the utterance.
        ruled: what the rules make of it; its properties and take-backs are candidates as well.
        need: in force; only what it holds can be taken back.
    """
    kinds = {
        kind: tuple(dict.fromkeys(m.value for m in reading.mentions if m.kind == kind))
        for kind in ("category", "brand")
    }
    prices = [value for p in reading.prices for value in (p.low, p.high) if value is not None]
    prices += [a.value for a in find_amounts(reading.text)] + [
        v for v in (ruled.slots.price_min, ruled.slots.price_max) if v is not None
    ]
    properties = [phrase(reading, m) for m in reading.mentions if m.kind == "attribute"]
    properties += [*ruled.slots.attributes, *ruled.slots.excluded_attributes]
    quantity = find_quantity(reading)
    held = [f"{name}={v}" for name in _LISTS for v in getattr(need.slots, name)]
    held += [n for n in ("price_min", "price_max", "category", "sort") if getattr(need.slots, n) is not None]
    offered: dict[str, Iterable[Any]] = {
        "c": kinds["category"],
        "lo": prices,
        "hi": prices,
        "b": kinds["brand"],
        "nb": kinds["brand"],
        "a": properties,
        "na": properties,
        "s": SORTS if ruled.slots.sort else (),
        "r": [r.reference for r in reading.references],
        "q": [quantity[0]] if quantity else (),
        "d": [*held, *ruled.dropped],
    }
    return {key: tuple(dict.fromkeys(values)) for key, values in offered.items() if tuple(values)}


_LISTS = ("brands", "excluded_brands", "attributes", "excluded_attributes")


def schema(found: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    """The JSON schema of the answer for these findings. Every key is required: all findings get a decision."""
    properties: dict[str, Any] = {"i": {"enum": [intent.value for intent in Intent]}}
    for key, values in found.items():
        if key in ("b", "nb", "a", "na", "r", "d"):
            properties[key] = {"type": "array", "items": {"enum": list(values)}, "maxItems": len(values)}
        else:
            properties[key] = {"enum": [None, *(plain_number(value) for value in values)]}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def plain_number(value: Any) -> Any:
    """Whole prices without a fraction: fewer tokens, and no model writes 900.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def parse(text: str) -> ModelAnswer | str:
    """The answer, or in one line what is wrong with its form, in words for the model."""
    try:
        return ModelAnswer.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'the JSON'}: {first['msg']}"


def strangers(answer: ModelAnswer, found: Mapping[str, tuple[Any, ...]]) -> tuple[str, ...]:
    """Values that were not found in the utterance, in words for the model: they are no slots."""
    wrong = []
    for key, value in answer.model_dump(exclude={"i"}).items():
        for one in value if isinstance(value, tuple) else () if value is None else (value,):
            if one not in found.get(key, ()):
                wrong.append(f"{key}: {one} is not in the shopper's words")
    return tuple(wrong)


def contradictions(answer: ModelAnswer, reading: Reading) -> tuple[str, ...]:
    """What the answer claims against the utterance, in words for the model; empty when nothing.

    No bound may contradict its cue words, and no limit and no refused brand may be left out of a need.
    """
    wrong = []
    lows = {p.low for p in reading.prices if p.low is not None}
    highs = {p.high for p in reading.prices if p.high is not None}
    if answer.lo is not None and answer.lo in highs - lows:
        wrong.append(f"lo: {answer.lo:g} is the most she would pay, not the least")
    if answer.hi is not None and answer.hi in lows - highs:
        wrong.append(f"hi: {answer.hi:g} is the least she would pay, not the most")
    if answer.lo is not None and answer.hi is not None and answer.lo > answer.hi:
        wrong.append("lo is above hi")
    refused = {m.value for m in reading.refused_of("brand")}
    named = {m.value for m in reading.mentions if m.kind == "brand"}
    wrong += [f"b: {brand} is refused" for brand in answer.b if brand in refused]
    wrong += [f"nb: {brand} is not refused" for brand in answer.nb if brand in named - refused]
    if answer.i in (Intent.FIND, Intent.REFINE):
        wrong += [f"nb: {brand} is refused and left out" for brand in sorted(refused - set(answer.nb))]
        if (lows or highs) and answer.lo is None and answer.hi is None:
            wrong.append(f"lo, hi: {', '.join(f'{v:g}' for v in sorted(lows | highs))} is left out")
    refused_words = {phrase(reading, m) for m in reading.refused_of("attribute")}
    wrong += [f"a: {words} is refused" for words in answer.a if words in refused_words]
    wrong += [f"{v}: both wanted and not wanted" for v in (*answer.b, *answer.a) if v in (*answer.nb, *answer.na)]
    return tuple(wrong)


def to_slots(answer: ModelAnswer, reading: Reading) -> Slots:
    """The answer as slots; an intent that has none drops them."""
    if answer.i in WITHOUT_SLOTS:
        return Slots()
    priced = answer.lo is not None or answer.hi is not None
    return Slots(
        category=answer.c,
        price_min=answer.lo,
        price_max=answer.hi,
        currency=next((p.currency for p in reading.prices if p.currency), None) if priced else None,
        brands=answer.b,
        excluded_brands=answer.nb,
        attributes=answer.a,
        excluded_attributes=answer.na,
        sort=answer.s,
        references=answer.r,
        quantity=answer.q,
    )
