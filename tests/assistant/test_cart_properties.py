"""Whatever is done to a cart, in whatever order, it holds what a plain dictionary would."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from shelf import item

from assistant.cart import Cart, CartRefusal, InCart, changed_lines, with_quantity
from assistant.conversation_carts import Carts
from assistant.store import Store
from assistant.variants import Shelf
from retrieval.catalogue import Catalogue

STOCK = {"mug": 3, "lamp": None, "tent": 0, "rug": 50}
THINGS = {i: item(i, i.title(), str(n + 1), stock=stock) for n, (i, stock) in enumerate(STOCK.items())}
PRICES = {i: 100 * n for n, i in enumerate(STOCK, start=1)}
IDS = st.sampled_from([*THINGS, "unknown"])
SHELF = Shelf(Catalogue(THINGS.values()))


def may_have(item_id: str, quantity: int) -> bool:
    """The whole rule of what may be put in, in one line."""
    stock = STOCK.get(item_id, 0)
    return quantity == 0 or (item_id in THINGS and quantity <= 999 and (stock is None or quantity <= stock))


class AnyCart(RuleBasedStateMachine):
    """Two carts in one store beside two dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store = Store(Path(self.folder.name))
        self.added: list[str] = []
        self.carts = Carts(lambda: SHELF, self.store, lambda conversation, item_id: self.added.append(item_id))
        self.models: list[dict[str, int]] = [{}, {}]
        self.keys: dict[tuple[int, str], tuple[str, int]] = {}

    @initialize()
    def begin(self) -> None:
        self.store.set_consent("ada", True)
        self.ids = [self.store.start("ada"), self.store.start()]

    def expect(self, which: int, item_id: str, quantity: int, change: Callable[[], Cart]) -> None:
        """Make a change that should leave `quantity` pieces, or be refused and leave what was."""
        before, told = dict(self.models[which]), len(self.added)
        try:
            change()
        except CartRefusal:
            assert not may_have(item_id, quantity)
            return
        assert may_have(item_id, quantity)
        self.models[which] = {i: n for i, n in {**before, item_id: quantity}.items() if n}
        assert len(self.added) - told == (quantity > before.get(item_id, 0))

    @rule(which=st.integers(0, 1), item_id=IDS, quantity=st.integers(0, 1001))
    def set_quantity(self, which: int, item_id: str, quantity: int) -> None:
        for _ in range(2):
            self.expect(which, item_id, quantity, partial(self.carts.set_quantity, self.ids[which], item_id, quantity))

    @rule(which=st.integers(0, 1), item_id=IDS, quantity=st.integers(1, 3), key=st.sampled_from([None, "a", "b"]))
    def add(self, which: int, item_id: str, quantity: int, key: str | None) -> None:
        add = partial(self.carts.add, self.ids[which], item_id, quantity, key)
        if key is not None and (which, key) in self.keys:
            if self.keys[which, key] == (item_id, quantity):
                add()
            return
        wanted = self.models[which].get(item_id, 0) + quantity
        self.expect(which, item_id, wanted, add)
        if key is not None and may_have(item_id, wanted):
            self.keys[which, key] = (item_id, quantity)

    @rule(which=st.integers(0, 1))
    def empty(self, which: int) -> None:
        self.carts.empty(self.ids[which])
        self.models[which] = {}

    @rule(source=st.integers(0, 1))
    def move(self, source: int) -> None:
        self.carts.move(self.ids[source], self.ids[1 - source])
        self.models[1 - source] = {**self.models[source], **self.models[1 - source]}
        self.models[source] = {}

    @rule()
    def forget(self) -> None:
        forgotten = self.ids[0]
        self.store.forget("ada")
        with pytest.raises(KeyError):
            self.carts.lines(forgotten)
        self.models[0] = {}
        self.store.set_consent("ada", True)
        self.ids[0] = self.store.start("ada")
        self.keys = {place: held for place, held in self.keys.items() if place[0] == 1}

    @invariant()
    def holds_what_the_dictionaries_hold(self) -> None:
        for conversation_id, model in zip(self.ids, self.models, strict=True):
            cart = self.carts.read(conversation_id)
            assert {line.item.item_id: line.quantity for line in cart.lines} == model
            assert (cart.total or 0) == sum(PRICES[i] * n for i, n in model.items())
            assert cart.notices == ()

    def teardown(self) -> None:
        self.store.close()
        self.folder.cleanup()


AnyCart.TestCase.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
test_any_sequence_of_operations_leaves_the_cart_of_a_plain_dictionary = AnyCart.TestCase


LINES = st.lists(st.tuples(st.sampled_from(sorted(THINGS)), st.integers(0, 4)), max_size=8)


@given(before=LINES, after=LINES)
def test_the_changes_lead_from_any_cart_to_any_other(
    before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    first = lines_of(before)
    last = lines_of(after)
    reached = first
    for line in changed_lines(first, last):
        reached = with_quantity(reached, THINGS[line.item_id], line.quantity)
    assert {line.item_id: line.quantity for line in reached} == {line.item_id: line.quantity for line in last}


def lines_of(changes: list[tuple[str, int]]) -> tuple[InCart, ...]:
    lines: tuple[InCart, ...] = ()
    for item_id, quantity in changes:
        lines = with_quantity(lines, THINGS[item_id], quantity)
    return lines
