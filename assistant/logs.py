"""Log lines: JSON where a program reads them, words where a person does. One for each request and each turn.

Nothing of a shopper is in them: no words of hers, no id of hers, no address. Of a conversation's id, which opens the
conversation to whoever knows it, they have the beginning: enough to find it in the store.
"""

from __future__ import annotations

import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from assistant.events import Turn
from assistant.settings import Settings
from assistant.tracing import request_span

API = "/api/v1"
QUIET = frozenset({"/healthz", "/readyz", "/metrics"})  # asked every few seconds by whoever watches the service
_BEGINNING = 8  # of 22 characters: the other 14 are 84 bits that nobody guesses
_REQUEST_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)

_SHARED: tuple[structlog.types.Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
)
_PROCESSORS = (
    structlog.stdlib.filter_by_level,
    *_SHARED,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
)
_OURS = ("assistant", "retrieval", "uvicorn")

# through the standard library's, which says nothing below a warning until somebody configures it: `chat` prints replies
log = structlog.wrap_logger(
    logging.getLogger("assistant"), processors=_PROCESSORS, wrapper_class=structlog.stdlib.BoundLogger
)


def configure_logs(settings: Settings) -> bool:
    """Send every line of ours, of uvicorn and of the libraries to standard error, in one form.

    Returns:
        Whether it is JSON.
    """
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not sys.stderr.isatty())
    last: list[structlog.types.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    else:
        plain, colors = structlog.dev.plain_traceback, sys.stderr.isatty()  # others print what variables held
        last += [structlog.dev.ConsoleRenderer(colors=colors, timestamp_key="at", exception_formatter=plain)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_SHARED, processors=last))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    level = settings.log_level.upper()
    for ours in _OURS:
        logging.getLogger(ours).setLevel(level)
    structlog.configure(
        processors=list(_PROCESSORS),
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return as_json


def telling(say: Callable[[str], None], as_json: bool) -> Callable[[str], None]:
    """Where progress goes: to `say`, or into the log where that is read by a program."""
    return (lambda line: log.info(line)) if as_json else say


def beginning(conversation_id: str) -> str:
    """What lines say of a conversation's id."""
    return conversation_id[:_BEGINNING]


@contextmanager
def turn_line(conversation_id: str) -> Iterator[Callable[[Turn], None]]:
    """The line of a turn: how it went, or that it broke off and by what kind of error, which names nobody.

    Yields:
        Takes the finished turn.
    """
    finished = False

    def tell(turn: Turn) -> None:
        nonlocal finished
        finished = True
        log.info(
            "turn",
            conversation=beginning(conversation_id),
            turn=turn.number,
            intent=turn.act.intent.value,
            rung=turn.act.rung.value,
            matching=turn.matching if turn.searched else None,
            shown=len(turn.picks) if turn.searched else None,
            written_by=dict(turn.written_by),
            without_model=None if turn.without_model is None else turn.without_model.value,
            seconds={stage: round(taken, 3) for stage, taken in turn.latency.items()},
        )

    try:
        yield tell
    except BaseException as error:
        if not finished:
            log.warning("turn broke off", conversation=beginning(conversation_id), error=type(error).__name__)
        raise


class RequestLog:
    """Middleware: an id for every request, on its log lines and in its answer, and one line when it is over.

    An id that the caller sends as X-Request-ID is kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request through and tell of it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get("x-request-id", "")
        request_id = sent if _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
        MutableHeaders(scope=scope)["X-Request-ID"] = request_id  # for the API too
        started, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with bound_contextvars(request_id=request_id), request_span(scope) as span:
            try:
                await self._app(scope, receive, answer)
            finally:
                told: dict[str, Any] = {"method": scope["method"], "route": route(scope), "status": status}
                span(told)
                line = log.debug if scope["path"] in QUIET else log.info
                line("request", **told, seconds=round(time.perf_counter() - started, 3))


def route(scope: Scope) -> str:
    """The address with its parameters unfilled, since those may name somebody; "other" where it is unknown."""
    path = str(getattr(scope.get("route"), "path_format", "other"))
    of_api = path != "other" and scope["path"].startswith(API) and not path.startswith(API)
    return API + path if of_api else path  # the API's routes know their own part alone
