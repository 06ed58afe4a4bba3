"""References to items on the page: found in an utterance ("the second one"), resolved to items that are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from retrieval.catalogue import CatalogueItem
from retrieval.words import function_words, tokens

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CARDINALS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_RANKS = {word: n for n, word in enumerate(_ORDINALS, start=1)} | {
    word: n for n, word in enumerate(_CARDINALS, start=1)
}
_MOST_SHOWN = 12  # no page shows more; "the 14th" is a day
_COUNT = r"two|three|four|five|2|3|4|5"
_ORDINAL = "|".join(_ORDINALS)
# what may follow "the last": not "the last week", not "my last order"
_NEXT = (
    r"one|item|pick|option|choice|product|model|please|and|or|is|has|have|does|in|with|vs|versus|compared?|then|to"
    r"|of (?:the|these|those)"
)
_MONTH = re.compile(
    r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)(?:uary|ruary|ch|il|e|y|ust|tember|ober|ember)?\b|\bmonth\b"
)
_RANK = re.compile(
    rf"\b(?P<end>first|last|top|bottom|other)\s+(?P<count>{_COUNT})\b(?!\s*(?:gb|inch|years?|hours?|hundred|%))"
    rf"|\b(?:number|no\.?|nr\.?|option|item|pick|choice|#)\s*(?P<number>\d{{1,2}}|{'|'.join(_RANKS)})\b"
    rf"|#(?P<hash>\d{{1,2}})\b"
    rf"|\b(?P<ordinal>{_ORDINAL}|\d{{1,2}}(?:st|nd|rd|th))\b"
    r"(?!\s*(?:aid|time|class|hand|thoughts?|opinion|choice of|gen\b|generation"
    r"|birthday|anniversary|floor|grade|of (?:all|january|may|june|july)))"
    rf"|\b(?P<last>last|bottom)\b(?=\s*(?:$|[?.!,;:]|(?:{_NEXT})\b))",
)
# bare numbers are ranks when they are all that is said, or what is compared
_BARE_RANKS = re.compile(
    r"^\W*(?:the )?\d(?:\s*(?:,|and|&|or|vs\.?|versus)\s*\d)*\W*(?:please)?\W*$"
    r"|(?<=compare )\d(?:\s*(?:,|and|&|or|to|with|vs\.?|versus)\s*\d)+\b"
    r"|(?<=between )\d\s*and\s*\d\b|\b\d\s*(?:vs\.?|versus)\s*\d\b"
)
# "options one through three", "items 2-4"
_RANGE = re.compile(
    rf"\b(?:options?|items?|picks?|numbers?|choices?)\s+(?P<from>[1-9]|{'|'.join(_CARDINALS)})"
    rf"\s*(?:-|–|\bto\b|\bthrough\b|\bthru\b)\s*(?P<to>[1-9]|{'|'.join(_CARDINALS)})\b"
)
_MIDDLE = re.compile(r"\b(?:the )?(?:one )?in the middle\b|\b(?:the )?middle (?:one|item|option|pick)\b")
_SEVERAL = r"three|four|five|six|seven|eight|[3-8]"
_PRONOUN = re.compile(
    rf"\b(?P<all>all of (?:them|these|those)|(?:all(?: of)?(?: the| these| those)?|these|those) (?:{_SEVERAL})"
    r"|(?:these|those|the) two|these|those|them|they|their|both|each)\b"
    r"(?!\s+(?:days|kinds?))"
    r"|\b(?P<it>(?:this|that)\s+(?:one|item|product|model|thing)|it|its)\b"
    r"|\b(?:take|buy|get|want|about|of|like|why|is|does|has|can|order|for|with|add|on|than|have)\s+(?P<this>this|that)\b"
    r"(?=\s*(?:$|[?.!,]|\b(?:have|has|come|in|one|good|to|be|is|first|the|any|support|work|fit|please|really|also)\b))"
    r"|(?P<other>\bthe other(?: one)?\b)"
)
_GRADES = (
    r"cheap|expensive|pricey|pricy|dear|big|large|small|light|heavy|new|old|long|short|tall|thin|fast|strong|popular"
    r"|affordable|costly|powerful|high|low|good|compact"
)
_SUPERLATIVE = re.compile(
    r"\bthe\s+(?P<grade>(?:most|least|more|less)\s+(?:expensive|affordable|popular|costly|powerful|recent)"
    r"|(?:best|better|highest|higher|top|worst|lowest|lower)[\s-](?:rated|priced|reviewed|price|rating)"
    r"|(?:cheap|pric|larg|dear|bigg|small|light|heavi|new|old|long|short|tall|thinn|fast|strong)(?:i)?(?:er|est))\b"
    r"(?P<tail>\s+(?:ones?|items?|products?|options?))?(?P<of>\s+(?:of|among|between)\s+(?:the\s+)?(?:two|both|them|these|those))?"
)
_ONE = re.compile(r"\b(?:the|that|this)\s+((?:[\w-]+\s+){1,3})(ones?)\b(?!\s+(?:of|in)\s+the\b)")
_WITH = re.compile(r"\bthe ones?\s+(?:with|from|by|in|that has|that is|made of|for)\s+((?:[\w-]+\s?){1,4})")

_PRICE_WORDS = re.compile(r"cheap|affordable|least expensive|less expensive|lowe(?:r|st)[ -]price")
_DEAR_WORDS = re.compile(r"expensive|pric(?:ie|ey)|dear|costly|highe(?:r|st)[ -]pric")
_RATED = re.compile(r"rated|reviewed|rating|\bbetter\b|\bbest\b")


@dataclass(frozen=True, slots=True)
class ReferenceMention:
    """Words of an utterance that point to shown items, at `utterance[start:end]`.

    Attributes:
        reference: as `resolve` takes it: "2", "last", "last 2", "it", "all", "the cheaper of the two", "blue hp".
        kind: how sure the pointing is: a "rank" always is one, a "pronoun" or a "description" only in a sentence that
            speaks of shown items.
    """

    reference: str
    kind: Literal["rank", "pronoun", "description"]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Resolved:
    """Ids of the items that references mean, in the order named, each once; and the references that mean none."""

    item_ids: tuple[str, ...] = ()
    unresolved: tuple[str, ...] = ()


def find_references(utterance: str, shown: Sequence[CatalogueItem]) -> tuple[ReferenceMention, ...]:
    """Everything in an utterance (lower case) that may point to shown items, in reading order, not overlapping."""
    found: list[ReferenceMention] = []

    def add(reference: str, kind: Literal["rank", "pronoun", "description"], start: int, end: int) -> None:
        if not any(m.start < end and start < m.end for m in found):
            found.append(ReferenceMention(reference, kind, start, end))

    for match in _SUPERLATIVE.finditer(utterance):
        add(" ".join(match[0].split()), "description", match.start(), match.end())
    for match in _RANGE.finditer(utterance):
        first, last = (int(_RANKS.get(match[end], match[end])) for end in ("from", "to"))
        for number in range(first, min(last, _MOST_SHOWN) + 1):
            found.append(ReferenceMention(str(number), "rank", match.start(), match.end()))
    for match in _RANK.finditer(utterance):
        if any(m.kind == "rank" and m.start < match.end() and match.start() < m.end for m in found):
            continue
        if match["ordinal"] and match["ordinal"][0].isdigit() and _MONTH.search(utterance):
            continue  # a date
        for reference in _ranks(match):
            if reference.isdigit() and int(reference) > _MOST_SHOWN:
                continue
            found.append(ReferenceMention(reference, "rank", match.start(), match.end()))
    for match in _MIDDLE.finditer(utterance) if len(shown) % 2 else ():
        add(str(len(shown) // 2 + 1), "rank", match.start(), match.end())
    for match in _BARE_RANKS.finditer(utterance) if shown else ():
        for rank in re.finditer(r"\d", match[0]):
            if 1 <= int(rank[0]) <= len(shown):
                add(rank[0], "rank", match.start() + rank.start(), match.start() + rank.end())
    for start, end in _described(utterance, shown) if shown else ():
        add(utterance[start:end], "description", start, end)
    for match in _PRONOUN.finditer(utterance):
        kind = match.lastgroup or "it"
        meant = {"all": "both" if re.search(r"both|two", match[0]) else "all", "other": "the other one"}
        add(meant.get(kind, "it"), "pronoun", *match.span(kind))
    return tuple(sorted(found, key=lambda m: m.start))


def _ranks(match: re.Match[str]) -> tuple[str, ...]:
    if match["end"]:
        count = int(_RANKS.get(match["count"]) or match["count"])
        if match["end"] in ("first", "top"):
            return tuple(str(rank) for rank in range(1, count + 1))
        return (f"{'last' if match['end'] in ('last', 'bottom') else 'other'} {count}",)
    if match["last"]:
        return ("last",)
    said = match["number"] or match["hash"] or match["ordinal"]
    return (str(_RANKS.get(said) or int(re.sub(r"\D", "", said))),)


def _described(utterance: str, shown: Sequence[CatalogueItem]) -> list[tuple[int, int]]:
    """Places of descriptions: "the blue one", "the one with 16 gb", and runs of words that tell shown items apart."""
    spans = [match.span() for match in (*_ONE.finditer(utterance), *_WITH.finditer(utterance))]
    held = [_words(item.title) | _words(item.brand or "") for item in shown]
    shared = held[0].intersection(*held[1:]) if len(held) > 1 else set()
    telling = {key for words in held for key in words} - shared
    brands = {key for item in shown if item.brand for key in _words(item.brand)}
    run: list[int] = []
    words = [*tokens(utterance)]
    for index, word in enumerate(words):
        distinct = word.key in telling and len(word.key) > 2 and not word.word.isdigit()
        if word.key in brands or (distinct and word.word not in function_words()):
            run = [run[0] if run else word.start, word.end]
        if run and (index + 1 == len(words) or words[index + 1].key not in telling | brands):
            spans.append((run[0], run[1]))
            run = []
    return spans


def _words(text: str) -> set[str]:
    return {token.key for token in tokens(text)}


def resolve(references: tuple[str, ...], shown: Sequence[CatalogueItem], focus: str | None) -> Resolved:
    """The shown items that references mean.

    "it", like "this" and "that", is the item in focus, else the first pick. A description means the first item, in
    shown order, that has all its words; in the plural ("the blue ones") all of them. "the cheaper one" compares what
    is shown; "of the two" the item in focus with its neighbour, or the first two.

    Args:
        references: `Slots.references`.
        shown: items on the page, in its order.
        focus: id of the item last talked about.
    """
    found: dict[str, None] = {}
    unresolved = []
    for reference in references:
        items = _one(" ".join(reference.casefold().split()), shown, focus)
        if not items:
            unresolved.append(reference)
        found.update(dict.fromkeys(item.item_id for item in items))
    return Resolved(tuple(found), tuple(unresolved))


def _one(reference: str, shown: Sequence[CatalogueItem], focus: str | None) -> Sequence[CatalogueItem]:
    if not shown:
        return ()
    in_focus = [item for item in shown if item.item_id == focus]
    others = [item for item in shown if item.item_id != focus]
    if reference.isdigit():
        return shown[int(reference) - 1 : int(reference)] if int(reference) > 0 else ()
    match reference.split():
        case ["last"]:
            return shown[-1:]
        case ["last", count] if count.isdigit():
            return shown[-int(count) :]
        case ["other", count] if count.isdigit():
            return others[: int(count)]
        case ["all"]:
            return shown
        case ["both"]:
            return _pair(shown, focus)
        case ["it" | "this" | "that"]:
            return in_focus or shown[:1]
        case ["the", "other", "one"]:
            return others[:1] if focus else shown[1:2]
    return _by_description(reference, shown, focus)


def _pair(shown: Sequence[CatalogueItem], focus: str | None) -> Sequence[CatalogueItem]:
    """The two that were last talked about: the item in focus and the one after it, or the first two."""
    place = next((i for i, item in enumerate(shown) if item.item_id == focus), 0)
    start = max(0, min(place, len(shown) - 2))
    return shown[start : start + 2]


def _by_description(reference: str, shown: Sequence[CatalogueItem], focus: str | None) -> Sequence[CatalogueItem]:
    reference = reference if reference.startswith("the ") else f"the {reference}"
    grade = _SUPERLATIVE.search(reference)
    among = _pair(shown, focus) if re.search(r"\b(?:two|both)\b", reference) else shown
    rest = reference[: grade.start()] + reference[grade.end() :] if grade else reference
    ignored = {"one", "the", "that", "this", "with", "from", "by", "in", "has", "made", "of", "for", "item", "two", "a"}
    wanted = [t.key for t in tokens(rest) if t.word not in function_words() and t.key not in ignored]
    matching = [item for item in among if _holds(item, wanted)]
    if grade and matching:
        best = _by_grade(grade["grade"], matching)
        return [best] if best else ()
    if not wanted:
        return ()
    return matching if re.search(r"\bones\b|\ball\b", reference) else matching[:1]


def _holds(item: CatalogueItem, wanted: Sequence[str]) -> bool:
    """Whether all words are the item's: of its title, brand, category or attributes; joined words count too."""
    facts = " ".join(f"{a.name} {a.text} {' '.join(a.values)}" for a in item.attributes.values())
    keys = [t.key for t in tokens(f"{item.title} {item.brand or ''} {' '.join(item.category)} {facts}")]
    held, joined = set(keys), "".join(keys)
    return all(word in held or (len(word) > 3 and word in joined) for word in wanted)


