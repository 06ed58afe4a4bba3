"""What one client may cost the service before anybody has looked at its request: bytes and seconds.

uvicorn waits without end for a request that comes one byte at a time, and the API's gate counts only the API's bytes.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle, Transport

import h11
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0  # for a request line and its headers; h11 reads 64 KiB of them at most
BODY_SECONDS = 30.0  # for the whole body


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1, which closes a connection whose next request is not there in time once it has begun."""

    head_seconds = HEAD_SECONDS
    _late: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; wait for the rest of a request that has begun, and no longer once its headers are there."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._late is None:
            self._wait()

    def _wait(self) -> None:
        self._late = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


class RequestLimits:
    """Ends a request whose body is too long or too slow, on every page of the service.

    Args:
        app: the application inside; it turns the HTTPException 413 or 408 into an answer.
        most_bytes: of a body.
        seconds: for a whole body to arrive.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, seconds: float = BODY_SECONDS) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, its body counted."""
        counted = self._counted(receive) if scope["type"] == "http" else receive
        await self._app(scope, counted, send)

    def _counted(self, receive: Receive) -> Receive:
        until = asyncio.get_running_loop().time() + self._seconds
        read, whole = 0, False

        async def counted() -> Message:
            nonlocal read, whole
            if whole:
                return await receive()  # what comes now is that the client has left
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, "The request took too long to arrive.") from error
            read += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if read > self._most_bytes:
                raise HTTPException(413, f"A request may have {self._most_bytes:,} bytes.")
            return message

        return counted
