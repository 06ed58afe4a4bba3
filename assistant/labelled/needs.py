"""Utterances that state a need or change it, composed of clauses in any order."""

from __future__ import annotations

from assistant.dialogue import Edit, Intent, Slots
from assistant.labelled.draft import Draft
from assistant.labelled.examples import Situation
from assistant.labelled.phrases import fill, listed
from assistant.labelled.scene import need, page, titles
from assistant.labelled.shops import Thing
from assistant.labelled.voice import Property, Voice, mark

_PRICES = ("most", "most", "most", "most", "most", "least", "between", "around")
_ATTACHED, _APART = (" ", ", ", ", "), (", ", ", ", " - ", ". ", " and ")
_FOLLOWS = frozenset(
    listed(
        "under, below, less, not, no, up, for, max, at, within, with, without, by, from, in, over, above, more, "
        "between, around, about, roughly, made, except, anything, w/, w/o, having, that, minus, cheaper, priced"
    )
)
_CONTINUES = frozenset(listed("in, with, under, below, from, by, over, around, between, without, made, w/"))
_WHOLE = {"price": "any_price", "brands": "any_brand", "sort": "any_sort", "category": "any_category"}
_SINGLE = {"excluded_brands": "brand_fine", "attributes": "value_dropped", "excluded_attributes": "attribute_fine"}
_CHANGES = ("price", "price_said", "unwanted", "unwanted_said", "attribute", "not_attribute", "wanted", "sort")
_SORTS = ("price_asc", "price_asc", "price_asc", "price_desc", "rating", "rating", "newest", "popularity")


def find(voice: Voice) -> Draft:
    """A new need, at the beginning or in the middle of a conversation."""
    others = [thing for thing in voice.shop.things if thing.one != voice.thing.one]
    if voice.chance(0.8):
        return Draft(_new_need(voice), Intent.FIND, "find", Situation())
    other = Voice(voice.rng, voice.split, voice.shop, voice.rng.choice(others))
    situation = Situation(need(other), titles(page(other)))
    if voice.chance(0.5):
        return Draft(_sentence(voice), Intent.FIND, "find another", situation)
    lead = voice.fill_needs(voice.phrase("needs", "refine", "new_need"), **_noun_phrases(voice))
    return Draft(_joined(voice, lead, _clauses(voice, (0, 0, 0, 1, 1, 2)), []), Intent.FIND, "find another", situation)


def _new_need(voice: Voice) -> str:
    form = voice.rng.choices(("sentence", "terse", "vague", "pasted"), (66, 24, 6, 4))[0]
    match form:
        case "terse":
            return _terse(voice)
        case "vague":
            opener = voice.fill_needs(
                voice.phrase("needs", "find", "vague"), x=mark("a", voice.property_of("adjective"))
            )
            clauses = [clause for clause in _clauses(voice, (0, 0, 1, 1)) if clause not in voice.shop.uses]
            return _joined(voice, opener, clauses, [])
        case "pasted":
            return _pasted(voice)
    return _sentence(voice)


def _pasted(voice: Voice) -> str:
    """A title as shops write them, with or without a link."""
    rng = voice.rng
    model = f"{rng.choice('abdfhkmprstx')}{rng.choice(('', '-'))}{rng.randrange(10, 990)}"
    parts = [f"[b:{rng.choice(voice.shop.brands)}]", model, voice.noun_phrase("bare")]
    parts += [f"[a:{voice.property_of('colour')}]"] if voice.chance(0.5) else []
    if voice.thing.properties["measure"] and voice.chance(0.5):
        said = voice.property_of("measure")
        parts += [f"[a:{said}]"] if said[0].isdigit() else []
    template = voice.phrase("needs", "find", "pasted")
    site, number = rng.choice(("bigshop", "deals", "market")), str(rng.randrange(10**4, 10**6))
    return fill(template, name=" ".join(parts), site=site, n=number)


