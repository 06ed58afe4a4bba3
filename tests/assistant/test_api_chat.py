"""Turns through the API: whole, as a stream, pressed, stopped, read again."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api_doubles import open_doubles, with_key
from fastapi.testclient import TestClient
from ui_doubles import laptop, scripted_service

from assistant.api import create_api
from assistant.service import Service
from assistant.widget.token import guest_id, sign

SECRET = "a secret of the shop, thirty-two long"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("chat")
    with open_doubles(folder, shopper_secret=SECRET, api_requests_per_minute=0) as opened:
        yield opened


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(create_api(service))


def say(client: TestClient, utterance: str, conversation_id: str | None = None, **more: Any) -> dict[str, Any]:
    body = {"utterance": utterance, "conversation_id": conversation_id, **more}
    answer = client.post("/api/v1/chat", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def problem(client: TestClient, **body: Any) -> str:
    answer = client.post("/api/v1/chat", json={"utterance": "laptops", **body})
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return str(answer.json()["type"]).rpartition("#")[2]


def streamed(client: TestClient, utterance: str, **more: Any) -> list[tuple[str, dict[str, Any]]]:
    headers = {"Accept": "text/event-stream"}
    answer = client.post("/api/v1/chat", json={"utterance": utterance, **more}, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    blocks = [block.split("\n") for block in answer.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in blocks]


def test_a_stream_tells_what_was_understood_then_the_cards_then_the_text_then_the_whole_turn(
    client: TestClient,
) -> None:
    events = streamed(client, "laptops under $900")
    names = [name for name, _ in events]
    assert names[:2] == ["understood", "cards"]
    assert set(names[2:-1]) == {"text"}
    assert names[-1] == "finished"
    turn = events[-1][1]
    assert "".join(data["text"] for name, data in events if name == "text") == turn["reply"]
    assert events[1][1]["picks"] == turn["picks"]
    assert events[0][1]["conversation_id"] == turn["conversation_id"]
    assert events[0][1]["constraints"]["price_max"] == 900.0


def test_a_streamed_turn_is_stored_and_the_conversation_goes_on(client: TestClient, service: Service) -> None:
    first = streamed(client, "laptops")[-1][1]
    second = say(client, "under $700", first["conversation_id"])
    assert second["turn"] == 2
    assert second["constraints"] == {"category": "laptops", "price_max": 700.0, "currency": "USD"}


def test_a_suggestion_sent_back_does_exactly_what_its_count_says(client: TestClient) -> None:
    first = say(client, "something black")
    counted = [s for s in first["suggestions"] if s["control"] is not None]
    assert counted, "enough is black to narrow it"
    for suggestion in counted:
        pressed = say(client, suggestion["label"], first["conversation_id"], control=suggestion["control"])
        assert pressed["act"]["rung"] == "control"
        assert pressed["matching"] == suggestion["count"]
        say(client, "undo", first["conversation_id"], control={"edit": "undo"})


def test_an_offered_relaxation_is_accepted_by_its_number(client: TestClient) -> None:
    nothing = say(client, "laptops under $100")
    offer = nothing["relaxations"][0]
    accepted = say(client, offer["label"], nothing["conversation_id"], control={"accepts": 1})
    assert accepted["matching"] == offer["count"]
    assert accepted["constraints"] == offer["constraints"]


def test_a_constraint_is_taken_back_by_a_press(client: TestClient) -> None:
    first = say(client, "laptops under $700, not hp")
    control = {"dropped": ["excluded_brands=hp"]}
    after = say(client, "HP is fine", first["conversation_id"], control=control)
    assert "excluded_brands" not in after["constraints"]
    assert after["matching"] == first["matching"] + 1


def test_the_cart_is_filled_and_shown_by_presses(client: TestClient) -> None:
    begun = say(client, "laptops")["conversation_id"]
    taken = say(client, "the first one", begun, control={"intent": "select", "slots": {"references": ["1"]}})
    assert [line["item_id"] for line in taken["cart"]["lines"]] == [taken["picks"][0]["item_id"]]
    shown = say(client, "show my cart", begun, control={"intent": "select", "cart": "show_cart"})
    assert shown["cart"]["lines"] == taken["cart"]["lines"]
    emptied = say(client, "empty it", begun, control={"intent": "select", "cart": "empty_cart"})
    assert emptied["cart"]["lines"] == []


def test_what_is_not_offered_any_more_cannot_be_pressed(client: TestClient) -> None:
    begun = say(client, "laptops")["conversation_id"]
    assert problem(client, conversation_id=begun, control={"accepts": 1}) == "stale-control"
    confirm = {"intent": "privacy", "edit": "forget_confirmed"}
    assert problem(client, conversation_id=begun, control=confirm) == "stale-control"
    assert problem(client, control={"accepts": 1}) == "stale-control"


def test_being_forgotten_is_asked_for_and_confirmed(client: TestClient, service: Service) -> None:
    begun = say(client, "laptops")["conversation_id"]
    say(client, "forget me", begun)
    say(client, "yes", begun, control={"intent": "privacy", "edit": "forget_confirmed"})
    assert service.store.turns(begun) == []


def test_a_slot_that_does_not_exist_cannot_be_dropped(client: TestClient) -> None:
    assert problem(client, control={"dropped": ["__class__"]}) == "invalid-request"


def test_it_means_the_item_whose_page_the_shopper_is_on(client: TestClient) -> None:
    asked = say(client, "how heavy is it?", context={"item_id": "i2"})
    assert asked["discussed"] == ["i2"]
    assert "1.4 kg" in asked["reply"]
    assert [pick["item_id"] for pick in asked["picks"]] == ["i2"]


def test_an_item_that_the_shop_does_not_have_is_no_context(client: TestClient) -> None:
    assert say(client, "laptops", context={"item_id": "gone"})["act"]["intent"] == "find"


def test_a_shopper_is_known_by_the_token_that_the_shop_signed(client: TestClient, service: Service) -> None:
    hour = datetime.now(UTC) + timedelta(hours=1)
    hers = say(client, "laptops", shopper_token=sign(SECRET, "ada", hour))["conversation_id"]
    assert service.store.shopper(hers) == "ada"
    assert problem(client, shopper_token=sign("another secret of thirty-two letters", "ada", hour)) == "unknown-shopper"
    assert problem(client, shopper_token=sign(SECRET, "ada", hour - timedelta(hours=2))) == "unknown-shopper"
    stranger = sign(SECRET, "bo", hour)
    assert problem(client, conversation_id=hers, shopper_token=stranger) == "no-such-conversation"


def test_a_guest_may_name_herself_by_an_id_nobody_guesses(client: TestClient, service: Service) -> None:
    guest = guest_id()
    assert service.store.shopper(say(client, "laptops", shopper_token=guest)["conversation_id"]) == guest


def test_without_a_secret_no_token_is_good(tmp_path: Path) -> None:
    with open_doubles(tmp_path) as plain:
        token = sign("", "ada", datetime.now(UTC) + timedelta(hours=1))
        assert problem(TestClient(create_api(plain)), shopper_token=token) == "unknown-shopper"


def test_the_turns_of_a_conversation_come_in_pages(client: TestClient) -> None:
    begun = say(client, "laptops")["conversation_id"]
    for utterance in ("under $900", "not hp", "thanks"):
        say(client, utterance, begun)
    path = f"/api/v1/conversations/{begun}/turns"
    first = client.get(path, params={"limit": 3}).json()
    rest = client.get(path, params={"limit": 3, "cursor": first["next_cursor"]}).json()
    assert [t["utterance"] for t in first["turns"] + rest["turns"]] == ["laptops", "under $900", "not hp", "thanks"]
    assert rest["next_cursor"] is None
    assert [s["rank"] for s in rest["turns"][0]["shown"]] == [1, 2]
    assert client.get("/api/v1/conversations/guessed/turns").json()["status"] == 404


# the reply under way: a scripted assistant that waits


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Any]:
    gate = threading.Event()
    sentences = tuple(f"Sentence {n}. " for n in range(50))
    opened = scripted_service(tmp_path, [laptop(1)], gate=gate, sentences=sentences)
    opened.gate = gate
    yield opened
    gate.set()
    opened.store.close()


def problem_or_none(client: TestClient, conversation_id: str) -> str | None:
    answer = client.post("/api/v1/chat", json={"utterance": "again", "conversation_id": conversation_id})
    return str(answer.json().get("type", "")).rpartition("#")[2] or None


def test_a_turn_is_stopped_by_its_conversation_and_what_was_said_stays(slow: Any) -> None:
    client = TestClient(create_api(slow))
    begun = slow.conversations.start()
    thread = threading.Thread(target=say, args=(client, "laptops", begun))
    thread.start()
    path = f"/api/v1/conversations/{begun}/stop"
    while not client.post(path).json()["stopped"]:
        time.sleep(0.01)
    assert problem_or_none(client, begun) == "turn-under-way"
    slow.gate.set()
    thread.join(10)
    (turn,) = slow.store.turns(begun)
    assert turn["reply"].count("Sentence") < 50
    assert client.post(path).json() == {"stopped": False}


def test_a_client_that_goes_away_ends_the_writing_and_the_turn_is_stored(slow: Any) -> None:
    """The application as a server drives it: the client reads the first words, then its connection is gone."""
    begun = slow.conversations.start()
    left = asyncio.Event()
    received: list[bytes] = []

    async def receive() -> dict[str, Any]:
        if not received:
            return {"type": "http.request", "body": json.dumps({"utterance": "x1", "conversation_id": begun}).encode()}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        received.append(message.get("body", b""))
        if b"event: text" in received[-1]:
            left.set()
            asyncio.get_running_loop().call_later(0.5, slow.gate.set)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "method": "POST",
        "path": "/api/v1/chat",
        "query_string": b"",
        "client": ("127.0.0.1", 1),
        "headers": [(b"content-type", b"application/json"), (b"accept", b"text/event-stream")],
    }

    async def drive() -> None:
        await create_api(slow)(scope, receive, send)
        while not slow.store.turns(begun):
            await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(drive(), 20))
    (turn,) = slow.store.turns(begun)
    assert turn["reply"] == "Sentence 0. "


def test_what_breaks_off_under_way_is_the_last_event(slow: Any) -> None:
    slow.assistant.raising = KeyError("forgotten meanwhile")
    events = streamed(TestClient(create_api(slow)), "laptops")
    assert [name for name, _ in events] == ["problem"]
    assert events[0][1]["type"].endswith("#no-such-conversation")


def test_turns_are_counted_by_intent_and_rung(tmp_path: Path) -> None:
    with open_doubles(tmp_path) as counted:
        client = TestClient(create_api(counted))
        begun = say(client, "laptops under $100")["conversation_id"]
        say(client, "thanks", begun)
        text = client.get("/metrics", headers=with_key(counted)).text
        assert 'assistant_turns_total{intent="find",rung="rules"} 1.0' in text
        assert 'assistant_turns_total{intent="chitchat",rung="rules"} 1.0' in text
        assert 'assistant_empty_results_total{door="chat"} 1.0' in text
        assert 'assistant_turn_stage_seconds_count{stage="turn"} 2.0' in text
        assert 'assistant_requests_total{method="POST",path="/api/v1/chat",status="200"} 2.0' in text
        assert f"assistant_items {float(len(counted.shop.catalogue))}" in text
        assert "process_resident_memory_bytes" in text
        assert begun not in text
