"""The cart over the API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_doubles import with_key
from cart_shop import Talk, open_cart_shop
from fastapi.testclient import TestClient

from assistant.api import create_api
from assistant.service import Service
from assistant.store.keys import Scope


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("carts")
    address = "https://shop.example/cart/{items}"
    with open_cart_shop(folder, checkout_url=address, api_requests_per_minute=0) as opened:
        yield opened


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(create_api(service))


@pytest.fixture
def cart(service: Service) -> str:
    """The address of a new conversation's cart."""
    return f"/api/v1/carts/{service.conversations.start()}"


def kind(answer: Any) -> str:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"]).rpartition("#")[2]


def test_a_cart_is_filled_read_changed_and_emptied(client: TestClient, cart: str) -> None:
    nothing = {"lines": [], "pieces": 0, "total": None, "currency": None, "notices": [], "checkout": None}
    assert client.get(cart).json() == nothing
    filled = client.put(f"{cart}/items/lamp", json={"quantity": 2}).json()
    assert (filled["total"], filled["currency"], filled["pieces"]) == (49.0, "USD", 2)
    assert filled["checkout"] == "https://shop.example/cart/lamp:2"
    client.put(f"{cart}/items/shoe-blue-42", json={"quantity": 1})
    assert [line["variant"] for line in client.get(cart).json()["lines"]] == ["", "size 42"]
    assert client.delete(f"{cart}/items/lamp").json()["total"] == 90.0
    assert client.delete(f"{cart}/items/lamp").status_code == 200
    assert client.delete(cart).json()["lines"] == []


def test_setting_twice_is_setting_once_and_adding_twice_with_one_key_is_adding_once(
    client: TestClient, cart: str
) -> None:
    for _ in range(2):
        client.put(f"{cart}/items/lamp", json={"quantity": 2})
    once = {"Idempotency-Key": "press-1"}
    for _ in range(2):
        added = client.post(f"{cart}/items", json={"item_id": "lamp", "quantity": 3}, headers=once)
    assert added.json()["pieces"] == 5
    assert client.post(f"{cart}/items", json={"item_id": "lamp"}).json()["pieces"] == 6
    other = client.post(f"{cart}/items", json={"item_id": "mug-red"}, headers=once)
    assert (other.status_code, kind(other)) == (422, "other-request")


def test_each_refusal_has_its_kind_and_words_for_the_shopper(client: TestClient, cart: str) -> None:
    sold_out = client.put(f"{cart}/items/shoe-blue-41", json={"quantity": 1})
    assert (sold_out.status_code, kind(sold_out)) == (409, "not-available")
    assert sold_out.json()["detail"] == "“Tempo Running Shoes, blue” is sold out."
    few = client.put(f"{cart}/items/shoe-blue-42", json={"quantity": 4})
    assert few.json()["detail"] == "Only 3 of “Tempo Running Shoes, blue” are left."
    assert kind(client.put(f"{cart}/items/unknown", json={"quantity": 1})) == "no-such-item"
    assert kind(client.get("/api/v1/carts/guessed")) == "no-such-conversation"
    assert kind(client.put(f"{cart}/items/lamp", json={"quantity": -1})) == "invalid-request"
    assert client.get(cart).json()["lines"] == []


def test_what_is_put_in_over_the_api_is_in_the_cart_of_the_conversation(client: TestClient, service: Service) -> None:
    talk = Talk(service)
    client.put(f"/api/v1/carts/{talk.id}/items/lamp", json={"quantity": 2})
    assert "Glow Desk Lamp" in talk.says("what's in my cart?")
    said = {"utterance": "remove it from my cart", "conversation_id": talk.id}
    turn = client.post("/api/v1/chat", json=said).json()
    assert (turn["act"]["cart"], turn["cart"]["lines"], talk.lines) == ("remove_from_cart", [], {})


def test_a_closed_api_keeps_carts_behind_the_scope_of_the_chat(tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_cart_shop(tmp_path_factory.mktemp("closed"), api_open=False) as service:
        client = TestClient(create_api(service))
        address = f"/api/v1/carts/{service.conversations.start()}"
        assert kind(client.get(address)) == "no-key"
        assert kind(client.get(address, headers=with_key(service, Scope.SEARCH, name="a"))) == "missing-scope"
        assert client.get(address, headers=with_key(service, Scope.CHAT, name="b")).status_code == 200
