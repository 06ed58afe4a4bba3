"""What is kept of shoppers through the API: events with consent only, everything exported, everything forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from api_doubles import open_doubles, with_key
from fastapi.testclient import TestClient

from assistant.api import create_api
from assistant.service import Service
from assistant.store import export, schema
from assistant.widget.token import sign
from retrieval.interactions import Interaction, InteractionKind

SECRET = "a secret of the shop, thirty-two long"
NOW = datetime.now(UTC)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path, shopper_secret=SECRET, api_requests_per_minute=0) as opened:
        yield opened


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(create_api(service), headers=with_key(service))


def consent(client: TestClient, shopper_id: str, granted: bool = True) -> dict[str, Any]:
    answer = client.put(f"/api/v1/shoppers/{shopper_id}/consent", json={"granted": granted})
    return dict(answer.json())


def event(client: TestClient, **body: Any) -> Any:
    return client.post("/api/v1/events", json={"kind": "view", "item_id": "i1", **body})


def chat_of(client: TestClient, shopper_id: str) -> str:
    token = sign(SECRET, shopper_id, NOW + timedelta(hours=1))
    turn = client.post("/api/v1/chat", json={"utterance": "laptops", "shopper_token": token}).json()
    return str(turn["conversation_id"])


def test_an_event_is_kept_only_with_consent(client: TestClient, service: Service) -> None:
    assert event(client, shopper_id="ada").json() == {"outcome": "no_consent", "errors": []}
    assert service.store.interactions("ada") == []
    assert consent(client, "ada")["consented"] is True
    at = NOW - timedelta(days=3)
    body = {"kind": "purchase", "value": 2, "at": at.isoformat()}
    assert event(client, shopper_id="ada", **body).json()["outcome"] == "kept"
    expected = Interaction("ada", "i1", InteractionKind.PURCHASE, at, None, 2.0)
    assert service.store.interactions("ada") == [expected]
    consent(client, "ada", granted=False)
    assert event(client, shopper_id="ada").json()["outcome"] == "no_consent"
    assert service.store.interactions("ada") == [expected]


def test_an_event_counts_for_the_next_search(client: TestClient) -> None:
    consent(client, "ada")
    event(client, shopper_id="ada", kind="cart", item_id="i3")
    items = client.post("/api/v1/search", json={"text": "laptop"}).json()["items"]
    assert {i["item_id"]: i["interaction_count"] for i in items}["i3"] == 1


def test_an_event_of_a_conversation_is_its_shoppers(client: TestClient, service: Service) -> None:
    conversation_id = chat_of(client, "ada")
    consent(client, "ada")
    assert event(client, conversation_id=conversation_id, kind="click").json()["outcome"] == "kept"
    assert [i.kind for i in service.store.interactions("ada")] == ["click"]


def test_a_like_is_of_a_card_that_was_shown(client: TestClient, service: Service) -> None:
    conversation_id = chat_of(client, "ada")
    shown = service.store.impressions(conversation_id)[0]["item_id"]
    assert event(client, conversation_id=conversation_id, kind="like", item_id=shown).json()["outcome"] == "kept"
    assert service.store.feedback(conversation_id) == {shown: "like"}
    refused = event(client, conversation_id=conversation_id, kind="dislike", item_id="i30")
    assert refused.json()["type"].endswith("#not-shown")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"shopper_id": "ada", "item_id": "gone"}, 404),
        ({"conversation_id": "guessed"}, 404),
        ({}, 422),
        ({"shopper_id": "ada", "conversation_id": "both"}, 422),
        ({"shopper_id": "ada", "kind": "like"}, 422),
        ({"shopper_id": "ada", "kind": "stare"}, 422),
        ({"shopper_id": "ada", "at": "2026-01-01T00:00:00"}, 422),
        ({"shopper_id": "ada", "at": (NOW + timedelta(days=1)).isoformat()}, 422),
        ({"shopper_id": "ada", "at": "1960-01-01T00:00:00Z"}, 422),
    ],
)
def test_an_event_that_cannot_be_is_refused_and_says_why(client: TestClient, body: dict[str, Any], status: int) -> None:
    consent(client, "ada")
    answer = event(client, **body)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_one_wrong_event_of_a_bulk_keeps_no_other_from_being_taken(client: TestClient, service: Service) -> None:
    consent(client, "ada")
    events = [
        {"kind": "view", "item_id": "i1", "shopper_id": "ada"},
        {"kind": "view", "item_id": "gone", "shopper_id": "ada"},
        {"kind": "view", "item_id": "i1", "shopper_id": "bo"},
        {"item_id": "i1"},
        {"kind": "cart", "item_id": "i1", "shopper_id": "ada"},
    ]
    answer = client.post("/api/v1/events/bulk", json={"events": events}).json()
    assert [o["outcome"] for o in answer["outcomes"]] == ["kept", "refused", "no_consent", "refused", "kept"]
    assert (answer["kept"], answer["no_consent"], answer["refused"]) == (2, 1, 2)
    assert len(service.store.interactions("ada")) == 2


def test_events_sent_twice_with_one_key_are_kept_once(client: TestClient, service: Service) -> None:
    consent(client, "ada")
    body = {"events": [{"kind": "view", "item_id": "i1", "shopper_id": "ada"}]}
    for _ in range(2):
        client.post("/api/v1/events/bulk", json=body, headers={"Idempotency-Key": "visit-7"})
    assert len(service.store.interactions("ada")) == 1


def test_every_table_that_speaks_of_a_shopper_is_exported() -> None:
    exported = {*export.BY_SHOPPER.values(), *export.BY_CONVERSATION.values()}
    personal = {t for t in schema.metadata.tables.values() if {"shopper_id", "conversation_id"} & {*t.c.keys()}}
    assert exported == personal


def fill(service: Service, conversation_id: str) -> None:
    """A row of this conversation in every table that has one, whoever writes it."""
    values: dict[type, Any] = {str: "x", int: 1, float: 1.0, bool: True, dict: {}}
    with service.store.connect() as connection:
        for table in export.BY_CONVERSATION.values():
            there = sa.select(sa.func.count()).where(table.c.conversation_id == conversation_id)
            if connection.scalar(there):
                continue
            row = {c.name: values[c.type.python_type] for c in table.c if not c.nullable and c.name != "id"}
            connection.execute(table.insert().values({**row, "conversation_id": conversation_id}))


def test_everything_is_exported_and_after_being_forgotten_nothing_is_left(
    client: TestClient, service: Service, tmp_path: Path
) -> None:
    shopper_id = "ada-7c1f-of-the-export"
    consent(client, shopper_id)
    conversation_id = chat_of(client, shopper_id)
    other = chat_of(client, "bo")
    event(client, shopper_id=shopper_id)
    logged = Interaction(shopper_id, "i2", InteractionKind.VIEW, NOW - timedelta(days=9))
    service.shop.records.add_interactions([logged])
    fill(service, conversation_id)

    held = client.get(f"/api/v1/shoppers/{shopper_id}/export").json()["held"]
    assert all(held.values()), [name for name, rows in held.items() if not rows]
    assert held["turns"][0]["utterance"] == "laptops"
    assert held["logged"][0]["item_id"] == "i2"
    assert client.get(f"/api/v1/shoppers/{shopper_id}").json()["held"]["turns"] == 1

    forgotten = client.delete(f"/api/v1/shoppers/{shopper_id}").json()["forgotten"]
    assert (forgotten["turns"], forgotten["logged"]) == (1, 1)
    held = client.get(f"/api/v1/shoppers/{shopper_id}/export").json()["held"]
    assert not any(held.values())
    assert client.get(f"/api/v1/conversations/{conversation_id}/turns").status_code == 404
    assert client.get(f"/api/v1/conversations/{other}/turns").json()["turns"]
    files = b"".join(file.read_bytes() for file in tmp_path.glob("*.db*"))
    assert shopper_id.encode() not in files
    assert conversation_id.encode() not in files


def test_nothing_is_held_of_who_was_never_seen(client: TestClient) -> None:
    assert not any(client.get("/api/v1/shoppers/nobody/export").json()["held"].values())
    assert client.delete("/api/v1/shoppers/nobody").json()["forgotten"]["turns"] == 0
