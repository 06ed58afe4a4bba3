"""Names of the shop that were read as mere words: "puzzles" is a department, whoever understood the utterance."""

from __future__ import annotations

from dataclasses import replace

import pytest
from understanding_shop import MiniShop

from assistant.dialogue import DialogueAct, Edit, Intent, Rung, Slots
from assistant.rules.named import says_nothing, with_named


@pytest.fixture(scope="module")
def shop() -> MiniShop:
    return MiniShop()


def mere_words(topic: str, **slots: object) -> DialogueAct:
    """What a rung makes of an utterance that it takes for words to rank by."""
    return DialogueAct(Intent.FIND, Slots(**slots), topic=topic, confidence=0.7, rung=Rung.TAGGER)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("utterance", "named"),
    [
        ("puzzles", {"category": "puzzles"}),
        ("hartmoor", {"brands": ("hartmoor",)}),
        ("waterproof", {"attributes": ("waterproof",)}),
        ("blue hartmoor mugs", {"category": "mugs", "brands": ("hartmoor",), "attributes": ("blue",)}),
    ],
)
def test_a_topic_of_names_alone_becomes_the_slots_of_their_kinds(
    shop: MiniShop, utterance: str, named: dict[str, object]
) -> None:
    act = with_named(mere_words(utterance), utterance, (), shop.vocabulary)
    assert act == replace(mere_words(""), slots=Slots(**named))  # type: ignore[arg-type]


@pytest.mark.parametrize("topic", ["puzzles for my grandmother", "a gift like mugs", "what my dog blue needs"])
def test_a_topic_that_says_more_than_names_is_left_as_it_is(shop: MiniShop, topic: str) -> None:
    act = mere_words(topic)
    assert with_named(act, topic, (), shop.vocabulary) == act


@pytest.mark.parametrize("utterance", ["I said puzzles", "puzzles again", "I told you, puzzles", "I meant puzzles"])
def test_words_of_insisting_are_no_part_of_the_need(shop: MiniShop, utterance: str) -> None:
    act = with_named(mere_words(utterance.casefold().replace(",", "")), utterance, (), shop.vocabulary)
    assert (act.slots, act.topic) == (Slots(category="puzzles"), "")


def test_what_she_refuses_or_says_is_fine_is_not_wanted(shop: MiniShop) -> None:
    for utterance in ("not sony", "sony is fine too"):
        act = with_named(mere_words("sony"), utterance, (), shop.vocabulary)
        assert act.slots.brands == ()
        assert act.topic == "sony"


def test_a_name_joins_what_the_act_holds_and_repeats_none_of_it(shop: MiniShop) -> None:
    held = mere_words(
        "blue puzzles sony", category="mugs", brands=("kessel", "sony"), attributes=("blue",), price_max=9.0
    )
    act = with_named(held, "blue puzzles sony", (), shop.vocabulary)
    assert act.slots == Slots(category="mugs", brands=("kessel", "sony"), attributes=("blue",), price_max=9.0)
    assert act.topic == ""


@pytest.mark.parametrize("intent", [intent for intent in Intent if intent not in (Intent.FIND, Intent.REFINE)])
def test_an_utterance_that_changes_no_need_gets_no_slots(shop: MiniShop, intent: Intent) -> None:
    act = replace(mere_words("puzzles"), intent=intent)
    assert with_named(act, "puzzles", (), shop.vocabulary) == act


def test_an_edit_of_the_need_is_left_as_it_is(shop: MiniShop) -> None:
    act = replace(mere_words("puzzles"), intent=Intent.REFINE, edit=Edit.UNDO)
    assert with_named(act, "puzzles", (), shop.vocabulary) == act


def test_a_refinement_takes_names_as_a_first_need_does(shop: MiniShop) -> None:
    act = with_named(replace(mere_words("blue"), intent=Intent.REFINE), "blue", (), shop.vocabulary)
    assert (act.intent, act.slots.attributes) == (Intent.REFINE, ("blue",))


@pytest.mark.parametrize("intent", [Intent.FIND, Intent.REFINE])
def test_an_act_on_the_need_without_content_says_nothing_whatever_currency_it_names(intent: Intent) -> None:
    assert says_nothing(DialogueAct(intent))
    assert says_nothing(DialogueAct(intent, Slots(currency="EUR")))


@pytest.mark.parametrize(
    "act",
    [
        *(
            DialogueAct(Intent.REFINE, slots)
            for slots in (Slots(price_max=9.0), Slots(brands=("hp",)), Slots(sort="newest"))
        ),
        DialogueAct(Intent.REFINE, dropped=("price_max",)),
        DialogueAct(Intent.REFINE, edit=Edit.UNDO),
        DialogueAct(Intent.REFINE, accepts=1),
        DialogueAct(Intent.FIND, topic="light"),
        DialogueAct(Intent.CHITCHAT),
    ],
    ids=repr,
)
def test_an_act_with_any_content_or_of_another_intent_says_something(act: DialogueAct) -> None:
    assert not says_nothing(act)
