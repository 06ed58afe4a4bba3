"""Every address of the service, and who gets what there: another shopper, nobody, staff of the wrong role.

A route that is not listed here fails the first test: whoever adds one says who may use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any

import pytest
from api_doubles import open_doubles, with_key
from console_doubles import signed_in_client, token
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from starlette.routing import BaseRoute, Match, Mount

from assistant.service import Service
from assistant.serving import create_app
from assistant.store.keys import Scope
from assistant.store.staff import Role
from assistant.ui.closed import Closed
from assistant.widget.token import guest_id, sign

SECRET = "a secret of the shop, thirty-two long"


class Door(Enum):
    """Who gets in where no scope of a key is asked for."""

    OPEN = auto()  # everybody: nothing of anybody is there
    AGENT = auto()  # staff who are signed in
    ADMIN = auto()  # of them, admins


def listed(door: Door | Scope, lines: str) -> dict[str, Door | Scope]:
    """One line for each path: its methods and itself."""
    pairs = (line.split() for line in lines.strip().splitlines())
    return {f"{method} {path}": door for methods, path in pairs for method in methods.split(",")}


TURN = "/console/conversations/{conversation_id}/turns/{number}"
EXPECTED = (
    listed(
        Door.OPEN,
        """
        GET,HEAD /api/v1/openapi.json
        GET,HEAD /openapi.json
        GET /api/v1/problems
        GET /healthz
        GET /readyz
        GET /pictures/{path:path}
        GET,HEAD /widget.js
        GET /console
        GET,POST /console/sign-in
        """,
    )
    | listed(
        Scope.CHAT,
        """
        POST /api/v1/chat
        GET /api/v1/conversations/{conversation_id}/turns
        POST /api/v1/conversations/{conversation_id}/stop
        GET,DELETE /api/v1/carts/{conversation_id}
        POST /api/v1/carts/{conversation_id}/items
        PUT,DELETE /api/v1/carts/{conversation_id}/items/{item_id:path}
        """,
    )
    | listed(
        Scope.SEARCH,
        """
        POST /api/v1/search
        GET /api/v1/items
        GET /api/v1/items/{item_id:path}
        GET /api/v1/recommendations/items/{item_id:path}
        """,
    )
    | listed(Scope.ITEMS_WRITE, "PUT,DELETE /api/v1/items/{item_id:path}\nPOST /api/v1/items")
    | listed(Scope.EVENTS_WRITE, "POST /api/v1/events\nPOST /api/v1/events/bulk")
    | listed(
        Scope.SHOPPERS,
        """
        GET,DELETE /api/v1/shoppers/{shopper_id}
        PUT /api/v1/shoppers/{shopper_id}/consent
        GET /api/v1/shoppers/{shopper_id}/export
        GET /api/v1/recommendations/shoppers/{shopper_id}
        """,
    )
    | listed(Scope.METRICS, "GET /metrics")
    | listed(
        Door.AGENT,
        f"""
        GET /console/
        POST /console/sign-out
        GET /console/items
        GET /console/items/item
        GET /console/items/compare
        POST /console/items/pins
        GET /console/items/values
        GET /console/catalogue
        POST /console/catalogue/inspect
        POST /console/catalogue/decide
        GET,POST /console/catalogue/item
        POST /console/catalogue/overtaken
        GET /console/catalogue/corrections
        GET /console/conversations
        GET /console/conversations/{{conversation_id}}
        POST /console/conversations/{{conversation_id}}/unmask
        GET /console/conversations/{{conversation_id}}/export.json
        GET,POST {TURN}/rerun
        GET,POST {TURN}/case
        GET /console/flagged
        POST /console/flagged/settle
        GET,POST /console/flagged/blocks
        POST /console/flagged/blocks/{{block_id}}/lift
        GET /console/overview
        GET /console/overview/{{name}}.csv
        """,
    )
    | listed(
        Door.ADMIN,
        f"""
        GET /console/audit
        GET /console/settings
        GET /console/synonyms
        POST /console/synonyms/remove
        POST {TURN}/synonym
        """,
    )
)
GRADIOS = """
    / /config /svelte/{path:path} /static/{path:path} /assets/{path:path} /favicon.ico /theme.css /robots.txt
    /pwa_icon/{size} /pwa_icon /manifest.json /openapi.json
    /gradio_api/login_check /gradio_api/app_id /gradio_api/info /gradio_api/theme.css /gradio_api/startup-events
    /gradio_api/heartbeat/{session_hash} /gradio_api/reset /gradio_api/cancel /gradio_api/run/{api_name}
    /gradio_api/queue/join /gradio_api/queue/data /gradio_api/queue/status
