"""The cart: the button in the header and the panel that it opens, with pieces to change and the way to the checkout."""

from __future__ import annotations

import json

from markupsafe import Markup

from assistant.cart import MOST_PIECES, Cart, CartLine
from assistant.ui.html import icon, joined, press_attribute
from retrieval.catalogue import Money


def drawer(cart: Cart, checkout: str | None) -> str:
    """The cart's button and panel.

    Args:
        cart: as it is now.
        checkout: address of the shop's checkout for this cart; None: the way there is said in words.
    """
    count = sum(line.quantity for line in cart.lines)
    badge = Markup('<span class="pieces" aria-hidden="true">{:,}</span>').format(count) if count else ""
    said = f"with {count:,} item{'' if count == 1 else 's'}" if count else "empty"
    lines = [{"id": line.item.item_id, "quantity": line.quantity, "title": line.item.title} for line in cart.lines]
    button = Markup(
        '<button type="button" class="quiet" popovertarget="cart-lines">{}<span class="word">Cart</span>{}'
        '<span class="for-screen-readers">{}</span></button>'
    ).format(icon("cart"), badge, said)
    panel = Markup(
        '<div popover id="cart-lines" role="dialog" aria-label="Cart" data-lines="{}"><h2>Your cart</h2>{}</div>'
    ).format(json.dumps(lines, ensure_ascii=False), _content(cart, checkout))
    return button + panel


def _content(cart: Cart, checkout: str | None) -> Markup:
    if not cart.lines:
        return Markup("<p>It is empty. “Add to cart” on an item puts it in.</p>{}").format(_notices(cart))
    total = "" if cart.total is None or cart.currency is None else str(Money(cart.total, cart.currency))
    return Markup('{}<ul class="lines">{}</ul><p class="total"><span>Total</span><b>{}</b></p>{}').format(
        _notices(cart), joined(_line(line) for line in cart.lines), total or "not known", _way_out(checkout)
    )


def _notices(cart: Cart) -> Markup:
    return joined(Markup('<p class="notice" dir="auto">{}</p>').format(words) for words in cart.notices)


def _line(line: CartLine) -> Markup:
    item_id, title = line.item.item_id, line.item.title
    variant = Markup('<p class="variant">{}</p>').format(line.variant) if line.variant else ""
    return Markup(
        '<li><div><p class="line-title" dir="auto">{}</p>{}</div><b>{}</b>'
        '<div class="stepper">{}<span aria-label="Pieces">{:,}</span>{}</div>{}</li>'
    ).format(
        title,
        variant,
        str(line.total) if line.total is not None else "price not stated",
        _step("−", f"One less: {title}", item_id, line.quantity - 1),
        line.quantity,
        _step("+", f"One more: {title}", item_id, min(line.quantity + 1, MOST_PIECES)),
        Markup('<button type="button" class="wish link" aria-label="{}" {}>Remove</button>').format(
            f"Remove {title}", press_attribute("quantity", item_id=item_id, quantity=0)
        ),
    )


def _step(sign: str, label: str, item_id: str, quantity: int) -> Markup:
    press = press_attribute("quantity", item_id=item_id, quantity=quantity)
    return Markup('<button type="button" aria-label="{}" {}>{}</button>').format(label, press, sign)


def _way_out(checkout: str | None) -> Markup:
    if checkout is None:
        press = press_attribute("wish", wish="checkout")
        return Markup('<button type="button" class="primary" {}>Check out</button>').format(press)
    return Markup('<a class="primary" href="{}" target="_blank" rel="noopener" data-checkout>Check out</a>').format(
        checkout
    )
