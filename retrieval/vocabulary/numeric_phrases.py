"""Numbers that a shopper sets bounds with: "at least 32 GB ram", "15 inch or smaller", "between 13 and 14 inches".

Only the grammar: which attribute is meant is decided by `retrieval.vocabulary.attribute_table`, which knows the shop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from retrieval.query import Comparison
from retrieval.units import Quantity, QuantityMention, find_quantities, parse_quantity
from retrieval.words import Token, tokens

# "about 14 inches" admits what lies within this share of it
_ABOUT = 0.05
_NEARBY_WORDS = 3

_BEFORE: tuple[tuple[str, Comparison], ...] = (
    (
        r"at least|min(?:imum)?\.?|no less than|not less than|not under|not below|no smaller than|>=|≥"
        r"|starting (?:at|from)",
        Comparison.AT_LEAST,
    ),
    (
        r"at most|max(?:imum)?\.?|up to|no more than|not more than|not over|not above|<=|≤|within"
        r"|no (?:heavier|larger|bigger|longer|wider|taller) than",
        Comparison.AT_MOST,
    ),
    (
        r"(?:more|greater|larger|bigger|longer|heavier|wider|taller|higher|faster|brighter|louder|deeper|thicker) than"
        r"|over|above|exceeding|>",
        Comparison.MORE_THAN,
    ),
    (
        r"(?:less|fewer|lighter|smaller|shorter|narrower|lower|slower|thinner|quieter) than|under|below|<",
        Comparison.LESS_THAN,
    ),
)
_AFTER: tuple[tuple[str, Comparison], ...] = (
    (
        r"\+|plus\b|(?:or|and) (?:more|higher|larger|bigger|longer|above|over|up|upwards|better|greater|heavier|wider"
        r"|taller|faster|brighter)\b|minimum\b|min\b|at least\b",
        Comparison.AT_LEAST,
    ),
    (
        r"(?:or|and) (?:less|fewer|smaller|lighter|shorter|under|below|lower|thinner|narrower|quieter)\b|max(?:imum)?\b"
        r"|tops\b|at most\b",
        Comparison.AT_MOST,
    ),
)
_LINK = r"\s*(?:of|is|a|an)?\s*"
_BEFORE_PATTERNS = tuple((re.compile(rf"(?<!\w)({words}){_LINK}$", re.IGNORECASE), c) for words, c in _BEFORE)
_AFTER_PATTERNS = tuple((re.compile(rf"\s*-?({words})", re.IGNORECASE), c) for words, c in _AFTER)
_ABOUT_PATTERN = re.compile(rf"(?<!\w)(around|about|approximately|approx\.?|roughly|~|circa){_LINK}$", re.IGNORECASE)
_RANGE_OPENS = re.compile(r"(?<!\w)(between|from)\s*$", re.IGNORECASE)
_RANGE_JOINS = re.compile(r"\s*(?:-|–|to|and)\s*", re.IGNORECASE)
_CLAUSE_ENDS = re.compile(r"[,;.!?()]\s|[;!?()\n]|\b(?:and|but|with|for|or|under|over|below|above|at)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of what was said: how to compare with which quantity."""

    comparison: Comparison
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class NumericPhrase:
    """A quantity with its comparison and the words near it, which may name the attribute.

    Attributes:
        bounds: one, or two for a range.
        next_whole: for a bare whole number the same number plus one: shops call 15.6 inches "15 inch"; else None.
        hint: the comparing words ("lighter than"), which tell of the attribute too.
        before, after: words around it, nearest clause only, in reading order.
        start, end: place of the comparison and the quantity.
    """

    bounds: tuple[Bound, ...]
    next_whole: Quantity | None
    hint: str
    before: tuple[Token, ...]
    after: tuple[Token, ...]
    start: int
    end: int


