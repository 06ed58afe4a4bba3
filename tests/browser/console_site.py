"""The console in a browser: served from this process, with somebody signed in, and no complaint left unheard."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page

from assistant.console import mount_console
from assistant.console.passwords import hash_password
from assistant.store import staff
from assistant.store.staff import Role

PASSWORD = "correct horse battery"
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


@contextmanager
def served_console(service: Any) -> Iterator[str]:
    """The console of a service on a loopback port, until the block is left; gives its address."""
    app = FastAPI()
    mount_console(app, service)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/console"
        finally:
            server.should_exit = True
            thread.join(10)


@contextmanager
def signed_in_page(
    browser: Browser, service: Any, address: str, *, name: str = "ada", role: Role = Role.AGENT, **options: Any
) -> Iterator[Page]:
    """A page signed in as somebody; afterwards nothing may have been refused by the policy or gone to another host."""
    staff.add(service.store, name, role, hash_password(PASSWORD))
    complaints: list[str] = []
    context = browser.new_context(**{"viewport": DESK, **options})
    page = context.new_page()
    page.set_default_timeout(20_000)
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: complaints.extend([request.url] if address not in request.url else []))
    page.goto(f"{address}/sign-in?next=/overview")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Overview").wait_for()
    try:
        yield page
    finally:
        context.close()
    assert [one for one in complaints if not one.startswith("data:")] == []


def wider_than_the_window(page: Page) -> int:
    """By how many pixels the page scrolls sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))
