"""Clients that send too much, or so slowly that they only hold a connection open, over real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request

from assistant.request_limits import PatientProtocol, RequestLimits

PATIENCE = 20  # seconds after which a connection that should have been closed is taken to be held


class Impatient(PatientProtocol):
    head_seconds = 0.3


@contextmanager
def served(most_bytes: int, seconds: float) -> Iterator[int]:
    """An application behind the limits; gives its port."""
    app = FastAPI()

    @app.post("/length")
    async def length(request: Request) -> int:
        return len(await request.body())

    app.add_middleware(RequestLimits, most_bytes=most_bytes, seconds=seconds)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, http=Impatient, log_level="critical", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(most_bytes=1_000, seconds=0.5) as port:
        yield port


def answer(port: int, *pieces: bytes) -> bytes:
    """Everything that comes back until the service closes; TimeoutError when it does not."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        for piece in pieces:
            client.sendall(piece)
        received = b""
        while block := client.recv(65_536):
            received += block
        return received


def test_an_ordinary_body_is_read(port: int) -> None:
    assert httpx.post(f"http://127.0.0.1:{port}/length", content=b"x" * 1_000).json() == 1_000


def test_a_body_that_is_too_long_is_refused_whatever_its_headers_say(port: int) -> None:
    address = f"http://127.0.0.1:{port}/length"
    assert httpx.post(address, content=b"x" * 1_001).status_code == 413
    assert httpx.post(address, content=(b"x" * 100 for _ in range(11))).status_code == 413  # in chunks, no length


def test_a_body_that_does_not_come_is_given_up(port: int) -> None:
    head = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nConnection: close\r\n\r\n"
    assert answer(port, head, b"x").startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("begun", [b"", b"GET /length HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
def test_a_request_that_does_not_go_on_is_closed(port: int, begun: bytes) -> None:
    assert answer(port, begun) == b""


def test_a_second_request_on_a_connection_has_to_come_in_time_too(port: int) -> None:
    first = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(first)
        assert client.recv(65_536).startswith(b"HTTP/1.1 200")
        client.sendall(b"POST /le")
        while client.recv(65_536):
            pass  # the rest of the first answer; the end is the service's closing


def test_a_flood_of_headers_is_refused(port: int) -> None:
    flood = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1_000) for number in range(100))
    try:
        received = answer(port, b"GET / HTTP/1.1\r\nHost: x\r\n", flood)
    except ConnectionError:
        return  # closed while the flood was still being sent
    assert received.startswith(b"HTTP/1.1 400")
