"""Spans of requests and turns: none unless asked for, and nothing of a shopper in them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_doubles import open_doubles
from claiming_model import ClaimingModel, explained_by
from fastapi import FastAPI
from fastapi.testclient import TestClient

from assistant import tracing
from assistant.api import mount_api
from assistant.conversation import run
from assistant.logs import RequestLog
from assistant.service import Service
from assistant.trace import Recording
from retrieval.errors import SetupError

sdk = pytest.importorskip("opentelemetry.sdk.trace")
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path) as opened:
        yield opened


@pytest.fixture
def spans() -> Iterator[Any]:
    """Gives the spans that have ended."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.use(provider.get_tracer("test"))
    yield exporter.get_finished_spans
    tracing.use(None)


def test_the_steps_of_a_turn_are_its_children_in_order_and_within_it(service: Service, spans: Any) -> None:
    conversations = explained_by(Recording(ClaimingModel()), service)
    conversation_id = conversations.start("ada-7c1f")
    turn = run(conversations.say(conversation_id, "a laptop under $900"))
    found = {span.name: span for span in spans()}
    whole = found["turn"]
    steps = [found[name] for name in ("understand", "search", "explain")]
    for step in steps:
        assert step.parent.span_id == whole.context.span_id
        assert whole.start_time <= step.start_time <= step.end_time <= whole.end_time
    assert [step.start_time for step in steps] == sorted(step.start_time for step in steps)
    assert found["generate"].parent.span_id == found["explain"].context.span_id
    assert found["generate"].attributes["gen_ai.usage.output_tokens"] == 9
    assert (whole.attributes["rung"], whole.attributes["matching"]) == ("rules", turn.matching)
    assert found["search"].end_time - found["search"].start_time == pytest.approx(turn.latency["search"] * 1e9, abs=2)
    text = " ".join(span.to_json() for span in spans())
    assert "ada-7c1f" not in text
    assert "laptop" not in text
    assert conversation_id not in text


def test_a_turn_that_searched_nothing_has_no_step_of_a_search(service: Service, spans: Any) -> None:
    run(service.conversations.say(service.conversations.start(), "hello"))
    assert sorted(span.name for span in spans()) == ["explain", "turn", "understand"]


def test_a_turn_that_breaks_off_is_an_error_that_names_its_kind_alone(service: Service, spans: Any) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise ValueError("red socks")

    service.shop.search = fails  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="red socks"):
        run(service.conversations.say(service.conversations.start(), "laptops"))
    (span,) = spans()
    assert (span.name, span.status.is_ok, span.status.description) == ("turn", False, "ValueError")
    assert "red socks" not in span.to_json()


def test_a_request_goes_on_in_the_trace_of_its_caller_and_its_turn_in_it(service: Service, spans: Any) -> None:
    app = FastAPI()
    mount_api(app, service)
    app.add_middleware(RequestLog)
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    TestClient(app).post("/api/v1/chat", json={"utterance": "hello"}, headers=headers)
    found = {span.name: span for span in spans()}
    request = found["POST /api/v1/chat"]
    assert request.attributes["http.response.status_code"] == 200
    assert found["turn"].parent.span_id == request.context.span_id
    assert {f"{span.context.trace_id:032x}" for span in spans()} == {TRACE}


def test_nothing_is_configured_unless_the_environment_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    tracing.configure_tracing()
    with tracing.turn_span("abc") as told:
        assert told(None) is None  # type: ignore[func-returns-value, arg-type]


def test_traces_that_are_asked_for_without_their_package_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracing.ENDPOINT, "http://127.0.0.1:4318")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(SetupError, match="not installed") as raised:
        tracing.configure_tracing()
    assert "shop-assistant[tracing]" in raised.value.fix
