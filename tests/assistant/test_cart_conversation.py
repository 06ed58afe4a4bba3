"""The cart in a conversation: the real engine over doubles of the models, and a real store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cart_shop import ITEMS, LAMP, Talk, open_cart_shop

from assistant.cart import CartRefusal, Refusal
from assistant.conversation import run
from assistant.conversation_carts import KeyReusedError
from assistant.dialogue import DialogueAct, Intent, Slots
from assistant.events import Cards, Understood
from assistant.service import Service
from retrieval.catalogue import Money
from retrieval.interactions import InteractionKind
from retrieval.withheld import Withheld


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_cart_shop(tmp_path_factory.mktemp("carts")) as service:
        yield service


@pytest.fixture
def service(opened: Service) -> Iterator[Service]:
    yield opened
    opened.shop.upsert(ITEMS)


@pytest.fixture
def talk(service: Service) -> Talk:
    return Talk(service)


def test_what_is_chosen_is_in_the_cart_and_said_with_pieces_and_price(talk: Talk) -> None:
    reply = talk.looking_at("lamp").says("I'll take it, two of them")
    assert talk.lines == {"lamp": 2}
    assert "2 × **Glow Desk Lamp** in your cart for $49 ($24.50 each)" in reply
    assert talk.turn is not None
    assert talk.turn.cart.total == 4900


def test_said_twice_it_is_in_once(talk: Talk) -> None:
    reply = talk.looking_at("lamp").says("I'll take it", "I'll take it")
    assert talk.lines == {"lamp": 1}
    assert "already" in reply


def test_the_change_is_made_before_it_is_said(talk: Talk, service: Service) -> None:
    talk.looking_at("lamp")
    for event in service.conversations.say(talk.id, "I'll take it"):
        if isinstance(event, Understood):
            assert [(line.item_id, line.quantity) for line in event.cart_changes] == [("lamp", 1)]
        if isinstance(event, Cards):
            assert talk.lines == {"lamp": 1}
            assert event.cart.total == 2450


def test_the_size_is_asked_first_and_the_answer_puts_in_the_right_one(talk: Talk) -> None:
    reply = talk.looking_at("shoe-blue-43").says("I'll take it, two of them")
    assert reply.startswith("Which size of **Tempo Running Shoes, blue**: 42 (3 left), 43 or 44? Sold out: 41.")
    assert talk.lines == {}
    assert "(size 44)" in talk.says("44")
    assert talk.lines == {"shoe-blue-44": 2}


def test_the_buttons_of_the_question_answer_it(talk: Talk) -> None:
    talk.looking_at("shoe-blue-43").says("I'll take it")
    assert talk.turn is not None
    assert {s.question for s in talk.turn.suggestions} == {"Which size?"}
    talk.presses("42 (3 left)")
    assert talk.lines == {"shoe-blue-42": 1}


def test_a_size_named_with_the_choice_or_in_the_need_is_not_asked(talk: Talk, service: Service) -> None:
    talk.looking_at("shoe-blue-43").says("I'll take it in size 44")
    assert talk.lines == {"shoe-blue-44": 1}
    other = Talk(service)
    other.says("running shoes in size 42", "I'll take the first")
    assert other.lines == {"shoe-blue-42": 1}


def test_a_mind_is_changed_before_and_after_the_answer(talk: Talk) -> None:
    talk.looking_at("shoe-blue-43").says("I'll take it", "two of them", "44")
    assert talk.lines == {"shoe-blue-44": 2}
    reply = talk.says("actually 43")
    assert talk.lines == {"shoe-blue-43": 2}
    assert "(size 43) in place of **Tempo Running Shoes, blue** (size 44)" in reply
    talk.says("undo")
    assert talk.lines == {"shoe-blue-44": 2}


def test_a_size_there_is_not_is_said_and_asked_again(talk: Talk) -> None:
    reply = talk.looking_at("shoe-blue-43").says("I'll take it", "47")
    assert reply.startswith("It does not come in size 47. Which size")
    talk.says("what's in my cart?", "43")
    assert talk.lines == {"shoe-blue-43": 1}


def test_a_no_to_the_question_leaves_the_cart_as_it_was(talk: Talk) -> None:
    reply = talk.looking_at("shoe-blue-43").says("I'll take it", "never mind")
    assert "left your cart as it was" in reply
    assert talk.lines == {}


def test_a_question_in_between_does_not_lose_the_question(talk: Talk) -> None:
    talk.looking_at("shoe-blue-43").says("I'll take it", "how much is it?", "44")
    assert talk.lines == {"shoe-blue-44": 1}


def test_a_new_search_drops_the_question(talk: Talk) -> None:
    talk.looking_at("shoe-blue-43").says("I'll take it", "show me laptops", "44")
    assert talk.lines == {}


def test_an_item_that_is_sold_out_offers_what_is_left(talk: Talk) -> None:
    reply = talk.looking_at("mug-green").says("I'll take it")
    assert reply.startswith("Which colour of **Dune Mug**: red or blue? Sold out: green.")
    talk.says("red")
    assert talk.lines == {"mug-red": 1}


def test_one_without_other_variants_is_refused(talk: Talk, service: Service) -> None:
    service.shop.upsert([replace(LAMP, stock=0)])
    reply = talk.looking_at("lamp").says("I'll take it")
    assert "sold out" in reply
    assert talk.lines == {}


def test_more_than_there_are_is_asked_and_not_assumed(talk: Talk) -> None:
    reply = talk.looking_at("lamp").says("I'll take it", "make it 50")
    assert reply.startswith("Only seven are left of **Glow Desk Lamp**. Shall I take all seven?")
    assert talk.lines == {"lamp": 1}
    talk.says("yes please")
    assert talk.lines == {"lamp": 7}
    assert "in your cart already" in talk.says("one more of those")


def test_another_colour_is_told_and_one_word_swaps_it(talk: Talk) -> None:
    reply = talk.looking_at("drive-2").says("I'll take it")
    assert "It also comes in 4 TB, $160" in reply
    talk.says("4 TB instead")
    assert talk.lines == {"drive-4": 1}


def test_everything_that_is_done_to_a_cart(talk: Talk) -> None:
    talk.looking_at("lamp").says("I'll take it")
    talk.looking_at("drive-2").says("add it to my cart")
    shown = talk.says("what's in my cart?")
    assert shown.startswith(
        "Your cart has two items and comes to $124.50.\n\n1. **Glow Desk Lamp**: $24.50\n2. **Nest Drive"
    )
    talk.says("remove the second")
    assert talk.lines == {"lamp": 1}
    talk.says("undo")
    assert talk.lines == {"lamp": 1, "drive-2": 1}
    talk.says("take the lamp out of my cart")
    assert talk.lines == {"drive-2": 1}
    assert "“the tent” is not in your cart" in talk.says("take the tent out of my cart")
    assert "Your cart is empty now" in talk.says("empty my cart")
    assert talk.lines == {}
    assert "Your cart is empty." in talk.says("what's in my cart")


def test_every_price_said_is_a_claim_on_an_item_in_the_cart_or_on_the_page(talk: Talk) -> None:
    talk.looking_at("lamp").says("I'll take it", "what's in my cart")
    assert talk.turn is not None
    seen = {line.item.item_id for line in talk.turn.cart.lines}
    assert {claim.item_id for claim in talk.turn.claims} == seen == {"lamp"}


def test_a_changed_price_is_said_when_the_cart_is_shown(talk: Talk, service: Service) -> None:
    talk.looking_at("lamp").says("I'll take it")
    service.shop.upsert([replace(LAMP, price=Money(2000, "USD"))])
    shown = talk.says("what's in my cart")
    assert "comes to $20." in shown
    assert "costs $20 now; it was $24.50 when you put it in" in shown


def test_what_is_withheld_is_not_sold(talk: Talk, service: Service) -> None:
    talk.looking_at("lamp")
    service.shop.withhold(lambda: Withheld(items=frozenset({"lamp"})))
    try:
        talk.says("I'll take it")
        assert talk.lines == {}
        with pytest.raises(CartRefusal):
            service.conversations.carts.set_quantity(talk.id, "lamp", 1)
    finally:
        service.shop.withhold(Withheld)


def test_without_an_address_the_checkout_is_said_to_be_in_the_shop(talk: Talk) -> None:
    reply = talk.looking_at("lamp").says("I'll take it", "checkout")
    assert "**Glow Desk Lamp**: $24.50" in reply
    assert "I cannot take an order in this chat" in reply


def test_with_an_address_the_cart_is_handed_over(tmp_path: Path) -> None:
    with open_cart_shop(tmp_path, checkout_url="https://shop.example/cart/{items}") as service:
        reply = Talk(service).looking_at("lamp").says("I'll take it, two of them", "checkout")
    assert "Open https://shop.example/cart/lamp:2 to check out in the shop." in reply


def test_what_is_put_in_is_observed_only_with_consent(service: Service) -> None:
    for consents in (False, True):
        shopper_id = f"ada-{consents}"
        service.store.set_consent(shopper_id, consents)
        talk = Talk(service, shopper_id)
        talk.looking_at("lamp").says("I'll take it", "I'll take it", "remove it from my cart")
        kinds = [i.kind for i in service.store.interactions(shopper_id)]
        assert kinds == ([InteractionKind.CART] if consents else [])


def test_the_cart_follows_a_shopper_who_consented_and_no_other(service: Service) -> None:
    for consents in (False, True):
        shopper_id = f"eve-{consents}"
        service.store.set_consent(shopper_id, consents)
        first = Talk(service, shopper_id)
        first.looking_at("lamp").says("I'll take it")
        second = Talk(service, shopper_id)
        assert second.lines == ({"lamp": 1} if consents else {})
        assert first.lines == ({} if consents else {"lamp": 1})


def test_forgetting_empties_the_cart(talk: Talk) -> None:
    talk.looking_at("lamp").says("I'll take it", "forget me", "yes")
    assert talk.lines == {}
    assert talk.turn is not None
    assert talk.turn.cart.lines == ()


def test_starting_over_keeps_the_cart(talk: Talk) -> None:
    talk.looking_at("lamp").says("I'll take it", "start over")
    assert talk.lines == {"lamp": 1}


def test_the_same_key_adds_once(talk: Talk, service: Service) -> None:
    carts = service.conversations.carts
    for _ in range(3):
        cart = carts.add(talk.id, "lamp", 2, "press-1")
    assert cart.pieces == 2
    assert carts.add(talk.id, "lamp", 2, "press-2").pieces == 4
    with pytest.raises(KeyReusedError):
        carts.add(talk.id, "lamp", 3, "press-1")


def test_a_key_whose_request_was_refused_can_be_tried_again(talk: Talk, service: Service) -> None:
    carts = service.conversations.carts
    with pytest.raises(CartRefusal) as refused:
        carts.add(talk.id, "lamp", 8, "press")
    assert refused.value.refusal is Refusal.TOO_FEW
    service.shop.upsert([replace(LAMP, stock=8)])
    assert carts.add(talk.id, "lamp", 8, "press").pieces == 8


def test_no_cart_without_a_conversation(service: Service) -> None:
    carts = service.conversations.carts
    for act in (
        lambda: carts.read("guessed"),
        lambda: carts.set_quantity("guessed", "lamp", 1),
        lambda: carts.empty("guessed"),
    ):
        with pytest.raises(KeyError):
            act()


def test_several_are_chosen_at_once_and_a_size_is_asked_after_the_rest_is_in(talk: Talk) -> None:
    talk.looking_at("lamp").looking_at("shoe-blue-43").says("add both to my cart")
    assert talk.lines == {"lamp": 1}
    talk.says("43")
    assert talk.lines == {"lamp": 1, "shoe-blue-43": 1}


def test_a_replayed_choice_changes_no_cart(talk: Talk, service: Service) -> None:
    talk.looking_at("lamp")
    state = service.conversations.state(talk.id)
    turn = run(service.assistant.turn(talk.id, state, "I'll take it"))
    assert [line.item_id for line in turn.state.selected] == ["lamp"]
    assert talk.lines == {}


def test_of_a_description_and_a_pronoun_the_description_counts(talk: Talk, service: Service) -> None:
    talk.looking_at("drive-2").looking_at("lamp").looking_at("drive-4")
    act = DialogueAct(Intent.SELECT, Slots(references=("cheapest one", "it")))
    run(service.conversations.say(talk.id, "the cheapest one, add it", act=act))
    assert talk.lines == {"lamp": 1}


def test_a_count_while_the_size_is_asked_is_no_size(talk: Talk) -> None:
    talk.looking_at("shoe-blue-43").says("I'll take it", "make it 2", "the biggest")
    assert talk.lines == {"shoe-blue-44": 2}


def test_the_variant_that_is_in_already_is_not_swapped_for_itself(talk: Talk) -> None:
    reply = talk.looking_at("mug-red").says("I'll take it, three of them", "red")
    assert "already" in reply
    assert talk.lines == {"mug-red": 3}
