"""The cart: what a conversation has put in, read against the shop's records as they are now. Pure: no store, no clock.

A cart is stored as ids and pieces with the title and price of the moment (`InCart`); what is shown, counted and handed
on (`Cart`) is made of today's records each time it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import quote

from assistant.variants import Shelf, variant_words
from retrieval.catalogue import CatalogueItem, Money

MOST_PIECES = 999  # of one item
MOST_LINES = 100
QUANTITY = "quantity"  # the `attribute` of a talk in which fewer pieces are offered


class CartEdit(StrEnum):
    """What `select` may do besides putting items into the cart."""

    SHOW = "show_cart"
    REMOVE = "remove_from_cart"  # what the references mean
    EMPTY = "empty_cart"
    CHECKOUT = "checkout"
    TAKE_BACK = "take_back"  # the cart as it was before its last change; or a no to what was asked about it


class InCart(NamedTuple):
    """A line as it is stored; `title` and `price` are those of the moment it was put in."""

    item_id: str
    quantity: int
    title: str = ""
    price: Money | None = None


@dataclass(frozen=True, slots=True)
class CartTalk:
    """The cart as the conversation last spoke of it: what was changed, or what is asked before it is.

    Attributes:
        before: the lines before the last change, to take it back.
        item_id: the item that is meant; None when none was put in or asked about.
        quantity: pieces that are meant of it; None: she did not say.
        settled: attributes of the variant that she has settled, by name, with the value as it is shown.
        attribute: the attribute that is asked or can be changed; `QUANTITY` when fewer pieces are offered; "" for none.
        options: its values, as they are shown.
        asking: whether nothing is put in before she answers.
        waiting: items chosen in the same breath, whose variants are asked next.
        listed: whether the cart was just shown: "the second" is its second line.
    """

    before: tuple[InCart, ...] = ()
    item_id: str | None = None
    quantity: int | None = None
    settled: tuple[tuple[str, str], ...] = ()
    attribute: str = ""
    options: tuple[str, ...] = ()
    asking: bool = False
    waiting: tuple[str, ...] = ()
    listed: bool = False


class Refusal(StrEnum):
    """Why an item cannot be put into the cart in that quantity."""

    UNKNOWN = "unknown"  # the shop has no such item
    SOLD_OUT = "sold_out"
    TOO_FEW = "too_few"  # in stock, but not as many
    TOO_MANY = "too_many"  # more than one order takes
    FULL = "full"  # as many different items as one cart takes


class CartRefusal(ValueError):
    """The change was not made; the message says why, to the shopper."""

    def __init__(self, refusal: Refusal, words: str) -> None:
        super().__init__(words)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class CartLine:
    """A line at today's price.

    Attributes:
        quantity: pieces that she wants.
        payable: pieces that can be bought now: what is counted and handed on.
        variant: what sets the item apart from its variants: "size 42"; "" when it has none.
        price: of one piece; None when the record states none.
        total: of the payable pieces; None when the price is.
        price_before: the price when it was put in, where it is another now.
    """

    item: CatalogueItem
    quantity: int
    payable: int
    variant: str
    price: Money | None
    total: Money | None
    price_before: Money | None = None


@dataclass(frozen=True, slots=True)
class Cart:
    """What is in the cart now.

    Attributes:
        total: minor units of `currency`, of all payable pieces; None when a price is not stated or currencies differ.
        currency: ISO 4217; None when there is no total.
        notices: sentences for the shopper: a changed price, an item that is sold out or gone.
    """

    lines: tuple[CartLine, ...] = ()
    total: int | None = None
    currency: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def pieces(self) -> int:
        """Payable pieces of all lines."""
        return sum(line.payable for line in self.lines)


EMPTY_CART = Cart()


def read_cart(stored: Iterable[InCart], shelf: Shelf) -> Cart:
    """The cart at today's prices and stock; items that have left the shop are named in a notice."""
    lines, notices = [], []
    for entry in stored:
        item = shelf.get(entry.item_id)
        if item is None:
            notices.append(f"“{entry.title or entry.item_id}” is no longer sold here, so I left it out.")
        else:
            line = _line(entry, item, variant_words(item, shelf.variants(item)))
            lines.append(line)
            notices.extend(_notices(line))
    payable = [line for line in lines if line.payable]
    totals = [line.total for line in payable if line.total is not None]
    currencies = {total.currency for total in totals}
    if len(totals) < len(payable) or len(currencies) != 1:
        return Cart(tuple(lines), notices=tuple(notices))
    return Cart(tuple(lines), sum(total.minor for total in totals), currencies.pop(), tuple(notices))


