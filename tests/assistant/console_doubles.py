"""A console over a scripted shop, with somebody signed in."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from assistant.console import mount_console
from assistant.console.passwords import hash_password
from assistant.conversation import run
from assistant.events import Turn
from assistant.service import Service
from assistant.store import staff
from assistant.store.staff import Role

PASSWORD = "correct horse battery"
_HASH = hash_password(PASSWORD)


def signed_in_client(service: Any, role: Role = Role.AGENT, name: str = "ada") -> TestClient:
    """A client of the service's console as somebody of this role; redirects are not followed."""
    app = FastAPI()
    mount_console(app, service)
    client = TestClient(app, base_url="https://shop.test", follow_redirects=False)
    staff.add(service.store, name, role, _HASH)
    signed = client.post("/console/sign-in", data={"name": name, "password": PASSWORD})
    assert signed.status_code == 303
    return client


def token(client: TestClient, path: str) -> str:
    """The token that the forms of a page carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', client.get(path).text)
    assert found is not None
    return found[1]


def send(client: TestClient, path: str, **form: Any) -> Any:
    """Send a form as the page would."""
    return client.post(path, data={"csrf": token(client, "/console/overview"), **form})


def talk(service: Service, *said: str, shopper_id: str | None = None) -> tuple[str, list[Turn]]:
    """A conversation in which this was said, and its turns."""
    conversation_id = service.conversations.start(shopper_id)
    return conversation_id, [run(service.conversations.say(conversation_id, words)) for words in said]
