"""Utterances about items that are shown: questions, comparisons, why-questions, choices."""

from __future__ import annotations

from assistant.dialogue import Intent
from assistant.labelled.draft import Draft
from assistant.labelled.examples import Situation
from assistant.labelled.phrases import fill, slots_of
from assistant.labelled.pointing import two_references, words_of
from assistant.labelled.scene import Shown, need, page, titles
from assistant.labelled.voice import Voice, mark

_LEADS = (
    "ok",
    "and",
    "hmm",
    "hey",
    "so",
    "please",
    "great,",
    "sorry,",
    "quick question:",
    "thanks,",
    "nice,",
    "right,",
)


def ask(voice: Voice) -> Draft:
    """A question about shown items."""
    shown = page(voice)
    kind = voice.rng.choices(("plain", "valued", "open"), (10, 9, 2))[0]
    template = voice.phrase("talk", "ask", kind)
    while "{ak}" in template and not voice.coloured:
        template = voice.phrase("talk", "ask", kind)
    return _draft(voice, shown, fill(template, **_values(voice, shown, template)), Intent.ASK, f"ask {kind}")


def compare(voice: Voice) -> Draft:
    """Shown items side by side."""
    shown = page(voice)
    kind = voice.rng.choices(("two", "both", "all", "bare"), (12, 3, 3, 3))[0]
    template = voice.phrase("talk", "compare", kind)
    return _draft(voice, shown, fill(template, **_values(voice, shown, template)), Intent.COMPARE, f"compare {kind}")


def explain(voice: Voice) -> Draft:
    """Why this item, why this order."""
    shown = page(voice)
    kind = "one" if voice.chance(0.6) else "open"
    template = voice.phrase("talk", "explain", kind)
    return _draft(voice, shown, fill(template, **_values(voice, shown, template)), Intent.EXPLAIN, f"explain {kind}")


def select(voice: Voice) -> Draft:
    """A shown item, or several, taken."""
    shown = page(voice)
    kind = voice.rng.choices(("one", "counted", "both"), (12, 4, 2))[0]
    template = voice.phrase("talk", "select", kind)
    values = _values(voice, shown, template)
    if kind == "counted":
        count = voice.rng.choice((2, 2, 2, 3, 3, 4, 5, 6, 10))
        said = ("two", "three", "four", "five", "six")[count - 2] if count < 7 and voice.chance(0.5) else str(count)
        values |= {"q": f"[q={count}:{said}]"}
        values |= {"qx": f"[q={count}:{voice.rng.choice((f'{count}x', f'x{count}', f'{count} x'))}]"}
    return _draft(voice, shown, fill(template, **values), Intent.SELECT, f"select {kind}")


def _draft(voice: Voice, shown: tuple[Shown, ...], said: str, intent: Intent, source: str) -> Draft:
    if voice.chance(0.14):
        said = f"{voice.rng.choice(_LEADS)} {said}"
    return Draft(said, intent, source, Situation(need(voice), titles(shown)))


def _values(voice: Voice, shown: tuple[Shown, ...], template: str) -> dict[str, str]:
    """What the slots of a template stand for, on this page."""
    values: dict[str, str] = {}
    first, second = two_references(voice, shown, apart="r2" in slots_of(template) or "two" in slots_of(template))
    for slot in slots_of(template):
        match slot:
            case "r" | "r1":
                values[slot] = first
            case "r2":
                values[slot] = second
            case "two":
                values[slot] = f"{first}{voice.rng.choice((' and ', ' and ', ' with ', ' & ', ', '))}{second}"
            case "both" | "all":
                values[slot] = f"[r={slot}:{words_of(voice, slot)}]"
            case "p":
                values[slot] = voice.phrase("talk", "ask", "property")
            case "ax":
                values[slot] = mark("a", voice.property_of("adjective"))
            case "an":
                values[slot] = mark("a", voice.property_of("noun"))
            case "am":
                values[slot] = mark("a", voice.property_of("material"))
            case "ak":
                values[slot] = mark("a", voice.property_of("colour"))
            case "use":
                values[slot] = voice.rng.choice([use for use in voice.shop.uses if use.startswith("for ")])
    return values
