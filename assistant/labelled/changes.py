"""Utterances that change the need in force: a new wish, one taken back, undo, another kind of item, not these."""

from __future__ import annotations

from assistant.dialogue import Edit, Intent, Slots
from assistant.labelled.clauses import before_the_noun, clause_of, price_kind
from assistant.labelled.draft import Draft
from assistant.labelled.examples import Situation
from assistant.labelled.phrases import fill, listed
from assistant.labelled.pointing import two_references
from assistant.labelled.scene import need, page, titles
from assistant.labelled.voice import Voice

_CONTINUES = frozenset(listed("in, with, under, below, from, by, over, around, between, without, made, w/"))
_WHOLE = {"price": "any_price", "brands": "any_brand", "sort": "any_sort", "category": "any_category"}
_SINGLE = {"excluded_brands": "brand_fine", "attributes": "value_dropped", "excluded_attributes": "attribute_fine"}
_CHANGES = ("price", "price_said", "unwanted", "unwanted_said", "attribute", "not_attribute", "wanted", "sort")


def refine(voice: Voice) -> Draft:
    """A change of the need in force."""
    held = need(voice)
    situation = Situation(held, titles(page(voice)) if voice.chance(0.9) else ())  # a search may find nothing
    kind = voice.rng.choices(
        ("clauses", "relative", "category", "same", "dropped", "undo", "restart", "more", "accept"),
        (46, 9, 4, 6, 22, 5, 4, 6, 3),
    )[0]
    match kind:
        case "relative":
            return Draft(voice.phrase("needs", "refine", kind), Intent.REFINE, f"refine {kind}", situation)
        case "more":
            return _others(voice, held)
        case "undo" | "restart":
            edit = Edit.UNDO if kind == "undo" else Edit.RESTART
            return Draft(voice.phrase("needs", "refine", kind), Intent.REFINE, f"refine {kind}", situation, edit)
        case "accept":
            return _accepted(voice, held)
        case "category":
            return _another_category(voice, situation)
        case "same":
            return _same_category(voice, situation)
        case "dropped":
            return _taken_back(voice, situation)
    return Draft(_changes(voice), Intent.REFINE, "refine clauses", situation)


def _changes(voice: Voice) -> str:
    """One to three clauses, led in or not."""
    rng = voice.rng
    count = rng.choices((1, 2, 3), (6, 3, 1))[0]
    kinds = rng.sample(_CHANGES, count)
    clauses = []
    for kind in kinds:
        if kind == "price_said":
            clauses.append(voice.price(f"{price_kind(voice)}_said"))
        elif kind.endswith("_said"):
            clauses.append(voice.brand_clause(kind))
        else:
            clauses.append(clause_of(voice, kind))
    text = rng.choice((", ", " and ", ". ", ", and ")).join(clause.removeprefix("and ") for clause in clauses)
    continues = clauses[0].endswith("]") and (clauses[0].startswith("[") or clauses[0].split()[0] in _CONTINUES)
    lead = voice.phrase("needs", "refine", "lead_on" if continues and voice.chance(0.4) else "lead")
    return f"{lead} {text}".strip()


def _another_category(voice: Voice, situation: Situation) -> Draft:
    other = voice.rng.choice([t for t in voice.shop.things if t.one != voice.thing.one])
    template = voice.phrase("needs", "refine", "category")
    forms = {form: voice.noun_phrase(form, other) for form in ("a", "some")}
    return Draft(fill(template, **forms), Intent.REFINE, "refine category", situation)


def _same_category(voice: Voice, situation: Situation) -> Draft:
    """The category in force said again with another wish: still a change."""
    lead = voice.rng.choice(("show me", "only", "just", "i want", "any", "do you have", "ok,", "how about"))
    text = f"{lead} {voice.noun_phrase('some', before=before_the_noun(voice))} {clause_of(voice, 'price')}"
    return Draft(text, Intent.REFINE, "refine same", situation)


def _others(voice: Voice, held: Slots) -> Draft:
    """Not these, or not this one: the next best for the same need."""
    shown = page(voice)
    if voice.chance(0.5):
        said = voice.phrase("needs", "refine", "more")
    else:
        said = fill(voice.phrase("needs", "refine", "more_but"), r=two_references(voice, shown, apart=True)[0])
    return Draft(said, Intent.REFINE, "refine more", Situation(held, titles(shown)), Edit.OTHERS)


def _accepted(voice: Voice, held: Slots) -> Draft:
    more = voice.rng.choice((10, 20, 25, 40, 50, 100))
    offered = (f"+${more}", voice.rng.choice(("any brand", "any price", f"without '{voice.property_of('adjective')}'")))
    said = fill(voice.phrase("needs", "refine", "accept"), n=str(more))
    number = 2 if "second" in said else 1
    return Draft(said, Intent.REFINE, "refine accept", Situation(held, (), offered), accepts=number)


def _taken_back(voice: Voice, situation: Situation) -> Draft:
    """A wish in force given up; a need that holds none is given one first."""
    held, rng = situation.need, voice.rng
    lists = [n for n in ("brands", "excluded_brands", "attributes", "excluded_attributes") if getattr(held, n)]
    options = [*lists, *(["price"] if held.price_max or held.price_min else []), *(["sort"] if held.sort else [])]
    if not options:
        limited = Slots(category=held.category, price_max=float(rng.choice((50, 100, 300))))
        situation = Situation(limited, situation.page)
        held, options = situation.need, ["price", "category"]
    slot = rng.choice(options)
    template, taken, value = _take_back(voice, held, slot)
    said = fill(template, d=taken, v=value)
    if voice.chance(0.2):
        said = f"{said}{rng.choice((', ', ' but ', '. '))}{voice.price(price_kind(voice))}"
    return Draft(said, Intent.REFINE, "refine dropped", situation)


def _take_back(voice: Voice, held: Slots, slot: str) -> tuple[str, str, str]:
    """The template, what is dropped and its words."""
    if slot in _WHOLE:
        bounds = [n for n in ("price_min", "price_max") if getattr(held, n) is not None]
        taken = ";d=".join(bounds) if slot == "price" else slot
        return voice.phrase("needs", "refine", _WHOLE[slot]), taken, ""
    value = voice.rng.choice(getattr(held, slot))
    return voice.phrase("needs", "refine", _SINGLE[slot]), f"{slot}={value}", value
