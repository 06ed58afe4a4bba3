"""Clauses of a need, each of one kind, and what may stand before its noun."""

from __future__ import annotations

from assistant.labelled.phrases import fill
from assistant.labelled.voice import Property, Voice, mark

_PRICES = ("most", "most", "most", "most", "most", "least", "between", "around")
_SORTS = ("price_asc", "price_asc", "price_asc", "price_desc", "rating", "rating", "newest", "popularity")


def before_the_noun(voice: Voice) -> str:
    """Up to two of a sort, a property and a brand: "best rated", "red", "15 inch", "sony"."""
    words = []
    if voice.chance(0.11):
        sort = voice.rng.choice(_SORTS)
        words.append(f"[s={sort}:{voice.phrase('needs', 'sort', sort)}]")
    if voice.chance(0.32):
        said = _said_before(voice)
        words += [mark("a", said)] if said else []
    elif voice.thing.properties["measure"] and voice.chance(0.08):
        said = voice.property_of("measure")
        words += [f"[a:{said}]"] if said[0].isdigit() else []
    if voice.chance(0.12) and len(words) < 2:
        words.append(f"[b:{voice.rng.choice(voice.shop.brands)}]")
    return " ".join(words)


def _said_before(voice: Voice) -> str | None:
    """A property that may stand right before the noun; None when what was drawn may not."""
    kinds: tuple[Property, ...] = ("adjective", "colour", "colour", "material") if voice.coloured else ("adjective",)
    kind = voice.rng.choice(kinds)
    if kind != "colour" and not voice.thing.properties[kind]:
        return None
    said = voice.property_of(kind)
    return None if kind == "material" and " " in said else said


def price_kind(voice: Voice) -> str:
    """Which limit on the price is stated: "most" five times out of eight."""
    return voice.rng.choice(_PRICES)


def clauses_of(voice: Voice, counts: tuple[int, ...]) -> list[str]:
    """Clauses that follow a noun phrase, of different kinds, in any order."""
    kinds = ["price", "price", "unwanted", "attribute", "attribute", "not_attribute", "wanted", "use", "sort", "row"]
    chosen: list[str] = []
    for _ in range(voice.rng.choice(counts)):
        chosen.append(voice.rng.choice([k for k in kinds if k not in chosen]))
    return [clause_of(voice, kind) for kind in chosen]


def clause_of(voice: Voice, kind: str) -> str:
    """A clause of one kind: "price", "unwanted", "wanted", "attribute", "not_attribute", "use", "sort", "row"."""
    match kind:
        case "price" if voice.chance(0.04):
            wrong, right = voice.rng.sample(range(20, 900, 10), 2)
            template = voice.phrase("needs", "find", "wrong_money")
            return fill(template, wrong=str(wrong), hi=voice.amount("hi", float(right), None))
        case "price":
            return voice.price(price_kind(voice))
        case "unwanted" | "wanted":
            return voice.brand_clause(kind)
        case "attribute":
            return voice.attribute_clause()
        case "not_attribute":
            return voice.attribute_clause(unwanted=True)
        case "row" if row := voice.row():
            return row
        case "use":
            return voice.rng.choice(voice.shop.uses)
    return voice.phrase("needs", "sort", "said")
