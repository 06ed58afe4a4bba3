"""The cart read against the records of now, and what may be put in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cart_shop import DRIVES, LAMP, SHOES
from shelf import item

from assistant.cart import (
    MOST_LINES,
    MOST_PIECES,
    Cart,
    InCart,
    Refusal,
    cart_as_json,
    changed_lines,
    checkout_address,
    read_cart,
    refusal,
    with_quantity,
)
from assistant.variants import Shelf
from retrieval.catalogue import Catalogue, CatalogueItem, Money
from retrieval.withheld import Withheld


def shelf(*items: CatalogueItem, withheld: Withheld | None = None) -> Shelf:
    return Shelf(Catalogue(items), withheld or Withheld())


def put(item: CatalogueItem, quantity: int = 1) -> InCart:
    return InCart(item.item_id, quantity, item.title, item.price)


def test_the_total_is_of_whole_minor_units() -> None:
    cart = read_cart([put(LAMP, 3), put(DRIVES[0])], shelf(LAMP, *DRIVES))
    assert (cart.total, cart.currency, cart.pieces) == (3 * 2450 + 10000, "USD", 4)
    assert [line.total for line in cart.lines] == [Money(7350, "USD"), Money(10000, "USD")]


def test_a_price_that_changed_is_counted_and_said() -> None:
    dearer = replace(LAMP, price=Money(2600, "USD"))
    cart = read_cart([put(LAMP, 2)], shelf(dearer))
    assert cart.total == 5200
    assert cart.lines[0].price_before == Money(2450, "USD")
    assert cart.notices == ("“Glow Desk Lamp” costs $26 now; it was $24.50 when you put it in.",)


def test_what_sold_out_since_stays_in_sight_and_is_not_counted() -> None:
    gone = replace(LAMP, stock=0)
    cart = read_cart([put(LAMP), put(DRIVES[1])], shelf(gone, *DRIVES))
    assert [line.payable for line in cart.lines] == [0, 1]
    assert cart.total == 16000
    assert "has sold out since you put it in" in cart.notices[0]


def test_where_fewer_are_left_than_she_wants_those_are_counted() -> None:
    cart = read_cart([put(LAMP, 5)], shelf(replace(LAMP, stock=2)))
    assert (cart.total, cart.lines[0].quantity, cart.lines[0].payable) == (4900, 5, 2)
    assert "only 2 are left, so 2 are counted, not 5" in cart.notices[0]


def test_an_item_that_left_the_shop_or_is_withheld_is_named_by_the_title_it_had() -> None:
    for empty in (shelf(), shelf(LAMP, withheld=Withheld(items=frozenset({"lamp"})))):
        cart = read_cart([put(LAMP)], empty)
        assert cart.lines == ()
        assert cart.notices == ("“Glow Desk Lamp” is no longer sold here, so I left it out.",)


def test_there_is_no_total_over_two_currencies_or_an_unstated_price() -> None:
    euros = item("stool", "Pine Stool", "30", currency="EUR")
    free = item("gift", "Wrapping")
    for other in (euros, free):
        cart = read_cart([put(LAMP), put(other)], shelf(LAMP, other))
        assert (cart.total, cart.currency) == (None, None)
        assert len(cart.lines) == 2


@pytest.mark.parametrize(
    ("thing", "quantity", "why"),
    [
        (None, 1, Refusal.UNKNOWN),
        (SHOES[0], 1, Refusal.SOLD_OUT),
        (SHOES[1], 4, Refusal.TOO_FEW),
        (SHOES[1], 3, None),
        (item("sand", "Sand", "1"), MOST_PIECES, None),
        (item("sand", "Sand", "1"), MOST_PIECES + 1, Refusal.TOO_MANY),
    ],
)
def test_each_reason_not_to_take_an_item(thing: CatalogueItem | None, quantity: int, why: Refusal | None) -> None:
    assert refusal(thing, quantity) is why


def test_a_cart_that_is_full_takes_more_of_what_is_in_it_and_nothing_new() -> None:
    full = [InCart(f"thing-{number}", 1) for number in range(MOST_LINES - 1)]
    assert refusal(LAMP, 1, full) is None
    full.append(put(LAMP))
    assert refusal(LAMP, 2, full) is None
    assert refusal(SHOES[1], 1, full) is refusal(SHOES[0], 1, full) is Refusal.FULL
    assert refusal(SHOES[1], 0, full) is refusal(None, 0, full) is None
    assert refusal(None, 1, full) is Refusal.UNKNOWN


def test_a_line_keeps_its_place_and_nothing_of_none_is_kept() -> None:
    lines = with_quantity(with_quantity((), LAMP, 1), DRIVES[0], 2)
    lines = with_quantity(lines, LAMP, 4)
    assert [(line.item_id, line.quantity) for line in lines] == [("lamp", 4), ("drive-2", 2)]
    assert [line.item_id for line in with_quantity(lines, LAMP, 0)] == ["drive-2"]


def test_the_changes_between_two_carts_lead_from_one_to_the_other() -> None:
    before = with_quantity(with_quantity((), LAMP, 1), DRIVES[0], 2)
    after = with_quantity(with_quantity(before, LAMP, 0), DRIVES[1], 1)
    changes = changed_lines(before, after)
    assert [(line.item_id, line.quantity) for line in changes] == [("lamp", 0), ("drive-4", 1)]
    assert changed_lines(after, after) == ()


def test_the_checkout_is_handed_what_can_be_bought() -> None:
    odd = item("a/b&c", "Odd", "1")
    cart = read_cart([put(odd, 2), put(SHOES[0]), put(LAMP)], shelf(odd, *SHOES, LAMP))
    assert checkout_address(cart, "https://shop.example/cart/{items}?a=1") == (
        "https://shop.example/cart/a%2Fb%26c:2,lamp:1?a=1"
    )
    assert checkout_address(cart, None) is None
    assert checkout_address(Cart(), "https://shop.example/cart/{items}") is None


def test_as_json_prices_are_in_major_units() -> None:
    told = cart_as_json(read_cart([put(LAMP, 2)], shelf(LAMP)))
    assert (told["total"], told["currency"], told["lines"][0]["price"]) == (49.0, "USD", 24.5)
