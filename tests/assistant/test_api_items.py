"""Items through the API: searched, listed, written one by one and in bulk, recommended."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from api_doubles import open_doubles, with_key
from fastapi.testclient import TestClient

from assistant.api import create_api
from assistant.api.search import DEEPEST
from assistant.service import Service
from assistant.store import idempotency
from retrieval.withheld import Withheld

KETTLE = {"title": "Steel kettle", "brand": "Aster", "category": ["Kitchen", "Kettles"], "price": 39.5}


@pytest.fixture
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_doubles(tmp_path_factory.mktemp("items"), api_requests_per_minute=0) as opened:
        yield opened


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(create_api(service), headers=with_key(service))


def found(client: TestClient, text: str = "", **more: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/search", json={"text": text, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(page: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in page["items"]]


def test_every_constraint_is_enforced(client: TestClient, service: Service) -> None:
    constraints = {
        "category": "laptops",
        "price_min": 500,
        "price_max": 1_000,
        "excluded_brands": ["hp"],
        "attributes": [{"name": "ram", "comparison": "at_least", "value": 16, "unit": "GB"}],
        "excluded_attributes": [{"name": "color", "value": "grey"}],
    }
    page = found(client, constraints=constraints)
    assert [item["title"] for item in page["items"]] == ["Dell Inspiron 14"]
    assert page["matching"] == 1
    stricter = found(client, constraints={**constraints, "excluded_items": ids(page)})
    assert stricter["matching"] == 0
    assert stricter["relaxations"]


def test_a_unit_is_converted_and_an_unknown_one_refused(client: TestClient) -> None:
    light = {"name": "weight", "comparison": "less_than", "value": 1300, "unit": "g"}
    kilo = {**light, "value": 1.3, "unit": "kg"}
    page = found(client, constraints={"category": "laptops", "attributes": [light]})
    assert ids(page) == ids(found(client, constraints={"category": "laptops", "attributes": [kilo]}))
    assert len(ids(page)) == 2
    odd = {**light, "unit": "furlongs"}
    problem = client.post("/api/v1/search", json={"constraints": {"attributes": [odd]}}).json()
    assert problem["errors"][0]["pointer"] == "/body/constraints/attributes/0/value"


def test_the_constraints_of_an_answer_can_be_sent_back(client: TestClient) -> None:
    said = {"utterance": "laptops under $900 with at least 16 GB ram, not hp"}
    turn = client.post("/api/v1/chat", json=said).json()
    again = found(client, constraints=turn["constraints"])
    assert again["matching"] == turn["matching"]
    assert again["constraints"] == turn["constraints"]


def test_pages_follow_each_other_without_a_gap_or_a_repeat(client: TestClient) -> None:
    whole = found(client, "shoes", limit=50)
    first = found(client, "shoes", limit=5)
    rest, page = ids(first), first
    while page["next_cursor"]:
        page = found(client, "shoes", limit=5, cursor=page["next_cursor"])
        rest += ids(page)
    assert rest == ids(whole)
    assert [item["rank"] for item in page["items"]][-1] == len(rest)


def test_a_cursor_is_good_for_its_own_query_alone(client: TestClient) -> None:
    cursor = found(client, "shoes", limit=5)["next_cursor"]
    for body in (
        {"text": "hats"},
        {"text": "shoes", "sort": "price_asc"},
        {"text": "shoes", "constraints": {"brands": ["hp"]}},
    ):
        answer = client.post("/api/v1/search", json={**body, "limit": 5, "cursor": cursor})
        assert answer.status_code == 422, body
    assert client.get("/api/v1/items", params={"cursor": cursor}).status_code == 422


def test_a_search_ends_at_a_depth_at_which_pages_stay_in_step(client: TestClient) -> None:
    many = [{"item_id": f"mug{n:03}", "title": f"Mug number {n}"} for n in range(DEEPEST + 40)]
    assert client.post("/api/v1/items", json={"items": many}).json()["added"] == len(many)
    seen, cursor = [], None
    while True:
        page = found(client, "mug", limit=50, cursor=cursor)
        seen += ids(page)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == DEEPEST


@pytest.mark.parametrize(("sort", "reverse"), [("price_asc", False), ("price_desc", True)])
def test_a_search_is_sorted_as_asked(client: TestClient, sort: str, reverse: bool) -> None:
    page = found(client, sort=sort, constraints={"category": "laptops"}, limit=50)
    prices = [item["price"] for item in page["items"]]
    assert prices == sorted(prices, reverse=reverse)


def test_the_list_is_whole_while_items_come_and_go(client: TestClient, service: Service) -> None:
    everything = sorted(item.item_id for item in service.shop.catalogue)
    page = client.get("/api/v1/items", params={"limit": 10}).json()
    seen = ids(page)
    client.delete(f"/api/v1/items/{seen[3]}")
    client.put("/api/v1/items/a-first", json=KETTLE)
    while page["next_cursor"]:
        page = client.get("/api/v1/items", params={"limit": 10, "cursor": page["next_cursor"]}).json()
        seen += ids(page)
    assert seen == everything


def test_an_item_is_found_as_soon_as_it_is_written_and_gone_as_soon_as_it_is_deleted(client: TestClient) -> None:
    assert client.put("/api/v1/items/k/1", json=KETTLE).json()["outcome"] == "added"
    assert client.get("/api/v1/items/k%2F1").json()["title"] == "Steel kettle"
    assert ids(found(client, "steel kettle"))[0] == "k/1"
    assert client.put("/api/v1/items/k/1", json=KETTLE).json()["outcome"] == "unchanged"
    assert client.put("/api/v1/items/k/1", json={**KETTLE, "price": 35}).json()["outcome"] == "changed"
    assert found(client, constraints={"category": "kettles", "price_max": 36})["matching"] == 1
    assert client.delete("/api/v1/items/k/1").status_code == 204
    assert client.delete("/api/v1/items/k/1").status_code == 404
    assert found(client, constraints={"category": "kettles"})["matching"] == 0


def test_an_item_is_cleaned_as_a_feeds_row_is_and_the_repairs_are_told(client: TestClient) -> None:
    body = {
        **KETTLE,
        "title": "Steel <b>kettle</b>",
        "image": "javascript:alert(1)",
        "attributes": {"Weight (g)": 900, "cordless": True, "colours": ["red", "blue"]},
    }
    outcome = client.put("/api/v1/items/k2", json=body).json()
    assert outcome["repaired"] == ["title: markup"]
    assert outcome["set_aside"] == ["image: not a web address"]
    item = client.get("/api/v1/items/k2").json()
    assert item["title"] == "Steel kettle"
    assert item["attributes"] == {"weight": "900 g", "cordless": "yes", "colours": "red, blue"}


def test_one_wrong_item_of_a_bulk_keeps_no_other_from_being_taken(client: TestClient) -> None:
    items = [
        {"item_id": "b1", **KETTLE},
        {"item_id": "b2", "title": ""},
        {"item_id": "b3", **KETTLE, "price": "dear"},
        {"title": "nameless"},
        {"item_id": "b1", **KETTLE, "price": 1},
    ]
    answer = client.post("/api/v1/items", json={"items": items}).json()
    assert [o["outcome"] for o in answer["outcomes"]] == ["refused", "refused", "refused", "refused", "added"]
    assert (answer["added"], answer["refused"]) == (1, 4)
    assert "same id" in answer["outcomes"][0]["errors"][0]
    assert client.get("/api/v1/items/b1").json()["price"] == 1.0


def test_an_id_that_cleaning_would_change_is_refused(client: TestClient) -> None:
    assert client.put("/api/v1/items/%20odd%20", json=KETTLE).status_code == 422


def test_what_is_withheld_from_shoppers_is_told_only_to_who_writes_items(client: TestClient, service: Service) -> None:
    service.shop.withhold(lambda: Withheld(items=frozenset({"i2"})))
    public = TestClient(create_api(service))
    assert public.get("/api/v1/items/i2").status_code == 404
    assert "i2" not in ids(public.get("/api/v1/items", params={"limit": 500}).json())
    assert "i2" not in ids(found(public, "dell inspiron laptop"))
    assert "i2" not in ids(public.get("/api/v1/recommendations/items/i1").json())
    assert client.get("/api/v1/items/i2").status_code == 200


# once


def put_once(client: TestClient, key: str, body: dict[str, Any], path: str = "/api/v1/items/k3") -> Any:
    return client.put(path, json=body, headers={"Idempotency-Key": key})


def test_a_write_sent_again_gets_the_first_answer(client: TestClient) -> None:
    first, second = put_once(client, "1", KETTLE), put_once(client, "1", KETTLE)
    assert first.json() == second.json()
    assert second.json()["outcome"] == "added"
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"


def test_a_key_belongs_to_one_request_of_one_caller(client: TestClient, service: Service) -> None:
    put_once(client, "1", KETTLE)
    other = put_once(client, "1", {**KETTLE, "price": 1})
    assert other.json()["type"].endswith("#other-request")
    assert put_once(client, "1", KETTLE, "/api/v1/items/k4").status_code == 422
    neighbour = TestClient(create_api(service), headers=with_key(service, name="another till"))
    assert put_once(neighbour, "1", KETTLE).json()["outcome"] == "unchanged"


def test_a_write_that_failed_may_be_sent_again_put_right(client: TestClient) -> None:
    assert put_once(client, "1", {"title": ""}).status_code == 422
    assert put_once(client, "1", KETTLE).json()["outcome"] == "added"


def test_the_same_write_twice_at_a_time_is_done_once(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, gate, answers, put = threading.Event(), threading.Event(), [], service.shop.put

    def waiting(items: Any) -> Any:
        reached.set()
        gate.wait(10)
        return put(items)

    monkeypatch.setattr(service.shop, "put", waiting)
    thread = threading.Thread(target=lambda: answers.append(put_once(client, "1", KETTLE)))
    thread.start()
    assert reached.wait(10)
    refused = put_once(client, "1", KETTLE)
    gate.set()
    thread.join()
    assert refused.json()["type"].endswith("#write-under-way")
    assert refused.headers["retry-after"] == "1"
    assert answers[0].json()["outcome"] == "added"


def test_an_answer_is_kept_for_a_day_and_a_write_cut_off_is_not_kept_for_ever(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = service.store
    assert idempotency.claim(store, "till", "1", "hash") is None
    assert idempotency.claim(store, "till", "1", "hash") is idempotency.Refusal.UNDER_WAY
    monkeypatch.setattr(idempotency, "ABANDONED", -idempotency.ABANDONED)
    assert idempotency.claim(store, "till", "1", "hash") is None
    idempotency.settle(store, "till", "1", 200, {"outcome": "added"})
    assert idempotency.claim(store, "till", "1", "hash") == idempotency.Remembered(200, {"outcome": "added"})
    monkeypatch.setattr(idempotency, "KEPT", -idempotency.KEPT)
    assert idempotency.claim(store, "till", "1", "another") is None


# recommendations


def test_similar_items_are_of_the_same_kind_and_never_the_item_or_a_variant_of_it(client: TestClient) -> None:
    for number in (1, 2):
        client.put(
            f"/api/v1/items/v{number}", json={**KETTLE, "variant_of": "kettle", "title": f"Steel kettle {number} l"}
        )
    client.put("/api/v1/items/v3", json={**KETTLE, "title": "Glass kettle"})
    answer = client.get("/api/v1/recommendations/items/v1").json()
    assert ids(answer) == ["v3"]
    assert answer["items"][0]["scores"]["content"] > 0
    laptops = client.get("/api/v1/recommendations/items/i1", params={"limit": 3}).json()["items"]
    assert {tuple(item["category"]) for item in laptops} == {("Computers", "Laptops")}


def test_items_that_go_together_are_those_that_shoppers_went_for_together(client: TestClient) -> None:
    assert client.get("/api/v1/recommendations/items/i1?kind=together").json()["items"] == []
    for shopper in ("ada", "bo"):
        client.put(f"/api/v1/shoppers/{shopper}/consent", json={"granted": True})
        for item_id in ("i1", "i7"):
            client.post("/api/v1/events", json={"kind": "purchase", "item_id": item_id, "shopper_id": shopper})
    answer = client.get("/api/v1/recommendations/items/i1?kind=together").json()
    assert ids(answer) == ["i7"]
    assert answer["items"][0]["scores"]["neighbours"] > 0


def test_a_shopper_is_recommended_what_goes_with_her_history_and_not_what_she_bought(client: TestClient) -> None:
    assert client.get("/api/v1/recommendations/shoppers/cleo").json()["personal"] is False
    for shopper, items in (("ada", ("i1", "i7")), ("bo", ("i1", "i7")), ("cleo", ("i1",))):
        client.put(f"/api/v1/shoppers/{shopper}/consent", json={"granted": True})
        for item_id in items:
            client.post("/api/v1/events", json={"kind": "purchase", "item_id": item_id, "shopper_id": shopper})
    answer = client.get("/api/v1/recommendations/shoppers/cleo", params={"limit": 3}).json()
    assert answer["personal"] is True
    assert "i1" not in ids(answer)
    (monitor,) = [item for item in answer["items"] if item["item_id"] == "i7"]
    assert monitor["scores"]["neighbours"] == 1.0
    assert json.dumps(answer).count("cleo") == 0
