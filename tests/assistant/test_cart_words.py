"""Commands to the cart, and answers to what was asked about it."""

from __future__ import annotations

import pytest

from assistant.cart import CartEdit, CartTalk, InCart
from assistant.dialogue import DialogueAct, DialogueState, Intent, Slots
from assistant.rules import answered
from retrieval.candidates import Candidate

FILLED = DialogueState(
    shown=tuple(Candidate(i, 0.0, {}) for i in ("lamp", "mug", "shoe")),
    selected=(InCart("lamp", 1, "Glow Desk Lamp"), InCart("mug", 2, "Dune Mug, red")),
)


def talking(talk: CartTalk, state: DialogueState = FILLED) -> DialogueState:
    return DialogueState(shown=state.shown, selected=state.selected, cart_talk=talk)


ASKED = talking(CartTalk((), "shoe", None, (), "size", ("42", "43", "44"), asking=True))
PUT = talking(CartTalk((), "mug", None, (), "colour", ("red", "blue")))
FEWER = talking(CartTalk((), "lamp", 9, (), "quantity", ("7",), asking=True))
LISTED = talking(CartTalk((), listed=True))


def act(utterance: str, state: DialogueState = FILLED) -> DialogueAct | None:
    return answered(utterance, state)


def edit(utterance: str, state: DialogueState = FILLED) -> CartEdit | None:
    found = act(utterance, state)
    return None if found is None else found.cart


@pytest.mark.parametrize(
    ("utterance", "does"),
    [
        ("what's in my cart?", CartEdit.SHOW),
        ("What do I have in the basket so far", CartEdit.SHOW),
        ("show me my cart pls", CartEdit.SHOW),
        ("how much is my cart?", CartEdit.SHOW),
        ("cart", CartEdit.SHOW),
        ("show cart", CartEdit.SHOW),
        ("what's the total?", CartEdit.SHOW),
        ("ok empty my cart please", CartEdit.EMPTY),
        ("can you clear the basket", CartEdit.EMPTY),
        ("remove everything from my cart", CartEdit.EMPTY),
        ("checkout", CartEdit.CHECKOUT),
        ("Check out now!", CartEdit.CHECKOUT),
        ("ok, take me to the checkout", CartEdit.CHECKOUT),
        ("i want to pay", CartEdit.CHECKOUT),
        ("place the order", CartEdit.CHECKOUT),
        ("remove the lamp from my cart", CartEdit.REMOVE),
        ("take the red mug out of the basket again", CartEdit.REMOVE),
        ("i don't want the lamp in my cart", CartEdit.REMOVE),
    ],
)
def test_a_command_to_the_cart_is_a_select_on_every_rung(utterance: str, does: CartEdit) -> None:
    found = act(utterance)
    assert found is not None
    assert (found.intent, found.cart) == (Intent.SELECT, does)


@pytest.mark.parametrize(
    "utterance",
    [
        "shopping cart with wheels",
        "a bag",
        "laundry basket under 20",
        "i hate this website, checkout crashes every single time",
        "can i check out as a guest",
        "what payment methods do you have",
        "add the second to my cart",
        "remove hp",
        "without a zip",
        "i'll take the second",
        "3",
        "how do i pay by card",
        "undo",
        "actually something blue",
    ],
)
def test_what_only_sounds_like_one_is_left_to_understanding(utterance: str) -> None:
    assert act(utterance) is None


@pytest.mark.parametrize("utterance", ["what's the total?", "i want to pay", "place the order", "how much do i owe"])
def test_what_needs_a_filled_cart_is_no_command_without_one(utterance: str) -> None:
    assert act(utterance, DialogueState()) is None
    assert act("checkout", DialogueState()) is not None


@pytest.mark.parametrize(
    ("utterance", "references", "quantity"),
    [
        ("remove the lamp from my cart", ("the lamp",), None),
        ("take one of the mugs out of my cart", ("the mugs",), 1),
        ("remove it from the cart", ("it",), None),
        ("remove the second from my cart", ("2",), None),
    ],
)
def test_what_is_taken_out(utterance: str, references: tuple[str, ...], quantity: int | None) -> None:
    found = act(utterance)
    assert found is not None
    assert found.slots == Slots(references=references, quantity=quantity)


