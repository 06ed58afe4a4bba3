"""From tagged words to slots: each span says what it is, the grammars of money, numbers and ranks what it says."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.dialogue import Intent, Slots
from assistant.references import ReferenceMention
from assistant.rules.money_words import AROUND, find_amounts
from assistant.rules.number_words import number_from_words
from assistant.rules.slots import Reading
from assistant.tagger.tags import Span
from retrieval.words import tokens

_LISTS = ("brands", "excluded_brands", "attributes", "excluded_attributes")
_NONE = (Intent.PRIVACY, Intent.SERVICE, Intent.CHITCHAT, Intent.OUT_OF_SCOPE)
_OF_ITEMS = (Intent.ASK, Intent.COMPARE, Intent.EXPLAIN, Intent.SELECT)


def slots_of(spans: Sequence[Span], reading: Reading, intent: Intent) -> Slots:
    """The slots that tagged words fill.

    Args:
        spans: of `reading.text`.
        reading: of the utterance: its prices, references and numbers give the values.
        intent: of the utterance; some have no slots.
    """
    if intent in _NONE:
        return Slots()
    said = {kind: [_words(reading, span) for span in spans if span.kind == kind] for kind in (*_LISTS, "category")}
    low, high, currency = _prices([span for span in spans if span.kind in ("price_min", "price_max", "range")], reading)
    sorts = [span.kind.partition("=")[2] for span in spans if span.kind.startswith("sort=")]
    pieces = [_count(_words(reading, span)) for span in spans if span.kind == "quantity"]
    return Slots(
        category=next((words for words in reversed(said["category"]) if words), None),
        price_min=low,
        price_max=high,
        currency=currency,
        sort=sorts[0] if sorts else None,
        references=_references([span for span in spans if span.kind == "references"], reading),
        quantity=next((count for count in pieces if count), None),
        **{name: tuple(dict.fromkeys(filter(None, said[name]))) for name in _LISTS},
    )


def dropped_of(spans: Sequence[Span], reading: Reading, need: Slots) -> tuple[str, ...]:
    """What is taken back of the need in force, as `DialogueAct.dropped` states it."""
    found: dict[str, None] = {}
    held = need.as_json()
    for span in spans:
        _, is_drop, slot = span.kind.partition("drop=")
        if not is_drop:
            continue
        if slot == "price":
            found.update(dict.fromkeys(name for name in ("price_min", "price_max") if name in held))
        elif slot in held:
            found[_value(slot, _words(reading, span), getattr(need, slot))] = None
    return tuple(found)


def _value(slot: str, words: str, held: object) -> str:
    """The one value that the words name, or the whole slot."""
    said = {token.key for token in tokens(words)}
    if isinstance(held, tuple):
        for value in held:
            keys = {token.key for token in tokens(value)}
            if keys & said:
                return f"{slot}={value}"
    return slot


def _words(reading: Reading, span: Span) -> str:
    return " ".join(reading.text[span.start : span.end].split())


def _prices(spans: Sequence[Span], reading: Reading) -> tuple[float | None, float | None, str | None]:
    low = high = currency = None
    amounts = find_amounts(reading.text)
    for span in spans:
        here = [a for a in amounts if a.start < span.end and span.start < a.end]
        mention = next((p for p in reading.prices if p.start < span.end and span.start < p.end), None)
        value = here[0].value if here else number_from_words(reading.text[span.start : span.end])
        if span.kind == "range":
            if mention is not None and mention.low is not None and mention.high is not None:
                low, high = mention.low, mention.high
            elif value is not None:
                low, high = round(value * (1 - AROUND), 2), round(value * (1 + AROUND), 2)
        elif span.kind == "price_min":
            both = mention is not None and mention.low is not None and mention.high is not None
            low = mention.low if both and mention else value if value is not None else low
        else:
            both = mention is not None and mention.high is not None
            high = mention.high if both and mention else value if value is not None else high
        named = next((a.currency for a in here if a.currency), mention.currency if mention else None)
        currency = currency or named
    return low, high, currency


def _references(spans: Sequence[Span], reading: Reading) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for span in spans:
        inside = [r for r in reading.references if r.start < span.end and span.start < r.end]
        ranks = [r for r in inside if r.kind != "description"]
        if ranks and all(_covers(r, span) for r in ranks):
            found.update(dict.fromkeys(r.reference for r in ranks))
        else:
            found[_words(reading, span).removeprefix("the ")] = None
    return tuple(found)


def _covers(reference: ReferenceMention, span: Span) -> bool:
    """Whether a rank or pronoun is all that the span says."""
    return span.end - span.start <= reference.end - reference.start + len("the  one")


def _count(words: str) -> int | None:
    for word in words.split():
        digits = word.strip("x×")
        number = int(digits) if digits.isdigit() else number_from_words(word)
        if number is not None and 0 < number < 1000:
            return int(number)
    return None
