"""The real service in a process of its own, terminated while it answers."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[1]
PATIENCE = 400  # seconds until the service must answer, on a busy machine
FEED = "id,title,price,category,brand\n" + "".join(
    f"lamp-{n},Desk lamp number {n},{20 + n}.00,lamps,Glow\n" for n in range(1, 6)
)

pytestmark = [pytest.mark.slow, pytest.mark.weights]


class SlowEndpoint(BaseHTTPRequestHandler):
    """A language model that takes a second for a sentence; it keeps to schemas."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        properties = body["response_format"]["json_schema"]["schema"]["properties"]
        values = {
            name: value["enum"][0] if "enum" in value else "It lights a desk." for name, value in properties.items()
        }
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for piece in json.dumps(values).split(" "):
            time.sleep(0.2)
            self._send({"choices": [{"index": 0, "delta": {"content": piece + " "}, "finish_reason": None}]})
        self._send({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        self.wfile.write(b"data: [DONE]\n\n")

    def _send(self, event: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the test output clean."""


@contextmanager
def slow_endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowEndpoint)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


@contextmanager
def serving(folder: Path, port: int, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """The service, once a search has run in it and its feed is read; `service.log` is beside the data folder."""
    (folder / "inbox").mkdir(parents=True)
    (folder / "inbox" / "lamps.csv").write_text(FEED)
    named = {f"ASSISTANT_{name.upper()}": value for name, value in settings.items()}
    environment = {
        **os.environ,
        **named,
        "PYTHONFAULTHANDLER": "1",
        "ASSISTANT_DATA_FOLDER": str(folder),
        "ASSISTANT_PORT": str(port),
    }
    with (folder.parent / "service.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "assistant", "serve"], cwd=ROOT, env=environment, stderr=log, stdout=log
        )
        try:
            _wait_until_ready(port, process, folder / "inbox" / "done" / "lamps.csv.txt")
            yield process
        finally:
            process.kill()
            process.wait()


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], read: Path) -> None:
    for _ in range(PATIENCE * 2):
        assert process.poll() is None, "it ended before it answered"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=20).status_code == 200 and read.exists():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise TimeoutError("not ready")


def _ended(process: subprocess.Popen[bytes], log: Path) -> int:
    """What the process ends with; where it does not end, what its threads are at."""
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        process.wait(20)
        raise AssertionError(log.read_text()) from None


def test_a_turn_under_way_is_finished_told_and_stored_when_the_service_is_terminated(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    port, folder = free_port(), tmp_path / "var"
    events: list[tuple[str, Any]] = []
    with (
        slow_endpoint() as url,
        serving(folder, port, language_model_url=url, language_model="slow", understanding="rules") as process,
    ):
        said = httpx.stream(
            "POST",
            f"http://127.0.0.1:{port}/api/v1/chat",
            json={"utterance": "a desk lamp"},
            headers={"Accept": "text/event-stream"},
            timeout=60,
        )
        with said as answer:
            name = ""
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    events.append((name, json.loads(line.removeprefix("data: "))))
                    if name == "cards":
                        process.send_signal(signal.SIGTERM)
        assert _ended(process, folder.parent / "service.log") == 0
    names = [name for name, _ in events]
    assert names[:2] == ["understood", "cards"]
    assert names[-1] == "finished"
    told = "".join(event["text"] for name, event in events if name == "text")
    with closing(sqlite3.connect(folder / "conversations.db")) as database:
        assert database.execute("SELECT number, reply FROM turns").fetchall() == [(1, told)]
    lines = [json.loads(line) for line in (tmp_path / "service.log").read_text().splitlines() if line.startswith("{")]
    assert [line["turns_under_way"] for line in lines if line["event"] == "stopping"] == [1]
    assert "turns are cut" not in [line["event"] for line in lines]
    assert "error" not in [line["level"] for line in lines]
