"""Twelve turns over the demo shop, with the packaged language model: every promise of a turn is checked."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from assistant.conversation import run
from assistant.dialogue import Edit, Intent
from assistant.events import Turn
from assistant.service import Service

pytestmark = [pytest.mark.weights, pytest.mark.slow]


@pytest.fixture(scope="module")
def say(service: Service) -> Callable[[str], Turn]:
    conversation_id = service.conversations.start()

    def speak(utterance: str) -> Turn:
        turn = run(service.conversations.say(conversation_id, utterance))
        check(turn, service)
        return turn

    return speak


def check(turn: Turn, service: Service) -> None:
    """What holds for every turn."""
    if turn.searched:
        assert all(turn.constraints.admits(service.shop.catalogue[p.item.item_id]) for p in turn.picks)
    shown = {pick.item.item_id for pick in turn.picks}
    for claim in turn.claims:
        if claim.supported:
            assert claim.item_id in shown, f"the reply speaks of {claim.item_id}, which has no card"
            assert set(words(claim.text)) <= set(words(turn.reply)), f"{claim.text!r} is not in the reply"
        else:
            assert not re.search(rf"\b{re.escape(claim.text)}\b", turn.reply), (
                f"{claim.text!r} is not supported and was said"
            )
    assert turn.reply.strip()
    assert turn.latency["cards"] <= turn.latency["turn"]


def words(text: str) -> list[str]:
    return re.findall(r"[\w.]*\w", text.casefold())


def names(turn: Turn) -> list[str]:
    return [pick.item.title.split(",")[0] for pick in turn.picks]


def test_a_conversation_of_twelve_turns(say: Callable[[str], Turn], service: Service) -> None:
    found = say("I need a new laptop")
    assert found.act.intent is Intent.FIND
    assert found.constraints.category == "laptops"
    assert found.picks
    for name in names(found):
        assert name in found.reply

    refined = say("under $900 and light enough to travel")
    assert refined.act.intent is Intent.REFINE
    assert refined.constraints.price_max == 900_00
    assert refined.constraints.category == "laptops"
    assert 0 < refined.matching < found.matching

    brand = refined.picks[0].item.brand
    assert brand is not None
    without = say(f"not {brand}")
    assert without.constraints.excluded_brands == {brand.casefold()}
    assert without.constraints.price_max == 900_00
    assert brand not in {pick.item.brand for pick in without.picks}

    again = say(f"actually {brand} is fine")
    assert again.constraints == refined.constraints
    assert again.matching == refined.matching

    impossible = say("nothing over $60")
    assert impossible.picks == ()
    assert impossible.matching == 0
    assert impossible.relaxations
    assert all(len(service.shop.columns.admitted(r.constraints)) == r.count > 0 for r in impossible.relaxations)
    first = impossible.relaxations[0]
    assert first.slot == "price_max", "the smallest change keeps the kind of item"
    assert str(first.count) in impossible.reply

    accepted = say(f"ok, {first.label}")
    assert accepted.constraints == first.constraints
    assert accepted.matching == first.count
    assert len(accepted.picks) >= 2

    compared = say("compare the first two")
    assert compared.act.intent is Intent.COMPARE
    assert compared.table is not None
    assert compared.table.item_ids == tuple(pick.item.item_id for pick in accepted.picks[:2])
    for row in compared.table.rows:
        assert row.differs == (len(set(row.values)) > 1) or "not stated" in row.values

    asked = say("how heavy is the second one?")
    assert asked.act.intent is Intent.ASK
    second = accepted.picks[1].item
    assert asked.discussed == (second.item_id,)
    assert second.attributes["weight"].text in asked.reply
    assert [claim.field for claim in asked.claims] == ["attributes.weight"]

    why = say("why this order?")
    assert why.act.intent is Intent.EXPLAIN
    for pick in accepted.picks:
        assert f"{pick.candidate.relevance:.2f}" in why.reply

    undone = say("go back")
    assert undone.act.edit is Edit.UNDO
    assert undone.constraints == impossible.constraints

    say(f"ok, {first.label}")
    chosen = say("I'll take the second one")
    assert chosen.act.intent is Intent.SELECT
    assert [(line.item_id, line.quantity) for line in chosen.state.selected] == [(second.item_id, 1)]
    assert str(second.price) in chosen.reply

    thanked = say("thanks!")
    assert thanked.act.intent is Intent.CHITCHAT
    assert thanked.claims == ()
    assert [pick.item.item_id for pick in thanked.picks] == [pick.item.item_id for pick in accepted.picks]


def test_two_conversations_do_not_know_of_each_other(service: Service) -> None:
    first, second = service.conversations.start(), service.conversations.start()
    run(service.conversations.say(first, "laptops under $500"))
    turn = run(service.conversations.say(second, "headphones"))
    assert turn.constraints.price_max is None
    assert turn.constraints.category == "headphones"


def test_a_conversation_goes_on_after_the_store_was_read_again(service: Service) -> None:
    conversation_id = service.conversations.start()
    run(service.conversations.say(conversation_id, "a tent for two under $200"))
    state = service.store.state(conversation_id)
    turn = run(service.conversations.say(conversation_id, "cheaper please"))
    assert state.need.slots.category == turn.state.need.slots.category
    assert turn.state.turns == 2
