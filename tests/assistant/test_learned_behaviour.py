"""A trained model in the conversation: her events count at once, her wishes about them too; draws are on record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from api_doubles import open_doubles
from behaviour_doubles import put_in_service, small_model

from assistant.conversation import run
from assistant.dialogue import DialogueAct, Edit, Intent, Slots
from assistant.events import Turn
from assistant.service import Service
from assistant.store import Verdict
from retrieval.interactions import InteractionKind


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path) as opened:
        put_in_service(tmp_path, small_model([item.item_id for item in opened.shop.catalogue]))
        opened.shop.behaviour.look()
        yield opened


def ask(service: Service, conversation_id: str) -> Turn:
    """The same need, asked for anew."""
    act = DialogueAct(Intent.FIND, Slots(category="laptops"), topic="laptop")
    return run(service.conversations.say(conversation_id, "a laptop", act=act))


def wish(service: Service, conversation_id: str, edit: Edit) -> Turn:
    return run(service.conversations.say(conversation_id, "my history", act=DialogueAct(Intent.PRIVACY, edit=edit)))


def consenting(service: Service, shopper_id: str = "ada") -> str:
    service.store.set_consent(shopper_id, True)
    return service.conversations.start(shopper_id)


def sequence(turn: Turn) -> dict[str, float | None]:
    return {pick.item.item_id: pick.candidate.scores.get("sequence") for pick in turn.picks}


def test_what_she_does_on_the_page_and_likes_counts_at_her_next_turn(service: Service) -> None:
    conversation_id = consenting(service)
    first = ask(service, conversation_id)
    assert set(sequence(first).values()) == {None}
    first_item, second_item = (pick.item.item_id for pick in first.picks[:2])
    service.conversations.observe(conversation_id, first_item, InteractionKind.CLICK)
    clicked = sequence(ask(service, conversation_id))
    assert None not in clicked.values()
    service.conversations.rate(conversation_id, second_item, Verdict.LIKE)
    liked = sequence(ask(service, conversation_id))
    assert liked != clicked
    service.conversations.rate(conversation_id, second_item, None)
    assert sequence(ask(service, conversation_id)) == clicked


def test_without_consent_no_model_reads_anything(service: Service) -> None:
    conversation_id = service.conversations.start("bo")
    first = ask(service, conversation_id)
    service.conversations.observe(conversation_id, first.picks[0].item.item_id, InteractionKind.CLICK)
    assert set(sequence(ask(service, conversation_id)).values()) == {None}


def test_ignore_my_history_reranks_at_once_and_keeps_no_state(service: Service) -> None:
    conversation_id = consenting(service)
    usual = [pick.item.item_id for pick in ask(service, conversation_id).picks]
    service.conversations.observe(conversation_id, usual[-1], InteractionKind.PURCHASE)
    hers = sequence(ask(service, conversation_id))
    ignored = wish(service, conversation_id, Edit.IGNORE_HISTORY)
    assert [pick.item.item_id for pick in ignored.picks] == usual
    assert set(sequence(ignored).values()) == {None}
    learned = service.shop.behaviour._learned
    assert learned is not None
    assert "ada" not in learned._known
    assert sequence(wish(service, conversation_id, Edit.USE_HISTORY)) == hers


def test_forget_me_leaves_no_state_and_says_what_becomes_of_a_trained_model(service: Service) -> None:
    conversation_id = consenting(service)
    item_id = ask(service, conversation_id).picks[0].item.item_id
    service.conversations.observe(conversation_id, item_id, InteractionKind.CLICK)
    ask(service, conversation_id)
    wish(service, conversation_id, Edit.FORGET)
    told = wish(service, conversation_id, Edit.FORGET_CONFIRMED)
    learned = service.shop.behaviour._learned
    assert learned is not None
    assert not learned._known
    assert "next training" in told.reply


def explore(service: Service) -> None:
    """Half of the pages, with two laptops that nobody has touched or rated below the page."""
    service.assistant.exploration = 0.5
    known = ask(service, service.conversations.start()).picks[-1].item
    service.shop.upsert(replace(known, item_id=f"new-{n}", rating=None, rating_count=0) for n in range(2))


def test_every_impression_keeps_the_chance_that_it_was_shown_with(service: Service) -> None:
    explore(service)
    last = []
    for _ in range(12):
        conversation_id = service.conversations.start()
        turn = ask(service, conversation_id)
        stored = service.store.impressions(conversation_id)
        assert [row["propensity"] for row in stored] == [pick.candidate.propensity for pick in turn.picks]
        assert {row["propensity"] for row in stored[:-1]} == {1.0}
        last.append((stored[-1]["propensity"], "explored" in stored[-1]["scores"]))
    assert set(last) == {(0.5, False), (0.25, True)}


def test_a_turn_that_is_run_again_draws_the_same(service: Service) -> None:
    explore(service)
    for _ in range(6):
        conversation_id = service.conversations.start()
        turn = ask(service, conversation_id)
        again = service.conversations.replay(conversation_id, turn.number)
        assert [p.item.item_id for p in again.picks] == [p.item.item_id for p in turn.picks]
