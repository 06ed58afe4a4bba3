"""The real service in a process of its own, and Debian's chromium to look at it with."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
PATIENCE = 180  # seconds until the service must answer
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]


def free_port_number() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_site(folder: Path, port: int, *, patience: float = PATIENCE, **settings: str) -> Iterator[str]:
    """The service over a data folder until the block is left; gives its address once a search has run in it."""
    environment = {
        **os.environ,
        "ASSISTANT_DATA_FOLDER": str(folder),
        "ASSISTANT_PORT": str(port),
        "HF_HUB_OFFLINE": "1",
        **{f"ASSISTANT_{name.upper()}": value for name, value in settings.items()},
    }
    log = folder.parent / "service.log"
    with log.open("w") as lines:
        process = subprocess.Popen(
            [sys.executable, "app.py"], cwd=ROOT, env=environment, stdout=lines, stderr=subprocess.STDOUT
        )
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(address, process, log, patience)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path, patience: float) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the service ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        try:
            if httpx.get(f"{address}/readyz", timeout=20).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.3)
    raise TimeoutError(f"not ready after {patience:g} s:\n{log.read_text()[-3000:]}")


@contextmanager
def chromium(arguments: list[str] = ARGUMENTS) -> Iterator[Browser]:
    """A browser that can reach this machine and, unless its arguments say otherwise, nothing else."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=arguments)
        try:
            yield browser
        finally:
            browser.close()
