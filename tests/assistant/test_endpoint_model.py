from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from assistant.language_model import LanguageModelUnavailable, Prompt, load_language_model
from assistant.language_model.endpoint import EndpointModel
from assistant.settings import load_settings
from retrieval.errors import SetupError

PROMPT = Prompt("You help shoppers.", "hello")
SCHEMA = {"type": "object", "properties": {"a": {"enum": ["b"]}}, "required": ["a"], "additionalProperties": False}
KEY = "sk-very-secret"


class Endpoint:
    """A real server on loopback; `answer` writes the response, `requests` keeps what came."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.answer: Callable[[BaseHTTPRequestHandler, dict[str, Any]], None] = good
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.requests.append({"path": self.path, **body})
                endpoint.keys.append(self.headers.get("Authorization"))
                endpoint.answer(self, body)

            def log_message(self, format: str, *args: object) -> None:
                """Keeps the test output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def begin(handler: BaseHTTPRequestHandler, status: int = 200) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()


def send(handler: BaseHTTPRequestHandler, event: dict[str, Any] | str) -> None:
    data = event if isinstance(event, str) else json.dumps(event)
    handler.wfile.write(f"data: {data}\n\n".encode())
    handler.wfile.flush()


def say(handler: BaseHTTPRequestHandler, text: str) -> None:
    send(handler, {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


def finish(handler: BaseHTTPRequestHandler, reason: str = "stop") -> None:
    send(handler, {"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
    details = {"cached_tokens": 8}
    send(
        handler,
        {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 3, "prompt_tokens_details": details}},
    )
    send(handler, "[DONE]")


def words_for(body: dict[str, Any]) -> list[str]:
    """What an honest endpoint says: the only value of an enum, or a greeting."""
    if "response_format" not in body:
        return ["Hel", "lo ", "shopper"]
    properties = body["response_format"]["json_schema"]["schema"]["properties"]
    return [json.dumps({name: values["enum"][0] for name, values in properties.items()})]


def good(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler)
    handler.wfile.write(b": a comment that keeps the connection alive\n\n")
    for words in words_for(body):
        say(handler, words)
    finish(handler)


def ignoring_schemas(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    good(handler, {})


def unauthorised(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler, 401)
    handler.wfile.write(b'{"error": {"message": "bad key"}}')


def garbage(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler)
    send(handler, "{not json")


def foreign(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler)
    send(handler, {"choices": "none"})


def no_stream(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler)
    handler.wfile.write(b"<html>It works!</html>")


def binary(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler)
    handler.wfile.write(b"data: \xff\xfe\x00\n\n")


def half(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler)
    say(handler, "Hel")


def failing_midway(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler)
    say(handler, "Hel")
    send(handler, {"error": {"message": "out of memory"}})


def silent(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler)
    say(handler, "Hel")
    time.sleep(1.5)


def endless(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    begin(handler)
    try:
        while True:
            say(handler, "more ")
            time.sleep(0.02)
    except OSError:
        return  # the client left, as it should


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


def test_a_good_endpoint_streams(endpoint: Endpoint) -> None:
    model = EndpointModel.connect(endpoint.url, "llama", key=KEY)
    assert model.schemas
    generation = model.generate(PROMPT, max_tokens=30, temperature=0.5, seed=7)
    assert list(generation) == ["Hel", "lo ", "shopper"]
    usage = generation.usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.stopped_by) == (11, 8, 3, "end")
    assert 0 < usage.seconds_to_first_token <= usage.seconds
    sent = endpoint.requests[-1]
    assert sent["path"] == "/v1/chat/completions"
    assert (sent["model"], sent["max_tokens"], sent["temperature"], sent["seed"]) == ("llama", 30, 0.5, 7)
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert endpoint.keys[-1] == f"Bearer {KEY}"


def test_a_schema_is_sent_strictly(endpoint: Endpoint) -> None:
    model = EndpointModel(endpoint.url, "llama")
    assert json.loads(model.generate(PROMPT, max_tokens=30, schema=SCHEMA).text()) == {"a": "b"}
    form = endpoint.requests[-1]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["strict"] is True
    assert form["json_schema"]["schema"] == SCHEMA


def test_an_endpoint_that_ignores_schemas_is_found_out_and_reported(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.answer = ignoring_schemas
    model = EndpointModel.connect(endpoint.url, "llama")
    assert not model.schemas
    assert "ignores JSON schemas" in caplog.text
    assert model.generate(PROMPT, max_tokens=30, schema=SCHEMA).text() == "Hello shopper"
    assert "response_format" not in endpoint.requests[-1]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (unauthorised, "401"),
        (garbage, "no chat completion"),
        (foreign, "no chat completion"),
        (binary, "no chat completion"),
        (no_stream, "broke off"),
        (half, "broke off"),
        (failing_midway, "out of memory"),
        (silent, "within"),
        (endless, "within"),
    ],
)
def test_whatever_goes_wrong_is_unavailable(endpoint: Endpoint, answer: Any, message: str) -> None:
    model = EndpointModel(endpoint.url, "llama", timeout=0.5)
    endpoint.answer = answer
    with pytest.raises(LanguageModelUnavailable, match=message):
        model.generate(PROMPT, max_tokens=30).text()
    assert len(endpoint.requests) == 1  # what may have been answered is not asked again


@pytest.mark.parametrize("answer", [unauthorised, garbage, half])
def test_an_endpoint_that_does_not_work_stops_the_start(endpoint: Endpoint, answer: Any) -> None:
    endpoint.answer = answer
    with pytest.raises(SetupError) as raised:
        EndpointModel.connect(endpoint.url, "llama", key=KEY)
    assert "ASSISTANT_LANGUAGE_MODEL_URL" in str(raised.value).splitlines()[-1]
    assert KEY not in str(raised.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "nonsense", "http://[::bad/v1"])
def test_nothing_at_the_url_stops_the_start(url: str) -> None:
    with pytest.raises(SetupError):
        EndpointModel.connect(url, "llama", timeout=2.0)


def test_a_stop_text_and_a_cancel_end_the_stream(endpoint: Endpoint) -> None:
    model = EndpointModel(endpoint.url, "llama")
    stopped = model.generate(PROMPT, max_tokens=30, stop=["lo sh"])
    assert stopped.text() == "Hel"
    assert stopped.usage.stopped_by == "stop"
    endpoint.answer = endless
    pieces: list[str] = []
    cancelled = model.generate(PROMPT, max_tokens=30, cancelled=lambda: len(pieces) >= 2)
    for piece in cancelled:
        pieces.append(piece)
    assert len(pieces) == 2
    assert cancelled.usage.stopped_by == "cancel"


def test_the_limit_is_reported(endpoint: Endpoint) -> None:
    def limited(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        begin(handler)
        say(handler, "Hel")
        finish(handler, "length")

    endpoint.answer = limited
    generation = EndpointModel(endpoint.url, "llama").generate(PROMPT, max_tokens=1)
    assert generation.text() == "Hel"
    assert generation.usage.stopped_by == "limit"


def test_the_key_is_never_logged(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = load_settings(language_model="llama", language_model_url=endpoint.url, language_model_key=KEY)
    model = load_language_model(settings)
    assert model is not None
    assert model.generate(PROMPT, max_tokens=5).text()
    endpoint.answer = unauthorised
    with pytest.raises(LanguageModelUnavailable) as raised:
        model.generate(PROMPT, max_tokens=5).text()
    assert endpoint.keys[-1] == f"Bearer {KEY}"
    assert KEY not in caplog.text + str(raised.value) + repr(settings)
