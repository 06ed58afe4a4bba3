"""An utterance understood by rules: the rung that always answers.

Read what the shop's words and the money grammar find, decide the intent by cue words, fill the slots. Nothing is
learnt, and nothing is filled in that the utterance and the page do not say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.dialogue import ABOUT_ITEMS, DialogueAct, DialogueState, Edit, Intent, Slots
from assistant.references import ReferenceMention
from assistant.rules.cart_words import cart_act
from assistant.rules.cues import cue
from assistant.rules.edits import answer_to_offer, find_dropped, find_edit, still_wanted
from assistant.rules.intent import Signs, decide
from assistant.rules.orders import is_injection
from assistant.rules.relative import relative_attribute, relative_price
from assistant.rules.slots import Reading, Span, find_quantity, find_topic, positive_slots, read, without
from assistant.rules.words import lower, normalise
from retrieval.catalogue import CatalogueItem
from retrieval.vocabulary import Vocabulary

# "why is the Zephyr first": a rank is the question there; "why is the Zephyr before the second": here it is an item
_BEFORE_AN_ITEM = re.compile(r"\b(?:than|over|before|above|below|after|and|or|not|to|from|with)\s+(?:the )?$")


def answered(utterance: str, state: DialogueState) -> DialogueAct | None:
    """The act when the utterance answers the last turn's question or is a command to the cart.

    The same on every rung, for it is a comparison.
    """
    text = lower(normalise(utterance))
    return answer_to_offer(text, state) or cart_act(text, state)


def understand_by_rules(
    utterance: str,
    state: DialogueState,
    shown: Sequence[CatalogueItem],
    vocabulary: Vocabulary,
    intent: Intent | None = None,
) -> DialogueAct:
    """The dialogue act of an utterance, by rules alone.

    Args:
        utterance: cleaned words of the shopper.
        state: before the turn.
        shown: items on the page, in their order.
        vocabulary: the shop's words.
        intent: settled already, the slots are read for it; None: cue words decide.
    """
    if intent is None and is_injection(utterance):
        return DialogueAct(Intent.OUT_OF_SCOPE, confidence=0.95)
    act = answered(utterance, state)
    if act is not None:
        return act
    reading = read(utterance, vocabulary, shown)
    dropped, taken = find_dropped(reading, state.need.slots, vocabulary)
    reading = without(reading, taken)
    slots, spans, relative = _slots(reading, state, shown, vocabulary)
    spans = (*spans, *taken)
    signs = _signs(reading, slots, spans, bool(dropped), relative, state, shown)
    edit = find_edit(reading.text)
    if edit and not _says_more(edit[1], signs):
        about = Slots(references=_references(reading, Intent.REFINE)) if edit[1] is Edit.OTHERS else Slots()
        return DialogueAct(edit[0], about, edit=edit[1], confidence=0.9)
    intent, confidence = (intent, 1.0) if intent else decide(reading.text, signs)
    if intent not in (Intent.FIND, Intent.REFINE):
        return _about_items(reading, intent, confidence)
    quantity = find_quantity(reading)
    if quantity:
        slots, spans = replace(slots, quantity=quantity[0]), (*spans, quantity[1])
    dropped = dropped if intent is Intent.REFINE else ()
    topic = find_topic(reading, spans)
    return DialogueAct(intent, slots, dropped, topic=topic, confidence=confidence, notes=_notes(reading))


def _slots(
    reading: Reading, state: DialogueState, shown: Sequence[CatalogueItem], vocabulary: Vocabulary
) -> tuple[Slots, tuple[Span, ...], bool]:
    """What the utterance adds to a need, the places that say so, and whether its price is relative to the page's."""
    slots, spans = positive_slots(reading)
    brands, attributes = still_wanted(reading, state.need.slots, slots)
    slots = replace(slots, brands=brands, attributes=attributes)
    price = relative_price(reading, state, shown) if not reading.prices else None
    if price:
        limit, span = price
        order = limit.sort or ("price_asc" if limit.price_max is not None else "price_desc")
        slots, spans = replace(slots, sort=slots.sort or order), (*spans, span)
    bound = relative_attribute(reading, state, shown, vocabulary)
    if bound:
        start, end = bound[1]
        slots, spans = replace(slots, attributes=(*slots.attributes, reading.text[start:end])), (*spans, bound[1])
    if price or bound:
        spans = (*spans, *((r.start, r.end) for r in reading.references))
    return slots, spans, price is not None


