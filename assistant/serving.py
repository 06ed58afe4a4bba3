"""The service on a port: API routes and the chat page in one FastAPI application, one process."""

from __future__ import annotations

import gc
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI

from assistant.api import mount_api
from assistant.console import mount_console
from assistant.inbox import Inbox
from assistant.retention import Retention
from assistant.settings import Settings
from assistant.ui.chat import mount_chat
from assistant.widget import widget_routes
from assistant.widget.headers import SecurityHeaders
from retrieval.errors import SetupError

if TYPE_CHECKING:
    from assistant.service import Service

GRACE = 3  # seconds for requests under way when the service is stopped; an open page holds a connection for ever


def create_app(service: Service, started: Callable[[], None] = lambda: None) -> FastAPI:
    """The application of an opened service.

    Args:
        service: stays the caller's to close.
        started: is called once, when requests are about to be answered.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
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
    return app


def serve(settings: Settings, say: Callable[[str], None], *, open_page: bool = False) -> None:
    """Open the service and answer until interrupted.

    Args:
        settings: host, port and all that `open_service` reads.
        say: is told each step, for a progress line.
        open_page: open the chat page in the browser once it answers.

    Raises:
        SetupError: the port is taken, or see `open_service`.
    """
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
        try:
            config = uvicorn.Config(
                create_app(service, started),
                log_level=settings.log_level,
                access_log=False,
                timeout_graceful_shutdown=GRACE,
            )
            gc.collect()
            gc.freeze()  # a full collection over an opened shop takes a second, and none of it is garbage
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            retention.close()
            inbox.close()
            service.close()


def _listen(settings: Settings) -> socket.socket:
    """The port, taken before anything slow is loaded."""
    try:
        return socket.create_server((settings.host, settings.port), backlog=128)
    except OSError as error:
        raise SetupError(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.",
            "Stop the other program, or set ASSISTANT_PORT to a free port.",
        ) from error
