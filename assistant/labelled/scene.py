"""The dialogue state that an utterance is said in: a need in force and what is on the page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assistant.dialogue import Slots
from assistant.labelled import money
from assistant.labelled.examples import Situation
from assistant.labelled.phrases import listed, words
from assistant.labelled.shops import Kind, kept
from assistant.labelled.voice import Voice


@dataclass(frozen=True, slots=True)
class Shown:
    """An item of the page, in the parts of its title; `traits` are words that describe it."""

    brand: str
    model: str
    thing: str
    traits: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """The title as the page has it."""
        traits = " ".join(words for kind, words in self.traits if kind != "noun")
        return " ".join(f"{self.brand} {self.model} {self.thing} {traits}".title().split())


def page(voice: Voice, most: int = 5) -> tuple[Shown, ...]:
    """Two to five items of the thing in question, each of another brand or model."""
    rng = voice.rng
    models = kept(listed(words("talk")["page"]["model"]), voice.split)
    count = rng.randint(2, most)
    brands = rng.sample(voice.shop.brands, min(count, len(voice.shop.brands)))
    thing = voice.thing.one
    items = []
    for number in range(count):
        traits: list[tuple[str, str]] = [("colour", voice.property_of("colour"))] if voice.coloured else []
        kind: Kind = rng.choice(("adjective", "noun", "material"))
        if voice.thing.properties[kind]:
            traits.append((kind, voice.property_of(kind)))
        items.append(Shown(brands[number % len(brands)], rng.choice(models), thing, tuple(traits)))
    return tuple(items)


def need(voice: Voice) -> Slots:
    """A need in force, about the voice's thing, with up to three wishes."""
    rng = voice.rng
    wishes: dict[str, Callable[[], object]] = {
        "price_max": lambda: float(round(money.draw(rng, voice.shop.prices))),
        "price_min": lambda: float(rng.choice((10, 20, 50, 100))),
        "brands": lambda: tuple(rng.sample(voice.shop.brands, rng.choice((1, 1, 2)))),
        "excluded_brands": lambda: tuple(rng.sample(voice.shop.brands, rng.choice((1, 1, 2)))),
        "attributes": lambda: tuple(dict.fromkeys(_property(voice) for _ in range(rng.choice((1, 1, 2))))),
        "excluded_attributes": lambda: (_property(voice, unwanted=True),),
        "sort": lambda: rng.choice(("price_asc", "rating", "newest", "popularity")),
    }
    chosen = rng.sample(list(wishes), rng.choices((0, 1, 2, 3), (3, 6, 5, 2))[0])
    if "price_min" in chosen and "price_max" in chosen:
        chosen.remove("price_min")
    if "brands" in chosen and "excluded_brands" in chosen:
        chosen.remove("brands")
    held: dict[str, Any] = {name: wishes[name]() for name in chosen}
    return Slots(category=voice.thing.many, **held)


def _property(voice: Voice, *, unwanted: bool = False) -> str:
    said = voice.property_of(voice.kind_of_property(), unwanted=unwanted)
    return said.removeprefix("a ").removeprefix("an ")


def titles(items: tuple[Shown, ...]) -> tuple[str, ...]:
    """The titles of a page."""
    return tuple(item.title for item in items)


def any_state(voice: Voice) -> Situation:
    """The beginning of a conversation, or the middle of one: for what can be said at any time."""
    if voice.chance(0.45):
        return Situation()
    return Situation(need(voice), titles(page(voice)) if voice.chance(0.9) else ())
