"""Items drawn from the blueprints: every model has a quality, and price, equipment and ratings follow it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from retrieval.demo_shop.blueprints import AttributeRule, Blueprints, Brand, ItemType, Line, VariantAxis
from retrieval.demo_shop.copywriting import describe, holds, title
from retrieval.demo_shop.draws import Draws
from retrieval.demo_shop.pictures import silhouette_name

LOG_START = date(2025, 11, 1)
LOG_END = date(2026, 10, 31)
_SHARE_OF_NEW_MODELS = 0.06
_SHARE_SOLD_OUT = 0.07


@dataclass(frozen=True, slots=True)
class DemoItem:
    """An item of the demo shop: what its feed says, and what only the simulator knows.

    Attributes:
        price: US dollars.
        rating: mean stars; None for a new item.
        variant_of: id shared by the variants of a model; None when it has only one.
        picture: file name in the pictures folder.
        quality: latent, 0 to 1.
        appeal: latent, log scale: how readily the shop's lists and its shoppers turn to it.
        new: released after the log's end: nobody has interacted with it.
    """

    item_id: str
    title: str
    description: str
    brand: str
    category: tuple[str, ...]
    line: str
    price: float
    stock: int
    rating: float | None
    rating_count: int
    released: date
    picture: str
    variant_of: str | None
    attributes: Mapping[str, str]
    quality: float
    appeal: float
    new: bool

    @property
    def label(self) -> str:
        """Its type: the last node of the category path."""
        return self.category[-1]


@dataclass(frozen=True, slots=True)
class _Model:
    """What the variants of a model share."""

    item_type: ItemType
    line: Line
    brand: Brand
    name: str
    quality: float
    base_id: str


def draw_items(blueprints: Blueprints, seed: int) -> list[DemoItem]:
    """All items, in the order of the files. Adding a type changes no other type's items."""
    return [
        item
        for item_type in blueprints.types
        for model in _models(item_type, blueprints.brands_of(item_type), seed)
        for item in _variants(model, Draws(seed, model.base_id))
    ]


def slug(words: str) -> str:
    """Words as they stand in ids and file names: "Garden chairs" -> "garden-chairs"."""
    return re.sub(r"[^a-z0-9]+", "-", words.casefold()).strip("-")


def _models(item_type: ItemType, brands: tuple[Brand, ...], seed: int) -> Iterator[_Model]:
    draws = Draws(seed, item_type.label)
    brands_in_turn = draws.shuffled(brands)
    free_names = {brand.name: draws.shuffled(item_type.names) for brand in brands}
    for number, (line, even) in enumerate(draws.shuffled(_lines_and_qualities(item_type))):
        brand = brands_in_turn[number % len(brands)]
        yield _Model(
            item_type=item_type,
            line=line,
            brand=brand,
            name=free_names[brand.name].pop(),
            quality=_clamp(even + 0.6 * brand.tier),
            base_id=f"{slug(item_type.label)}-{number + 1:02d}",
        )


def _lines_and_qualities(item_type: ItemType) -> list[tuple[Line, float]]:
    """A line for each model, by the lines' shares, with qualities spread evenly within the line, not left to luck."""
    by_share = [line for line in item_type.line for _ in range(line.share)]
    lines = [by_share[number % len(by_share)] for number in range(item_type.models)]
    counts = {line.title: lines.count(line) for line in item_type.line}
    taken = dict.fromkeys(counts, 0)
    spread = []
    for line in lines:
        spread.append((line, (taken[line.title] + 0.5) / counts[line.title]))
        taken[line.title] += 1
    return spread


def _variants(model: _Model, draws: Draws) -> Iterator[DemoItem]:
    rules = model.item_type.rules(model.line)
    drawn = _draw_attributes(rules, model.quality, draws)
    changes = _draw_changes(model.item_type.variants, rules, drawn, draws)
    new = draws.chance(_SHARE_OF_NEW_MODELS)
    released = _draw_release(new, draws)
    worth = _draw_worth(model, draws)
    rating = round(_clamp(draws.normal(3.95 + 0.7 * (model.quality - 0.5), 0.28), 2.4, 4.9), 1)
    appeal = draws.normal(0.9 * (rating - 3.9) + 0.4 * model.brand.tier, 0.75)
    for number, (changed, price_factor) in enumerate(changes, start=1):
        attributes = _settled(rules, drawn | changed)
        several = len(changes) > 1
        own_appeal = appeal + draws.normal(0.0, 0.35)
        words = Draws(model.base_id, "words")  # the same for every variant
        colour = attributes.get("colour", "plain")
        yield DemoItem(
            item_id=f"{model.base_id}-{number}" if several else model.base_id,
            title=title(model.brand, model.name, model.line, model.line.suffix or model.item_type.suffix, attributes),
            description=describe(model.item_type, model.line, model.brand, model.name, attributes, words),
            brand=model.brand.name,
            category=(*model.item_type.path, model.item_type.label),
            line=model.line.title,
            price=_shelf_price(worth * price_factor),
            stock=0 if draws.chance(_SHARE_SOLD_OUT) else 1 + int(draws.between(1, 11) ** 2),
            rating=None if new else rating,
            rating_count=0 if new else 1 + int(30 * math.exp(own_appeal + draws.normal(0.0, 0.4))),
            released=released,
            picture=f"{slug(silhouette_name(model.item_type.label, model.line.title))}-{slug(colour)}.svg",
            variant_of=model.base_id if several else None,
            attributes=attributes,
            quality=model.quality,
            appeal=own_appeal,
            new=new,
        )


