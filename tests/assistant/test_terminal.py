"""The terminal over scripted turns: what people read, and what programs read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from assistant.conversation import Conversations
from assistant.dialogue import DialogueAct, DialogueState, Intent, update
from assistant.events import Cards, Event, Finished, Pick, Text, Turn, Understood
from assistant.service import Service
from assistant.store import Store
from assistant.terminal import converse
from assistant.turn import Assistant
from retrieval.candidates import Candidate
from retrieval.catalogue import CatalogueItem, Money
from retrieval.query import Constraints

LAMP = Pick(
    1, CatalogueItem("lamp-1", "Desk lamp", price=Money(4900, "USD"), rating_count=2), Candidate("lamp-1", 0.8, {})
)


class OneLampAssistant:
    """Finds the same lamp whatever is said."""

    def turn(self, conversation_id: str, state: DialogueState, utterance: str, **_: object) -> Iterator[Event]:
        act = DialogueAct(Intent.FIND, topic=utterance)
        after = update(state, act)
        reply = "One lamp fits: **Desk lamp**."
        yield Understood(act, Constraints(), after.need)
        yield Cards((LAMP,), 1)
        yield Text(reply)
        yield Finished(
            Turn(conversation_id, after.turns, utterance, act, after, Constraints(), (LAMP,), 1, True, (), reply)
        )


@pytest.fixture
def service(tmp_path: Path) -> Service:
    store = Store(tmp_path)
    conversations = Conversations(cast(Assistant, OneLampAssistant()), store)
    return cast(Service, SimpleNamespace(store=store, conversations=conversations))


def test_cards_come_before_the_words_and_names_are_bold_without_asterisks(
    service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    converse(service, ["a lamp"], None, None)
    printed = capsys.readouterr().out
    assert printed.index("1. Desk lamp · $49") < printed.index("One lamp fits: Desk lamp")
    assert "**" not in printed
    assert "read by rules" in printed


def test_what_is_on_the_page_already_is_not_printed_again(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    converse(service, ["a lamp", "why?"], None, None)
    assert capsys.readouterr().out.count("1. Desk lamp · $49") == 1


def test_programs_get_one_object_per_turn_and_an_error_where_nothing_could_be_answered(service: Service) -> None:
    written: list[Any] = []
    converse(service, ["a lamp", "\x00\x01", "another"], None, written.append)
    assert [turn.get("turn") for turn in written] == [1, None, 2]
    assert "looks like a file" in written[1]["error"]
    assert json.loads(json.dumps(written[0]))["picks"][0]["price"] == 49.0


def test_naming_a_shopper_counts_as_her_consent(service: Service) -> None:
    converse(service, ["a lamp"], "ada", None)
    assert service.store.consented("ada")
