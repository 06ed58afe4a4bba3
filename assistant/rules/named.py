"""What the shop knows by name and no slot holds: a department, brand or value read as mere words to rank by."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.dialogue import DialogueAct, Intent, Slots
from assistant.rules.slots import Reading, phrase, read
from assistant.rules.words import strip_filler
from retrieval.catalogue import CatalogueItem
from retrieval.vocabulary import Mention, Vocabulary

_KINDS = ("category", "brand", "attribute")
_INSISTING = re.compile(r"\b(?:said|told you|again|meant?|asked)\b")


def says_nothing(act: DialogueAct) -> bool:
    """Whether an act that changes a need changes nothing."""
    changes = act.intent in (Intent.FIND, Intent.REFINE) and act.edit is None and act.accepts is None
    return changes and replace(act.slots, currency=None) == Slots() and not act.dropped and not act.topic


def with_named(act: DialogueAct, utterance: str, shown: Sequence[CatalogueItem], vocabulary: Vocabulary) -> DialogueAct:
    """The act with its topic as slots, where the topic is nothing but names that the shop knows exactly: "puzzles".

    A topic that says more is left as it is: its words may name what she wants it for.

    Args:
        act: of the utterance.
        utterance: cleaned words of the shopper.
        shown: items on the page, in their order.
        vocabulary: the shop's words.
    """
    if act.intent not in (Intent.FIND, Intent.REFINE) or act.edit is not None or not act.topic:
        return act
    reading = read(utterance, vocabulary, shown)
    rest, named = act.topic, list[Mention]()
    for mention in (m for kind in _KINDS for m in reading.wanted(kind) if m.exact):
        said = re.compile(rf"(?<!\w){re.escape(phrase(reading, mention))}(?!\w)")
        if said.search(rest):
            rest, named = said.sub(" ", rest, count=1), [*named, mention]
    if not named or strip_filler(_INSISTING.sub(" ", rest)):
        return act
    return replace(act, slots=_filled(act.slots, named, reading), topic="")


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
