"""The cart of a conversation: what is in it at today's prices, set by item, handed to the shop's checkout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Header, Path
from pydantic import Field

from assistant.api.access import needs
from assistant.api.json_body import JsonRoute
from assistant.api.once import HEADER, LONGEST
from assistant.api.problems import Problem, documented
from assistant.api.wire import Answer, Body, ItemId
from assistant.cart import MOST_PIECES, Cart, CartRefusal, Refusal, cart_as_json, checkout_address
from assistant.conversation_carts import KeyReusedError
from assistant.store.keys import Scope

if TYPE_CHECKING:
    from assistant.service import Service

ConversationPath = Annotated[str, Path(min_length=1, max_length=64)]
ItemPath = Annotated[str, Path(min_length=1, max_length=200)]
Key = Annotated[
    str | None,
    Header(
        alias=HEADER,
        min_length=1,
        max_length=LONGEST,
        pattern="^[!-~]+$",
        description="Sent again with the same request within a day, nothing is added again.",
    ),
]
_READING = ("no-key", "unknown-key", "missing-scope", "no-such-conversation", "invalid-request")
_CHANGING = (*_READING, "no-such-item", "not-available", "too-large")


class QuantityBody(Body):
    """How many pieces there are to be."""

    quantity: int = Field(ge=0, le=MOST_PIECES, description="Pieces in all, whatever was in before; 0 takes it out.")


class AddedBody(Body):
    """What is added."""

    item_id: ItemId
    quantity: int = Field(1, ge=1, le=MOST_PIECES, description="Pieces that come to those that are in.")


class CartLineAnswer(Answer):
    """A line at today's price; `payable` pieces of the `quantity` can be bought now, and `total` is of these."""

    item_id: str
    title: str
    variant: str = Field(description="What sets it apart from its variants: “size 42”; empty when it has none.")
    quantity: int
    payable: int
    price: float | None = Field(description="Of one piece.")
    price_before: float | None = Field(description="When it was put in, where it is another now.")
    total: float | None
    currency: str | None
    image: str | None
    url: str | None


class CartContents(Answer):
    """What is in the cart now."""

    lines: list[CartLineAnswer] = Field(description="In the order they were put in.")
    pieces: int
    total: float | None = Field(description="None when a price is not stated or the currencies differ.")
    currency: str | None
    notices: list[str] = Field(description="Sentences for the shopper: a changed price, an item that is sold out.")


class CartAnswer(CartContents):
    """The cart, and where the shop takes it over."""

    checkout: str | None = Field(description="Address of the shop's checkout with this cart, where one is set.")


def routes(service: Service) -> APIRouter:
    """The routes of one service."""
    router = APIRouter(
        prefix="/carts/{conversation_id}", tags=["carts"], route_class=JsonRoute, dependencies=[needs(Scope.CHAT)]
    )
    carts, template = service.conversations.carts, service.settings.checkout_url

    def told(cart: Cart) -> dict[str, Any]:
        return {**cart_as_json(cart), "checkout": checkout_address(cart, template)}

    @router.get("", response_model=CartAnswer, responses=documented(*_READING))
    def cart(conversation_id: ConversationPath) -> dict[str, Any]:
        """The cart at today's prices and stock."""
        with _problems():
            return told(carts.read(conversation_id))

    @router.delete("", response_model=CartAnswer, responses=documented(*_READING))
    def empty(conversation_id: ConversationPath) -> dict[str, Any]:
        """Take everything out."""
        with _problems():
            return told(carts.empty(conversation_id))

    @router.post("/items", response_model=CartAnswer, responses=documented(*_CHANGING, "other-request"))
    def add(conversation_id: ConversationPath, body: AddedBody, key: Key = None) -> dict[str, Any]:
        """Add pieces of an item to those that are in. Where it may be sent twice, give it an `Idempotency-Key`."""
        with _problems():
            return told(carts.add(conversation_id, body.item_id, body.quantity, key))

    @router.put("/items/{item_id:path}", response_model=CartAnswer, responses=documented(*_CHANGING))
    def set_quantity(conversation_id: ConversationPath, item_id: ItemPath, body: QuantityBody) -> dict[str, Any]:
        """Set how many pieces of an item are in. Sent twice it changes nothing more."""
        with _problems():
            return told(carts.set_quantity(conversation_id, item_id, body.quantity))

    @router.delete("/items/{item_id:path}", response_model=CartAnswer, responses=documented(*_READING))
    def remove(conversation_id: ConversationPath, item_id: ItemPath) -> dict[str, Any]:
        """Take an item out; what is not in stays out."""
        with _problems():
            return told(carts.set_quantity(conversation_id, item_id, 0))

    return router


@contextmanager
def _problems() -> Iterator[None]:
    """What the carts refuse, as problems."""
    try:
        yield
    except KeyError as error:
        raise Problem("no-such-conversation") from error
    except KeyReusedError as error:
        raise Problem("other-request") from error
    except CartRefusal as error:
        raise Problem("no-such-item" if error.refusal is Refusal.UNKNOWN else "not-available", str(error)) from error
