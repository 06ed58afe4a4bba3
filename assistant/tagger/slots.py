"""From tagged words to slots: each span says what it is, the grammars of money, numbers and ranks what it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from assistant.dialogue import ABOUT_ITEMS, WITHOUT_SLOTS, Intent, Slots
from assistant.rules.money_words import AROUND, find_amounts
from assistant.rules.number_words import number_from_words
from assistant.rules.slots import Reading
from assistant.tagger.tags import Span
from retrieval.words import tokens

_BOUND = re.compile(
    r"(?:at (?:the )?(?:least|most)|up to|min(?:imum)?|max(?:imum)?|about|around|between|from"
    r"|(?:no |not )?(?:more|less|fewer|over|under|above|below|[a-z]+er)(?: than)?)"
)
_NUMBER = re.compile(r"\d[\d.,x/]*")
_END = re.compile(
    r"(?:(?:the|that|this) )?(top|first|bottom|last)(?: (?:one|pair|item|pick|option|choice|result|card))?"
)
_ALL = re.compile(r"(?:(?:any|all|each|either|some) (?:of )?)?(?:these|those|them|they)(?: ones?)?")
_IT = re.compile(r"(?:this|that|it)(?: (?:one|item|product|thing|model))?(?: (?:there|here))?")
# what may stand beside a rank without describing anything
_POINTING = frozenset({"the", "a", "of", "number", "set"}) | {
    word + plural for word in ("one", "pair", "item", "pick", "option", "choice", "card") for plural in ("", "s")
}
_LOOSE = re.compile(r"(?: (?:w/?|&|\+|n|and|or|with))+$|^(?:(?:w/|&|\+|and|or|with) )+")  # joins at a span's ends
_ARTICLES = ("the", "a", "an")
_LISTS = ("brands", "excluded_brands", "attributes", "excluded_attributes")


def slots_of(spans: Sequence[Span], reading: Reading, intent: Intent) -> Slots:
    """The slots that tagged words fill.

    Args:
        spans: of `reading.text`.
        reading: of the utterance: its prices, references and numbers give the values.
        intent: of the utterance; some have no slots.
    """
    if intent in WITHOUT_SLOTS:
        return Slots()
    said = {kind: [_words(reading, span) for span in spans if span.kind == kind] for kind in (*_LISTS, "category")}
    pieces = [_count(_words(reading, span)) for span in spans if span.kind == "quantity"]
    references = _references([span for span in spans if span.kind == "references"], reading)
    if not references and intent in (Intent.ASK, Intent.COMPARE, Intent.EXPLAIN):  # a question takes no item
        references = tuple(dict.fromkeys(r.reference for r in reading.references if r.kind == "pronoun"))
    quantity = next((count for count in pieces if count), None)
    lists = {name: tuple(dict.fromkeys(filter(None, said[name]))) for name in _LISTS}
    if intent in ABOUT_ITEMS:
        asked = lists["attributes"] if intent is Intent.ASK else ()
        return Slots(references=references, attributes=asked, quantity=quantity if intent is Intent.SELECT else None)
    low, high, currency = _prices([span for span in spans if span.kind in ("price_min", "price_max", "range")], reading)
    sorts = [span.kind.partition("=")[2] for span in spans if span.kind.startswith("sort=")]
    return Slots(
        category=next((words for words in reversed(said["category"]) if words), None),
        price_min=low,
        price_max=high,
        currency=currency,
        sort=sorts[0] if sorts else None,
        references=references,
        quantity=quantity,
        **lists,
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
    words = " ".join(reading.text[span.start : span.end].split()).strip(" ,;:.!?-")
    return _LOOSE.sub("", words).strip(" ,;:.!?-")


def joined(spans: Sequence[Span], reading: Reading) -> list[Span]:
    """The spans, a property torn apart put together again: "at least" and "3 metres", "spf" and "50"."""
    whole: list[Span] = []
    for span in spans:
        last = whole[-1] if whole else None
        if last is not None and last.kind == span.kind and span.kind in ("attributes", "excluded_attributes"):
            apart = reading.text[last.end : span.start].strip()
            torn = _BOUND.fullmatch(_words(reading, last)) or _NUMBER.fullmatch(_words(reading, span))
            if not apart and torn:
                whole[-1] = replace(last, end=span.end)
                continue
        whole.append(span)
    return whole


def _prices(spans: Sequence[Span], reading: Reading) -> tuple[float | None, float | None, str | None]:
    """The limits on the price: what the money grammar reads where it reads one, else the tagged amounts."""
    low = high = currency = None
    for mention in reading.prices:
        low = mention.low if mention.low is not None else low
        high = mention.high if mention.high is not None else high
        currency = currency or mention.currency
    amounts = find_amounts(reading.text)
    for span in spans:
        if any(span.meets(p.start, p.end) for p in reading.prices):
            continue
        here = [a for a in amounts if span.meets(a.start, a.end)]
        value = here[0].value if here else number_from_words(_words(reading, span))
        currency = currency or next((a.currency for a in here if a.currency), None)
        if value is None:
            continue
        if span.kind == "range":
            low, high = round(value * (1 - AROUND), 2), round(value * (1 + AROUND), 2)
        elif span.kind == "price_min":
            low = value
        else:
            high = value
    return low, high, currency


def _references(spans: Sequence[Span], reading: Reading) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for span in spans:
        said = _words(reading, span)
        if said in _ARTICLES:
            continue
        inside = [r for r in reading.references if span.meets(r.start, r.end) and r.kind != "description"]
        rest = said
        for reference in inside:
            rest = rest.replace(" ".join(reading.text[reference.start : reference.end].split()), " ")
        end = _END.fullmatch(said)
        if end is not None:
            found["1" if end[1] in ("top", "first") else "last"] = None
        elif _ALL.fullmatch(said):
            found["all"] = None
        elif _IT.fullmatch(said):
            found["it"] = None
        elif inside and set(rest.split()) <= _POINTING:
            found.update(dict.fromkeys(r.reference for r in inside))
        else:
            found[said.removeprefix("the ")] = None
    return tuple(found)


def _count(words: str) -> int | None:
    for word in words.split():
        digits = word.strip("x×")
        number = int(digits) if digits.isdigit() else number_from_words(word)
        if number is not None and 0 < number < 1000:
            return int(number)
    return None
