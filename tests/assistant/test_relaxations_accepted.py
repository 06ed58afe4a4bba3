"""A relaxation that is accepted brings as many items as it promised, through the words that its change is kept in."""

from __future__ import annotations

import pytest

from assistant.dialogue import DialogueState, Need, Slots, update
from assistant.grounding import ShopMoney, accept, key_of, to_query
from retrieval.catalogue import Attribute, Catalogue, CatalogueItem, Money
from retrieval.columns import Columns
from retrieval.relaxation import smallest_relaxations
from retrieval.units import parse_quantity
from retrieval.vocabulary import Vocabulary

MONEY = ShopMoney("USD", {})


def item(kind: str, number: int, price: int, **facts: str) -> CatalogueItem:
    attributes = {}
    for name, text in facts.items():
        quantity = parse_quantity(text)
        assert quantity is not None
        attributes[name] = Attribute(name, text, (text.lower(),), quantity.number, quantity.unit)
    path = ("Computers", kind)
    item_id, money = f"{kind}-{number}", Money.of(price, "USD")
    return CatalogueItem(item_id, f"{kind} {number}", category=path, price=money, attributes=attributes)


ITEMS = (
    item("Laptops", 1, 500, ram="8 GB", storage="256 GB", weight="1.5 kg"),
    item("Laptops", 2, 600, ram="8 GB", storage="256 GB", weight="1.6 kg"),
    item("Laptops", 3, 700, ram="16 GB", storage="512 GB", weight="1.9 kg"),
    item("Laptops", 4, 800, ram="16 GB", storage="512 GB", weight="2 kg"),
    *(item("Sticks", n, 10, storage="16 GB") for n in range(9)),  # "16 GB" alone is of a stick
)


@pytest.mark.parametrize(
    "slots",
    [
        Slots(category="laptops", attributes=("128 gb ram",)),
        Slots(category="laptops", attributes=("at least 20 gb ram",)),
        Slots(category="laptops", attributes=("under 1.2 kg",)),
        Slots(category="laptops", attributes=("over 3 kg",)),
        Slots(category="laptops", attributes=("16 gb ram", "under 1.2 kg")),
        Slots(category="laptops", attributes=("at least 16 gb ram",), price_max=300.0),
    ],
)
def test_what_is_promised_is_what_comes(slots: Slots) -> None:
    vocabulary, columns = Vocabulary.learn(ITEMS), Columns(Catalogue(ITEMS))
    before = to_query(Need(slots), vocabulary, MONEY, 4).query.constraints
    offered = smallest_relaxations(before, columns)
    assert offered
    for relaxation in offered:
        act = accept(relaxation, before, slots, MONEY)
        after = update(DialogueState((Need(slots),)), act, key_of(vocabulary)).need
        constraints = to_query(after, vocabulary, MONEY, 4).query.constraints
        assert len(columns.admitted(constraints)) == relaxation.count > 0, relaxation.label
