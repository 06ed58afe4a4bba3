"""Utterances that state a need, composed of clauses in any order."""

from __future__ import annotations

from assistant.dialogue import Intent
from assistant.labelled import money
from assistant.labelled.clauses import before_the_noun, clause_of, clauses_of, price_kind
from assistant.labelled.draft import Draft
from assistant.labelled.examples import Situation
from assistant.labelled.phrases import fill, listed
from assistant.labelled.scene import need, page, titles
from assistant.labelled.shops import Thing
from assistant.labelled.voice import Voice, mark

_ATTACHED, _APART = (" ", ", ", ", "), (", ", ", ", " - ", ". ", " and ")
_FOLLOWS = frozenset(
    listed(
        "under, below, less, not, no, up, for, max, at, within, with, without, by, from, in, over, above, more, "
        "between, around, about, roughly, made, except, anything, w/, w/o, having, that, minus, cheaper, priced"
    )
)


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
    marked = _joined(voice, lead, clauses_of(voice, (0, 0, 0, 1, 1, 2)), [])
    return Draft(marked, Intent.FIND, "find another", situation)


def _new_need(voice: Voice) -> str:
    form = voice.rng.choices(("sentence", "terse", "vague", "pasted", "wishes"), (63, 24, 6, 4, 3))[0]
    match form:
        case "terse":
            return _terse(voice)
        case "vague":
            wish = mark("a", voice.property_of("adjective"))
            opener = voice.fill_needs(voice.phrase("needs", "find", "vague"), x=wish)
            clauses = [clause_of(voice, "price")] if voice.chance(0.5) else []
            return _joined(voice, opener, clauses, [])
        case "pasted":
            return _pasted(voice)
        case "wishes":  # of what, she has not said yet
            opener = voice.rng.choice(("something", "anything", "show me things", "i need something"))
            return _joined(voice, opener, clauses_of(voice, (1, 2, 2)), [])
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
    said = [voice.price(f"{price_kind(voice)}_said")] if voice.chance(0.16) else []
    said += [voice.brand_clause("wanted_said")] if voice.chance(0.05) else []
    said += [voice.brand_clause("unwanted_said")] if voice.chance(0.12) else []
    said += [voice.fill_needs(voice.phrase("needs", "find", "stories"))] if voice.chance(0.16) else []
    said += [voice.phrase("needs", "sort", "said")] if voice.chance(0.06) else []
    return _joined(voice, opener, clauses_of(voice, (0, 1, 1, 1, 2, 2, 3) if not said else (0, 0, 1, 1, 2)), said)


def _noun_phrases(voice: Voice) -> dict[str, str]:
    """{a} {some} {bare}: the thing with what stands before it, or corrected in the same breath."""
    if voice.chance(0.05):
        wrong = voice.rng.choice(voice.shop.things)
        template = voice.phrase("needs", "find", "corrections")
        return {form: _corrected(voice, template, wrong, form) for form in ("a", "some", "bare")}
    before = before_the_noun(voice)
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
    return f"[q={count}:{money.in_words(voice.rng, count) if voice.chance(0.5) else count}]"


def _joined(voice: Voice, opener: str, clauses: list[str], said: list[str]) -> str:
    """One utterance: a greeting now and then, sentences before or after, clauses attached with or without commas."""
    rng = voice.rng
    question = opener.endswith("?")
    text = opener.rstrip("?")
    for number, clause in enumerate(clauses):
        starts_itself = clause.split()[0] in ("and", "but", "which", "that")
        links = (" ",) if starts_itself else _ATTACHED if _attaches(clause) else _APART
        link = " and " if number and rng.random() < 0.2 else rng.choice(links)
        text += (" " if starts_itself else link) + clause
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
    before = before_the_noun(voice)
    parts = [voice.noun_phrase("bare", before=before), *clauses_of(voice, (0, 1, 1, 2, 2, 3))]
    if rng.random() < 0.25:
        parts = parts[1:] + parts[:1]
    return rng.choice((" ", ", ", " ", "; ", " / ")).join(parts)