def _by_grade(grade: str, items: Sequence[CatalogueItem]) -> CatalogueItem | None:
    """The item at the extreme a grade names, among those that state the field; the first of equals."""
    measure, sign = _measure(grade)
    stated = [(value, item) for item in items if (value := measure(item)) is not None]
    return min(stated, key=lambda pair: sign * pair[0])[1] if stated else None


_DIMENSIONS = (
    (r"light|heav", ("weight", "g"), r"light"),
    (r"small|short|big|larg|tall|long|thin|compact", ("size", "mm"), r"small|short|thin|compact"),
)


def _measure(grade: str) -> tuple[Callable[[CatalogueItem], float | None], int]:
    """What a grade measures and which end it means: 1 the least, -1 the most."""
    if _DEAR_WORDS.search(grade):
        return _price, 1 if grade.startswith(("less", "least")) else -1
    if _PRICE_WORDS.search(grade):
        return _price, 1
    if "popular" in grade:
        return (lambda item: float(item.rating_count)), -1
    if _RATED.search(grade):
        return (lambda item: item.rating), 1 if grade.startswith(("worst", "low")) else -1
    if re.match(r"(?:most )?(?:new|recent|old)", grade):
        return _released, 1 if grade.startswith("old") else -1
    for pattern, (name, unit), least in _DIMENSIONS:
        if re.match(pattern, grade):
            return _stated(name, unit), 1 if re.match(least, grade) else -1
    return (lambda item: None), 1


def _price(item: CatalogueItem) -> float | None:
    return None if item.price is None else float(item.price.minor)


def _released(item: CatalogueItem) -> float | None:
    return None if item.released is None else float(item.released.toordinal())


def _stated(name: str, unit: str) -> Callable[[CatalogueItem], float | None]:
    """The attribute that measures a dimension: the one named so before any other in its unit."""

    def measure(item: CatalogueItem) -> float | None:
        numbers = [(a.name != name, name not in a.name, a.number) for a in item.attributes.values() if a.unit == unit]
        stated = [entry for entry in numbers if entry[2] is not None]
        return min(stated, key=lambda entry: entry[:2])[2] if stated else None

    return measure
