"""The Python client against the API on a port."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_doubles import open_doubles, served, with_key
from ui_doubles import laptop, scripted_service

from assistant.api.chat_models import CardsAnswer, Control, TextAnswer, TurnAnswer, UnderstoodAnswer
from assistant.api.item_models import AttributeBody, BulkItem, ConstraintsBody, ItemBody
from assistant.api.shopper_models import EventBody
from assistant.client import Client
from assistant.client_errors import (
    Conflict,
    Invalid,
    KeyRefused,
    NotFound,
    Refused,
    ServiceFailed,
    TooMany,
    Unreachable,
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with open_doubles(tmp_path_factory.mktemp("client"), api_requests_per_minute=0) as service:
        key = with_key(service)["Authorization"].removeprefix("Bearer ")
        with served(service) as address, Client(address, key) as client:
            yield client


def test_a_conversation(shop: Client) -> None:
    first = shop.chat("laptops under $900")
    second = shop.chat("not hp", first.conversation_id)
    assert second.turn == 2
    assert {pick.brand for pick in second.picks} == {"Dell", "Acer"}
    pressed = shop.chat("HP is fine", first.conversation_id, control=Control(dropped=("excluded_brands=hp",)))
    assert pressed.matching == first.matching
    assert shop.chat("how heavy is it?", item_id="i2").discussed == ["i2"]
    told = shop.turns(first.conversation_id, limit=2)
    assert [turn.utterance for turn in told.turns] == ["laptops under $900", "not hp"]
    rest = shop.turns(first.conversation_id, cursor=told.next_cursor)
    assert [turn.utterance for turn in rest.turns] == ["HP is fine"]
    assert shop.stop(first.conversation_id) is False


def test_a_cart_is_set_and_emptied(shop: Client) -> None:
    conversation_id = shop.chat("laptops").conversation_id
    assert shop.set_in_cart(conversation_id, "i2", 2).total == 1598.0
    assert [line.item_id for line in shop.cart(conversation_id).lines] == ["i2"]
    assert shop.set_in_cart(conversation_id, "i2", 0).lines == []
    with pytest.raises(NotFound, match="no such item"):
        shop.set_in_cart(conversation_id, "gone", 1)


def test_a_stream_is_typed_events_in_their_order(shop: Client) -> None:
    events = list(shop.stream("headphones under $100"))
    assert isinstance(events[0], UnderstoodAnswer)
    assert isinstance(events[1], CardsAnswer)
    assert isinstance(events[-1], TurnAnswer)
    said = "".join(event.text for event in events if isinstance(event, TextAnswer))
    assert said == events[-1].reply


def test_a_search_with_every_kind_of_constraint(shop: Client) -> None:
    ram = AttributeBody(name="ram", comparison="at_least", value=16, unit="GB")
    constraints = ConstraintsBody(category="laptops", price_max=900, attributes=[ram], in_stock=True)
    page = shop.search("light", constraints, sort="price_asc", limit=1)
    assert [item.title for item in page.items] == ["HP Pavilion 15"]
    assert page.next_cursor is not None
    rest = shop.search("light", constraints, sort="price_asc", limit=1, cursor=page.next_cursor)
    assert [item.rank for item in rest.items] == [2]


def test_items_are_written_read_and_deleted(shop: Client) -> None:
    assert shop.put_item("a/1", ItemBody(title="Steel kettle", price=39.5), once="k1").outcome == "added"
    assert shop.put_item("a/1", ItemBody(title="Steel kettle", price=39.5), once="k1").outcome == "added"
    assert shop.item("a/1").price == 39.5
    bulk = shop.put_items([BulkItem(item_id="a/1", title="Kettle"), BulkItem(item_id="a/2", title="Pot")])
    assert (bulk.changed, bulk.added) == (1, 1)
    everything = [item.item_id for item in shop.items(limit=7)]
    assert everything == sorted(everything)
    assert {"a/1", "a/2", "i1", "i30"} <= set(everything)
    shop.delete_item("a/1")
    with pytest.raises(NotFound) as caught:
        shop.item("a/1")
    assert (caught.value.kind, caught.value.status) == ("no-such-item", 404)
    assert caught.value.request_id


def test_a_shopper_from_consent_to_being_forgotten(shop: Client) -> None:
    view = EventBody(kind="view", item_id="i1", shopper_id="ada")
    assert shop.send_event(view).outcome == "no_consent"
    assert shop.set_consent("ada", True).consented
    assert shop.send_events([view, EventBody(kind="cart", item_id="i3", shopper_id="ada")]).kept == 2
    assert shop.shopper("ada").held.interactions == 2
    assert len(shop.export("ada").held["interactions"]) == 2
    assert shop.recommend_to("ada", limit=3).personal
    assert [item.item_id for item in shop.recommend_beside("i1", "together").items] == ["i3"]
    assert shop.forget("ada").forgotten.interactions == 2
    assert shop.shopper("ada").held.interactions == 0
    assert shop.recommend_beside("i1", "together").items == []


def test_errors_are_typed_by_what_can_be_done_about_them(shop: Client) -> None:
    with pytest.raises(NotFound, match="conversation"):
        shop.chat("hello", "guessed")
    with pytest.raises(NotFound, match="conversation"):
        list(shop.stream("hello", "guessed"))
    with pytest.raises(Invalid) as caught:
        shop.search(limit=0)
    assert [error.pointer for error in caught.value.errors] == ["/body/limit"]
    with pytest.raises(Conflict, match="offered"):
        shop.chat("ok", control=Control(accepts=1))
    address = shop._base.removesuffix("/api/v1")
    with Client(address) as stranger, pytest.raises(KeyRefused, match="key is needed"):
        stranger.forget("ada")
    with Client(address, "shop_wrong") as stranger, pytest.raises(KeyRefused, match="not known"):
        stranger.search("x")


def test_who_asks_too_often_is_told_how_long_to_wait(tmp_path: Path) -> None:
    with (
        open_doubles(tmp_path, api_requests_per_minute=1) as service,
        served(service) as address,
        Client(address) as shop,
    ):
        shop.item("i1")
        with pytest.raises(TooMany) as caught:
            shop.item("i1")
    assert caught.value.retry_after is not None
    assert 1 <= caught.value.retry_after <= 60


def test_a_service_that_is_not_there_is_unreachable(free_port: Any) -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as nobody, pytest.raises(Unreachable):
        nobody.item("i1")


def test_what_is_no_answer_of_this_api_is_told_as_it_is() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(502, text="<h1>Bad gateway</h1>"))
    with httpx.Client(transport=transport) as http, pytest.raises(ServiceFailed, match="Bad gateway"):
        Client("http://shop.example", http=http).item("i1")


def test_a_stream_that_is_closed_early_stops_the_writing(tmp_path: Path) -> None:
    gate = threading.Event()
    sentences = tuple(f"Sentence {n}. " for n in range(50))
    service = scripted_service(tmp_path, [laptop(1)], gate=gate, sentences=sentences)
    with served(service) as address, Client(address) as shop:
        conversation_id = service.conversations.start()
        events = shop.stream("laptops", conversation_id)
        while not isinstance(next(events), TextAnswer):
            pass
        events.close()  # type: ignore[attr-defined]
        time.sleep(1.0)  # the service looks ten times a second whether anybody listens
        gate.set()
        while not service.store.turns(conversation_id):
            time.sleep(0.01)
    (turn,) = service.store.turns(conversation_id)
    assert turn["reply"] == "Sentence 0. "
    service.store.close()


def test_every_error_but_one_is_a_refusal() -> None:
    assert all(issubclass(kind, Refused) for kind in (KeyRefused, NotFound, Conflict, Invalid, TooMany, ServiceFailed))
    assert not issubclass(Unreachable, Refused)