def find_numeric_phrases(text: str) -> tuple[NumericPhrase, ...]:
    """Every quantity of a text with what is said about it, in reading order."""
    mentions = find_quantities(text)
    phrases: list[NumericPhrase] = []
    position = 0
    for index, mention in enumerate(mentions):
        if mention.start < position:
            continue
        following = mentions[index + 1] if index + 1 < len(mentions) else None
        phrase = (following and _range(text, mention, following, position)) or _single(text, mention, position)
        phrases.append(phrase)
        position = phrase.end
    return tuple(phrases)


def _range(text: str, low: QuantityMention, high: QuantityMention, position: int) -> NumericPhrase | None:
    joint = text[low.end : high.start]
    opening = _RANGE_OPENS.search(text[position : low.start])
    if not _RANGE_JOINS.fullmatch(joint) or (opening is None and joint.strip().casefold() == "and"):
        return None
    least, most = low.quantity, high.quantity
    if least.unit is None and most.unit is not None:
        least = _with_unit_of(text, low, high) or least
    if least.unit != most.unit or least.number > most.number:
        return None
    start = position + opening.start() if opening else low.start
    bounds = (Bound(Comparison.AT_LEAST, least), Bound(Comparison.AT_MOST, most))
    return _phrase(text, bounds, None, "", start, high.end, position)


def _with_unit_of(text: str, number: QuantityMention, other: QuantityMention) -> Quantity | None:
    """The plain number read in the unit that the other one is written in: "13 to 14 inches"."""
    unit = re.sub(r"^[\d.,\s]+", "", text[other.start : other.end])
    return parse_quantity(f"{text[number.start : number.end]} {unit.lstrip('- ')}")


def _single(text: str, mention: QuantityMention, position: int) -> NumericPhrase:
    lead, tail = text[position : mention.start], text[mention.end :]
    about = _ABOUT_PATTERN.search(lead)
    if about:
        slack = abs(mention.quantity.number) * _ABOUT
        bounds = tuple(
            Bound(comparison, Quantity(mention.quantity.number + shift, mention.quantity.unit))
            for comparison, shift in ((Comparison.AT_LEAST, -slack), (Comparison.AT_MOST, slack))
        )
        return _phrase(text, bounds, None, "", position + about.start(), mention.end, position)
    for pattern, comparison in _BEFORE_PATTERNS:
        found = pattern.search(lead)
        if found:
            bound = Bound(comparison, mention.quantity)
            return _phrase(text, (bound,), None, found[1], position + found.start(), mention.end, position)
    for pattern, comparison in _AFTER_PATTERNS:
        found = pattern.match(tail)
        if found:
            bound = Bound(comparison, mention.quantity)
            return _phrase(text, (bound,), None, found[1], mention.start, mention.end + found.end(), position)
    if "+" in text[mention.start : mention.end]:  # "10+ hours"
        bound = Bound(Comparison.AT_LEAST, mention.quantity)
        return _phrase(text, (bound,), None, "", mention.start, mention.end, position)
    bound = Bound(Comparison.IS, mention.quantity)
    return _phrase(text, (bound,), _next_whole(text, mention), "", mention.start, mention.end, position)


def _next_whole(text: str, mention: QuantityMention) -> Quantity | None:
    number = re.match(r"\d+(?![\d.,])", text[mention.start : mention.end])
    if number is None:
        return None
    return parse_quantity(f"{int(number[0]) + 1}{text[mention.start + number.end() : mention.end]}")


def _phrase(
    text: str,
    bounds: tuple[Bound, ...],
    next_whole: Quantity | None,
    hint: str,
    start: int,
    end: int,
    position: int,
) -> NumericPhrase:
    before = tuple(t for t in tokens(text[:start]) if t.start >= position)
    cuts = [m.end() for m in _CLAUSE_ENDS.finditer(text, position, start)]
    before = tuple(t for t in before if not cuts or t.start >= cuts[-1])[-_NEARBY_WORDS:]
    cut = _CLAUSE_ENDS.search(text, end)
    upcoming = text[end : cut.start() if cut else len(text)]
    after = tuple(Token(t.word, t.key, t.start + end, t.end + end) for t in tokens(upcoming)[:_NEARBY_WORDS])
    return NumericPhrase(bounds, next_whole, hint, before, after, start, end)
