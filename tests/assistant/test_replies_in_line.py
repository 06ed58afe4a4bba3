"""Replies that wait for the language model: cards wait for nobody, and what cannot be written is said from records."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from api_doubles import open_doubles, served
from claiming_model import CLAIM, ClaimingModel, explained_by
from understanding_shop import shop_items

from assistant.conversation import Conversations, run
from assistant.dialogue import DialogueState, Rung
from assistant.events import Cards, Event, Text, Turn, WithoutModel
from assistant.language_model import Generation, LanguageModelBusy, Prompt
from assistant.service import Service
from assistant.store.traces import trace
from assistant.understanding import Understanding
from retrieval.vocabulary import Vocabulary

WORDS = "a laptop under $900"
BUSY = "the language model is writing for other shoppers"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path, language_model_queue=1, language_model_queue_seconds=60) as opened:
        yield opened


class GatedModel(ClaimingModel):
    """Says nothing before its gate is opened, and counts how many generations run at a time."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.asked = 0
        self.most_at_once = 0
        self._running = 0
        self._lock = threading.Lock()

    def pieces(self, cancelled: Callable[[], bool]) -> Iterator[str]:
        with self._lock:
            self.asked += 1
            self._running += 1
            self.most_at_once = max(self.most_at_once, self._running)
        try:
            while not self.gate.wait(0.01):
                if cancelled():
                    return
            yield CLAIM
        finally:
            with self._lock:
                self._running -= 1


class Shopper:
    """Says something in a thread of her own."""

    def __init__(self, conversations: Conversations, shopper_id: str | None = None) -> None:
        self.events: list[Event] = []
        self.gone = threading.Event()
        self.conversation_id = conversations.start(shopper_id)
        self._conversations = conversations
        self._thread = threading.Thread(target=self._say)
        self._thread.start()

    def _say(self) -> None:
        said = self._conversations.say(self.conversation_id, WORDS, cancelled=self.gone.is_set)
        for event in said:
            self.events.append(event)

    def has(self, kind: type[Event]) -> bool:
        return any(isinstance(event, kind) for event in self.events)

    def finished(self) -> Turn:
        self._thread.join(20)
        return run(iter(self.events))


def until(holds: Callable[[], bool]) -> None:
    for _ in range(4000):
        if holds():
            return
        threading.Event().wait(0.005)
    raise AssertionError("it did not come to that")


def waiting(conversations: Conversations) -> int:
    return conversations.assistant.explainer.queue.waiting


def test_cards_and_first_words_come_while_the_model_writes_for_others_and_so_does_the_end_beyond_the_limit(
    service: Service,
) -> None:
    model = GatedModel()
    conversations = explained_by(model, service)
    first = Shopper(conversations)
    until(lambda: model.asked == 1)
    second = Shopper(conversations)
    until(lambda: waiting(conversations) == 1 and second.has(Text))
    assert second.has(Cards)
    third = Shopper(conversations).finished()  # the model still writes the first reply's first sentence
    assert (model.asked, third.without_model) == (1, WithoutModel.BUSY)
    assert BUSY in third.reply
    assert all(f"{pick.rank}. **" in third.reply for pick in third.picks)
    assert "model" not in third.written_by
    model.gate.set()
    turns = [first.finished(), second.finished()]
    assert [turn.without_model for turn in turns] == [None, None]
    assert all(BUSY not in turn.reply for turn in turns)
    assert model.most_at_once == 1


def test_a_turn_that_the_model_did_not_write_is_told_apart_in_its_trace_and_in_the_counts(tmp_path: Path) -> None:
    model = GatedModel()
    with open_doubles(tmp_path, language_model_queue=0) as service:
        conversations = explained_by(model, service)
        first = Shopper(conversations)
        until(lambda: model.asked == 1)
        conversation_id = conversations.start()
        run(conversations.say(conversation_id, WORDS))
        model.gate.set()
        first.finished()
        marked, whole = (trace(service.store, of, 1) for of in (conversation_id, first.conversation_id))
        assert marked is not None
        assert whole is not None
        assert (marked["without_model"], whole["without_model"]) == ("busy", None)
        counted = conversations.metrics.text(3, 0).decode()
        assert 'assistant_replies_without_model_total{reason="busy"} 1.0' in counted


def test_a_shopper_of_many_conversations_takes_her_turn_with_the_others(tmp_path: Path) -> None:
    model = GatedModel()
    with open_doubles(tmp_path, language_model_queue=2, language_model_queue_seconds=60) as service:
        conversations = explained_by(model, service)
        first = Shopper(conversations)
        until(lambda: model.asked == 1)
        ada = []
        for number in (1, 2):
            ada.append(Shopper(conversations, "ada"))
            until(lambda number=number: waiting(conversations) == number)  # type: ignore[misc]
        ben = Shopper(conversations, "ben")  # the line is full, of hers
        assert ada[1].finished().without_model is WithoutModel.BUSY
        model.gate.set()
        assert [shopper.finished().without_model for shopper in (first, ada[0], ben)] == [None] * 3


def test_who_stops_while_she_waits_leaves_the_line(service: Service) -> None:
    model = GatedModel()
    conversations = explained_by(model, service)
    first = Shopper(conversations)
    until(lambda: model.asked == 1)
    second = Shopper(conversations)
    until(lambda: waiting(conversations) == 1)
    second.gone.set()
    turn = second.finished()
    assert (turn.without_model, waiting(conversations), model.asked) == (WithoutModel.STOPPED, 0, 1)
    model.gate.set()
    first.finished()


@pytest.mark.parametrize("accepted", ["text/event-stream", "application/json"])
def test_a_client_that_disconnects_leaves_the_line(service: Service, accepted: str) -> None:
    model = GatedModel()
    conversations = explained_by(model, service)
    first = Shopper(conversations)
    until(lambda: model.asked == 1)
    with served(replace(service, assistant=conversations.assistant, conversations=conversations)) as address:
        client = HTTPConnection(address.removeprefix("http://"))
        headers = {"Accept": accepted, "Content-Type": "application/json"}
        client.request("POST", "/api/v1/chat", json.dumps({"utterance": WORDS}), headers)
        until(lambda: waiting(conversations) == 1)
        client.close()
        until(lambda: waiting(conversations) == 0)
        assert model.asked == 1
        model.gate.set()
        first.finished()


def test_a_reading_that_the_model_has_no_time_for_is_the_rules_and_the_next_one_is_asked_again() -> None:
    asked = []

    class BusyModel(ClaimingModel):
        def generate(self, prompt: Prompt, **how: Any) -> Generation:
            asked.append(prompt)
            raise LanguageModelBusy("it answers others")

    vocabulary = Vocabulary.learn(shop_items())
    understanding = Understanding(BusyModel(), lambda: vocabulary, mode="model")
    acts = [understanding.understand(WORDS, DialogueState(), ()) for _ in range(2)]
    assert [act.rung for act in acts] == [Rung.RULES] * 2
    assert all("the model was busy" in act.notes for act in acts)
    assert len(asked) == 2
    assert "cannot be reached" not in understanding.status
