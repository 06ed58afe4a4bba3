"""The shop's own items and interactions as arrays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from retrieval.behaviour.events import KINDS
from retrieval.behaviour.own_log import own_log
from retrieval.catalogue import CatalogueItem, Money
from retrieval.interactions import Interaction, InteractionKind

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ITEMS = (
    CatalogueItem("a", "Kettle", category=("Kitchen", "Kettles"), brand="Foo", price=Money(1999, "USD")),
    CatalogueItem("b", "Toaster"),
    CatalogueItem("c", "Grill"),
)
VECTORS = np.eye(3, dtype=np.float32)


def did(shopper: str, item: str, minute: int, kind: InteractionKind = InteractionKind.VIEW) -> Interaction:
    return Interaction(shopper, item, kind, NOON + timedelta(minutes=minute))


def test_events_are_in_order_of_shopper_and_time_and_equal_times_as_they_came() -> None:
    log = [did("z", "b", 5), did("y", "a", 1), did("z", "a", 2), did("z", "c", 5, InteractionKind.CART)]
    _, events = own_log(ITEMS, log, VECTORS)
    assert events.shopper.tolist() == [0, 0, 0, 1]
    assert [ITEMS[row].item_id for row in events.item] == ["a", "b", "c", "a"]
    assert [KINDS[kind] for kind in events.kind] == ["view", "view", "cart", "view"]
    assert events.at[0] == int((NOON + timedelta(minutes=2)).timestamp())


def test_an_item_that_left_the_shop_leaves_the_log() -> None:
    _, events = own_log(ITEMS, [did("z", "gone", 1), did("z", "b", 2)], VECTORS)
    assert events.item.tolist() == [1]
    assert len(own_log(ITEMS, [did("z", "gone", 1)], VECTORS)[1]) == 0


def test_items_tell_their_text_price_and_first_event() -> None:
    items, _ = own_log(ITEMS, [did("z", "b", 9), did("y", "b", 3)], VECTORS)
    assert items.texts == ("Kettle. Kitchen > Kettles. Foo", "Toaster", "Grill")
    assert items.prices[0] == 19.99
    assert np.isnan(items.prices[1:]).all()
    assert items.first_seen.tolist() == [-1, int((NOON + timedelta(minutes=3)).timestamp()), -1]
