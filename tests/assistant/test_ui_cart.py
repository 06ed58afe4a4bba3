"""The cart on the page: put in through the conversation, changed at once, kept over a new start, handed on."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ui_doubles import laptop, pick, scripted_service

from assistant.cart import Cart, CartEdit, CartLine, checkout_address
from assistant.conversation import run
from assistant.dialogue import Intent
from assistant.ui.cart_panel import drawer
from assistant.ui.chat import ChatPage
from assistant.ui.presses import parse, spoken
from assistant.ui.view import View
from retrieval.catalogue import Money


@pytest.fixture
def service(tmp_path):
    opened = scripted_service(tmp_path, [laptop(n) for n in (1, 2, 3)])
    yield opened
    opened.store.close()


def in_conversation(service, **pieces: int) -> View:
    begun = service.conversations.start()
    run(service.conversations.say(begun, "a laptop"))
    for item_id, quantity in pieces.items():
        service.conversations.carts.set_quantity(begun, item_id.replace("_", "-"), quantity)
    return View(conversation_id=begun, cart=service.conversations.carts.read(begun))


def pressed(service, view: View, **data: object) -> dict:
    page = ChatPage(service)
    (redraw,) = page.press(view, "", SimpleNamespace(_data=data))
    return {"page": page, **redraw}


def test_pieces_are_changed_at_once_and_the_total_with_them(service):
    view = in_conversation(service, laptop_1=1)
    redraw = pressed(service, view, press="quantity", item_id="laptop-1", quantity=2)
    html = redraw[redraw["page"].cart]
    assert "$1,200" in html
    assert service.conversations.carts.lines(view.conversation_id)[0].quantity == 2


def test_nought_pieces_take_it_out(service):
    view = in_conversation(service, laptop_1=1)
    redraw = pressed(service, view, press="quantity", item_id="laptop-1", quantity=0)
    assert "It is empty" in redraw[redraw["page"].cart]
    assert service.conversations.carts.lines(view.conversation_id) == ()


def test_more_than_there_are_is_refused_in_plain_words_and_changes_nothing(service):
    view = in_conversation(service, laptop_1=1)
    redraw = pressed(service, view, press="quantity", item_id="laptop-1", quantity=9)
    assert "are left" in redraw[redraw["page"].status]
    assert service.conversations.carts.lines(view.conversation_id)[0].quantity == 1


def test_a_new_start_keeps_the_cart(service):
    view = in_conversation(service, laptop_1=2)
    page = ChatPage(service)
    redraw = page.start_over(view)
    begun = redraw[page.view]
    assert begun.conversation_id not in (None, view.conversation_id)
    assert begun.transcript == ()
    assert service.conversations.carts.lines(begun.conversation_id)[0].quantity == 2
    assert service.conversations.carts.lines(view.conversation_id) == ()


def test_a_new_start_without_a_cart_begins_nothing(service):
    page = ChatPage(service)
    assert page.start_over(in_conversation(service))[page.view] == View()


def test_the_button_of_a_card_says_what_is_chosen_without_naming_a_variant():
    shoe = laptop(1, title="Vera Trainers, women, size 38, green, with a very long list of words behind it")
    said = spoken(parse({"press": "choose", "item_id": "laptop-1"}), View(picks=(pick(shoe),)))
    assert said.utterance.startswith("Add number 1 to my cart: Vera Trainers")
    assert "38" not in said.utterance
    assert said.act is not None
    assert (said.act.intent, said.act.slots.references) == (Intent.SELECT, ("1",))


def test_without_an_address_the_way_to_the_checkout_is_asked_of_the_assistant():
    line = CartLine(laptop(1), 1, 1, "", Money.of(600, "USD"), Money.of(600, "USD"))
    cart = Cart((line,), 60_000, "USD")
    assert "<a " not in drawer(cart, None)
    said = spoken(parse({"press": "wish", "wish": "checkout"}), View(cart=cart))
    assert said.act is not None
    assert said.act.cart is CartEdit.CHECKOUT


def test_with_an_address_the_checkout_is_one_press_away():
    line = CartLine(laptop(1), 2, 2, "", Money.of(600, "USD"), Money.of(1200, "USD"))
    cart = Cart((line,), 120_000, "USD")
    address = checkout_address(cart, "https://shop.example/cart?add={items}")
    assert f'href="{address}"'.replace("&", "&amp;") in drawer(cart, address)


def test_notices_of_the_cart_are_said_in_it():
    assert "has sold out" in drawer(Cart(notices=("“X” has sold out since you put it in.",)), None)
