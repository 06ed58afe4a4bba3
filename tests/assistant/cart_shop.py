"""A shop of shoes, mugs and a lamp for the tests of the cart: sizes, colours, prices that differ, things sold out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api_doubles import open_doubles
from shelf import item

from assistant.conversation import run
from assistant.events import Turn
from assistant.service import Service
from retrieval.catalogue import CatalogueItem


def shoe(size: str, stock: int | None = 9, colour: str = "blue", **changes: Any) -> CatalogueItem:
    fields = {"price": "90", "variant_of": "tempo", "stock": stock, "brand": "Fleet", **changes}
    attributes = {"size": size, "colour": colour}
    category = ("Shoes", "Running shoes")
    title = f"Tempo Running Shoes, {colour}"
    return item(f"shoe-{colour}-{size}", title, category=category, attributes=attributes, **fields)


SHOES = (shoe("41", 0), shoe("42", 3), shoe("43", 9), shoe("44", 12))
LAMP = item("lamp", "Glow Desk Lamp", "24.50", category=("Home", "Lamps"), stock=7)
MUGS = tuple(
    item(f"mug-{colour}", f"Dune Mug, {colour}", "9", variant_of="dune", stock=stock, attributes={"colour": colour})
    for colour, stock in (("red", 40), ("blue", 8), ("green", 0))
)
DRIVES = tuple(
    item(f"drive-{tb}", f"Nest Drive, {tb} TB", price, variant_of="nest", stock=5, attributes={"storage": f"{tb} TB"})
    for tb, price in (("2", "100"), ("4", "160"))
)
ITEMS = (*SHOES, LAMP, *MUGS, *DRIVES)


@contextmanager
def open_cart_shop(folder: Path, **settings: Any) -> Iterator[Service]:
    """The service over a shop with these items among others."""
    with open_doubles(folder, **settings) as service:
        service.shop.upsert(ITEMS)
        yield service


class Talk:
    """One conversation; `page` puts items on its page, `says` answers."""

    def __init__(self, service: Service, shopper_id: str | None = None) -> None:
        self.service = service
        self.id = service.conversations.start(shopper_id)
        self.turn: Turn | None = None

    def looking_at(self, item_id: str) -> Talk:
        """An item's page is open beside the chat."""
        self.turn = run(self.service.conversations.say(self.id, "hello", looking_at=item_id))
        return self

    def says(self, *utterances: str) -> str:
        """Say all of these; the reply to the last."""
        for utterance in utterances:
            self.turn = run(self.service.conversations.say(self.id, utterance))
        assert self.turn is not None
        return self.turn.reply

    def presses(self, label: str) -> str:
        """Press a suggested reply of the last turn."""
        assert self.turn is not None
        pressed = next(s for s in self.turn.suggestions if s.label == label)
        self.turn = run(self.service.conversations.say(self.id, pressed.utterance, act=pressed.act))
        return self.turn.reply

    @property
    def lines(self) -> dict[str, int]:
        """Pieces by item."""
        return {line.item_id: line.quantity for line in self.service.conversations.carts.lines(self.id)}
