"""What a need leaves open, as ways to part the matching items: by kind and by price."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from assistant.dialogue import Slots
from retrieval.catalogue import CatalogueItem, Money
from retrieval.query import Constraints

Key = str | float
Weighed = Sequence[tuple[CatalogueItem, float]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A button: what it shows, says for the shopper and adds to the need, and the constraints that follow."""

    label: str
    utterance: str
    slots: Slots
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class Split:
    """One thing that a need leaves open.

    Attributes:
        question: asked of the shopper.
        keys_of: what an item says of it; nothing, one or several.
        answer: the button for a key; None when the shop's vocabulary does not know it.
        in_order: answers stand in the order of their keys, not of their weight.
    """

    question: str
    keys_of: Callable[[CatalogueItem], Sequence[Key]]
    answer: Callable[[Key], Answer | None]
    in_order: bool = False


def kinds(constraints: Constraints) -> Split:
    """Which department, by its most special name."""

    def answer(key: Key) -> Answer:
        label, category = str(key), str(key).casefold()
        return Answer(label, label, Slots(category=category), replace(constraints, category=category))

    return Split("What kind?", lambda item: item.category[-1:], answer)


def prices(items: Weighed, constraints: Constraints) -> Iterator[Split]:
    """What it may cost, in two or three ranges between round amounts."""
    priced = [(item.price, weight) for item, weight in items if item.price is not None]
    currencies = {price.currency for price, _ in priced}
    if len(currencies) != 1:
        return
    currency = currencies.pop()
    amounts = [(float(price.major), weight) for price, weight in priced]
    bounds = bounds_between(amounts, round_amount)

    def answer(key: Key) -> Answer:
        low, high = range_of(int(key), bounds)
        least, most = (None if bound is None else Money.of(bound, currency) for bound in (low, high))
        label = f"{least} to {most}" if least and most else f"Under {most}" if most else f"Over {least}"
        minor_low, minor_high = (None if money is None else money.minor for money in (least, most))
        wanted = replace(constraints, price_min=minor_low, price_max=minor_high, currency=currency)
        slots = Slots(price_min=low, price_max=high, currency=currency)
        return Answer(label, f"between {least} and {most}" if least and most else label.lower(), slots, wanted)

    def keys_of(item: CatalogueItem) -> Sequence[Key]:
        return () if item.price is None else (place_of(float(item.price.major), bounds),)

    if bounds:
        yield Split("What may it cost?", keys_of, answer, in_order=True)


def bounds_between(weighed: Sequence[tuple[float, float]], rounded: Callable[[float], float]) -> list[float]:
    """One or two numbers that cut weighed numbers into two or three ranges of like weight; [] when they do not part."""
    ordered = sorted(weighed)
    total = sum(weight for _, weight in ordered)
    reached = list(accumulate(weight for _, weight in ordered))
    thirds = (
        next(n for (n, _), so_far in zip(ordered, reached, strict=True) if so_far > total * k / 3 - 1e-9)
        for k in (1, 2)
    )
    return sorted({bound for third in thirds if ordered[0][0] < (bound := rounded(third)) < ordered[-1][0]})


def place_of(number: float, bounds: Sequence[float]) -> int:
    """Which range a number lies in; a bound belongs to the range below it."""
    return sum(number > bound for bound in bounds)


def range_of(place: int, bounds: Sequence[float]) -> tuple[float | None, float | None]:
    """The bounds of a range; None: open on that side."""
    return (bounds[place - 1] if place else None), (bounds[place] if place < len(bounds) else None)


def round_amount(amount: float) -> float:
    """The nearest amount with one figure, or with a half of it: 280 -> 300, 147 -> 150, 0.62 -> 0.6."""
    step = 10 ** math.floor(math.log10(amount)) / 2 if amount > 0 else 1.0
    return round(round(amount / step) * step, 2)
