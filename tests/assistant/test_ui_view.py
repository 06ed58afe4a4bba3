"""The page as a fold over events, its chips, its presses, its examples."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError
from ui_doubles import NEED, Spelling, laptop, pick

from assistant.cart import Cart
from assistant.dialogue import DialogueAct, DialogueState, Edit, Intent, Need, Rung, Slots, update
from assistant.events import Cards, Claim, Suggestion, Text, Understood
from assistant.ui.chips import Changes, changes, chips
from assistant.ui.examples import examples
from assistant.ui.presses import StalePress, parse, spoken
from assistant.ui.view import Message, Shopper, View
from retrieval.query import Constraints, Relaxation

PICKS = (pick(laptop(1), 1), pick(laptop(2), 2), pick(laptop(3), 3))


def shown(**changes) -> View:
    view = View(conversation_id="c", need=Need(NEED), constraints=Constraints(currency="USD"), picks=PICKS, matching=3)
    return replace(view, **changes)


def test_what_was_offered_disappears_when_the_shopper_speaks():
    view = shown(suggestions=(Suggestion("a", "a"),), relaxations=(Relaxation("brands", "b", Constraints(), 1),))
    view = view.asked("cheaper")
    assert (view.suggestions, view.relaxations) == ((), ())
    assert view.transcript == (Message(True, "cheaper"), Message(False, ""))
    assert view.picks == PICKS


def test_cards_are_on_the_page_before_the_prose():
    view = View(conversation_id="c").asked("laptops")
    view = view.seeing(Understood(DialogueAct(Intent.FIND, NEED), Constraints(), Need(NEED)))
    view = view.seeing(Cards(PICKS, 9))
    assert (view.picks, view.matching, view.transcript[-1].text) == (PICKS, 9, "")
    view = view.seeing(Text("One. ")).seeing(Text("Two."))
    assert view.transcript[-1] == Message(False, "One. Two.")


def test_how_many_fit_stands_until_the_next_search():
    assert shown(matching=28).seeing(Cards(PICKS, 0)).matching == 28
    assert shown(matching=28).seeing(Cards((), 0)).matching == 0


def test_claims_stay_with_their_reply_when_the_next_is_asked():
    answered = Message(False, "It costs $600.", (Claim("$600", "laptop-1", "price", True),))
    view = shown(transcript=(Message(True, "how much?"), answered)).asked("x")
    assert view.transcript[1] == answered
    assert view.transcript[-1].claims == ()


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("something to my taste", True),
        ("what I usually buy", True),
        ("I've bought one here", True),
        ("same as I always get", True),
        ("something I'd like", True),
        ("I like this one", False),
        ("a gift for me", False),
        ("I have a dog", False),
        ("is this what people usually buy?", False),
    ],
)
def test_consent_is_asked_for_when_only_her_history_could_answer(words, asks):
    understood = Understood(DialogueAct(Intent.FIND, NEED), Constraints(), Need(NEED))
    assert View().asked(words).seeing(understood).asks_consent is asks
    allowed = View(shopper=Shopper("s", consented=True)).asked(words).seeing(understood)
    declined = View(shopper=Shopper(declined=True)).asked(words).seeing(understood)
    assert not allowed.asks_consent
    assert not declined.asks_consent


def test_a_change_is_known_by_the_chips_around_it():
    before = Need(replace(NEED, brands=("asus",)))
    found = changes(replace(NEED, price_max=700.0), before, "USD", Spelling().display)
    assert found.was == {"price_max": "up to $900"}
    assert found.gone == ("by asus",)
    assert changes(NEED, None, "USD") == Changes({}, ())


def test_a_new_need_marks_nothing_as_changed():
    view = shown().asked("x").seeing(Understood(DialogueAct(Intent.FIND, NEED), Constraints(), Need(NEED)))
    assert view.before is None
    refined = (
        shown()
        .asked("x")
        .seeing(Understood(DialogueAct(Intent.REFINE), Constraints(), Need(replace(NEED, price_max=700.0))))
    )
    assert refined.before == Need(NEED)


def test_being_forgotten_leaves_the_last_reply_and_nothing_of_her():
    view = shown(shopper=Shopper("s", True, 3), looking_at="laptop-1", cart=Cart(notices=("x",))).asked("yes")
    view = view.seeing(Understood(DialogueAct(Intent.PRIVACY, edit=Edit.FORGET_CONFIRMED), Constraints(), Need(NEED)))
    view = view.seeing(Text("Done.")).forgotten()
    assert view == View(transcript=(Message(False, "Done."),), looking_at="laptop-1")


def test_each_constraint_has_a_chip_in_the_shops_spelling():
    slots = replace(NEED, price_min=500.0, brands=("lenora",), excluded_attributes=("red",), sort="price_asc")
    assert [chip.label for chip in chips(slots, "USD", Spelling().display)] == [
        "Laptops",
        "from $500",
        "up to $900",
        "by lenora",
        "not HP",
        "under 1.4 kg",
        "not red",
        "cheapest first",
    ]


def test_a_price_named_in_another_currency_is_shown_in_it():
    assert chips(Slots(price_max=800.0, currency="EUR"), "USD")[0].label == "up to €800"


@pytest.mark.parametrize("place", range(4))
def test_removing_a_chip_takes_back_that_constraint_and_no_other(place):
    before = chips(NEED, "USD")
    press = parse({"press": "remove", "dropped": before[place].dropped})
    words, act = spoken(press, shown())
    assert act is not None
    assert act.rung is Rung.CONTROL
    assert words == before[place].undoing
    after = update(DialogueState(needs=(Need(NEED),)), act).need.slots
    assert chips(after, "USD") == before[:place] + before[place + 1 :]


def test_a_suggestion_does_exactly_what_was_counted():
    act = DialogueAct(Intent.REFINE, Slots(price_max=700.0), rung=Rung.CONTROL)
    view = shown(suggestions=(Suggestion("Under $700", "under $700", 2, act),))
    press = parse({"press": "suggested", "number": 1, "label": "Under $700"})
    assert spoken(press, view) == ("under $700", act)


def test_a_relaxation_is_accepted_by_its_number():
    view = shown(relaxations=(Relaxation("brands", "any brand", Constraints(), 3),) * 2)
    _, act = spoken(parse({"press": "relax", "number": 2, "label": "any brand"}), view)
    assert act is not None
    assert act.accepts == 2


def test_ticked_items_are_compared_by_their_numbers_on_the_page():
    press = parse({"press": "compare", "item_ids": ["laptop-3", "laptop-1", "laptop-3"]})
    words, act = spoken(press, shown())
    assert words == "Compare numbers 1 and 3"
    assert act == DialogueAct(Intent.COMPARE, Slots(references=("1", "3")), rung=Rung.CONTROL)


def test_asking_about_an_item_refers_to_it():
    words, act = spoken(parse({"press": "ask", "item_id": "laptop-2"}), shown())
    assert words == "Tell me more about number 2, Lenora Swift 2"
    assert act == DialogueAct(Intent.ASK, Slots(references=("2",)), rung=Rung.CONTROL)


@pytest.mark.parametrize(
    "stale",
    [
        {"press": "ask", "item_id": "laptop-9"},
        {"press": "compare", "item_ids": ["laptop-1", "laptop-9"]},
        {"press": "compare", "item_ids": ["laptop-1", "laptop-1"]},
        {"press": "remove", "dropped": "brands=asus"},
        {"press": "relax", "number": 1, "label": "+$40"},
        {"press": "suggested", "number": 1, "label": "Under $700"},
    ],
)
def test_what_is_not_on_the_page_cannot_be_pressed(stale):
    with pytest.raises(StalePress):
        spoken(parse(stale), shown())


def test_a_suggestion_that_has_changed_under_the_finger_is_refused():
    view = shown(suggestions=(Suggestion("Under $500", "under $500"),))
    with pytest.raises(StalePress):
        spoken(parse({"press": "suggested", "number": 1, "label": "Under $700"}), view)


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "remove",
        {},
        {"press": "format_disk"},
        {"press": "relax", "number": 0, "label": "x"},
        {"press": "relax", "number": "1", "label": "x"},
        {"press": "rate", "item_id": "laptop-1", "verdict": "love"},
        {"press": "ask", "item_id": "x" * 201},
        {"press": "ask", "item_id": "laptop-1", "price": 1},
        {"press": "compare", "item_ids": ["a"] * 13},
    ],
)
def test_what_is_no_press_is_refused(forged):
    with pytest.raises(ValidationError):
        parse(forged)


def test_examples_are_needs_that_the_shop_can_meet():
    shelves = ("Electronics", "Laptops"), ("Kitchen", "Kettles"), ("Outdoor", "Tents"), ("Toys", "Puzzles")
    items = [laptop(n, item_id=f"{path[1]}-{n}", category=path, attributes={}) for path in shelves for n in range(1, 6)]
    blue = [
        replace(item, attributes=laptop(1).attributes) if item.item_id in ("Puzzles-1", "Puzzles-2") else item
        for item in items
    ]
    assert examples(blue) == (
        "Laptops under $900",
        "Kettles, but not Lenora",
        "The best rated tents",
        "Blue puzzles",
    )


def test_an_empty_shop_suggests_nothing():
    assert examples([]) == ()