def _sentence(voice: Voice) -> str:
    """An opener with a noun phrase, clauses after it, whole sentences around it."""
    opener = voice.fill_needs(voice.phrase("needs", "find", "openers"), **_noun_phrases(voice))
    said = [voice.price(f"{_price(voice)}_said")] if voice.chance(0.16) else []
    said += [voice.brand_clause("wanted_said")] if voice.chance(0.05) else []
    said += [voice.brand_clause("unwanted_said")] if voice.chance(0.12) else []
    said += [voice.fill_needs(voice.phrase("needs", "find", "stories"))] if voice.chance(0.16) else []
    said += [voice.phrase("needs", "sort", "said")] if voice.chance(0.06) else []
    return _joined(voice, opener, _clauses(voice, (0, 1, 1, 1, 2, 2, 3) if not said else (0, 0, 1, 1, 2)), said)


def _noun_phrases(voice: Voice) -> dict[str, str]:
    """{a} {some} {bare}: the thing with what stands before it, or corrected in the same breath."""
    if voice.chance(0.05):
        wrong = voice.rng.choice(voice.shop.things)
        template = voice.phrase("needs", "find", "corrections")
        return {form: _corrected(voice, template, wrong, form) for form in ("a", "some", "bare")}
    before = _before_the_noun(voice)
    count = voice.rng.choices((0, voice.rng.randint(2, 12)), (24, 1))[0]
    if count and voice.thing.kind == "counted":
        counted = f"{_count(voice, count)} {before} [c:{voice.thing.many}]"
        return dict.fromkeys(("a", "some", "bare"), " ".join(counted.split()))
    return {form: voice.noun_phrase(form, before=before) for form in ("a", "some", "bare")}


def _corrected(voice: Voice, template: str, wrong: Thing, form: str) -> str:
    unmarked = voice.noun_phrase(form, wrong).replace(f"[c:{wrong.one}]", wrong.one)
    unmarked = unmarked.replace(f"[c:{wrong.many}]", wrong.many)
    if wrong.one == voice.thing.one:
        return voice.noun_phrase(form)
    return fill(template, wrong=unmarked, right=voice.noun_phrase(form))


def _count(voice: Voice, count: int) -> str:
    said = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"][
        count
    ]
    return f"[q={count}:{said if voice.chance(0.5) else count}]"


def _before_the_noun(voice: Voice) -> str:
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


def _price(voice: Voice) -> str:
    return voice.rng.choice(_PRICES)


def _clauses(voice: Voice, counts: tuple[int, ...]) -> list[str]:
    """Clauses that follow a noun phrase, of different kinds, in any order."""
    kinds = ["price", "price", "unwanted", "attribute", "attribute", "not_attribute", "wanted", "use", "sort"]
    chosen: list[str] = []
    for _ in range(voice.rng.choice(counts)):
        chosen.append(voice.rng.choice([k for k in kinds if k not in chosen]))
    return [_clause(voice, kind) for kind in chosen]


def _clause(voice: Voice, kind: str) -> str:
    match kind:
        case "price" if voice.chance(0.04):
            wrong, right = voice.rng.sample(range(20, 900, 10), 2)
            template = voice.phrase("needs", "find", "wrong_money")
            return fill(template, wrong=str(wrong), hi=voice.amount("hi", float(right), None))
        case "price":
            return voice.price(_price(voice))
        case "unwanted" | "wanted":
            return voice.brand_clause(kind)
        case "attribute":
            return voice.attribute_clause()
        case "not_attribute":
            return voice.attribute_clause(unwanted=True)
        case "use":
            return voice.rng.choice(voice.shop.uses)
    return voice.phrase("needs", "sort", "said")


