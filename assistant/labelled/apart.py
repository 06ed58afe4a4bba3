"""Utterances that are no need and speak of no item: privacy, service, small talk, and what is no shop's business."""

from __future__ import annotations

from assistant.dialogue import Edit, Intent
from assistant.labelled.draft import Draft
from assistant.labelled.needs import find
from assistant.labelled.phrases import fill, listed, slots_of, words
from assistant.labelled.scene import any_state
from assistant.labelled.voice import Voice

_LEADS = listed("hi!, hello!, hey, quick question:, sorry!, one thing:, hi there!, excuse me!, um, ok, so, also")
_EDITS = (Edit.SHOW_DATA, Edit.SHOW_DATA, Edit.FORGET, Edit.FORGET, Edit.IGNORE_HISTORY, Edit.USE_HISTORY)


def privacy(voice: Voice) -> Draft:
    """What is known about her, forgetting it, using her history or not."""
    edit = voice.rng.choice(_EDITS)
    said = _led_in(voice, voice.phrase("other", "privacy", edit.value))
    return Draft(said, Intent.PRIVACY, f"privacy {edit.value}", any_state(voice), edit)


def service(voice: Voice) -> Draft:
    """Orders, parcels, returns, payment, opening hours, the shop's people."""
    said = _led_in(voice, _filled(voice, voice.phrase("other", "service", "all")))
    return Draft(said, Intent.SERVICE, "service", any_state(voice))


def chitchat(voice: Voice) -> Draft:
    """Hello, thanks, goodbye, who are you."""
    return Draft(voice.phrase("other", "chitchat", "all"), Intent.CHITCHAT, "chitchat", any_state(voice))


def out_of_scope(voice: Voice) -> Draft:
    """No shop's business, or an attempt to give orders."""
    key = "injection" if voice.chance(0.15) else "all"
    said = _led_in(voice, _filled(voice, voice.phrase("other", "out_of_scope", key)))
    return Draft(said, Intent.OUT_OF_SCOPE, "injection" if key == "injection" else "out of scope", any_state(voice))


def injected_need(voice: Voice) -> Draft:
    """An honest need with an attempt to give orders beside it: only the need is understood."""
    draft = find(voice)
    said = fill(voice.phrase("other", "out_of_scope", "injected_need"), need=draft.marked)
    return Draft(said, Intent.FIND, "find beside injection", draft.situation)


def _filled(voice: Voice, template: str) -> str:
    values = {
        "thing": voice.rng.choice([t.one for t in voice.shop.things if t.kind == "counted"]),
        "some": voice.thing.many,
        "brand": voice.rng.choice(voice.shop.brands),
        "city": voice.rng.choice(listed(words("other")["out_of_scope"]["cities"])),
        "person": voice.rng.choice(listed(words("other")["out_of_scope"]["people"])),
    }
    return fill(template, **{slot: values[slot] for slot in slots_of(template)})


def _led_in(voice: Voice, said: str) -> str:
    if voice.chance(0.75):
        return said
    return f"{voice.rng.choice(_LEADS)} {said}"
