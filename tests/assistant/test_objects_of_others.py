"""Every route of the API, asked with ids that are not hers: nothing of hers is told, and nothing of hers changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
from api_doubles import open_doubles, with_key
from fastapi.testclient import TestClient
from test_routes_authorised import EXPECTED

from assistant.api import create_api
from assistant.api.paging import cursor_of
from assistant.service import Service
from assistant.store.export import export
from assistant.store.keys import Scope
from assistant.widget.token import sign

SECRET = "a secret of the shop, thirty-two long"
ADA, BO = "ada-7f3c", "bo-51d0"
WORDS = "blue mugs for the zebra party"
ADDRESSES = [address for address, door in EXPECTED.items() if isinstance(door, Scope)]


def token(shopper_id: str) -> str:
    return sign(SECRET, shopper_id, datetime.now(UTC) + timedelta(hours=1))


@dataclass(frozen=True, slots=True)
class Api:
    """The API with a key for everything, Ada's conversation in it and Bo's."""

    client: TestClient
    service: Service
    hers: str
    his: str

    def held(self) -> Any:
        """All that there is of Ada, every row and field."""
        return export(self.service.store, ADA)

    def guesses(self) -> list[str]:
        """Ids of conversations that are Bo's, nobody's, or nearly hers."""
        return [self.his, "x" * 22, self.hers[:-1], self.hers.swapcase(), "%", f"{self.hers[:5]}%", ADA, "' OR ''='"]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    limits = {"api_requests_per_minute": 0, "api_key_requests_per_minute": 0}
    with open_doubles(tmp_path_factory.mktemp("others"), shopper_secret=SECRET, api_open=False, **limits) as service:
        client = TestClient(create_api(service), headers=with_key(service))
        begun = {}
        for shopper_id, words in ((ADA, WORDS), (BO, "laptops")):
            service.store.set_consent(shopper_id, True)
            said = client.post("/api/v1/chat", json={"utterance": words, "shopper_token": token(shopper_id)}).json()
            begun[shopper_id] = said["conversation_id"]
            service.conversations.carts.add(said["conversation_id"], "i19", 3)
            seen = {"kind": "view", "item_id": "i19", "shopper_id": shopper_id}
            assert client.post("/api/v1/events", json=seen).json()["outcome"] == "kept"
        yield Api(client, service, begun[ADA], begun[BO])


def requests_of(api: Api, address: str) -> Iterator[dict[str, Any]]:
    """A route asked with every id that is not Ada's, in its path and in its body."""
    method, path = address.split()
    path = path.replace("{item_id:path}", "n1" if EXPECTED[address] is Scope.ITEMS_WRITE else "i19")
    shoppers = [BO, ADA[:-1], ADA.upper(), "%", f"{ADA[:3]}%", "' OR ''='"]
    places = {"{conversation_id}": api.guesses(), "{shopper_id}": shoppers}
    place, ids = next(((place, ids) for place, ids in places.items() if place in path), ("", [""]))
    for filled in (path.replace(place, quote(i, safe="")) if place else path for i in ids):
        for body in bodies_of(api, address):
            yield {"method": method, "url": filled, "json": body}
    if path.endswith("/turns"):
        url = path.replace("{conversation_id}", api.his)
        yield {"method": method, "url": url, "params": {"cursor": cursor_of(0, "turns", api.hers)}}


def bodies_of(api: Api, address: str) -> list[Any]:
    """Bodies that the route takes; where an id belongs into them, one for each that is not Ada's."""
    chats = [{"utterance": "cheaper", "conversation_id": i} for i in api.guesses()]
    chats.append({"utterance": "forget me", "conversation_id": api.hers, "shopper_token": token(BO)})
    events = [{"kind": "view", "item_id": "i19", "conversation_id": i} for i in api.guesses()]
    events += [{"kind": "like", "item_id": "i19", "conversation_id": i} for i in api.guesses()]
    events += [{"kind": "purchase", "item_id": "i19", "shopper_id": i} for i in (BO, ADA.upper(), "%")]
    item = {"title": "Nobody's mug"}
    return {
        "POST /api/v1/chat": chats,
        "POST /api/v1/events": events,
        "POST /api/v1/events/bulk": [{"events": events}],
        "POST /api/v1/search": [{"text": "zebra party"}],
        "POST /api/v1/items": [{"items": [{"item_id": "n1", **item}]}],
        "PUT /api/v1/items/{item_id:path}": [item],
        "PUT /api/v1/shoppers/{shopper_id}/consent": [{"granted": False}],
        "POST /api/v1/carts/{conversation_id}/items": [{"item_id": "i19", "quantity": 2}],
        "PUT /api/v1/carts/{conversation_id}/items/{item_id:path}": [{"quantity": 7}],
    }.get(address, [None])


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_route_tells_or_changes_anything_of_a_shopper_to_who_has_another_id(api: Api, address: str) -> None:
    before = api.held()
    assert {name for name, rows in before.items() if rows} >= {"conversations", "turns", "cart_lines", "interactions"}
    for request in requests_of(api, address):
        answer = api.client.request(**request)
        assert answer.status_code < 500, request
        assert not [secret for secret in (ADA, WORDS, api.hers) if secret in answer.text], request
    assert api.held() == before


def test_what_is_asked_here_is_what_ada_gets_with_her_own_ids(api: Api) -> None:
    assert WORDS in api.client.get(f"/api/v1/conversations/{api.hers}/turns").text
    assert WORDS in api.client.get(f"/api/v1/shoppers/{ADA}/export").text
    assert api.client.get(f"/api/v1/carts/{api.hers}").json()["pieces"] == 3
