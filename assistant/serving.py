"""The service on a port: API routes and the chat page in one FastAPI application, one process."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

import structlog
import uvicorn
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI

from assistant.api import mount_api
from assistant.console import mount_console
from assistant.inbox import Inbox
from assistant.logs import RequestLog, configure_logs, telling
from assistant.request_limits import PatientProtocol, RequestLimits
from assistant.retention import Retention
from assistant.settings import Settings
from assistant.tracing import configure_tracing
from assistant.ui.chat import mount_chat
from assistant.widget import widget_routes
from assistant.widget.headers import SecurityHeaders
from retrieval.errors import SetupError

if TYPE_CHECKING:
    from assistant.service import Service
    from assistant.under_way import UnderWay

FINISH = 15  # seconds in which the turns under way may come to their own end when the service is stopped
GRACE = 3  # seconds for requests under way when the service is stopped; an open page holds a connection for ever
ARENAS = 2  # pools of freed memory; glibc makes 8 for each core
_M_ARENA_MAX = -8  # malloc.h

log = structlog.get_logger()


def create_app(service: Service, started: Callable[[], None] = lambda: None) -> FastAPI:
    """The application of an opened service.

    Args:
        service: stays the caller's to close.
        started: is called once, when requests are about to be answered.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens += service.settings.replies_in_line  # each holds a thread
        started()
        yield

    app = FastAPI(
        title=service.settings.shop_name,
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    mount_api(app, service)
    mount_console(app, service)
    app.include_router(widget_routes(service.settings.embed_origins))
    mount_chat(app, service)
    app.add_middleware(SecurityHeaders, embed_origins=service.settings.embed_origins)
    app.add_middleware(RequestLimits, most_bytes=service.settings.api_request_bytes)
    app.add_middleware(RequestLog)
    return app


def serve(settings: Settings, say: Callable[[str], None], *, open_page: bool = False) -> None:
    """Open the service and answer until interrupted or terminated.

    Args:
        settings: host, port and all that `open_service` reads.
        say: is told each step, for a progress line.
        open_page: open the chat page in the browser once it answers.

    Raises:
        SetupError: the port is taken, or see `open_service`.
    """
    say = telling(say, configure_logs(settings))
    configure_tracing()
    signal.signal(signal.SIGTERM, _exit)
    _share_freed_memory()
    with _listen(settings) as listening:
        from assistant.service import open_service

        service = open_service(settings, say)
        covers = service.store.tombstones.covers
        inbox = Inbox(service.shop, settings.data_folder, settings.currency, say, covers)
        retention = Retention(service, say)
        page = f"http://{settings.host}:{settings.port}/"

        def started() -> None:
            say(f"ready: {page}")
            if open_page:
                threading.Timer(0.5, webbrowser.open, [page]).start()

        inbox.open()
        retention.open()
        service.shop.behaviour.open()
        try:
            config = uvicorn.Config(
                create_app(service, started),
                log_config=None,
                log_level=settings.log_level,
                access_log=False,
                http=PatientProtocol,
                timeout_graceful_shutdown=GRACE,
            )
            gc.collect()
            gc.freeze()  # a full collection over an opened shop takes a second, and none of it is garbage
            _Server(config, service.conversations.under_way).run(sockets=[listening])
        finally:
            retention.close()
            inbox.close()
            service.close()


def _share_freed_memory() -> None:
    """Have threads use what others have freed: with a pool for every few threads, each one grows to the largest turn.

    MALLOC_ARENA_MAX in the environment decides instead where it is set; does nothing where there is no glibc.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return
    try:
        ctypes.CDLL("libc.so.6").mallopt(_M_ARENA_MAX, ARENAS)
    except (OSError, AttributeError):
        return


def _exit(_signal: int, _frame: object) -> NoReturn:
    """Leave as after an error: all that is open is closed. uvicorn raises the signal again when it has shut down."""
    raise SystemExit(0)


class _Server(uvicorn.Server):
    """Before it closes the connections, lets the turns under way come to their end, and at last cuts them."""

    def __init__(self, config: uvicorn.Config, under_way: UnderWay) -> None:
        super().__init__(config)
        self._under_way = under_way

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: what was begun is stored and told."""
        for server in self.servers:
            server.close()
        self._under_way.close()
        log.info("stopping", turns_under_way=self._under_way.turns)
        await self._until_none_is_left(FINISH)
        if cut := self._under_way.turns:
            log.warning("turns are cut", turns=cut)
            self._under_way.cut()
            await self._until_none_is_left(GRACE)
        await super().shutdown(sockets)

    async def _until_none_is_left(self, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        while self._under_way.turns and not self.force_exit and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.05)


def _listen(settings: Settings) -> socket.socket:
    """The port, taken before anything slow is loaded."""
    try:
        return socket.create_server((settings.host, settings.port), backlog=128)
    except OSError as error:
        raise SetupError(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.",
            "Stop the other program, or set ASSISTANT_PORT to a free port.",
        ) from error
