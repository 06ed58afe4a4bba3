"""A browser, the real service over the demo shop, and a scripted one for what the demo shop never does."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import uvicorn
from fastapi import FastAPI
from live_site import CHROMIUM, DESK, chromium, free_port_number, running_site
from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is absent: apt-get install chromium")
    with chromium() as launched:
        yield launched


@pytest.fixture(scope="session")
def site(browser: Browser, demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the real service over the demo shop; the rules understand, so that it answers at once."""
    folder = Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("site") / "var"))
    with running_site(folder, free_port_number(), language_model="none", understanding="rules") as address:
        yield address


class Site(NamedTuple):
    """A running service and its data folder."""

    address: str
    folder: Path


@pytest.fixture(scope="session")
def whole_site(browser: Browser, demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service as it is delivered, over the demo shop: with the packaged language model."""
    folder = Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("whole") / "var"))
    with running_site(folder, free_port_number()) as address:
        yield Site(address, folder)


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages; afterwards none may have run into an error or asked another machine for anything."""
    complaints: list[str] = []
    contexts = []

    def open_(address: str, **options: object) -> Page:
        context = browser.new_context(**{"viewport": DESK, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("dialog", lambda dialog: (complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.on("request", lambda request: complaints.extend(_strangers(request.url)))
        page.goto(address)
        page.locator("#box textarea").wait_for()
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def _strangers(url: str) -> list[str]:
    return [] if url.startswith(("http://127.0.0.1:", "data:", "blob:")) else [f"asked another machine: {url}"]


@pytest.fixture
def console_address(service: Any) -> Iterator[str]:
    """The address of the console of `service`, a fixture of the module's own, served from this process."""
    from console_site import served_console

    with served_console(service) as address:
        yield address


@pytest.fixture
def open_console(browser: Browser, service: Any, console_address: str) -> Iterator[Callable[..., Page]]:
    """Opens pages of that console, signed in."""
    from console_site import signed_in_page

    with ExitStack() as pages:

        def open_(path: str, **options: Any) -> Page:
            page = pages.enter_context(signed_in_page(browser, service, console_address, **options))
            page.goto(console_address + path)
            return page

        yield open_


@pytest.fixture
def serve_scripted() -> Iterator[Callable[[object], str]]:
    """Serves the chat page of a scripted service (see `ui_doubles`) from this process."""
    from assistant.ui.chat import mount_chat

    servers = []

    def start(service: object) -> str:
        port = free_port_number()
        app = FastAPI()
        mount_chat(app, service)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        servers.append((server, thread))
        while not server.started:
            time.sleep(0.05)
        return f"http://127.0.0.1:{port}"

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join(10)
