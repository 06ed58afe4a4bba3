"""Slots compared with slots: as they are written, and by what they mean to the shop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

from assistant.dialogue import SlotName, Slots
from assistant.references import resolve
from retrieval.catalogue import CatalogueItem
from retrieval.query import AttributeConstraint, Comparison
from retrieval.vocabulary import Vocabulary
from retrieval.words import function_words, tokens

SLOT_NAMES: tuple[str, ...] = get_args(SlotName)
Values = frozenset[str]

_BOUNDS = {Comparison.MORE_THAN: Comparison.AT_LEAST, Comparison.LESS_THAN: Comparison.AT_MOST}
_POINTING = frozenset({"one", "ones", "option", "item", "number"})


def as_written(slots: Slots) -> dict[str, Values]:
    """The values of each filled slot, case and white space aside; numbers to the cent."""
    return {name: frozenset(map(_text, _listed(value))) for name, value in _filled(slots)}


def as_meant(slots: Slots, vocabulary: Vocabulary, page: Sequence[CatalogueItem]) -> dict[str, Values]:
    """The values of each filled slot, two spellings of one thing being equal.

    Categories and brands by the shop's labels, attributes by the constraint they mean (units converted, "over 32 GB"
    as "at least 32 GB"), references by the items on the page; what the shop does not know by its words, singular and
    without function words.
    """
    meant: dict[str, Values] = {}
    for name, value in _filled(slots):
        listed = _listed(value)
        if name == "category":
            meant[name] = frozenset(vocabulary.find_category(v) or _words(v) for v in map(str, listed))
        elif name in ("brands", "excluded_brands"):
            meant[name] = frozenset(vocabulary.find_brand(v) or _words(v) for v in map(str, listed))
        elif name in ("attributes", "excluded_attributes"):
            meant[name] = frozenset(_attribute(v, vocabulary) for v in map(str, listed))
        elif name == "references":
            meant[name] = frozenset(_referred(map(str, listed), page))
        else:
            meant[name] = frozenset(map(_text, listed))
    return meant


def counts(gold: Mapping[str, Values], predicted: Mapping[str, Values]) -> dict[str, Counter[str]]:
    """True positives, false positives and false negatives of each slot: `{"brands": {"tp": 1, "fn": 1}}`."""
    counted = {}
    for name in SLOT_NAMES:
        want, got = gold.get(name, frozenset()), predicted.get(name, frozenset())
        if want or got:
            counted[name] = Counter(tp=len(want & got), fp=len(got - want), fn=len(want - got))
    return counted


def _filled(slots: Slots) -> Iterable[tuple[str, object]]:
    return ((name, value) for name, value in slots.as_json().items() if name in SLOT_NAMES)


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value]


def _text(value: object) -> str:
    if isinstance(value, (int, float)):
        return f"{value:.2f}"
    return " ".join(str(value).casefold().split())


def _words(text: str) -> str:
    said = tokens(text)
    content = [t.key for t in said if t.word not in function_words()] or [t.key for t in said]
    return " ".join(content) or _text(text)


def _attribute(words: str, vocabulary: Vocabulary) -> str:
    found = vocabulary.find_attributes(words)
    return " & ".join(sorted(map(_constraint, found))) if found else _words(words)


def _constraint(constraint: AttributeConstraint) -> str:
    if constraint.number is None:
        return str(constraint.value)
    comparison = _BOUNDS.get(constraint.comparison, constraint.comparison)
    return f"{comparison} {constraint.number:.6g} {constraint.unit or ''}"


def _referred(references: Iterable[str], page: Sequence[CatalogueItem]) -> Iterable[str]:
    for reference in references:
        found = resolve((reference,), page, None)
        if found.item_ids:
            yield from found.item_ids
        else:
            yield " ".join(word for word in _words(reference).split() if word not in _POINTING) or _text(reference)
