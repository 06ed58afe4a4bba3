"""A stored turn, run again on the engine as it is now; nothing of it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from api_doubles import open_doubles

from assistant.conversation import UtteranceError, run
from assistant.dialogue import DialogueAct, Edit, Intent, Rung, Slots
from assistant.events import Turn
from assistant.service import Service
from assistant.turn_json import act_as_json, act_from_json
from retrieval.catalogue import Money
from retrieval.interactions import InteractionKind


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path) as opened:
        yield opened


def say(service: Service, conversation_id: str, words: str, act: DialogueAct | None = None) -> Turn:
    return run(service.conversations.say(conversation_id, words, act=act))


def dump(service: Service) -> str:
    """Every row of the database."""
    connection = service.store._database.engine.raw_connection()
    try:
        return "\n".join(connection.driver_connection.iterdump())  # type: ignore[union-attr]
    finally:
        connection.close()


def same(one: Turn, other: Turn) -> bool:
    """But for what the clock says."""
    return replace(one, latency={}) == replace(other, latency={})


def test_every_turn_of_a_conversation_comes_out_as_it_was(service: Service) -> None:
    conversation_id = service.conversations.start()
    said = ("laptops under $900", "not HP", "how heavy is the second one?", "compare the first two", "cheaper", "undo")
    turns = [say(service, conversation_id, words) for words in said]
    before = dump(service)
    for turn in turns:
        assert same(service.conversations.replay(conversation_id, turn.number), turn), turn.utterance
    assert dump(service) == before


def test_a_changed_record_changes_what_comes_out(service: Service) -> None:
    conversation_id = service.conversations.start()
    then = say(service, conversation_id, "laptops under $900")
    item = then.picks[0].item
    service.shop.upsert([replace(item, price=Money(99_900, "USD"))])
    now = service.conversations.replay(conversation_id, 1)
    assert item.item_id in {pick.item.item_id for pick in then.picks}
    assert item.item_id not in {pick.item.item_id for pick in now.picks}
    assert now.matching == then.matching - 1


def test_a_taught_word_changes_what_comes_out(service: Service) -> None:
    conversation_id = service.conversations.start()
    assert say(service, conversation_id, "clamshells under $900").constraints.category is None
    service.put_synonym("clamshell", "laptop", "ada")
    assert service.conversations.replay(conversation_id, 1).constraints.category == "laptops"


def test_other_words_are_understood_from_the_state_before_the_turn(service: Service) -> None:
    conversation_id = service.conversations.start()
    say(service, conversation_id, "laptops under $900")
    say(service, conversation_id, "not HP")
    turn = service.conversations.replay(conversation_id, 2, utterance="  not Dell ")
    assert turn.utterance == "not Dell"
    assert turn.number == 2
    assert turn.constraints.excluded_brands == {"dell"}
    assert turn.constraints.price_max == 900_00
    assert service.conversations.state(conversation_id).need.slots.excluded_brands == ("hp",)


def test_another_act_is_taken_as_it_is_given(service: Service) -> None:
    conversation_id = service.conversations.start()
    say(service, conversation_id, "laptops")
    act = DialogueAct(Intent.FIND, Slots(category="headphones"), rung=Rung.CONTROL)
    turn = service.conversations.replay(conversation_id, 1, act=act)
    assert (turn.act, turn.constraints.category, turn.utterance) == (act, "headphones", "laptops")


def test_a_button_is_pressed_again_and_not_read_as_words(service: Service) -> None:
    conversation_id = service.conversations.start()
    pressed = DialogueAct(
        Intent.REFINE, Slots(price_max=700.0), dropped=("brands=hp",), rung=Rung.CONTROL, topic="for travel"
    )
    say(service, conversation_id, "HP laptops")
    turn = say(service, conversation_id, "Hello", pressed)
    again = service.conversations.replay(conversation_id, 2)
    assert again.act == pressed
    assert same(again, turn)
    assert service.conversations.replay(conversation_id, 2, utterance="Hello").act.intent is Intent.CHITCHAT


def test_a_relaxation_that_was_accepted_is_accepted_again(service: Service) -> None:
    conversation_id = service.conversations.start()
    offered = say(service, conversation_id, "laptops under $5").relaxations
    assert offered
    turn = say(service, conversation_id, "yes please", DialogueAct(Intent.REFINE, accepts=1, rung=Rung.CONTROL))
    assert turn.constraints == offered[0].constraints
    assert service.conversations.replay(conversation_id, 2).constraints == turn.constraints


def test_her_history_counts_as_far_as_it_was_known_then(service: Service) -> None:
    service.store.set_consent("ada", True)
    conversation_id = service.conversations.start("ada")
    then = say(service, conversation_id, "laptops")
    for pick in then.picks:
        service.conversations.observe(conversation_id, pick.item.item_id, InteractionKind.PURCHASE)
    seen = []
    turn = service.assistant.turn

    def watching(*arguments: object, **named: object) -> object:
        seen.append(named["session"])
        return turn(*arguments, **named)  # type: ignore[arg-type]

    service.assistant.turn = watching  # type: ignore[assignment,method-assign]
    service.conversations.replay(conversation_id, 1)
    say(service, conversation_id, "laptops")
    service.conversations.replay(conversation_id, 2)
    assert [len(session.interactions) for session in seen] == [0, 4, 4]  # type: ignore[attr-defined]


def test_the_item_whose_page_she_was_on_is_what_it_means_again(service: Service) -> None:
    conversation_id = service.conversations.start()
    turn = run(service.conversations.say(conversation_id, "how heavy is it?", looking_at="i3"))
    assert turn.discussed == ("i3",)
    assert service.conversations.replay(conversation_id, 1).discussed == ("i3",)


def test_forget_me_forgets_nobody_when_it_is_run_again(service: Service) -> None:
    service.store.set_consent("ada", True)
    conversation_id = service.conversations.start("ada")
    say(service, conversation_id, "forget me")
    service.conversations.replay(conversation_id, 1, act=DialogueAct(Intent.PRIVACY, edit=Edit.FORGET_CONFIRMED))
    assert service.store.shopper(conversation_id) == "ada"
    assert service.store.consented("ada")


@pytest.mark.parametrize("number", [0, 2, -1])
def test_a_turn_that_was_never_stored_is_a_key_error(service: Service, number: int) -> None:
    conversation_id = service.conversations.start()
    say(service, conversation_id, "laptops")
    with pytest.raises(KeyError):
        service.conversations.replay(conversation_id, number)
    with pytest.raises(KeyError):
        service.conversations.replay("guessed", 1)


def test_words_that_cannot_be_answered_are_refused(service: Service) -> None:
    conversation_id = service.conversations.start()
    say(service, conversation_id, "laptops")
    with pytest.raises(UtteranceError):
        service.conversations.replay(conversation_id, 1, utterance="...")


def test_an_act_comes_back_from_its_json_as_it_was() -> None:
    act = DialogueAct(
        Intent.REFINE,
        Slots(price_max=900.0, excluded_brands=("hp",), references=("2",), quantity=2),
        dropped=("category",),
        edit=Edit.OTHERS,
        topic="light",
        confidence=0.75,
        rung=Rung.MODEL,
        notes=("a note",),
    )
    assert act_from_json(act_as_json(act)) == act
