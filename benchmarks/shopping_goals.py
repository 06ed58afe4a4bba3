"""What simulated shoppers want: hidden wishes drawn from the shop's real items, some that no item can meet.

The judge here is its own: it reads the records, and shares no code with the constraints that it judges.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from retrieval.catalogue import CatalogueItem

UNMEETABLE_SHARE = 0.25
# properties that shoppers speak of; a value of "yes" is asked for by the property's name
PROPERTIES = ("colour", "material", "connection", "gender", "ram", "storage", "waterproof", "noise cancelling", "vegan")
# things that many shops sell; those that this one names nowhere are asked for in vain
THINGS = (
    *("cordless drill", "electric toothbrush", "vacuum cleaner", "dishwasher", "garden hose", "microphone", "umbrella"),
    *("winter gloves", "suitcase", "pillow", "washing machine", "trampoline", "guitar", "fishing rod", "mattress"),
    *("sewing machine", "aquarium", "stroller", "violin", "ironing board", "skateboard", "rice cooker", "wheelbarrow"),
    *("air conditioner", "coffee grinder", "piano", "hammock", "ladder", "treadmill", "bathtub"),
)


class WishKind(StrEnum):
    """What a wish is about."""

    THING = "thing"
    AT_MOST = "at most"
    AT_LEAST = "at least"
    BRAND = "brand"
    NOT_BRAND = "not brand"
    PROPERTY = "property"
    NOT_PROPERTY = "not property"


class GoalKind(StrEnum):
    """What makes a goal what it is; of the last four no item meets all wishes."""

    PRICE = "price"
    BRAND = "brand"
    NOT_BRAND = "excluded brand"
    PROPERTY = "property"
    SEVERAL = "several"
    TOO_CHEAP = "too cheap"
    BRAND_ELSEWHERE = "brand of other things"
    PROPERTY_ELSEWHERE = "property of other things"
    NOT_SOLD = "not sold"


MEETABLE = (GoalKind.PRICE, GoalKind.BRAND, GoalKind.NOT_BRAND, GoalKind.PROPERTY, GoalKind.SEVERAL)
UNMEETABLE = (GoalKind.TOO_CHEAP, GoalKind.BRAND_ELSEWHERE, GoalKind.PROPERTY_ELSEWHERE, GoalKind.NOT_SOLD)


@dataclass(frozen=True, slots=True)
class Wish:
    """One constraint.

    Attributes:
        value: a department or thing, a brand, a property's value; all in lower case.
        name: of the property.
        amount: of a price, in whole units of the shop's currency.
    """

    kind: WishKind
    value: str = ""
    name: str = ""
    amount: int = 0

    def met_by(self, item: CatalogueItem) -> bool:
        """Whether an item's record meets it."""
        price = None if item.price is None else item.price.major
        match self.kind:
            case WishKind.THING:
                return self.value in (label.casefold() for label in item.category)
            case WishKind.AT_MOST:
                return price is not None and price <= self.amount
            case WishKind.AT_LEAST:
                return price is not None and price >= self.amount
            case WishKind.BRAND:
                return (item.brand or "").casefold() == self.value
            case WishKind.NOT_BRAND:
                return (item.brand or "").casefold() != self.value
            case WishKind.PROPERTY:
                return _states(item, self.name, self.value)
            case WishKind.NOT_PROPERTY:
                return not _states(item, self.name, self.value)


@dataclass(frozen=True, slots=True)
class Goal:
    """What one shopper wants, the thing first.

    Attributes:
        instead: what she says at first of her last wish, before she changes her mind.
    """

    number: int
    kind: GoalKind
    wishes: tuple[Wish, ...]
    instead: Wish

    @property
    def meetable(self) -> bool:
        """Whether some item of the shop meets it."""
        return self.kind in MEETABLE


def _states(item: CatalogueItem, name: str, value: str) -> bool:
    attribute = item.attributes.get(name)
    if attribute is None:
        return False
    return value in (v.casefold() for v in attribute.values) or value == attribute.text.casefold()


def with_refusals(goal: Goal, items: Sequence[CatalogueItem], chance: random.Random) -> Goal:
    """The goal with a colour and a brand that she will not have, where what she wants comes without them."""
    fitting = [i for i in items if all(wish.met_by(i) for wish in goal.wishes) and i.available]
    if not fitting:
        return goal
    item = chance.choice(fitting)
    shelf = [i for i in items if goal.wishes[0].met_by(i)]
    colours = {i.attributes["colour"].text.casefold() for i in shelf if "colour" in i.attributes}
    colours = {c for c in colours if not _states(item, "colour", c) and "," not in c}
    brands = {(i.brand or "").casefold() for i in shelf if i.brand} - {(item.brand or "").casefold()}
    refused = [Wish(WishKind.NOT_PROPERTY, chance.choice(sorted(colours)), "colour")] if colours else []
    refused += [Wish(WishKind.NOT_BRAND, chance.choice(sorted(brands)))] if brands else []
    return replace(goal, wishes=(*goal.wishes, *refused), instead=refused[-1] if refused else goal.instead)


