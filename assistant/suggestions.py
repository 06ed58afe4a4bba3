"""Suggested replies, each with the number of items that it would leave, counted and not estimated."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assistant.dialogue import DialogueAct, Intent, Rung, Slots
from assistant.events import Outcome, Suggestion
from retrieval.catalogue import CatalogueItem, Money
from retrieval.query import AttributeConstraint, Comparison, Constraints

if TYPE_CHECKING:
    from retrieval.shop import Shop

SAMPLED = 400  # items looked at for facets; counts are taken over all


def suggest(outcome: Outcome, shop: Shop, limit: int = 4) -> tuple[Suggestion, ...]:
    """Replies that would narrow the need well, or carry the conversation on."""
    if not outcome.picks:
        return ()
    if not outcome.searched:
        return (_say("Why this order?"), _say("Compare the first two"))[: len(outcome.picks)]
    found = list(_narrowing(outcome, shop)) if outcome.matching > len(outcome.picks) else []
    if len(outcome.picks) > 1:
        found.append(_say("Compare the first two"))
    return tuple(found[:limit])


def _say(words: str) -> Suggestion:
    return Suggestion(words, words)


def _narrowing(outcome: Outcome, shop: Shop) -> Iterable[Suggestion]:
    rows = shop.columns.admitted(outcome.constraints)
    step = max(1, len(rows) // SAMPLED)
    items = [item for row in rows[::step] if (item := shop.catalogue.at(int(row))) is not None]
    if outcome.constraints.category is None:
        yield from _departments(outcome, shop, items)
    yield from _cheaper(outcome, shop, items)
    yield from _properties(outcome, shop, items)
    yield from _brands(outcome, shop, items)


def _counted(
    label: str, utterance: str, slots: Slots, constraints: Constraints, outcome: Outcome, shop: Shop
) -> Iterable[Suggestion]:
    """The suggestion, if it narrows and leaves something."""
    count = len(shop.columns.admitted(constraints))
    if 0 < count < outcome.matching:
        yield Suggestion(label, utterance, count, DialogueAct(Intent.REFINE, slots, rung=Rung.CONTROL))


def _departments(outcome: Outcome, shop: Shop, items: Sequence[CatalogueItem]) -> Iterable[Suggestion]:
    leaves = Counter(item.category[-1] for item in items if item.category)
    for leaf, _ in leaves.most_common(3):
        label = leaf.casefold()
        constraints = replace(outcome.constraints, category=label)
        yield from _counted(leaf, leaf, Slots(category=label), constraints, outcome, shop)


def _cheaper(outcome: Outcome, shop: Shop, items: Sequence[CatalogueItem]) -> Iterable[Suggestion]:
    prices = sorted(item.price for item in items if item.price is not None)
    if not prices or outcome.constraints.price_max is not None or prices[0].currency != prices[-1].currency:
        return
    median, currency = float(prices[len(prices) // 2].major), prices[0].currency
    magnitude = 10 ** math.floor(math.log10(median)) / 2 if median >= 1 else 1
    limit = Money.of(math.ceil(median / magnitude) * magnitude, currency)
    constraints = replace(outcome.constraints, price_max=limit.minor, currency=currency)
    slots = Slots(price_max=float(limit.major), currency=currency)
    yield from _counted(f"Under {limit}", f"under {limit}", slots, constraints, outcome, shop)


def _properties(outcome: Outcome, shop: Shop, items: Sequence[CatalogueItem]) -> Iterable[Suggestion]:
    """The value in words that splits the items most evenly, of an attribute that most of them state."""
    if outcome.constraints.category is None:
        return
    bound = {a.name for a in outcome.constraints.attributes}
    values: Counter[tuple[str, str]] = Counter()
    stated: Counter[str] = Counter()
    for item in items:
        for attribute in item.attributes.values():
            if attribute.number is None and attribute.name not in bound:
                stated[attribute.name] += 1
                values.update((attribute.name, value) for value in attribute.values)
    half = len(items) / 2
    usable = [(abs(n - half), key) for key, n in values.items() if stated[key[0]] >= 0.6 * len(items) and n > 1]
    for _, (name, value) in sorted(usable)[:1]:
        words = name if value == "yes" else f"no {name}" if value == "no" else value
        found = shop.vocabulary.find_attributes(words)
        if len(found) != 1 or value == "no":
            continue
        wanted = AttributeConstraint(found[0].name, Comparison.IS, found[0].value, words=words)
        constraints = replace(outcome.constraints, attributes=(*outcome.constraints.attributes, wanted))
        yield from _counted(words.capitalize(), words, Slots(attributes=(words,)), constraints, outcome, shop)


def _brands(outcome: Outcome, shop: Shop, items: Sequence[CatalogueItem]) -> Iterable[Suggestion]:
    if outcome.constraints.brands:
        return
    brands = Counter(item.brand for item in items if item.brand)
    for brand, _ in brands.most_common(1):
        constraints = replace(outcome.constraints, brands=frozenset({brand.casefold()}))
        slots = Slots(brands=(brand.casefold(),))
        yield from _counted(f"Only {brand}", f"only {brand}", slots, constraints, outcome, shop)
