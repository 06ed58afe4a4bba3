"""A service that is stopped: no turn begins, those under way end, and what was said is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from api_doubles import open_doubles
from claiming_model import ClaimingModel, explained_by
from fastapi.testclient import TestClient

from assistant.api import create_api
from assistant.conversation import Conversations, run
from assistant.events import Finished, Text
from assistant.service import Service
from assistant.under_way import Stopping


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path) as opened:
        yield opened


class EndlessModel(ClaimingModel):
    """Writes until it is stopped."""

    def pieces(self, cancelled: Callable[[], bool]) -> Iterator[str]:
        yield '{"why": "It '
        while not cancelled():
            self.began()
            yield "is "

    def began(self) -> None:
        """What happens while it writes."""


def test_turns_are_counted_while_they_run(service: Service) -> None:
    under_way = service.conversations.under_way
    events = service.conversations.say(service.conversations.start(), "laptops")
    assert under_way.turns == 0
    next(events)
    assert under_way.turns == 1
    run(events)
    del events
    assert under_way.turns == 0


def test_no_turn_begins_when_the_service_is_stopped_and_one_under_way_comes_to_its_own_end(service: Service) -> None:
    conversation_id = service.conversations.start()
    events = service.conversations.say(conversation_id, "laptops")
    next(events)
    service.conversations.under_way.close()
    with pytest.raises(Stopping):
        run(service.conversations.say(service.conversations.start(), "laptops"))
    turn = run(events)
    assert service.store.turns(conversation_id)[0]["reply"] == turn.reply


def test_the_api_says_that_it_cannot_answer_now(service: Service) -> None:
    service.conversations.under_way.close()
    answer = TestClient(create_api(service)).post("/api/v1/chat", json={"utterance": "laptops"})
    assert (answer.status_code, answer.json()["type"].rpartition("#")[2]) == (503, "shop-unavailable")


def test_a_turn_that_is_cut_says_so_and_is_stored_as_it_was_told(service: Service) -> None:
    model = EndlessModel()
    conversations: Conversations = explained_by(model, service)
    model.began = conversations.under_way.cut  # type: ignore[method-assign]
    conversation_id = conversations.start()
    events = list(conversations.say(conversation_id, "laptops"))
    told = "".join(event.text for event in events if isinstance(event, Text))
    assert "the writing was stopped" in told
    assert isinstance(events[-1], Finished)
    (stored,) = service.store.turns(conversation_id)
    assert stored["reply"] == told == events[-1].turn.reply
    assert len(events[-1].turn.picks) > 1
