"""An utterance understood by rules: the rung that always answers.

Read what the shop's words and the money grammar find, decide the intent by cue words, fill the slots; nothing is learnt
and nothing is guessed that the utterance does not say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, Slots
from assistant.rules_edits import answer_to_offer, find_dropped, find_edit, relative_attribute, relative_price
from assistant.rules_intent import Signs, decide
from assistant.rules_slots import Reading, Span, find_quantity, find_topic, positive_slots, read
from assistant.rules_words import FILLER, lower, normalise
from retrieval.catalogue import CatalogueItem
from retrieval.vocabulary import Vocabulary

_OF_NEED = (Intent.FIND, Intent.REFINE)


def answered(utterance: str, state: DialogueState) -> DialogueAct | None:
    """The act when the utterance answers the last turn's question; the same on every rung, for it is a comparison."""
    return answer_to_offer(lower(normalise(utterance)), state)


def understand_by_rules(
    utterance: str, state: DialogueState, shown: Sequence[CatalogueItem], vocabulary: Vocabulary
) -> DialogueAct:
    """The dialogue act of an utterance, by rules alone.

    Args:
        utterance: cleaned words of the shopper.
        state: before the turn.
        shown: items on the page, in their order.
        vocabulary: the shop's words.
    """
    act = answered(utterance, state)
    if act is not None:
        return act
    reading = read(utterance, vocabulary, shown)
    held = state.need.slots
    dropped, dropped_spans = find_dropped(reading, held, vocabulary)
    slots, spans = positive_slots(_without(reading, dropped_spans), vocabulary)
    cheaper = relative_price(reading, state, shown) if shown else None
    relative = relative_attribute(reading, state, shown, vocabulary) if shown else None
    topic = find_topic(reading, [*spans, *dropped_spans, *((r.start, r.end) for r in reading.references)])
    signs = _signs(reading, slots, dropped, state, shown, topic, relative=bool(cheaper or relative))
    edit = find_edit(reading.text)
    if edit and not _overrides(edit[1], signs):
        return DialogueAct(edit[0], edit=edit[1], confidence=0.9)
    intent, confidence = decide(reading.text, signs)
    if intent not in _OF_NEED:
        return _about_items(reading, intent, confidence, slots)
    if cheaper and slots.price_max is None and slots.price_min is None:
        slots = replace(slots, price_min=cheaper.price_min, price_max=cheaper.price_max, currency=cheaper.currency)
    if relative:
        slots = replace(slots, attributes=(*slots.attributes, relative[0]))
        topic = find_topic(reading, [*spans, *dropped_spans, relative[1]])
    quantity = find_quantity(reading)
    if quantity:
        slots = replace(slots, quantity=quantity[0])
        topic = find_topic(reading, [*spans, *dropped_spans, quantity[1], *((relative[1],) if relative else ())])
    if intent is Intent.FIND:
        dropped = ()
    return DialogueAct(intent, slots, dropped, topic=topic, confidence=confidence, notes=_notes(reading))


def _without(reading: Reading, spans: Sequence[Span]) -> Reading:
    """The reading with the mentions inside these places left out: "forget the blue" wants no blue."""
    kept = [i for i, m in enumerate(reading.mentions) if not any(s <= m.start and m.end <= e for s, e in spans)]
    place = {old: new for new, old in enumerate(kept)}
    return replace(
        reading,
        mentions=tuple(reading.mentions[i] for i in kept),
        refused=frozenset(place[i] for i in reading.refused if i in place),
        allowed=frozenset(place[i] for i in reading.allowed if i in place),
        refusals=tuple(r for r in reading.refusals if not any(s < r[1] and r[0] < e for s, e in spans)),
        loose=() if spans else reading.loose,
        prices=tuple(p for p in reading.prices if not any(s <= p.start and p.end <= e for s, e in spans)),
    )


def _signs(
    reading: Reading,
    slots: Slots,
    dropped: Sequence[str],
    state: DialogueState,
    shown: Sequence[CatalogueItem],
    topic: str,
    *,
    relative: bool,
) -> Signs:
    stated = replace(slots, category=None, quantity=None, references=(), currency=None)
    kinds = {reference.kind for reference in reading.references}
    return Signs(
        need=bool(state.needs) and state.need.slots != Slots() or bool(state.need.topic),
        shown=bool(shown),
        pointing="rank" in kinds or ("description" in kinds and bool(shown)),
        pronoun="pronoun" in kinds,
        category=slots.category is not None,
        other_category=slots.category is not None and slots.category != state.need.slots.category,
        constraint=stated != Slots() or bool(dropped),
        relative=relative,
        topic=topic,
        vague=all(not m.exact for m in reading.mentions) and not reading.prices,
        fields=frozenset(name for item in shown for name in item.attributes),
    )


def _overrides(edit: Edit, signs: Signs) -> bool:
    """Whether the rest of the utterance says more than the edit: "start over, I need headphones"."""
    return edit in (Edit.UNDO, Edit.RESTART, Edit.IGNORE_HISTORY) and (
        signs.category or edit is Edit.UNDO and signs.constraint
    )


def _about_items(reading: Reading, intent: Intent, confidence: float, slots: Slots) -> DialogueAct:
    """The act of an utterance that speaks of shown items, or of none."""
    if intent not in (Intent.ASK, Intent.COMPARE, Intent.EXPLAIN, Intent.SELECT):
        return DialogueAct(intent, confidence=confidence)
    references = tuple(dict.fromkeys(r.reference for r in reading.references))
    sure = tuple(dict.fromkeys(r.reference for r in reading.references if r.kind != "pronoun"))
    references = sure or references
    quantity = find_quantity(reading) if intent is Intent.SELECT else None
    asked = slots.attributes if intent in (Intent.ASK, Intent.COMPARE) else ()
    about = Slots(references=references, quantity=quantity[0] if quantity else None, attributes=asked)
    topic = find_topic(reading, [(r.start, r.end) for r in reading.references]) if intent is Intent.ASK else ""
    return DialogueAct(intent, about, topic=topic, confidence=confidence)


def _notes(reading: Reading) -> tuple[str, ...]:
    """Words that were taken for a typing error, for staff to see."""
    return tuple(
        f"“{reading.said[m.start : m.end]}” was read as {m.kind} “{m.value}”" for m in reading.mentions if not m.exact
    )