def _signs(
    reading: Reading,
    slots: Slots,
    spans: Sequence[Span],
    taken_back: bool,
    relative: bool,
    state: DialogueState,
    shown: Sequence[CatalogueItem],
) -> Signs:
    kinds = {reference.kind for reference in reading.references}
    pointed = [(r.start, r.end) for r in reading.references if r.kind != "pronoun"]
    in_need = bool(state.needs) or slots.category is not None
    known = tuple(words for words in slots.excluded_attributes if words not in reading.loose)
    counted = slots if in_need else replace(slots, excluded_attributes=known)
    return Signs(
        need=state.need.slots != Slots() or bool(state.need.topic),
        shown=bool(shown),
        pointing="rank" in kinds or ("description" in kinds and bool(shown)),
        pronoun="pronoun" in kinds,
        category=slots.category is not None,
        other_category=slots.category is not None and slots.category != state.need.slots.category,
        constraint=replace(counted, category=None, currency=None) != Slots() or taken_back,
        priced=bool(reading.prices),
        taken_back=taken_back,
        passing=not in_need and not cue("required").search(reading.text) and replace(counted, attributes=()) == Slots(),
        relative=relative,
        topic=find_topic(reading, [*spans, *pointed]),
        sorted_only=slots.sort is not None and not relative and replace(slots, sort=None) == Slots() and not taken_back,
        recognised=any(m.exact for m in reading.mentions),
        fields=frozenset(name for item in shown for name in item.attributes),
    )


def _says_more(edit: Edit, signs: Signs) -> bool:
    """Whether the rest of the utterance says more than the edit: "start over, I need headphones"."""
    if edit in (Edit.RESTART, Edit.IGNORE_HISTORY, Edit.USE_HISTORY):
        return signs.category
    if edit is Edit.OTHERS:
        return signs.category or signs.constraint or not signs.shown
    return edit is Edit.UNDO and (signs.category or signs.constraint)


def _about_items(reading: Reading, intent: Intent, confidence: float) -> DialogueAct:
    """The act of an utterance that speaks of shown items, or of none."""
    if intent not in ABOUT_ITEMS:
        return DialogueAct(intent, confidence=confidence)
    quantity = find_quantity(reading) if intent is Intent.SELECT else None
    asked, _ = positive_slots(reading)
    about = Slots(
        references=_references(reading, intent),
        quantity=quantity[0] if quantity else None,
        attributes=asked.attributes if intent in (Intent.ASK, Intent.COMPARE) else (),
    )
    topic = find_topic(reading, [(r.start, r.end) for r in reading.references]) if intent is Intent.ASK else ""
    return DialogueAct(intent, about, topic=topic, confidence=confidence)


def _references(reading: Reading, intent: Intent) -> tuple[str, ...]:
    """The references that count: pronouns only where nothing else points, no rank that is what is asked about."""
    kept: list[ReferenceMention] = list(reading.references)
    if intent is Intent.EXPLAIN and any(r.kind != "rank" for r in kept):
        kept = [r for r in kept if r.kind != "rank" or _BEFORE_AN_ITEM.search(reading.text[: r.start])]
    if intent is Intent.COMPARE:
        kept = [r for r in kept if not re.match(r"the \w+(?:er|est)\b|the (?:most|least)\b", r.reference)]
    sure = [r for r in kept if r.kind != "pronoun"]
    return tuple(dict.fromkeys(r.reference for r in sure or kept))


def _notes(reading: Reading) -> tuple[str, ...]:
    """Words that were taken for a typing error, for staff to see."""
    return tuple(
        f"“{reading.said[m.start : m.end]}” was read as {m.kind} “{m.value}”" for m in reading.mentions if not m.exact
    )
