"""An item's record as evidence: small statements that a sentence about the item is held against.

A `Statement` is one attribute, one half-sentence of the description, the title, the brand or the category path. What
belongs together in the record stays together, so that a value cannot be moved from one part of an item to another.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from assistant.claims.terms import BREAK, COUNTED, NEGATORS, Term, digits, stems, terms
from assistant.explanation.facts import truth
from assistant.plain_text import clauses, gives_orders
from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.units import Quantity
from retrieval.words import tokens

_GAP = 2  # places, at most, from one word of a half-sentence to the next that a claim joins to it


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a record.

    Attributes:
        field: "title", "brand", "category", "description", "attributes.ram".
        terms: its words and quantities, in order.
        name: stems of the property's name; empty for text.
        values: stems of each complete value.
        negative: it denies: "touchscreen: no", "not waterproof".
        yes_no: it is a property that holds or does not.
    """

    field: str
    terms: tuple[Term, ...]
    name: frozenset[str] = frozenset()
    values: tuple[frozenset[str], ...] = ()
    negative: bool = False
    yes_no: bool = False

    @property
    def identity(self) -> bool:
        """Whether it only says which item is spoken of."""
        return self.field in ("brand", "category")


@lru_cache(maxsize=512)
def _text_statements(field: str, text: str) -> tuple[Statement, ...]:
    found = []
    for clause in clauses(text):
        denies = False
        for half in BREAK.split(digits(clause)):
            said = terms(half)
            after_denial, denies = denies, denies or any(t.negated for t in said)
            if said and not (after_denial and not any(t.negated for t in said)):
                found += _by_polarity(field, said)
    return tuple(found)


def _by_polarity(field: str, said: tuple[Term, ...]) -> list[Statement]:
    halves = (tuple(t for t in said if not t.negated), tuple(t for t in said if t.negated))
    return [Statement(field, half, negative=half[0].negated) for half in halves if any(not t.turn for t in half)]


def _attribute_statement(attribute: Attribute) -> Statement:
    field, holds = f"attributes.{attribute.name}", truth(attribute)
    name = frozenset(t.stem for t in terms(attribute.name)) or stems([attribute.name])
    if holds is not None:
        return Statement(field, terms(attribute.name), name, (), not holds, True)
    stated = [_words_of(text) for text in (attribute.text, *attribute.values)]
    values = tuple(frozenset(t.stem for t in value) for value in stated if value)
    said = tuple(t for value in stated for t in value)
    if attribute.number is not None:
        unit = None if attribute.unit in COUNTED else attribute.unit
        said += (Term("#", attribute.text, Quantity(attribute.number, unit)),)
    negative = bool(NEGATORS & {t.word for t in tokens(attribute.text)}) or attribute.text.casefold() == "none"
    return Statement(field, (*terms(attribute.name), *said), name, values, negative)


def _words_of(value: str) -> tuple[Term, ...]:
    return tuple(t for t in terms(value) if not t.turn)


def statements(item: CatalogueItem) -> tuple[Statement, ...]:
    """All that a record states in words and measures. Text that gives orders to an assistant states nothing."""
    found = [_attribute_statement(a) for a in item.attributes.values() if not gives_orders(a.text)]
    if item.brand:
        found.append(Statement("brand", terms(item.brand)))
    for label in item.category:
        found.append(Statement("category", terms(label)))
    found += _text_statements("title", item.title)
    found += _text_statements("description", item.description)
    return tuple(found)


def holds(claimed: Term, stated: Term) -> bool:
    """Whether a claimed quantity follows from a stated one: equal, converted and rounded fairly, or within a bound."""
    if claimed.quantity is None or stated.quantity is None or claimed.quantity.unit != stated.quantity.unit:
        return False
    number, truth_ = claimed.quantity.number, stated.quantity.number
    slack = 1e-6 * max(1.0, abs(truth_))
    match claimed.bound:
        case "least":
            return truth_ >= number - slack
        case "most":
            return truth_ <= number + slack
        case "more":
            return truth_ > number + slack
        case "less":
            return truth_ < number - slack
        case "about":
            return math.isclose(number, truth_, rel_tol=0.02)
        case _:
            return abs(number - truth_) <= slack or _rounds_to(claimed, stated)


def _rounds_to(claimed: Term, stated: Term) -> bool:
    """Whether a figure in another unit is the stated one, rounded to the digits it shows and by 1.5 % at most."""
    figure, unit = _figure_and_unit(claimed.text)
    if claimed.quantity is None or stated.quantity is None or unit == _figure_and_unit(stated.text)[1]:
        return False
    number, shown = claimed.quantity.number, float(figure)
    decimals = len(figure.partition(".")[2])
    scale = number / shown if shown else 1.0
    off = abs(number - stated.quantity.number)
    return off <= 0.5 * 10**-decimals * abs(scale) * 1.0001 and off <= 0.015 * abs(stated.quantity.number)


def _figure_and_unit(text: str) -> tuple[str, str]:
    match = re.match(r"\s*([\d.,]+)[\s-]*(.*)", text)
    figure = match[1].replace(",", "").rstrip(".") if match else "0"
    return (figure or "0", match[2].strip(" .").casefold() if match else "")


def in_order(chunk: Sequence[Term], stated: Sequence[Term]) -> bool:
    """Whether the terms occur in this order and near each other in a half-sentence."""
    places: list[int] = []
    for term in chunk:
        start = places[-1] + 1 if places else 0
        place = next((n for n in range(start, len(stated)) if same(term, stated[n])), None)
        if place is None:
            return False
        places.append(place)
    return all(later - earlier <= _GAP for earlier, later in pairwise(places))


def same(claimed: Term, stated: Term) -> bool:
    """Whether two terms say the same."""
    if claimed.quantity is not None:
        return holds(claimed, stated)
    return stated.quantity is None and not stated.turn and claimed.stem == stated.stem