"""  # what Gradio serves of the page, under the session of that page; all else of it is closed
STATIC = {"/console/static"}  # files of ours alone


def addresses(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[tuple[str, str, bool]]:
    """Method, path, and whether Gradio serves it, of every route."""
    for context in iter_route_contexts(list(routes)):
        route = context.original_route
        if hasattr(route, "_api"):  # the door to the API
            yield from addresses(route._api.routes)
        elif isinstance(route, Mount) and prefix + route.path in STATIC:
            continue
        elif isinstance(route, Mount):
            inside: Any = getattr(route.app, "_application", route.app)
            gradio = type(inside).__module__.startswith("gradio")
            for method, path, _ in addresses(inside.routes, prefix + route.path):
                yield method, path, gradio
        elif not isinstance(route, Closed):
            for method in context.methods or ():
                yield method, f"{prefix}{context.path}", False


def filled(path: str) -> str:
    """An address with its parameters filled; the ids in it are nobody's."""
    known = {"item_id:path": "i1", "number": "1", "block_id": "1", "shopper_id": "ada", "name": "turns"}
    return re.sub(r"\{([^}]+)\}", lambda match: known.get(match[1], "x" * 22), path)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("routes")
    with open_doubles(
        folder, shopper_secret=SECRET, api_open=False, api_requests_per_minute=0, api_key_requests_per_minute=0
    ) as opened:
        yield opened


@pytest.fixture(scope="module")
def app(service: Service) -> FastAPI:
    return create_app(service)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> TestClient:
    return TestClient(app, base_url="https://shop.test", follow_redirects=False)


@pytest.fixture(scope="module")
def staff(service: Service) -> dict[Role, TestClient]:
    return {role: signed_in_client(service, role, name=role.value) for role in Role}


def of(*doors: Door | Scope) -> list[str]:
    return [address for address, door in EXPECTED.items() if door in doors]


def asked(client: TestClient, address: str, **options: Any) -> Any:
    method, path = address.split()
    return client.request(method, filled(path), **options)


def test_every_route_has_a_stated_expectation_and_every_expectation_a_route(app: FastAPI) -> None:
    found = list(addresses(app.routes))
    assert {f"{method} {path}" for method, path, gradio in found if not gradio} == set(EXPECTED)
    gradios = {path.rstrip("/") or "/" for _, path, gradio in found if gradio}
    served = {p for p in gradios if Closed().matches({"type": "http", "path": filled(p)})[0] is Match.NONE}
    assert served == set(GRADIOS.split())


@pytest.mark.parametrize("address", of(*Scope))
def test_without_a_key_of_its_scope_nothing_of_the_api_answers(
    client: TestClient, service: Service, address: str
) -> None:
    scope = EXPECTED[address]
    assert isinstance(scope, Scope)
    assert asked(client, address).status_code == 401
    others = with_key(service, *(frozenset(Scope) - {scope}), name=f"wrong for {address}")
    refused = asked(client, address, headers=others)
    assert (refused.status_code, refused.json()["type"].rpartition("#")[2]) == (403, "missing-scope")
    right = asked(client, address, headers=with_key(service, scope, name=f"right for {address}"))
    assert right.status_code not in (401, 403)


