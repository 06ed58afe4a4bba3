"""Changes of the conversation by rule: answers to an offer, undo, start over, privacy, and what is taken back."""

from __future__ import annotations

import re

from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, Slots
from assistant.rules.cues import alternatives, cue
from assistant.rules.polarity import Span
from assistant.rules.slots import Reading
from retrieval.vocabulary import Vocabulary

_YES = re.compile(rf"{alternatives('answer.yes')}(?:[ ,.!]+{alternatives('answer.yes')})*[ .!]*")
_NO = re.compile(rf"{alternatives('answer.no')}(?:[ ,.!]+{alternatives('answer.no')})*[ .!]*")
_AMOUNT = re.compile(
    r"(?:\+|plus |another |up |up by )?\s*[$€£]?\s*(\d+(?:[.,]\d+)?)\s*[$€£]?(?: more| extra| dollars| bucks)*"
)
_CHOSEN = re.compile(
    r"(?:the )?(?:option |number )?(first|second|third|fourth|1|2|3|4)(?: (?:one|option))?(?: please)?"
)
_POLITE = re.compile(
    r"^(?:(?:yes|ok|okay|sure|fine|yeah|let us|try|with|go|do|take|please|then)\b[\s,.:]*)+"
    r"|[\s,.:!]*\b(?:please|is (?:fine|ok)|then|works)$"
)


def answer_to_offer(text: str, state: DialogueState) -> DialogueAct | None:
    """The act when the utterance answers what the last turn asked: a pending edit, or an offered relaxation.

    Answers are compared, never guessed: a yes, a no, the words on an offer's button, or which of the offers.
    """
    plain = text.strip(" .!?")
    if state.pending is Edit.FORGET and _YES.fullmatch(plain):
        return DialogueAct(Intent.PRIVACY, edit=Edit.FORGET_CONFIRMED)
    if (state.pending or state.offered) and _NO.fullmatch(plain):
        return DialogueAct(Intent.CHITCHAT)
    if not state.offered:
        return None
    bare = _POLITE.sub("", plain)
    for number, relaxation in enumerate(state.offered, start=1):
        label = relaxation.label.casefold().strip()
        if label in (plain, bare) or (_amount(label) and _amount(label) == _amount(bare)):
            return DialogueAct(Intent.REFINE, accepts=number)
    chosen = _CHOSEN.fullmatch(bare) if not state.shown else None
    if chosen:
        number = {"first": 1, "second": 2, "third": 3, "fourth": 4}.get(chosen[1]) or int(chosen[1])
        return DialogueAct(Intent.REFINE, accepts=number) if number <= len(state.offered) else None
    return DialogueAct(Intent.REFINE, accepts=1) if _YES.fullmatch(plain) else None


def _amount(label: str) -> str | None:
    """What "+$40", "40 more" and "plus 40" have in common; None when the words are no amount."""
    amount = _AMOUNT.fullmatch(label)
    return amount[1] if amount else None


def find_edit(text: str) -> tuple[Intent, Edit] | None:
    """An edit that is no slot value: privacy first, then undo and start over."""
    for edit in (Edit.IGNORE_HISTORY, Edit.USE_HISTORY, Edit.FORGET, Edit.SHOW_DATA):
        if cue(f"edit.{edit}").search(text):
            return Intent.PRIVACY, edit
    for edit in (Edit.RESTART, Edit.UNDO, Edit.OTHERS):
        if cue(f"edit.{edit}").search(text):
            return Intent.REFINE, edit
    return None


def find_dropped(reading: Reading, held: Slots, vocabulary: Vocabulary) -> tuple[tuple[str, ...], tuple[Span, ...]]:
    """What is taken back, as `DialogueAct.dropped` states it, and the places that say so."""
    dropped: dict[str, None] = {}
    spans: list[Span] = []
    for entries, named in (*_named_slots(), *_held_values(held, vocabulary)):
        for pattern in _around(named):
            match = pattern.search(reading.text)
            if match:
                dropped.update(dict.fromkeys(entries))
                spans.append(match.span())
    if match := cue("take_back.no_limit").search(reading.text):
        dropped.update(dict.fromkeys(("price_min", "price_max")))
        spans.append(match.span())
    for index in reading.allowed:
        mention = reading.mentions[index]
        slot, value = ("excluded_attributes", reading.text[mention.start : mention.end])
        if mention.kind == "brand":
            slot, value = "excluded_brands", mention.value
        if value in getattr(held, slot):
            dropped[f"{slot}={value}"] = None
            spans.append((mention.start, mention.end))
    return tuple(dropped), tuple(spans)


def _around(named: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """ "forget the X", "any X is fine" and "X does not matter"."""
    noun = rf"(?:\s+{alternatives('take_back.noun')})?"
    between = r"(?:\s+(?:the|a|an|my|about|that|be|any|for|of|in|other|kind of|what|which))*\s+"
    trail = rf"\s*{alternatives('take_back.trail')}"
    after = rf"(?:{trail}|(?: is| are)? (?:fine|ok|okay|good|will do))?"
    return (
        re.compile(rf"(?<!\w){alternatives('take_back.lead')}{between}(?:{named}){noun}\b{after}"),
        re.compile(rf"\b(?:the |my )?(?:{named}){noun}{trail}(?!\w)"),
    )


def _named_slots() -> list[tuple[tuple[str, ...], str]]:
    return [
        (("price_min", "price_max"), alternatives("take_back.price")),
        (("brands", "excluded_brands"), alternatives("take_back.brand")),
        (("sort",), alternatives("take_back.sort")),
        (("category",), alternatives("take_back.category")),
    ]


def _held_values(held: Slots, vocabulary: Vocabulary) -> list[tuple[tuple[str, ...], str]]:
    """What is in force and can be named: a brand or an attribute by its words, an attribute also by its name."""
    targets: list[tuple[tuple[str, ...], str]] = []
    for slot in ("brands", "attributes", "excluded_attributes"):
        for value in getattr(held, slot):
            named = [re.escape(value)]
            if slot != "brands":
                named += [_name_pattern(c.name) for c in vocabulary.find_attributes(value) if c.name]
            targets.append(((f"{slot}={value}",), "|".join(named)))
    return targets


def _name_pattern(name: str) -> str:
    """An attribute's name as shoppers say it: the whole of it, its first or its last word, in both spellings."""
    forms = {name, name.split()[0], name.split()[-1]}
    forms |= {form.replace("color", "colour") for form in forms} | {form.replace("colour", "color") for form in forms}
    return "|".join(re.escape(form) + "s?" for form in sorted(forms, key=len, reverse=True))


def still_wanted(reading: Reading, held: Slots, slots: Slots) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Brands and attributes said to be fine that nothing excluded: "Dell is fine too" adds it to the brands in force.

    Returns:
        The brands and the attributes of the act.
    """
    brands, attributes = list(slots.brands), list(slots.attributes)
    for index in sorted(reading.allowed):
        mention = reading.mentions[index]
        words = reading.text[mention.start : mention.end]
        if mention.kind == "brand" and mention.value not in held.excluded_brands:
            brands += [*held.brands, mention.value] if not brands else [mention.value]
        elif mention.kind == "attribute" and words not in held.excluded_attributes:
            attributes.append(words)
    return tuple(dict.fromkeys(brands)), tuple(dict.fromkeys(attributes))
