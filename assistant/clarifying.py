"""The one question worth asking back: that whose answer is expected to tell most about which items are meant.

Whatever the need leaves open (kind, price, each attribute) parts the matching items by what they say of it, each
item weighing as much as its standing and its stock make it likely to be taken. Of the answers that there is room for,
a question is worth the sum of P(answer) * log2(1 / share of the weight that the answer leaves), in bits: items that say
nothing of it, and answers without room, are worth nothing. The answers are then counted over all items, and each does
exactly what its count says. A brand is not asked for: it parts the items well and a shopper with a vague need badly.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from assistant.attribute_splits import attribute_splits
from assistant.dialogue import DialogueAct, Intent, Rung
from assistant.events import Outcome, Suggestion
from assistant.splits import Key, Split, Weighed, kinds, prices
from retrieval.catalogue import CatalogueItem
from retrieval.query import Query

if TYPE_CHECKING:
    from retrieval.shop import Shop

SAMPLED = 400  # items looked at to choose the question; answers are counted over all
ANSWERS = 4  # most that there is room for
LEAST = 0.4  # bits under which a question is not worth the shopper's time
SOLD_OUT = 0.1  # weight of an item that cannot be bought now


def clarify(outcome: Outcome, shop: Shop) -> tuple[Suggestion, ...]:
    """The answers to the question that tells most, each with how many items it leaves; () when none is worth asking."""
    items = _weighed(outcome, shop)
    rated = [(*worth(items, split.keys_of), split) for split in _splits(items, outcome, shop)]
    for bits, keys, split in sorted(rated, key=lambda one: -one[0]):
        if bits < LEAST:
            break
        answers = _counted(split, sorted(keys, key=_in_order) if split.in_order else keys, outcome, shop)
        if len(answers) > 1:
            return answers
    return ()


def worth(items: Weighed, keys_of: Callable[[CatalogueItem], Sequence[Key]]) -> tuple[float, list[Key]]:
    """What a question is worth in bits, and the answers there is room for, the likeliest first.

    Args:
        items: each with its share of the weight of all.
        keys_of: what an item answers; one that says nothing is never the answer.
    """
    likely: defaultdict[Key, float] = defaultdict(float)
    left: defaultdict[Key, float] = defaultdict(float)
    for item, weight in items:
        keys = keys_of(item)
        for key in keys:
            likely[key] += weight / len(keys)
            left[key] += weight
    best = sorted(likely, key=lambda key: -likely[key])[:ANSWERS]
    return sum(likely[key] * math.log2(1 / min(left[key], 1.0)) for key in best), best


def _weighed(outcome: Outcome, shop: Shop) -> Weighed:
    """The items that are meant, each with its share of the weight of all; a sample where there are many."""
    rows = shop.columns.admitted(outcome.constraints)
    words = " ".join((*outcome.after.need.slots.attributes, outcome.after.need.topic)).strip()
    if outcome.constraints.category is None and words and len(rows):
        rows = shop.searcher.meant(Query(words, outcome.constraints), rows)
    rows = rows[:: max(1, math.ceil(len(rows) / SAMPLED))]
    standing = shop.searcher.standing(rows).tolist()
    found = [(item, s) for row, s in zip(rows.tolist(), standing, strict=True) if (item := _seen(shop, row))]
    weights = [max(s, 1e-3) * (1.0 if item.available else SOLD_OUT) for item, s in found]
    total = sum(weights)
    return [(item, weight / total) for (item, _), weight in zip(found, weights, strict=True)]


def _seen(shop: Shop, row: int) -> CatalogueItem | None:
    item = shop.catalogue.at(row)
    return None if item is None else shop.columns.withheld().seen(item)


def _counted(split: Split, keys: Sequence[Key], outcome: Outcome, shop: Shop) -> tuple[Suggestion, ...]:
    """Those of the answers that narrow and leave something."""
    found = []
    for answer in (answer for key in keys if (answer := split.answer(key)) is not None):
        count = len(shop.columns.admitted(answer.constraints))
        if 0 < count < outcome.matching:
            act = DialogueAct(Intent.REFINE, answer.slots, rung=Rung.CONTROL)
            found.append(Suggestion(answer.label, answer.utterance, count, act, split.question))
    return tuple(found)


def _splits(items: Weighed, outcome: Outcome, shop: Shop) -> Iterator[Split]:
    """Everything that the need leaves open."""
    constraints = outcome.constraints
    yield kinds(constraints)
    if constraints.price_min is None and constraints.price_max is None:
        yield from prices(items, constraints)
    if constraints.category is not None:
        yield from attribute_splits([item for item, _ in items], constraints, shop.vocabulary)


def _in_order(key: Key) -> tuple[float, str]:
    return (key, "") if isinstance(key, (int, float)) else (0.0, key)