@pytest.mark.parametrize("address", of(Scope.CHAT))
def test_a_key_for_chat_opens_no_conversation_whose_id_is_not_known(
    client: TestClient, service: Service, address: str
) -> None:
    headers = with_key(service, Scope.CHAT, name=f"guessing {address}")
    bodies = {
        "POST /api/v1/chat": {"utterance": "laptops", "conversation_id": "x" * 22},
        "POST /api/v1/carts/{conversation_id}/items": {"item_id": "i1"},
        "PUT /api/v1/carts/{conversation_id}/items/{item_id:path}": {"quantity": 1},
    }
    answer = asked(client, address, headers=headers, json=bodies.get(address))
    if address.endswith("/stop"):
        assert answer.json() == {"stopped": False}
    else:
        assert answer.json()["type"].rpartition("#")[2] == "no-such-conversation"


def shopper_token(shopper_id: str) -> str:
    return sign(SECRET, shopper_id, datetime.now(UTC) + timedelta(hours=1))


def test_another_shoppers_token_opens_no_conversation_and_a_forged_one_no_shopper(
    client: TestClient, service: Service
) -> None:
    headers = with_key(service, Scope.CHAT, name="the page's")

    def say(**more: str) -> Any:
        return client.post("/api/v1/chat", headers=headers, json={"utterance": "laptops", **more})

    hers = say(shopper_token=shopper_token("ada")).json()["conversation_id"]
    assert service.store.shopper(hers) == "ada"
    for other in (shopper_token("bo"), guest_id()):
        refused = say(shopper_token=other, conversation_id=hers)
        assert (refused.status_code, refused.json()["type"].rpartition("#")[2]) == (404, "no-such-conversation")
    forged = sign("x" * 32, "ada", datetime.now(UTC) + timedelta(hours=1))
    assert say(shopper_token=forged).json()["type"].rpartition("#")[2] == "unknown-shopper"
    assert say(shopper_token=shopper_token("ada"), conversation_id=hers).status_code == 200
    assert len(service.store.turns(hers)) == 2


@pytest.mark.parametrize("address", of(Door.AGENT, Door.ADMIN))
def test_the_console_shows_nothing_to_who_is_not_signed_in(client: TestClient, address: str) -> None:
    answer = asked(client, address)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in")


@pytest.mark.parametrize("address", of(Door.ADMIN))
def test_an_agent_gets_nothing_of_an_admins(staff: dict[Role, TestClient], address: str) -> None:
    agent, admin = staff[Role.AGENT], staff[Role.ADMIN]
    mine = {"X-CSRF-Token": token(agent, "/console/overview")}
    assert asked(agent, address, headers=mine).status_code == 403
    hers = {"X-CSRF-Token": token(admin, "/console/overview")}
    assert asked(admin, address, headers=hers).status_code != 403


@pytest.mark.parametrize("address", [a for a in of(Door.AGENT, Door.ADMIN) if a.startswith("POST")])
def test_what_changes_something_in_the_console_needs_the_token_of_this_very_sign_in(
    staff: dict[Role, TestClient], address: str
) -> None:
    agent, admin = staff[Role.AGENT], staff[Role.ADMIN]
    assert asked(admin, address).status_code == 403
    anothers = {"X-CSRF-Token": token(agent, "/console/overview")}
    assert asked(admin, address, headers=anothers).status_code == 403


def test_a_key_of_the_api_opens_nothing_of_the_console(client: TestClient, service: Service) -> None:
    answer = client.get("/console/conversations", headers=with_key(service, name="all scopes"))
    assert answer.headers["location"].startswith("/console/sign-in")


@pytest.mark.parametrize(
    "path",
    [
        *("/monitoring", "/monitoring/summary", "/login", "/gradio_api/upload", "/gradio_api/deep_link?session_hash=x"),
        *("/gradio_api/proxy=https://x.hf.space/", "/gradio_api/file=/etc/passwd", "/gradio_api/call/say"),
        *("/gradio_api/file/etc/passwd", "/gradio_api/runs", "/gradio_api/stream/a/b/c/playlist.m3u8"),
    ],
)
def test_what_gradio_would_serve_beside_the_page_is_closed(client: TestClient, path: str) -> None:
    assert [client.request(method, path).status_code for method in ("GET", "POST")] == [404, 404]


def test_the_page_itself_is_open(client: TestClient) -> None:
    assert client.get("/").status_code == 200
    assert client.get("/gradio_api/info").json()["named_endpoints"] == {}