def draw_goals(items: Sequence[CatalogueItem], count: int, seed: int = 0) -> list[Goal]:
    """So many goals, the same for the same seed; a quarter of them cannot be met."""
    draw = _Draw([i for i in items if i.available and i.price is not None and i.brand and i.category], items, seed)
    goals = []
    for number in range(count):
        unmeetable = number % round(1 / UNMEETABLE_SHARE) == 0
        kinds = UNMEETABLE if unmeetable else MEETABLE
        goals.append(draw.goal(number, kinds[(number // 4) % len(kinds)]))
    return goals


class _Draw:
    def __init__(self, sold: Sequence[CatalogueItem], items: Sequence[CatalogueItem], seed: int) -> None:
        self.sold, self.items = sold, items
        self.random = random.Random(seed)
        names = {word for i in items for label in (i.title, *i.category) for word in label.casefold().split()}
        heads = {thing: thing.split()[-1] for thing in THINGS}
        self.unsold = [t for t, head in heads.items() if not {head, f"{head}s", head.removesuffix("s")} & names]

    def goal(self, number: int, kind: GoalKind) -> Goal:
        """One goal of a kind; drawn again until it is one."""
        while True:
            item = self.random.choice(self.sold)
            thing = Wish(WishKind.THING, item.category[-1].casefold())
            shelf = [i for i in self.items if thing.met_by(i)]
            wishes = self._wishes(kind, item, shelf)
            if wishes is None:
                continue
            if kind is GoalKind.NOT_SOLD:
                thing = Wish(WishKind.THING, self.random.choice(self.unsold))
            goal = Goal(number, kind, (thing, *wishes), self._instead(wishes[-1], shelf))
            if goal.meetable == any(all(w.met_by(i) for w in goal.wishes) for i in self.items):
                return goal

    def _wishes(self, kind: GoalKind, item: CatalogueItem, shelf: list[CatalogueItem]) -> tuple[Wish, ...] | None:
        assert item.price is not None
        price = int(item.price.major)
        most = Wish(WishKind.AT_MOST, amount=max(5, round(price * self.random.uniform(1.02, 1.3))))
        brand = Wish(WishKind.BRAND, (item.brand or "").casefold())
        others = sorted({(i.brand or "").casefold() for i in shelf if i.brand} - {brand.value})
        wanted = self._property(item)
        match kind:
            case GoalKind.PRICE | GoalKind.NOT_SOLD:
                least = Wish(WishKind.AT_LEAST, amount=int(price * 0.6))
                return (most,) if price < 20 or self.random.random() < 0.6 else (least, most)
            case GoalKind.BRAND:
                return (brand,)
            case GoalKind.NOT_BRAND if others:
                return most, Wish(WishKind.NOT_BRAND, self.random.choice(others))
            case GoalKind.PROPERTY if wanted:
                return (wanted,)
            case GoalKind.SEVERAL if wanted and others:
                unwanted = Wish(WishKind.NOT_BRAND, self.random.choice(others))
                return wanted, self.random.choice((brand, unwanted)), most
            case GoalKind.TOO_CHEAP:
                cheapest = min(i.price.major for i in shelf if i.price is not None)
                return (Wish(WishKind.AT_MOST, amount=int(cheapest * 6 // 10)),) if cheapest > 8 else None
            case GoalKind.BRAND_ELSEWHERE:
                return (Wish(WishKind.BRAND, (self.random.choice(self.sold).brand or "").casefold()),)
            case GoalKind.PROPERTY_ELSEWHERE:
                other = self._property(self.random.choice(self.sold))
                known = other is not None and any(other.name in i.attributes for i in shelf)
                return (other,) if other is not None and known else None
        return None

    def _property(self, item: CatalogueItem) -> Wish | None:
        names = [n for n in PROPERTIES if n in item.attributes and item.attributes[n].text.casefold() != "no"]
        names = [n for n in names if "," not in item.attributes[n].text]
        if not names:
            return None
        name = self.random.choice(names)
        return Wish(WishKind.PROPERTY, item.attributes[name].text.casefold(), name)

    def _instead(self, wish: Wish, shelf: list[CatalogueItem]) -> Wish:
        """Another wish of the same kind, which she has before she changes her mind."""
        if wish.kind in (WishKind.AT_MOST, WishKind.AT_LEAST):
            return Wish(wish.kind, amount=max(3, round(wish.amount * self.random.choice((0.7, 1.5)))))
        if wish.kind in (WishKind.BRAND, WishKind.NOT_BRAND):
            found = sorted({(i.brand or "").casefold() for i in shelf if i.brand} - {wish.value})
        else:
            held = [i.attributes[wish.name].text.casefold() for i in shelf if wish.name in i.attributes]
            found = sorted({v for v in held if v not in ("no", wish.value) and "," not in v})
        return Wish(wish.kind, self.random.choice(found), wish.name) if found else wish
