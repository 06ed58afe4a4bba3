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
from assistant.rules.relative import against_page
from retrieval.candidates import Candidate
from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.query import Query, Sort
from retrieval.units import parse_quantity
from retrieval.vocabulary import Vocabulary

MONEY = ShopMoney("USD", {"EUR": 1.1, "GBP": 1.25})

_TABLE = Path(__file__).parents[1] / "data" / "understanding_shop.txt"


def _attribute(stated: str) -> Attribute:
    name, _, text = stated.strip().partition(": ")
    quantity = parse_quantity(text)
    if quantity:
        return Attribute(name, text, number=quantity.number, unit=quantity.unit)
    return Attribute(name, text, tuple(value.strip().lower() for value in text.split(",")))


def shop_items() -> list[CatalogueItem]:
    """The items, in a fixed order."""
    items = []
    for number, line in enumerate(_TABLE.read_text("utf-8").splitlines()[1:], start=1):
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
            state = self.after(state, self.ruled(utterance, state))
        return state

    def ruled(self, utterance: str, state: DialogueState) -> DialogueAct:
        """The act by the rules, its relative wishes held against the page."""
        shown = self.shown(state)
        act = understand_by_rules(utterance, state, shown, self.vocabulary)
        return against_page(act, utterance, state, shown, self.vocabulary)

    def understood(self, chosen: Sequence[Case]) -> Iterator[tuple[Case, DialogueAct]]:
        """Every case with what the rules make of it."""
        for case in chosen:
            yield case, self.ruled(case.text, self.replay(case.history))


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
