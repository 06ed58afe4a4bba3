"""What the shop knows by name and no slot holds: a department, brand or value read as mere words to rank by, or not
at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.dialogue import DialogueAct, DialogueState, Intent, Slots
from assistant.rules.slots import Reading, phrase, read
from assistant.rules.words import strip_filler
from retrieval.catalogue import CatalogueItem
from retrieval.vocabulary import Mention, Vocabulary

_KINDS = ("category", "brand", "attribute")
_INSISTING = re.compile(r"\b(?:said|told you|again|meant?|asked)\b")
_AS_A_BRAND = re.compile(r"\b(?:by|from|only|brand)\s+$")
_FOR_WHOM = re.compile(r"\bfor (\w+)\b")
_OF_PEOPLE = ("gender", "age group")  # the names under which feeds state for whom an item is


def says_nothing(act: DialogueAct) -> bool:
    """Whether an act that changes a need changes nothing."""
    changes = act.intent in (Intent.FIND, Intent.REFINE) and act.edit is None and act.accepts is None
    said = replace(act.slots, currency=None, references=(), quantity=None)
    return changes and said == Slots() and not act.dropped and not act.topic


def says_brand(act: DialogueAct, utterance: str) -> bool:
    """Whether the utterance says of a brand that the act wants that it is one, and nothing else: "from Dell please"."""
    said = strip_filler(utterance.casefold().strip(" .!"))
    return len(act.slots.brands) == 1 and said == act.slots.brands[0] and f"from {said}" in utterance.casefold()


def insisted(act: DialogueAct, utterance: str, state: DialogueState) -> DialogueAct:
    """The act, where "again: laptops" names the department in force: that starts no new need, the limits stay."""
    slots = replace(act.slots, references=(), quantity=None)
    again = slots.category is not None and slots == Slots(category=state.need.slots.category) and not act.topic
    again = again and act.intent is Intent.FIND and act.edit is None
    return replace(act, intent=Intent.REFINE) if again and _INSISTING.search(utterance.casefold()) else act


def with_named(act: DialogueAct, utterance: str, shown: Sequence[CatalogueItem], vocabulary: Vocabulary) -> DialogueAct:
    """The act with what the shop knows by name as slots: brands that nothing in it holds, and its topic where that is
    nothing but names, slips of the keyboard forgiven: "puzzles", "in whote", "for women".

    A topic that says more is left as it is: its words may name what she wants it for.

    Args:
        act: of the utterance.
        utterance: cleaned words of the shopper.
        shown: items on the page, in their order.
        vocabulary: the shop's words.
    """
    if act.intent not in (Intent.FIND, Intent.REFINE) or act.edit is not None:
        return act
    reading = read(utterance, vocabulary, shown)
    act = _with_brands(_with_whom(act, vocabulary), reading)
    rest, named = act.topic, list[Mention]()
    for mention in (m for kind in _KINDS for m in reading.wanted(kind)):
        said = re.compile(rf"(?<!\w){re.escape(phrase(reading, mention))}(?!\w)")
        if said.search(rest):
            rest, named = said.sub(" ", rest, count=1), [*named, mention]
    if not named or strip_filler(_INSISTING.sub(" ", rest)):
        return act
    return replace(act, slots=_filled(act.slots, named, reading), topic="")


def _with_brands(act: DialogueAct, reading: Reading) -> DialogueAct:
    """The act with the brands that are said to be one ("by Dell", "only Dell") and that it holds nowhere: not as a
    slot, not as mere words."""
    slots = act.slots
    if any(dropped.startswith(("brands", "excluded_brands")) for dropped in act.dropped):
        return act
    lists = (slots.brands, slots.excluded_brands, slots.references, slots.attributes, slots.excluded_attributes)
    held = " ".join((*(words for each in lists for words in each), slots.category or "", act.topic))
    led = [m for m in reading.wanted("brand") if m.exact and _AS_A_BRAND.search(reading.text[: m.start])]
    left_out = [m.value for m in led if m.value not in held and phrase(reading, m) not in held]
    return replace(act, slots=replace(slots, brands=tuple(dict.fromkeys((*slots.brands, *left_out)))))


def _with_whom(act: DialogueAct, vocabulary: Vocabulary) -> DialogueAct:
    """The act with "for women" of its topic as a property, where items state that they are for women."""
    for match in _FOR_WHOM.finditer(act.topic):
        found = vocabulary.find_attributes(match[1])
        if [(c.name in _OF_PEOPLE, c.value) for c in found] == [(True, match[1])]:
            rest = strip_filler(f"{act.topic[: match.start()]} {act.topic[match.end() :]}")
            slots = replace(act.slots, attributes=tuple(dict.fromkeys((*act.slots.attributes, match[1]))))
            return replace(act, slots=slots, topic=rest)
    return act


def _filled(slots: Slots, named: Sequence[Mention], reading: Reading) -> Slots:
    def of(kind: str) -> list[Mention]:
        return [mention for mention in named if mention.kind == kind]

    attributes = (*slots.attributes, *(phrase(reading, mention) for mention in of("attribute")))
    return replace(
        slots,
        category=slots.category or next((mention.value for mention in of("category")), None),
        brands=tuple(dict.fromkeys((*slots.brands, *(mention.value for mention in of("brand"))))),
        attributes=tuple(dict.fromkeys(attributes)),
    )
