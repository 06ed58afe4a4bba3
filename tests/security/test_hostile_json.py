"""Bodies that are no JSON, or JSON that costs more to refuse than to send, at every route of the API that reads one."""

from __future__ import annotations

import json
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from fastapi.testclient import TestClient

sys.path.append(str(Path(__file__).parents[1]))

from api_doubles import open_doubles, with_key

from assistant.api import create_api
from assistant.api.json_body import MOST_VALUES, JsonRoute

JSON = {"Content-Type": "application/json"}
LONGEST_REFUSAL = 20_000  # bytes of an answer
MOST_MEMORY = 150_000_000  # bytes that one request may take meanwhile; a body has 5 MB at most


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


NO_JSON = {
    "10,000 lists deep": nested(10_000),
    "10,000 objects deep": '{"text":' * 10_000 + "1" + "}" * 10_000,
    "never closed": "[" * 100_000,
    "a number of 5,000 figures": '{"limit": ' + "9" * 5_000 + "}",
    "no number": '{"limit": NaN}',
    "no end of a number": '{"limit": -Infinity}',
    "half a surrogate pair": '{"text": "\\ud800", "item_id": "\\ud800"}',
    "half a pair as a name": '{"\\udfff": 1}',
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "UTF-16": '{"text": "lamp"}'.encode("utf-16"),
    "two values": "{}{}",
    "nothing": "",
}
OF_ANOTHER_SHAPE = {
    "900 lists deep": nested(900),
    "900 objects deep": '{"text":' * 900 + "1" + "}" * 900,
    "a number beyond all": '{"limit": 1e308, "value": 1e308, "stock": 1e308}',
    "a NUL alone": '{"item_id": "\\u0000"}',
    "a list": "[]",
    "nothing": "null",
    "names without end": json.dumps({f"name{n}": 1 for n in range(100_000)}),
    "items without end": json.dumps({name: [1] * 60_000 for name in ("items", "events", "brands")}),
    "values without end": "[" + "[]," * (MOST_VALUES + 1) + "[]]",
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    folder = tmp_path_factory.mktemp("hostile")
    with open_doubles(folder, api_requests_per_minute=0, api_key_requests_per_minute=0) as service:
        yield create_api(service)


@pytest.fixture(scope="module")
def client(api: FastAPI) -> TestClient:
    return TestClient(api, headers=with_key(api.state.service), raise_server_exceptions=False)


def reading(api: FastAPI) -> list[tuple[str, str]]:
    """Method and address of everything that reads a body."""
    return [
        (
            method,
            context.path.replace("{item_id:path}", "i1").replace("{conversation_id}", "x").replace("{shopper_id}", "y"),
        )
        for context in iter_route_contexts(list(api.routes))
        if isinstance(context.original_route, APIRoute) and context.original_route.body_field is not None
        for method in context.methods or ()
    ]


def test_every_route_that_reads_a_body_reads_it_within_limits(api: FastAPI) -> None:
    routes = [context.original_route for context in iter_route_contexts(list(api.routes))]
    bodies = [route for route in routes if isinstance(route, APIRoute) and route.body_field is not None]
    assert len(bodies) >= 8
    assert {type(route) for route in bodies if not isinstance(route, JsonRoute)} == set()


@pytest.mark.parametrize("name", [*NO_JSON, *OF_ANOTHER_SHAPE])
def test_it_is_refused_in_few_words(client: TestClient, api: FastAPI, name: str) -> None:
    body = (NO_JSON | OF_ANOTHER_SHAPE)[name]
    content = body if isinstance(body, bytes) else body.encode()
    for method, address in reading(api):
        answer = client.request(method, address, content=content, headers=JSON)
        assert answer.status_code in (404, 413, 422), (address, answer.text[:200])
        assert len(answer.content) < LONGEST_REFUSAL


@pytest.mark.parametrize(
    "item",
    [
        {"attributes": {"colour": [1] * 150_000}},
        {"attributes": {f"a{n}": {} for n in range(50_000)}},
        {f"name{n}": 1 for n in range(100_000)},
        {"attributes": {"a": json.loads(nested(500))}},
    ],
    ids=["one attribute", "attributes", "names", "depth"],
)
def test_an_item_in_which_everything_is_wrong_costs_little_to_refuse(
    client: TestClient, item: dict[str, object]
) -> None:
    content = json.dumps({"items": [{"item_id": "bad", "title": "Lamp", **item}, {"item_id": "good", "title": "Lamp"}]})
    tracemalloc.start()
    try:
        answer = client.post("/api/v1/items", content=content, headers=JSON)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    wrong, right = (outcome["outcome"] for outcome in answer.json()["outcomes"])
    assert wrong == "refused"
    assert right in ("added", "unchanged")
    assert len(answer.content) < LONGEST_REFUSAL


def test_of_a_name_that_stands_twice_the_last_counts(client: TestClient) -> None:
    answer = client.post("/api/v1/search", content='{"limit": 0, "text": "lamp", "limit": 1}', headers=JSON)
    assert (answer.status_code, len(answer.json()["items"])) == (200, 1)


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x", None])
def test_what_does_not_say_that_it_is_json_is_not_read_as_it(client: TestClient, media_type: str | None) -> None:
    headers = {} if media_type is None else {"Content-Type": media_type}
    assert client.post("/api/v1/search", content='{"text": "lamp"}', headers=headers).status_code == 422


def test_a_nul_in_an_id_is_refused_and_in_words_taken_out(client: TestClient) -> None:
    refused = client.put("/api/v1/items/a%00b", content='{"title": "Lamp"}', headers=JSON)
    assert refused.status_code == 422
    assert client.put("/api/v1/items/nul", content='{"title": "Red\\u0000 lamp"}', headers=JSON).status_code == 200
    assert client.get("/api/v1/items/nul").json()["title"] == "Red lamp"