def _joined(voice: Voice, opener: str, clauses: list[str], said: list[str]) -> str:
    """One utterance: a greeting now and then, sentences before or after, clauses attached with or without commas."""
    rng = voice.rng
    question = opener.endswith("?")
    text = opener.rstrip("?")
    for number, clause in enumerate(clauses):
        starts_itself = clause.split()[0] in ("and", "but", "which", "that", "(and")
        links = (" ",) if starts_itself else _ATTACHED if _attaches(clause) else _APART
        text += (" and " if number and rng.random() < 0.2 and not starts_itself else rng.choice(links)) + clause
    asks = opener.split()[0] in ("do", "can", "could", "what", "which", "is", "are", "where", "have", "got", "any")
    text += "?" if (question or (asks and rng.random() < 0.7)) else ""
    rng.shuffle(said)
    split = rng.randint(0, len(said)) if rng.random() < 0.5 else 0
    between = rng.choice((". ", ", ", ". ", " - ", "; ", ". "))
    end = "? " if text.endswith("?") else between
    text = between.join(said[:split]) + (between if split else "") + text.rstrip("?")
    text = text + (end + between.join(said[split:]) if said[split:] else "?" if end == "? " else "")
    if rng.random() < 0.14:
        text = f"{voice.phrase('needs', 'find', 'greetings')}{rng.choice((', ', ' ', '! ', ', '))}{text}"
    return text


def _attaches(clause: str) -> bool:
    """Whether a clause may follow a noun without a comma."""
    return clause.split()[0] in _FOLLOWS or clause.startswith(("<", ">", "["))


def _terse(voice: Voice) -> str:
    """Key words alone: "kettle steel max 40 no philips"."""
    rng = voice.rng
    before = _before_the_noun(voice)
    parts = [voice.noun_phrase("bare", before=before), *_clauses(voice, (0, 1, 1, 2, 2, 3))]
    if rng.random() < 0.25:
        parts = parts[1:] + parts[:1]
    return rng.choice((" ", ", ", " ", "; ", " / ")).join(parts)


def refine(voice: Voice) -> Draft:
    """A change of the need in force."""
    held = need(voice)
    shown = titles(page(voice))
    situation = Situation(held, shown)
    kind = voice.rng.choices(
        ("clauses", "relative", "category", "same", "dropped", "undo", "restart", "more", "accept"),
        (50, 9, 4, 6, 15, 4, 3, 3, 2),
    )[0]
    match kind:
        case "relative" | "more":
            return Draft(voice.phrase("needs", "refine", kind), Intent.REFINE, f"refine {kind}", situation)
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
            clauses.append(voice.price(f"{_price(voice)}_said"))
        elif kind.endswith("_said"):
            clauses.append(voice.brand_clause(kind))
        else:
            clauses.append(_clause(voice, kind))
    text = rng.choice((", ", " and ", ". ", ", and ")).join(clauses)
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
    lead = voice.rng.choice(
        ("show me", "only", "just", "i want", "any", "do you have", "ok,", "how about", "what about")
    )
    text = f"{lead} {voice.noun_phrase('some', before=_before_the_noun(voice))} {_clause(voice, 'price')}"
    return Draft(text, Intent.REFINE, "refine same", situation)


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
        situation = Situation(
            Slots(category=held.category, price_max=float(rng.choice((50, 100, 300)))), situation.page
        )
        held, options = situation.need, ["price", "category"]
    slot = rng.choice(options)
    template, taken, value = _take_back(voice, held, slot)
    said = fill(template, d=taken, v=value)
    if voice.chance(0.2):
        said = f"{said}{rng.choice((', ', ' but ', '. '))}{_clause(voice, rng.choice(('price', 'attribute')))}"
    return Draft(said, Intent.REFINE, "refine dropped", situation)


def _take_back(voice: Voice, held: Slots, slot: str) -> tuple[str, str, str]:
    """The template, what is dropped and its words."""
    if slot in _WHOLE:
        bounds = [n for n in ("price_min", "price_max") if getattr(held, n) is not None]
        taken = ";d=".join(bounds) if slot == "price" else slot
        return voice.phrase("needs", "refine", _WHOLE[slot]), taken, ""
    value = voice.rng.choice(getattr(held, slot))
    return voice.phrase("needs", "refine", _SINGLE[slot]), f"{slot}={value}", value
