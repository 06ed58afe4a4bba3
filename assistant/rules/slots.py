"""Slots by rule: what an utterance wants and refuses, and the rest of the need in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assistant.dialogue import Slots
from assistant.references import ReferenceMention, find_references
from assistant.rules.cues import alternatives, cue, names
from assistant.rules.money_words import PriceMention, find_prices
from assistant.rules.number_words import number_from_words
from assistant.rules.polarity import find_allowed, find_refusals
from assistant.rules.words import lower, normalise, remaining, strip_filler
from retrieval.catalogue import CatalogueItem
from retrieval.units import find_quantities
from retrieval.vocabulary import Mention, Vocabulary

Span = tuple[int, int]

_REQUIRED = re.compile(rf"(?<!\w)(?<!not ){alternatives('required')}\s+(?:an?\s+|the\s+)?((?:[\w-]+\s?){{1,3}})")
_CLAUSE_END = re.compile(r"[,;.!?]|\b(?:and|or|but|for|with|under|over|to|by|in|when)\b")
_COMPARATIVE = re.compile(r"\b(?:longer|shorter|smaller|bigger|larger|lighter|heavier|better|stronger)\s+$")
_LONGEST = 1_000
_PURPOSE = re.compile(r"\bfor (?:my |the |an? |our |his |her )?$")

_COUNTS = r"\d{1,2}|two|three|four|five|six|seven|eight|nine|ten"
_WITH_A_PART = re.compile(r"^[^,;.!?]*\bwith\b(?!out)[^,;.!?]*$")
_PIECES = re.compile(
    rf"\b({_COUNTS}|an?|one)\s+(?:pieces?|pcs|copies|units|of (?:them|those|these|the|it|that|this|number)\b)"
    r"|\bx\s?(\d{1,2})\b(?!\s*\d)|\b(\d{1,2})\s?x\b(?!\s*\d)|\b(?:quantity|qty)\s*:?\s*(\d{1,3})"
    rf"|\b(?:take|buy|order|get|add|want|need)\s+(?:me\s+)?({_COUNTS})\b(?!\s*(?:hundred|grand|k\b|[-.\d]))"
)
_COUNTED_CATEGORY = re.compile(rf"\b({_COUNTS})\s+$")

# "not too heavy" asks for the opposite; said as it is, it would rank heavy items first
OPPOSITES = {
    **dict.fromkeys(("heavy", "bulky"), "light"),
    **dict.fromkeys(("big", "large"), "compact"),
    **dict.fromkeys(("loud", "noisy"), "quiet"),
    **dict.fromkeys(("fancy", "complicated"), "simple"),
    "small": "large",
    "thick": "thin",
    "slow": "fast",
    "tight": "loose",
    "hard": "soft",
}
_NOT_TOO = re.compile(rf"\b(?:not(?: too| so| very| that| overly)?|nothing(?: too)?) ({'|'.join(OPPOSITES)})\b")


@dataclass(frozen=True, slots=True)
class Reading:
    """An utterance with everything that the shop's words and the money grammar find in it.

    Attributes:
        said: normalised, case kept; `text` is the same in lower case, place by place.
        mentions: categories, brands and attributes; those inside a price are left out.
        refused, allowed: indexes of the mentions she refuses, and of those that she says are fine.
        refusals: places of the refusals, cue words included.
        loose: refused words that the shop does not know.
    """

    said: str
    text: str
    mentions: tuple[Mention, ...]
    prices: tuple[PriceMention, ...]
    references: tuple[ReferenceMention, ...]
    refused: frozenset[int] = frozenset()
    allowed: frozenset[int] = frozenset()
    refusals: tuple[Span, ...] = ()
    loose: tuple[str, ...] = ()

    def wanted(self, kind: str) -> tuple[Mention, ...]:
        """Mentions of one kind that are neither refused nor merely fine."""
        off = self.refused | self.allowed
        return tuple(m for i, m in enumerate(self.mentions) if m.kind == kind and i not in off)

    def refused_of(self, kind: str) -> tuple[Mention, ...]:
        """Mentions of one kind that she refuses."""
        return tuple(m for i, m in enumerate(self.mentions) if m.kind == kind and i in self.refused)


def read(utterance: str, vocabulary: Vocabulary, shown: Sequence[CatalogueItem]) -> Reading:
    """Find everything in the first 1,000 characters of an utterance that a rule can stand on."""
    said = normalise(utterance)[:_LONGEST]
    text = lower(said)
    references = find_references(text, shown)
    ranks = [(r.start, r.end) for r in references if r.kind == "rank"]
    prices = tuple(p for p in find_prices(text) if not _within((p.start, p.end), ranks))
    mentions = [m for m in vocabulary.mentions(said) if _is_mention(m, text, prices)]
    apart = [(p.start, p.end) for p in prices] + [m.span() for m in _NOT_TOO.finditer(text)]
    refused, refusals, loose = find_refusals(text, mentions, apart)
    allowed = find_allowed(text, mentions)
    reading = Reading(said, text, tuple(mentions), prices, references, refused - allowed, allowed, refusals, loose)
    last = {(m.kind, m.value): i for i, m in enumerate(mentions)}  # "no HP ... HP is fine too": the later word counts
    return _only(reading, sorted(last.values()))


def _is_mention(mention: Mention, text: str, prices: Sequence[PriceMention]) -> bool:
    """Not part of a price, no age ("9 year old"), and no mere purpose ("lamp for my desk")."""
    if any(p.start < mention.end and mention.start < p.end for p in prices):
        return False
    if mention.kind == "attribute" and re.match(r"[\s-]*old\b", text[mention.end :]):
        return False
    if _is_compared(mention, text):
        return False
    purpose = _PURPOSE.search(text[: mention.start]) if mention.kind == "category" else None
    return purpose is None or not strip_filler(re.split(r"[,;.!?]", text[: purpose.start()])[-1])


def _is_compared(mention: Mention, text: str) -> bool:
    """Whether the word is what a comparative speaks of: "longer battery", "a smaller bottle"."""
    said = text[mention.start : mention.end]
    if mention.kind == "brand" or re.search(r"\d", said):
        return False
    return _COMPARATIVE.search(text[: mention.start]) is not None or any(
        cue(f"relative.{name}").search(said) for name in names("relative")
    )


def _within(span: Span, spans: Iterable[Span]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in spans)


def without(reading: Reading, spans: Sequence[Span]) -> Reading:
    """The reading with what lies inside these places left out: "forget the blue" wants no blue."""
    kept = [i for i, m in enumerate(reading.mentions) if not _within((m.start, m.end), spans)]
    refusals = tuple(r for r in reading.refusals if not any(s < r[1] and r[0] < e for s, e in spans))
    return replace(
        _only(reading, kept),
        prices=tuple(p for p in reading.prices if not _within((p.start, p.end), spans)),
        refusals=refusals,
        loose=reading.loose if refusals == reading.refusals else (),
    )


def _only(reading: Reading, kept: Sequence[int]) -> Reading:
    """The reading with some of its mentions."""
    place = {old: new for new, old in enumerate(kept)}
    return replace(
        reading,
        mentions=tuple(reading.mentions[i] for i in kept),
        refused=frozenset(place[i] for i in reading.refused if i in place),
        allowed=frozenset(place[i] for i in reading.allowed if i in place),
    )


def positive_slots(reading: Reading) -> tuple[Slots, tuple[Span, ...]]:
    """The slots that an utterance fills, references and quantity aside, and the places that fill them."""
    categories, parts = _categories(reading)
    of_category = set(categories[-1].value.split()) if categories else set()
    properties = [m for m in reading.wanted("attribute") if of_category.isdisjoint(m.value.split())]
    required = find_requirements(reading)
    sort = find_sort(reading.text)
    refused = reading.refused_of("attribute") + reading.refused_of("category")
    slots = Slots(
        category=categories[-1].value if categories else None,
        price_min=next((p.low for p in reversed(reading.prices) if p.low is not None), None),
        price_max=next((p.high for p in reversed(reading.prices) if p.high is not None), None),
        currency=next((p.currency for p in reading.prices if p.currency), None),
        brands=_unique(m.value for m in reading.wanted("brand")),
        excluded_brands=_unique(m.value for m in reading.refused_of("brand")),
        attributes=_unique([*(phrase(reading, m) for m in properties), *(w for w, _ in required)]),
        excluded_attributes=_unique([*(phrase(reading, m) for m in refused), *reading.loose]),
        sort=sort[0] if sort else None,
    )
    spans = [(m.start, m.end) for m in reading.mentions if m not in parts] + [(p.start, p.end) for p in reading.prices]
    spans += [span for _, span in required] + list(reading.refusals) + ([sort[1]] if sort else [])
    return slots, tuple(spans)


def _categories(reading: Reading) -> tuple[list[Mention], list[Mention]]:
    """Categories that are wanted, and those that are only a part of one: "a phone with a good camera"."""
    wanted: list[Mention] = []
    parts: list[Mention] = []
    for mention in reading.wanted("category"):
        part = wanted and _WITH_A_PART.search(reading.text[wanted[-1].end : mention.start])
        (parts if part else wanted).append(mention)
    return wanted, parts


def find_sort(text: str) -> tuple[str, Span] | None:
    """The order that is asked for by name and the place that asks for it; the first one in the text."""
    found = [(m.start(), m.end(), name) for name in names("sort") if (m := cue(f"sort.{name}").search(text))]
    if not found:
        return None
    start, end, name = min(found)
    return name, (start, end)


def find_quantity(reading: Reading) -> tuple[int, Span] | None:
    """How many pieces: "two of them", "x3", or a number right before a category ("5 mugs")."""
    text = reading.text
    taken = [(p.start, p.end) for p in reading.prices]
    taken += [(q.start, q.end) for q in find_quantities(text) if q.quantity.unit]
    taken += [(m.start, m.end) for m in reading.mentions if m.kind == "attribute"]
    for match in _PIECES.finditer(text):
        count = next(group for group in match.groups() if group is not None)
        start = match.start() + match[0].index(count)
        if not any(s < start + len(count) and start < e for s, e in taken):
            return _count(count), match.span()
    for mention in reading.wanted("category"):
        before = _COUNTED_CATEGORY.search(text[: mention.start])
        if before:
            return _count(before[1]), before.span()
    return None


def _count(said: str) -> int:
    return int(said) if said.isdigit() else int(number_from_words(said) or 1)


def find_requirements(reading: Reading) -> tuple[tuple[str, Span], ...]:
    """Wishes stated as a must that are no mention: "must be vegan". They stay attributes, known to the shop or not."""
    found = []
    for match in _REQUIRED.finditer(reading.text):
        start = match.start(1)
        stop = _CLAUSE_END.search(match[1])
        ends = [m.start for m in reading.mentions if m.end > start]
        ends += [p.start for p in reading.prices if p.end > start]
        end = min([start + stop.start() if stop else match.end(1), *ends])
        words = strip_filler(reading.text[start:end]) if end > start else ""
        if words and not cue("required").search(words) and not cue("relative.cheaper").search(words):
            found.append((words, (match.start(), end)))
    return tuple(found)


def phrase(reading: Reading, mention: Mention) -> str:
    """An attribute in the shopper's words."""
    return " ".join(reading.text[mention.start : mention.end].split())


def find_topic(reading: Reading, spans: Sequence[Span]) -> str:
    """The rest of the need, for ranking: what no slot holds, without filler; "not too heavy" as "light".

    A "not too" without a known opposite is left out: its word would rank high what she does not want.
    """
    turned = list(_NOT_TOO.finditer(reading.text))
    unturned = [m.span() for m in re.finditer(r"\bnot (?:too|so|very) \w+", reading.text)]
    topic = " ".join(remaining(reading.text, [*spans, *unturned, *(m.span() for m in turned)]))
    return " ".join([*([topic] if topic else []), *(OPPOSITES[m[1]] for m in turned)])


def _unique(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
