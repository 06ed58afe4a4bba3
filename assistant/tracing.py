"""OpenTelemetry traces: a span for each request, for each turn, and for the steps of a turn. Off unless asked for.

On when OTEL_EXPORTER_OTLP_ENDPOINT is set, as everywhere; needs the extra `tracing`. Spans hold what log lines do, and
no more of a shopper. The steps of a turn are told when it is finished, from the seconds that it noted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from retrieval.errors import SetupError

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer
    from starlette.types import Scope

    from assistant.events import Turn

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_NANO = 1_000_000_000
_tracer: Tracer | None = None


def configure_tracing() -> None:
    """Send spans where the environment says (OTEL_EXPORTER_OTLP_ENDPOINT and its like); nothing when it says nothing.

    Raises:
        SetupError: it says so, and the packages are not installed.
    """
    if ENDPOINT not in os.environ:
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError as error:
        fix = f'pip install "shop-assistant[tracing]", or leave {ENDPOINT} unset.'
        raise SetupError(f"{ENDPOINT} is set, and traces need a package that is not installed.", fix) from error

    provider = TracerProvider(resource=Resource.create({"service.name": "shop-assistant"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    use(provider.get_tracer("assistant"))


def use(tracer: Tracer | None) -> None:
    """Give spans to a tracer from now on; None: to nobody."""
    global _tracer
    _tracer = tracer


@contextmanager
def request_span(scope: Scope) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """The span of a request, a child of the caller's where the request names one. For use within one coroutine.

    Yields:
        Takes what the log line says: method, route, status.
    """
    if _tracer is None:
        yield lambda told: None
        return
    from opentelemetry.propagate import extract
    from opentelemetry.trace import SpanKind

    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    begun = _tracer.start_as_current_span(
        "request", context=extract(headers), kind=SpanKind.SERVER, record_exception=False
    )
    with begun as span:

        def tell(told: Mapping[str, Any]) -> None:
            span.update_name(f"{told['method']} {told['route']}")
            span.set_attribute("http.request.method", told["method"])
            span.set_attribute("http.route", told["route"])
            span.set_attribute("http.response.status_code", told["status"])

        yield tell


@contextmanager
def turn_span(conversation: str) -> Iterator[Callable[[Turn], None]]:
    """The span of a turn, which may be read by other threads at every step: it is nobody's current one.

    Args:
        conversation: what log lines say of its id.

    Yields:
        Takes the finished turn and tells its steps.
    """
    if _tracer is None:
        yield lambda turn: None
        return
    from opentelemetry.trace import Status, StatusCode

    span = _tracer.start_span("turn", attributes={"conversation": conversation})
    try:
        yield lambda turn: _finish(span, turn)
    except BaseException as error:
        if span.is_recording():  # it ends with its turn, which may be read on for a while
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            span.end()
        raise


def _finish(span: Span, turn: Turn) -> None:
    """End the span, its steps as children: to understand, search, explain, within them what the language model did."""
    span.set_attribute("turn", turn.number)
    span.set_attribute("intent", turn.act.intent.value)
    span.set_attribute("rung", turn.act.rung.value)
    span.set_attribute("matching", turn.matching)
    now, took = time.time_ns(), turn.latency
    began = now - int(took["turn"] * _NANO)
    starts = {"understand": 0.0, "search": took["understand"], "explain": took["turn"] - took["explain"]}
    for stage, start in starts.items():
        if stage not in took:
            continue
        at = began + int(start * _NANO)
        step = _child(stage, span, at)
        for call in turn.trace.model_calls if turn.trace else ():
            if call.task == stage:
                said = _child("generate", step, at)
                said.set_attribute("gen_ai.usage.input_tokens", call.tokens_in)
                said.set_attribute("gen_ai.usage.output_tokens", call.tokens_out)
                said.set_attribute("stopped_by", call.stopped_by)
                at += int(call.seconds * _NANO)
                said.end(at)
        step.end(began + int((start + took[stage]) * _NANO))
    span.end(now)


def _child(name: str, parent: Span, start: int) -> Span:
    from opentelemetry.trace import set_span_in_context

    assert _tracer is not None
    return _tracer.start_span(name, context=set_span_in_context(parent), start_time=start)