def _line(entry: InCart, item: CatalogueItem, variant: str) -> CartLine:
    payable = entry.quantity if item.stock is None else max(0, min(entry.quantity, item.stock))
    total = None if item.price is None else Money(item.price.minor * payable, item.price.currency)
    before = entry.price if entry.price != item.price else None
    return CartLine(item, entry.quantity, payable, variant, item.price, total, before)


def _notices(line: CartLine) -> Iterable[str]:
    name = f"“{line.item.title}”"
    if not line.payable:
        yield f"{name} has sold out since you put it in, so it is not counted."
    elif line.payable < line.quantity:
        yield f"Of {name} only {line.payable:,} are left, so {line.payable:,} are counted, not {line.quantity:,}."
    if line.price_before is not None and line.price is not None:
        yield f"{name} costs {line.price} now; it was {line.price_before} when you put it in."


def refusal(item: CatalogueItem | None, quantity: int, lines: Sequence[InCart] = ()) -> Refusal | None:
    """Why `quantity` pieces of an item cannot be in a cart of these lines; None when they can, as 0 always can."""
    if not quantity:
        return None
    if item is None:
        return Refusal.UNKNOWN
    if len(lines) >= MOST_LINES and not quantity_of(lines, item.item_id):
        return Refusal.FULL
    if not item.available:
        return Refusal.SOLD_OUT
    if item.stock is not None and quantity > item.stock:
        return Refusal.TOO_FEW
    return Refusal.TOO_MANY if quantity > MOST_PIECES else None


def refusal_words(why: Refusal, item: CatalogueItem | None) -> str:
    """The refusal in a sentence for the shopper."""
    name = "" if item is None else f"“{item.title}”"
    match why:
        case Refusal.UNKNOWN:
            return "The shop has no such item."
        case Refusal.SOLD_OUT:
            return f"{name} is sold out."
        case Refusal.TOO_FEW:
            return f"Only {item.stock if item else 0:,} of {name} are left."
        case Refusal.TOO_MANY:
            return f"One order takes at most {MOST_PIECES:,} pieces of an item."
        case Refusal.FULL:
            return f"A cart takes at most {MOST_LINES} different items."


def with_quantity(lines: Sequence[InCart], item: CatalogueItem, quantity: int) -> tuple[InCart, ...]:
    """The lines with so many pieces of an item, at its price of now; 0 takes it out. A new item comes last."""
    entry = InCart(item.item_id, quantity, item.title, item.price)
    kept = [entry if line.item_id == item.item_id else line for line in lines]
    if entry not in kept:
        kept.append(entry)
    return tuple(line for line in kept if line.quantity > 0)


def changed_lines(before: Sequence[InCart], after: Sequence[InCart]) -> tuple[InCart, ...]:
    """The lines that are others after than before; one of 0 pieces for each that is gone."""
    gone = {line.item_id for line in before} - {line.item_id for line in after}
    taken = [line._replace(quantity=0) for line in before if line.item_id in gone]
    return (*taken, *(line for line in after if line not in before))


def quantity_of(lines: Sequence[InCart], item_id: str) -> int:
    """Pieces of an item in the cart; 0 when it is not in."""
    return next((line.quantity for line in lines if line.item_id == item_id), 0)


def checkout_address(cart: Cart, template: str | None) -> str | None:
    """Where the shop takes this cart over: `{items}` becomes "ID:PIECES,ID:PIECES".

    None: the shop has set no such address, or nothing in the cart can be bought now.
    """
    items = ",".join(f"{quote(line.item.item_id, safe='')}:{line.payable}" for line in cart.lines if line.payable)
    return template.replace("{items}", items) if template and items else None


def cart_as_json(cart: Cart) -> dict[str, Any]:
    """The cart as plain JSON; prices are numbers in major units."""
    total = None if cart.total is None or cart.currency is None else Money(cart.total, cart.currency)
    return {
        "lines": [_line_as_json(line) for line in cart.lines],
        "pieces": cart.pieces,
        "total": _major(total),
        "currency": cart.currency,
        "notices": list(cart.notices),
    }


def _line_as_json(line: CartLine) -> dict[str, Any]:
    return {
        "item_id": line.item.item_id,
        "title": line.item.title,
        "variant": line.variant,
        "quantity": line.quantity,
        "payable": line.payable,
        "price": _major(line.price),
        "price_before": _major(line.price_before),
        "total": _major(line.total),
        "currency": None if line.price is None else line.price.currency,
        "image": line.item.image,
        "url": line.item.url,
    }


def _major(money: Money | None) -> float | None:
    return None if money is None else float(money.major)
