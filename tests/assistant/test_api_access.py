"""Who may do what, how often and how much; and what every answer carries."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from api_doubles import open_doubles, with_key
from fastapi.testclient import TestClient
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from assistant.api import create_api
from assistant.api.access import MOST_CALLERS, Buckets
from assistant.api.problems import KINDS, MEDIA_TYPE
from assistant.service import Service
from assistant.store.keys import Scope, add, find, revoke
from retrieval.errors import SetupError

ITEM = {"title": "Garden hose"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_doubles(
        tmp_path_factory.mktemp("access"), api_requests_per_minute=0, api_key_requests_per_minute=0
    ) as opened:
        yield opened


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(create_api(service), raise_server_exceptions=False)


def kind(answer: object) -> str:
    assert answer.headers["content-type"] == MEDIA_TYPE  # type: ignore[attr-defined]
    body = answer.json()  # type: ignore[attr-defined]
    name = str(body["type"]).rpartition("#")[2]
    assert body["status"] == answer.status_code == KINDS[name].status  # type: ignore[attr-defined]
    return name


CALLS = {
    Scope.ITEMS_WRITE: ("PUT", "/api/v1/items/hose", ITEM),
    Scope.EVENTS_WRITE: ("POST", "/api/v1/events", {"kind": "view", "item_id": "i1", "shopper_id": "ada"}),
    Scope.SHOPPERS: ("GET", "/api/v1/shoppers/ada", None),
    Scope.METRICS: ("GET", "/metrics", None),
}


@pytest.mark.parametrize("scope", CALLS)
def test_what_writes_or_is_personal_needs_a_key_of_its_own_scope(
    client: TestClient, service: Service, scope: Scope
) -> None:
    method, path, body = CALLS[scope]
    others = frozenset(Scope) - {scope}
    assert kind(client.request(method, path, json=body)) == "no-key"
    refused = client.request(method, path, json=body, headers=with_key(service, *others, name=f"all but {scope}"))
    assert kind(refused) == "missing-scope"
    assert scope in refused.json()["detail"]
    assert client.request(method, path, json=body, headers=with_key(service, scope, name=scope)).status_code == 200


def test_chat_and_search_are_open_by_default_and_closed_by_a_setting(client: TestClient, tmp_path: Path) -> None:
    calls = [("/api/v1/chat", {"utterance": "tents"}), ("/api/v1/search", {"text": "tents"})]
    for path, body in calls:
        assert client.post(path, json=body).status_code == 200
    with open_doubles(tmp_path, api_open=False) as closed:
        closed_client = TestClient(create_api(closed))
        for (path, body), scope in zip(calls, (Scope.CHAT, Scope.SEARCH), strict=True):
            assert kind(closed_client.post(path, json=body)) == "no-key"
            headers = with_key(closed, scope, name=scope)
            assert closed_client.post(path, json=body, headers=headers).status_code == 200
        documented = closed_client.get("/api/v1/openapi.json").json()["paths"]
        assert documented["/api/v1/search"]["post"]["security"] == [{"key": ["search"]}]


def test_the_document_says_which_scope_an_operation_needs(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    assert paths["/api/v1/items/{item_id}"]["put"]["security"] == [{"key": ["items:write"]}]
    assert paths["/api/v1/search"]["post"]["security"] == [{}, {"key": ["search"]}]


def test_a_revoked_key_is_refused_at_once_even_where_none_is_needed(client: TestClient, service: Service) -> None:
    headers = with_key(service, name="old till")
    assert client.get("/api/v1/items/i1", headers=headers).status_code == 200
    assert revoke(service.store, "old till")
    refused = client.get("/api/v1/items/i1", headers=headers)
    assert kind(refused) == "unknown-key"
    assert refused.headers["www-authenticate"] == "Bearer"
    assert not revoke(service.store, "old till")


def test_a_password_for_a_proxy_is_no_key(client: TestClient) -> None:
    assert client.get("/api/v1/items/i1", auth=("ada", "secret")).status_code == 200
    assert kind(client.get("/metrics", auth=("ada", "secret"))) == "no-key"


def test_the_key_itself_is_kept_nowhere(service: Service) -> None:
    key = add(service.store, "secretive", frozenset({Scope.CHAT}))
    folder = service.settings.data_folder
    stored = b"".join(file.read_bytes() for file in folder.glob("conversations.db*"))
    assert key.encode() not in stored
    assert find(service.store, key) is not None
    assert find(service.store, key + "x") is None


def test_a_name_tells_one_key_for_ever(service: Service) -> None:
    add(service.store, "storefront", frozenset({Scope.CHAT}))
    with pytest.raises(SetupError, match="already"):
        add(service.store, "storefront", frozenset({Scope.CHAT}))


def test_a_caller_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path) -> None:
    with open_doubles(tmp_path, api_requests_per_minute=3, api_key_requests_per_minute=5) as service:
        client = TestClient(create_api(service))
        answers = [client.get("/api/v1/items/i1") for _ in range(4)]
        assert [a.status_code for a in answers] == [200, 200, 200, 429]
        assert kind(answers[3]) == "too-many-requests"
        assert 1 <= int(answers[3].headers["retry-after"]) <= 20
        assert [a.headers["ratelimit"].split(";")[1] for a in answers] == ["r=2", "r=1", "r=0", "r=0"]
        assert answers[0].headers["ratelimit-policy"] == '"minute";q=3;w=60'
        headers = with_key(service)
        assert client.get("/api/v1/items/i1", headers=headers).headers["ratelimit-policy"] == '"minute";q=5;w=60'
        assert client.get("/healthz").status_code == 200


def test_guessing_keys_uses_up_the_address_of_the_guesser(tmp_path: Path) -> None:
    with open_doubles(tmp_path, api_requests_per_minute=2) as service:
        client = TestClient(create_api(service))
        guesses = [client.get("/metrics", headers={"Authorization": f"Bearer shop_{n}"}) for n in range(3)]
        assert [g.status_code for g in guesses] == [401, 401, 429]


def test_a_bucket_fills_evenly_and_forgets_those_who_are_quiet() -> None:
    now = 0.0
    buckets = Buckets(60, clock=lambda: now)
    assert [buckets.take("ada").wait > 0 for _ in range(61)] == [False] * 60 + [True]
    now = 2.0
    assert [buckets.take("ada").wait > 0 for _ in range(3)] == [False, False, True]
    for n in range(MOST_CALLERS + 10):
        now += 1.0
        buckets.take(f"caller {n}")
    assert len(buckets._held) <= MOST_CALLERS


@pytest.mark.parametrize("told", [True, False])
def test_a_request_that_is_too_large_is_refused_whether_it_tells_its_length_or_not(tmp_path: Path, told: bool) -> None:
    with open_doubles(tmp_path, api_request_bytes=1_000) as service:
        client = TestClient(create_api(service))
        body = b'{"utterance": "' + b"x" * 2_000 + b'"}'
        content = body if told else iter([body[:900], body[900:]])
        answer = client.post("/api/v1/chat", content=content, headers={"Content-Type": "application/json"})
        assert kind(answer) == "too-large"


def test_a_request_id_goes_through_and_one_is_made_where_there_is_none(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "till-7"}).headers["x-request-id"] == "till-7"
    odd = client.get("/healthz", headers={"X-Request-ID": "a b\t<script>"}).headers["x-request-id"]
    assert odd.isalnum()
    assert client.get("/healthz").headers["x-request-id"] != odd


def test_what_goes_wrong_is_logged_under_the_request_id_and_told_without_our_insides(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise SetupError("/srv/shop/conversations.db is locked.", "Stop the other process.")

    monkeypatch.setattr(service.shop, "search", broken)
    with capture_logs(processors=[merge_contextvars]) as lines:
        answer = client.post("/api/v1/search", json={"text": "x"}, headers={"X-Request-ID": "r-1"})
    assert kind(answer) == "shop-unavailable"
    assert "/srv" not in answer.text
    assert [line["request_id"] for line in lines if "locked" in line.get("problem", "")] == ["r-1"]


def test_an_error_nobody_foresaw_shows_no_trace(
    client: TestClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("the secret path /srv/shop")

    monkeypatch.setattr(service.shop, "search", broken)
    answer = client.post("/api/v1/search", json={"text": "x"}, headers={"X-Request-ID": "r-2"})
    assert kind(answer) == "internal"
    assert answer.json()["request_id"] == "r-2"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "content", "expected"),
    [
        ("GET", "/api/v1/nothing", b"", "no-such-address"),
        ("PATCH", "/api/v1/chat", b"", "method-not-allowed"),
        ("POST", "/api/v1/chat", b"{", "invalid-request"),
        ("POST", "/api/v1/chat", b"\xff\xfe", "invalid-request"),
        ("POST", "/api/v1/chat", b'{"utterance": "\\ud800"}', "invalid-request"),
        ("POST", "/api/v1/chat", b'{"utterance": "x", "\\ud800": 1}', "invalid-request"),
        ("POST", "/api/v1/search", b'{"limit": NaN}', "invalid-request"),
        ("POST", "/api/v1/search", b"[" * 100_000, "invalid-request"),
        ("GET", "/api/v1/items?limit=0", b"", "invalid-request"),
        ("GET", "/api/v1/items/none", b"", "no-such-item"),
    ],
)
def test_every_error_is_a_problem(client: TestClient, method: str, path: str, content: bytes, expected: str) -> None:
    headers = {"Content-Type": "application/json"} if content else {}
    assert kind(client.request(method, path, content=content, headers=headers)) == expected


def test_an_invalid_request_names_every_place_in_it(client: TestClient) -> None:
    problem = client.post("/api/v1/search", json={"limit": 0, "sort": "random", "a/b": 1}).json()
    assert {e["pointer"] for e in problem["errors"]} == {"/body/limit", "/body/sort", "/body/a~1b"}


def test_the_page_of_problems_explains_every_kind(client: TestClient) -> None:
    page = client.get("/api/v1/problems").text
    assert all(f'id="{name}"' in page for name in KINDS)


def test_an_operation_cannot_end_with_a_status_that_the_document_does_not_name(client: TestClient) -> None:
    for path, operations in client.get("/api/v1/openapi.json").json()["paths"].items():
        for operation in operations.values():
            if path not in ("/healthz", "/readyz"):
                assert {"429", "500", "503"} <= operation["responses"].keys(), path
            if "requestBody" in operation:
                assert {"413", "422"} <= operation["responses"].keys(), path
