"""From what the tagger read to a dialogue act in the shop's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, Need, Rung, Slots
from assistant.rules.slots import Reading, find_topic
from assistant.tagger.slots import dropped_of, joined, slots_of
from assistant.tagger.tagger import Tagged
from assistant.tagger.tags import Span
from retrieval.vocabulary import Vocabulary

_PRIVACY = (Edit.SHOW_DATA, Edit.FORGET, Edit.IGNORE_HISTORY, Edit.USE_HISTORY)
_NEED = (Edit.UNDO, Edit.RESTART, Edit.OTHERS)


def act_of(tagged: Tagged, state: DialogueState, vocabulary: Vocabulary) -> DialogueAct:
    """The act of a tagged utterance.

    Args:
        tagged: see `assistant.tagger.tagger.Tagger.read`.
        state: before the turn.
        vocabulary: the shop's words: what it knows is called as it calls it, the rest stays as it was said.
    """
    intent = tagged.intent
    if intent is Intent.REFINE and state.need == Need():
        intent = Intent.FIND  # there is nothing to change yet
    edit = _edit(tagged, intent)
    likely = tuple(sorted(tagged.chances.items(), key=lambda entry: -entry[1]))
    spans = joined(_known(tagged.spans, tagged.reading), tagged.reading)
    slots = slots_of(spans, tagged.reading, intent)
    dropped = dropped_of(tagged.spans, tagged.reading, state.need.slots) if intent is Intent.REFINE else ()
    of_need = intent in (Intent.FIND, Intent.REFINE) and edit is None
    places = [(span.start, span.end) for span in tagged.spans]
    return DialogueAct(
        intent,
        _canonical(slots, spans, tagged.reading, vocabulary),
        dropped,
        edit=edit,
        topic=find_topic(tagged.reading, places) if of_need or intent is Intent.ASK else "",
        confidence=round(tagged.chances[tagged.intent], 3),
        rung=Rung.TAGGER,
        likely=tuple((each, round(chance, 3)) for each, chance in likely),
    )


def _edit(tagged: Tagged, intent: Intent) -> Edit | None:
    """The edit that goes with the intent; a word about privacy that asks for nothing else shows the data."""
    if intent is Intent.PRIVACY:
        return tagged.edit if tagged.edit in _PRIVACY else Edit.SHOW_DATA
    return tagged.edit if intent is Intent.REFINE and tagged.edit in _NEED else None


def _known(spans: Sequence[Span], reading: Reading) -> list[Span]:
    """The spans, a brand that the shop knows only as a category or a property taken for that."""
    kept = []
    for span in spans:
        here = {m.kind for m in reading.mentions if span.meets(m.start, m.end)}
        if span.kind == "brands" and here and "brand" not in here:
            span = replace(span, kind="category" if "category" in here else "attributes")
        kept.append(span)
    return kept


def _canonical(slots: Slots, spans: Sequence[Span], reading: Reading, vocabulary: Vocabulary) -> Slots:
    """The slots with categories and brands as the shop calls them."""
    category = slots.category and (
        vocabulary.find_category(slots.category) or _mentioned("category", "category", spans, reading) or slots.category
    )

    def brands(said: tuple[str, ...], kind: str) -> tuple[str, ...]:
        found = (vocabulary.find_brand(w) or _mentioned("brand", kind, spans, reading, w) or w for w in said)
        return tuple(dict.fromkeys(found))

    return replace(
        slots,
        category=category,
        brands=brands(slots.brands, "brands"),
        excluded_brands=brands(slots.excluded_brands, "excluded_brands"),
    )


def _mentioned(
    mention_kind: str, kind: str, spans: Sequence[Span], reading: Reading, words: str | None = None
) -> str | None:
    """What the vocabulary found where a span of this kind lies: it forgives slips of the keyboard."""
    for span in reversed(spans):
        said = " ".join(reading.text[span.start : span.end].split())
        if span.kind == kind and words in (None, said):
            for mention in reading.mentions:
                if mention.kind == mention_kind and (span.start, span.end) == (mention.start, mention.end):
                    return mention.value
    return None
