"""Log lines: one for each request and each turn, in JSON, without anything of a shopper."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog
from api_doubles import open_doubles
from fastapi import FastAPI
from fastapi.testclient import TestClient

from assistant.api import mount_api
from assistant.conversation import run
from assistant.logs import RequestLog, configure_logs, telling
from assistant.service import Service
from assistant.settings import Settings

SECRETS = ("hunter2", "ada-7c1f", "red socks")


@contextmanager
def configured(stream: StringIO, log_format: Literal["json", "text"]) -> Iterator[bool]:
    """As `serve` does it, with standard error going to the stream; afterwards everything is as it was."""
    root, stderr = logging.getLogger(), sys.stderr
    handlers, level = root.handlers[:], root.level
    sys.stderr = stream
    uvicorn = logging.getLogger("uvicorn.error")  # a server that ran in another test set it up
    uvicorn.propagate, uvicorn.disabled = True, False
    uvicorn.setLevel(logging.NOTSET)
    logging.getLogger("uvicorn").handlers.clear()
    logging.getLogger("uvicorn").propagate = True
    try:
        yield configure_logs(Settings(log_format=log_format, log_level="debug"))
    finally:
        sys.stderr, root.handlers[:] = stderr, handlers
        root.setLevel(level)
        for name in ("assistant", "retrieval", "uvicorn"):
            logging.getLogger(name).setLevel(logging.NOTSET)
        structlog.reset_defaults()


@pytest.fixture
def lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Gives what was logged so far, as a program reads it."""
    stream = StringIO()
    with configured(stream, "json"):
        yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path) as opened:
        yield opened


@pytest.fixture
def client(service: Service) -> TestClient:
    app = FastAPI()
    mount_api(app, service)
    app.add_middleware(RequestLog)
    return TestClient(app, raise_server_exceptions=False)


def test_a_turn_through_the_api_leaves_a_line_of_the_turn_and_one_of_the_request_under_one_id(
    client: TestClient, lines: Any
) -> None:
    answer = client.post("/api/v1/chat", json={"utterance": "red socks"}, headers={"X-Request-ID": "till-7"})
    conversation_id = answer.json()["conversation_id"]
    told = [line for line in lines() if line["event"] in ("turn", "request")]
    assert [line["event"] for line in told] == ["turn", "request"]
    assert {line["request_id"] for line in told} == {answer.headers["x-request-id"]} == {"till-7"}
    turn, request = told
    assert (turn["turn"], turn["rung"]) == (1, "rules")
    assert conversation_id.startswith(turn["conversation"])
    assert len(turn["conversation"]) == 8
    assert (request["method"], request["route"], request["status"]) == ("POST", "/api/v1/chat", 200)
    assert {"at", "level", "seconds"} <= request.keys()


def test_an_id_that_could_forge_a_line_is_replaced(client: TestClient, lines: Any) -> None:
    answer = client.get("/api/v1/problems", headers={"X-Request-ID": 'x"}\n{"event": "forged'})
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert "forged" not in line["request_id"]


def test_no_line_tells_words_ids_addresses_or_keys(client: TestClient, service: Service, lines: Any) -> None:
    conversation_id = service.conversations.start("ada-7c1f")
    service.store.set_consent("ada-7c1f", True)
    run(service.conversations.say(conversation_id, "red socks, password hunter2"))
    client.post("/api/v1/chat?shopper=ada-7c1f", json={"utterance": "red socks", "shopper_token": "hunter2" * 9})
    client.get(f"/api/v1/conversations/{conversation_id}/turns")
    client.get("/api/v1/shoppers/ada-7c1f/export", headers={"Authorization": "Bearer hunter2"})
    client.get("/red socks/hunter2")
    text = json.dumps(lines())
    assert text.count('"request"') == 4
    for secret in (*SECRETS, conversation_id, "testclient", "127.0.0.1"):
        assert secret not in text


def test_a_turn_that_breaks_off_says_by_what_kind_of_error(service: Service, lines: Any) -> None:
    conversation_id = service.conversations.start()

    def fails(*_: Any, **__: Any) -> Any:
        raise ValueError("red socks")

    service.shop.search = fails  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="red socks"):
        run(service.conversations.say(conversation_id, "laptops"))
    (line,) = [line for line in lines() if line["event"] == "turn broke off"]
    assert (line["error"], line["conversation"]) == ("ValueError", conversation_id[:8])
    assert "red socks" not in json.dumps(line)


def test_nothing_is_printed_where_logs_are_not_configured(service: Service, capfd: pytest.CaptureFixture[str]) -> None:
    run(service.conversations.say(service.conversations.start(), "laptops"))
    assert capfd.readouterr() == ("", "")


def test_lines_of_libraries_have_the_same_form_and_their_chatter_is_left_out(lines: Any) -> None:
    logging.getLogger("uvicorn.error").info("Started")
    logging.getLogger("httpx").info("GET https://example.org/?q=red+socks")
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        logging.getLogger("chromadb").exception("it failed")
    first, second = lines()
    assert (first["event"], first["level"]) == ("Started", "info")
    assert (second["event"], second["level"]) == ("it failed", "error")
    assert "RuntimeError: boom" in second["exception"]


def test_progress_is_a_log_line_where_a_program_reads_it(lines: Any) -> None:
    said: list[str] = []
    telling(said.append, True)("ready")
    telling(said.append, False)("ready")
    assert [line["event"] for line in lines()] == ["ready"]
    assert said == ["ready"]


def test_where_a_person_reads_lines_are_text() -> None:
    stream = StringIO()
    with configured(stream, "text") as as_json:
        structlog.get_logger("assistant").info("ready", items=3)
    assert not as_json
    assert "ready" in stream.getvalue()
    assert "items=3" in stream.getvalue()
