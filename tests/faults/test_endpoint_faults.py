"""The language model's endpoint down, slow, wrong or endless under a running service, and back again."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "assistant")]

from api_doubles import open_doubles, served
from test_endpoint_model import Endpoint, begin, finish, garbage, half, say, send

from assistant.conversation import Conversations
from assistant.explanation.explainer import Explainer
from assistant.language_model import LanguageModelUnavailable, Prompt
from assistant.language_model.endpoint import EndpointModel
from assistant.service import Service
from assistant.turn import Assistant
from assistant.understanding import Understanding

PAUSE = 0.1
Answer = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]


def well(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """A sentence about a pick where one is asked for, a greeting elsewhere."""
    properties = body.get("response_format", {}).get("json_schema", {}).get("schema", {}).get("properties", {})
    begin(handler)
    say(handler, json.dumps({"why": "It is a laptop."}) if "why" in properties else "Hello shopper")
    finish(handler)


def failing(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler, 500)
    handler.wfile.write(b"Internal Server Error")


def silent(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    time.sleep(2)


def dripping(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """One line without an end, byte by byte."""
    begin(handler)
    pour(handler, b"x", 0.02)


def flooding(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """One line without an end, as fast as it goes."""
    begin(handler)
    pour(handler, b"x" * 100_000, 0)


def breathing(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """Comments, which keep a connection open, and never a word."""
    begin(handler)
    pour(handler, b": still here\n\n", 0.02)


def rambling(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """More and more words, whatever limit was asked for."""
    begin(handler)
    pour(handler, b'data: {"choices": [{"delta": {"content": "more "}}]}\n\n', 0)


def pour(handler: BaseHTTPRequestHandler, content: bytes, pause: float) -> None:
    try:
        while True:
            handler.wfile.write(content)
            handler.wfile.flush()
            time.sleep(pause)
    except OSError:
        return  # whoever asked has closed the connection


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service of the doubles; it has no model."""
    with open_doubles(tmp_path_factory.mktemp("plain") / "var") as service:
        yield service


@contextmanager
def with_model(plain: Service, endpoint: Endpoint, timeout: float, *, understands: bool = True) -> Iterator[Service]:
    """The service with the endpoint's model: it explains, and understands if it is to."""
    model = EndpointModel(endpoint.url, "llama", timeout=timeout, pause=PAUSE)
    settings = plain.settings.model_copy(update={"language_model": "llama", "language_model_url": endpoint.url})
    shop, money = plain.shop, plain.assistant.money
    understanding = Understanding(model, lambda: shop.vocabulary, mode="model" if understands else "rules")
    assistant = Assistant(shop, understanding, Explainer(model, settings), money=money)
    conversations = Conversations(assistant, plain.store)
    yield replace(plain, settings=settings, language_model=model, assistant=assistant, conversations=conversations)
    model.close()


def ask(address: str, utterance: str = "a laptop under $1500") -> dict[str, Any]:
    answer = httpx.post(f"{address}/api/v1/chat", json={"utterance": utterance}, timeout=30)
    assert answer.status_code == 200
    said: dict[str, Any] = answer.json()
    return said


def until(holds: Callable[[], bool]) -> None:
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to hold")


@pytest.mark.parametrize("answer", [failing, garbage, half, silent, dripping, flooding, breathing, rambling])
def test_a_turn_falls_to_the_next_rung_says_so_and_nobody_else_waits(
    endpoint: Endpoint, plain: Service, answer: Answer
) -> None:
    endpoint.answer = answer
    with with_model(plain, endpoint, timeout=0.5) as service, served(service) as address:
        first = ask(address)
        assert (first["act"]["rung"], first["without_model"], len(first["picks"])) == ("rules", "unavailable", 4)
        assert "cannot be reached" in first["reply"]
        ready = httpx.get(f"{address}/readyz")
        assert ready.status_code == 200
        assert ready.json()["understanding"].startswith("rules:")
        assert ready.json()["explanation"].startswith("records:")
        endpoint.requests.clear()
        for _ in range(5):
            ask(address)
        assert all(request["max_tokens"] == 1 for request in endpoint.requests), "only greetings, in the background"


def test_an_endpoint_that_comes_back_is_asked_again_without_a_restart(endpoint: Endpoint, plain: Service) -> None:
    endpoint.answer = failing
    with with_model(plain, endpoint, timeout=5) as service:
        conversation = service.conversations.start()
        [*service.conversations.say(conversation, "a laptop under $1500")]
        assert service.assistant.explainer.status.startswith("records:")
        endpoint.answer = well
        limits = count(1400)  # what is said again changes nothing, and nothing is explained then

        def answers() -> bool:
            [*service.conversations.say(conversation, f"a laptop under ${next(limits)}")]
            return service.assistant.explainer.status.startswith("model:")

        until(answers)


def test_a_question_that_is_refused_does_not_close_the_endpoint_to_others(endpoint: Endpoint) -> None:
    def picky(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if "forbidden" in body["messages"][1]["content"]:
            begin(handler, 400)
        else:
            well(handler, body)

    endpoint.answer = picky
    model = EndpointModel(endpoint.url, "llama")
    with pytest.raises(LanguageModelUnavailable, match="400"):
        model.generate(Prompt("", "forbidden"), max_tokens=5).text()
    assert model.generate(Prompt("", "hello"), max_tokens=5).text() == "Hello shopper"


def test_whoever_gives_up_on_a_silent_endpoint_is_free_at_once_and_the_endpoint_learns_of_it(
    endpoint: Endpoint,
) -> None:
    left = threading.Event()

    def patient(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        handler.connection.settimeout(20)
        if handler.rfile.read(1) == b"":
            left.set()

    endpoint.answer = patient
    gone = threading.Event()
    threading.Timer(0.2, gone.set).start()
    model = EndpointModel(endpoint.url, "llama", timeout=60)
    generation = model.generate(Prompt("", "hello"), max_tokens=5, cancelled=gone.is_set)
    assert generation.text() == ""
    assert generation.usage.stopped_by == "cancel"
    assert left.wait(10)


class Counting:
    """An endpoint that says a word every so often, for ever, and counts them."""

    def __init__(self) -> None:
        self.words = 0
        self.ended = threading.Event()

    def __call__(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        begin(handler)
        try:
            for _ in range(body["max_tokens"]):
                send(handler, {"choices": [{"delta": {"content": " "}}]})
                self.words += 1
                time.sleep(0.1)
        except OSError:
            pass
        else:
            finish(handler)
        self.ended.set()


def test_a_client_that_leaves_in_the_middle_of_a_reply_ends_its_generation(endpoint: Endpoint, plain: Service) -> None:
    words = Counting()
    endpoint.answer = words
    with with_model(plain, endpoint, timeout=60, understands=False) as service, served(service) as address:
        body, headers = {"utterance": "a laptop under $1500"}, {"Accept": "text/event-stream"}
        with httpx.stream("POST", f"{address}/api/v1/chat", json=body, headers=headers, timeout=30) as answer:
            assert "event: cards" in answer.iter_lines()
            until(lambda: words.words > 0)
        said = words.words
        assert words.ended.wait(20)
        after, asked = words.words - said, endpoint.requests[0]["max_tokens"]
        print(f"{after} of at most {asked} tokens were generated after the client had left")
        assert after < asked / 2
        until(lambda: not service.conversations.under_way.turns)
        assert len(endpoint.requests) == 1, "the picks that were left are said from the records"