def test_right_after_the_cart_was_spoken_of_it_need_not_be_named() -> None:
    assert edit("remove the lamp", LISTED) is CartEdit.REMOVE
    assert edit("remove the second", LISTED) is CartEdit.REMOVE
    assert edit("i don't want it anymore", PUT) is CartEdit.REMOVE
    assert edit("remove the third", PUT) is None, "the shoe on the page is not in the cart"
    assert edit("remove the tent", LISTED) is None
    assert edit("remove the lamp") is None, "a need may hold a lamp"


@pytest.mark.parametrize(
    ("utterance", "value", "quantity"),
    [
        ("43", "43", None),
        ("size 43 please", "43", None),
        ("i'll take the 43", "43", None),
        ("hmm 43 i think", "43", None),
        ("in 44, two of them", "44", 2),
        ("the 40", "40", None),
        ("any is fine", "42", None),
        ("the biggest", "44", None),
        ("doesn't matter", "42", None),
    ],
)
def test_a_question_about_the_size_is_answered(utterance: str, value: str, quantity: int | None) -> None:
    found = act(utterance, ASKED)
    assert found is not None
    assert found.slots == Slots(attributes=(value,), quantity=quantity)


@pytest.mark.parametrize("utterance", ["43 or 44?", "show me tents", "do you have it in green", "i need a tent"])
def test_what_does_not_answer_it_is_understood_like_any_other(utterance: str) -> None:
    assert act(utterance, ASKED) is None


@pytest.mark.parametrize("utterance", ["no", "never mind", "no thanks", "none of them", "leave it"])
def test_a_no_to_the_question_puts_nothing_in(utterance: str) -> None:
    assert edit(utterance, ASKED) is CartEdit.TAKE_BACK


def test_fewer_pieces_are_taken_with_a_yes_or_a_number() -> None:
    for utterance, quantity in (("yes", 7), ("ok, do that", 7), ("5", 5), ("just two", 2)):
        found = act(utterance, FEWER)
        assert found is not None, utterance
        assert found.slots.quantity == quantity


@pytest.mark.parametrize(
    ("utterance", "quantity"),
    [("make it three", 3), ("3 of them", 3), ("one more of those", 3), ("add another one", 3), ("only one", 1)],
)
def test_another_number_of_pieces_of_what_was_just_put_in(utterance: str, quantity: int) -> None:
    found = act(utterance, PUT)
    assert found is not None
    assert found.slots == Slots(references=("it",), quantity=quantity)
    assert act(utterance) is None


@pytest.mark.parametrize("utterance", ["blue", "actually the blue one", "no, make it blue", "in blue instead please"])
def test_another_variant_than_was_just_put_in(utterance: str) -> None:
    found = act(utterance, PUT)
    assert found is not None
    assert found.slots == Slots(attributes=("blue",))


def test_a_new_wish_that_names_the_same_value_is_no_change_of_mind() -> None:
    assert act("blue kettle under 40", PUT) is None
    assert act("show me blue ones", PUT) is None


@pytest.mark.parametrize("utterance", ["undo", "cancel that", "oops", "i changed my mind", "take it back"])
def test_the_last_change_is_taken_back_in_one_word(utterance: str) -> None:
    assert edit(utterance, PUT) is CartEdit.TAKE_BACK


def test_asking_whether_she_can_have_a_shown_item_takes_it() -> None:
    found = act("can I get the second one please?")
    assert found is not None
    assert (found.intent, found.slots) == (Intent.SELECT, Slots(references=("2",)))
    assert act("can i get the second one with a lid?") is None
    assert act("can i get the second one?", DialogueState()) is None


def test_the_last_one_is_the_last_line() -> None:
    found = act("take the last one out", LISTED)
    assert found is not None
    assert found.slots.references == ("last",)