def _draw_attributes(rules: Mapping[str, AttributeRule], quality: float, draws: Draws) -> dict[str, str]:
    drawn: dict[str, str] = {}
    for name, rule in rules.items():
        level = _clamp(quality + draws.between(-0.15, 0.15))
        if rule.any:
            drawn[name] = draws.pick(rule.any)
        elif rule.up:
            drawn[name] = rule.up[min(int(level * len(rule.up)), len(rule.up) - 1)]
        elif rule.range is not None:
            worst, best = rule.range
            drawn[name] = _number(worst + (best - worst) * level, rule)
    for name, rule in rules.items():
        if rule.by is not None:
            choices = rule.values[drawn[rule.by]]
            drawn[name] = choices if isinstance(choices, str) else draws.pick(choices)
    return drawn


def _number(value: float, rule: AttributeRule) -> str:
    rounded = round(round(value / rule.step) * rule.step, 2)
    return f"{rounded:g} {rule.unit}".rstrip()


def _settled(rules: Mapping[str, AttributeRule], drawn: Mapping[str, str]) -> dict[str, str]:
    """The attributes of one variant: what follows from another is looked up again, what does not apply goes."""
    settled = dict(drawn)
    for name, rule in rules.items():
        if rule.by is not None and isinstance(fixed := rule.values[settled[rule.by]], str):
            settled[name] = fixed
    return {name: settled[name] for name, rule in rules.items() if rule.when is None or holds(rule.when, settled)}


def _draw_changes(
    axes: tuple[VariantAxis, ...], rules: Mapping[str, AttributeRule], drawn: Mapping[str, str], draws: Draws
) -> list[tuple[dict[str, str], float]]:
    """For each variant: the attributes in which it differs, and the factor on the price."""
    changes: list[tuple[dict[str, str], float]] = [({}, 1.0)]
    for axis in (axis for axis in axes if axis.attribute in rules):
        values = _axis_values(axis, rules[axis.attribute], drawn, draws)
        changes = [
            (changed | {axis.attribute: value}, factor * (1.0 + axis.price_step) ** step)
            for changed, factor in changes
            for step, value in enumerate(values)
        ]
    return changes


def _axis_values(axis: VariantAxis, rule: AttributeRule, drawn: Mapping[str, str], draws: Draws) -> list[str]:
    choices: tuple[str, ...] = rule.up or rule.any
    if rule.by is not None:
        listed = rule.values[drawn[rule.by]]
        choices = (listed,) if isinstance(listed, str) else listed
    choices = tuple(dict.fromkeys(choices))
    count = min(axis.least + draws.below(axis.most - axis.least + 1), len(choices))
    if axis.attribute == "colour":
        own = drawn[axis.attribute]
        return [own, *draws.shuffled([c for c in choices if c != own])][:count]
    at = choices.index(drawn[axis.attribute])  # neighbouring sizes, the drawn one among them
    first = max(0, min(at - draws.below(count), len(choices) - count))
    return list(choices[first : first + count])


def _draw_worth(model: _Model, draws: Draws) -> float:
    low, high = model.item_type.price_range(model.line)
    worth = low * (high / low) ** model.quality * model.brand.price**0.5 * draws.between(0.95, 1.05)
    return _clamp(worth, low, high)


def _shelf_price(worth: float) -> float:
    """A price as shops write it: 4.49, 17.99, 64.95, 649."""
    if worth < 20:
        return max(1, round(worth * 2)) / 2 - 0.01
    if worth < 100:
        return round(worth) - 0.05
    return float(round(worth / 10) * 10 - 1)


def _draw_release(new: bool, draws: Draws) -> date:
    if new:
        return LOG_END + timedelta(days=1 + draws.below(20))
    age = draws.between(0.12, 1.0) ** 2 * 1200  # the younger the more likely; the oldest over three years old
    return LOG_END - timedelta(days=int(age))


def _clamp(value: float, low: float = 0.0, high: float = 1.0) -> float:
    return max(low, min(high, value))
