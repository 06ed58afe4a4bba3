"""A small shop for the tests of understanding: many departments, few items, nothing of the demo shop."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assistant.dialogue import DialogueAct, DialogueState, update
from assistant.grounding import ShopMoney, key_of, to_query
from assistant.rules import understand_by_rules
from retrieval.candidates import Candidate
from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.query import Query, Sort
from retrieval.units import parse_quantity
from retrieval.vocabulary import Vocabulary

MONEY = ShopMoney("USD", {"EUR": 1.1, "GBP": 1.25})

# department | type | brand | model | price | attributes
_ITEMS = """
Computers | Laptops | HP | Pavilion 15 | 649 | ram: 16 GB; storage: 512 GB; screen size: 15.6 in; weight: 1.75 kg; color: silver; battery life: 8 h; touchscreen: no
Computers | Laptops | Dell | Inspiron 14 | 799 | ram: 16 GB; storage: 512 GB; screen size: 14 in; weight: 1.4 kg; color: blue; battery life: 10 h; touchscreen: no
Computers | Laptops | Lenovo | Yoga Slim | 949 | ram: 32 GB; storage: 1 TB; screen size: 14 in; weight: 1.2 kg; color: grey; battery life: 14 h; touchscreen: yes
Computers | Laptops | Acer | Zephyr 13 | 559 | ram: 8 GB; storage: 256 GB; screen size: 13.3 in; weight: 1.1 kg; color: black; battery life: 11 h; touchscreen: no
Computers | Laptops | Norvik | Forge 17 | 1490 | ram: 32 GB; storage: 2 TB; screen size: 17.3 in; weight: 2.6 kg; color: black; battery life: 6 h; touchscreen: no
Computers | Chromebooks | Acer | Spin Go | 329 | ram: 8 GB; storage: 128 GB; screen size: 14 in; weight: 1.45 kg; color: silver; touchscreen: yes
Computers | Monitors | Dell | Vista 27 | 289 | screen size: 27 in; resolution: 2560x1440; refresh rate: 75 Hz; color: black
Computers | Monitors | Lumio | Wide 34 | 479 | screen size: 34 in; resolution: 3440x1440; refresh rate: 144 Hz; color: white
Audio | Headphones | Sony | Hush 7 | 249 | color: black; connection: wireless; noise cancelling: yes; weight: 250 g; battery life: 30 h
Audio | Headphones | Lumio | Drift | 59 | color: white; connection: wireless; noise cancelling: no; weight: 190 g; battery life: 20 h
Audio | Headphones | Bravado | Studio | 129 | color: red; connection: wired; noise cancelling: no; weight: 310 g
Audio | Speakers | Bravado | Boom Mini | 45 | color: blue; waterproof: yes; battery life: 12 h; weight: 420 g; power: 10 W
Audio | Speakers | Sony | Pulse | 119 | color: black; waterproof: yes; battery life: 16 h; weight: 900 g; power: 30 W
Phones | Smartphones | Samsung | Nova 5 | 499 | storage: 128 GB; color: green; screen size: 6.2 in; battery: 5000 mAh
Phones | Smartphones | Lumio | One | 279 | storage: 256 GB; color: black; screen size: 6.5 in; battery: 4500 mAh
Kitchen | Blenders | Kessel | Whirl 2 | 89 | power: 800 W; capacity: 1.5 l; color: red; dishwasher safe: yes
Kitchen | Blenders | Hartmoor | Smooth | 139 | power: 1200 W; capacity: 2 l; color: steel; dishwasher safe: no
Kitchen | Mugs | Hartmoor | Morning | 14 | material: ceramic; capacity: 350 ml; color: blue; dishwasher safe: yes
Kitchen | Mugs | Kessel | Trail | 22 | material: steel; capacity: 450 ml; color: green; dishwasher safe: yes
Kitchen | Knives | Kessel | Chef 20 | 65 | material: steel; length: 20 cm
Outdoor | Tents | Fjellrev | Camp 2 | 219 | persons: 2; weight: 2.1 kg; color: green; waterproof: yes
Outdoor | Tents | Nordpine | Family 4 | 349 | persons: 4; weight: 6.5 kg; color: orange; waterproof: yes
Outdoor | Backpacks | Fjellrev | Daypack | 79 | capacity: 22 l; color: black; material: recycled polyester; waterproof: no
Outdoor | Backpacks | Nordpine | Trek 50 | 159 | capacity: 50 l; color: grey; material: nylon; waterproof: yes
Clothing | Jackets | Nordpine | Rainer | 149 | size: m; color: yellow; material: polyester; waterproof: yes
Clothing | Jackets | Fjellrev | Woolen | 189 | size: l; color: brown; material: wool; waterproof: no
Clothing | Running shoes | Strider | Swift | 95 | size: 42; color: blue; material: mesh
Clothing | Running shoes | Adidas | Glide | 120 | size: 43; color: black; material: mesh
Clothing | Boots | Strider | Summit | 169 | size: 42; color: brown; material: leather; waterproof: yes
Beauty | Face creams | Belleza | Dew | 24 | volume: 50 ml; skin type: dry; fragrance free: yes
Beauty | Face creams | Sanara | Calm | 31 | volume: 75 ml; skin type: sensitive; fragrance free: yes
Toys | Board games | Ludika | Harbour | 39 | players: 4; age: 8
Toys | Puzzles | Ludika | Alps 1000 | 18 | pieces: 1000; age: 12
Furniture | Desks | Hartmoor | Oak Desk | 399 | material: oak; width: 140 cm; color: brown
Furniture | Office chairs | Norvik | Ergo | 259 | material: mesh; color: black
Home | Vacuum cleaners | Sony | Swoop | 199 | power: 900 W; weight: 3.2 kg; color: white; bagless: yes
Home | Desk lamps | Lumio | Beam | 35 | color: white; power: 9 W
"""


def _attribute(stated: str) -> Attribute:
    name, _, text = stated.strip().partition(": ")
    quantity = parse_quantity(text)
    if quantity:
        return Attribute(name, text, number=quantity.number, unit=quantity.unit)
    return Attribute(name, text, tuple(value.strip().lower() for value in text.split(",")))


def shop_items() -> list[CatalogueItem]:
    """The items, in a fixed order."""
    items = []
    for number, line in enumerate(_ITEMS.strip().splitlines(), start=1):
        department, kind, brand, model, price, stated = (part.strip() for part in line.split("|"))
        attributes = [_attribute(part) for part in stated.split(";")]
        items.append(
            CatalogueItem(
                f"i{number}",
                f"{brand} {model}",
                brand=brand,
                category=(department, kind),
                price=Money.of(price, "USD"),
                attributes={a.name: a for a in attributes},
                rating=3.5 + number % 4 * 0.4,
                rating_count=10 * number % 70,
            )
        )
    return items


@dataclass(frozen=True)
class Case:
    """One line of a set of cases."""

    text: str
    history: tuple[str, ...]
    intent: str
    slots: dict[str, Any]
    dropped: tuple[str, ...] = ()
    edit: str | None = None
    accepts: int | None = None


def cases(file: Path) -> list[Case]:
    """The cases of a JSON Lines file."""
    return [
        Case(**{k: tuple(v) if isinstance(v, list) else v for k, v in json.loads(line).items()})
        for line in file.read_text("utf-8").splitlines()
        if line.strip()
    ]


@dataclass
class MiniShop:
    """The shop with the simplest possible search: what the constraints admit, in catalogue order or sorted by price."""

    items: list[CatalogueItem] = field(default_factory=shop_items)

    def __post_init__(self) -> None:
        self.vocabulary = Vocabulary.learn(self.items)

    def search(self, query: Query) -> list[CatalogueItem]:
        """At most four items that satisfy the query."""
        admitted = [item for item in self.items if query.constraints.admits(item)]
        if query.sort in (Sort.PRICE_ASCENDING, Sort.PRICE_DESCENDING):
            admitted.sort(key=lambda i: i.price.minor if i.price else 0, reverse=query.sort is Sort.PRICE_DESCENDING)
        return admitted[:4]

    def shown(self, state: DialogueState) -> list[CatalogueItem]:
        """What is on the page."""
        by_id = {item.item_id: item for item in self.items}
        return [by_id[candidate.item_id] for candidate in state.shown]

    def after(self, state: DialogueState, act: DialogueAct) -> DialogueState:
        """The state after an act, with what is then shown."""
        new = update(state, act, key_of(self.vocabulary))
        if new.need != state.need:
            found = self.search(to_query(new.need, self.vocabulary, MONEY, 4).query)
            new = replace(new, shown=tuple(Candidate(item.item_id, 0.0, {}) for item in found), focus=None)
        return new

    def replay(self, history: Sequence[str]) -> DialogueState:
        """The state after these utterances, understood by the rules."""
        state = DialogueState()
        for utterance in history:
            state = self.after(state, understand_by_rules(utterance, state, self.shown(state), self.vocabulary))
        return state

    def understood(self, chosen: Sequence[Case]) -> Iterator[tuple[Case, DialogueAct]]:
        """Every case with what the rules make of it."""
        for case in chosen:
            state = self.replay(case.history)
            yield case, understand_by_rules(case.text, state, self.shown(state), self.vocabulary)


def differences(case: Case, act: DialogueAct) -> list[str]:
    """In which slots the act differs from the case; sets where order means nothing. Empty: all slots exact."""
    got = act.slots.as_json()
    got.pop("currency", None)

    def comparable(value: Any) -> Any:
        return frozenset(value) if isinstance(value, list | tuple) else value

    names = sorted(set(got) | set(case.slots))
    wrong = [n for n in names if comparable(got.get(n)) != comparable(case.slots.get(n))]
    wrong += ["dropped"] if set(act.dropped) != set(case.dropped) else []
    wrong += ["edit"] if (act.edit or None) != case.edit else []
    return wrong + (["accepts"] if act.accepts != case.accepts else [])
