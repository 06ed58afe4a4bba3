"""The routes beside the page, over a scripted assistant."""

from __future__ import annotations

import socket
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient
from ui_doubles import laptop, scripted_service

from assistant.events import Suggestion
from assistant.serving import create_app, serve
from assistant.settings import load_settings
from retrieval.errors import SetupError


@pytest.fixture
def service(tmp_path):
    opened = scripted_service(tmp_path, [laptop(1), laptop(2)], suggestions=(Suggestion("Cheaper", "cheaper", 1),))
    yield opened
    opened.store.close()


@pytest.fixture
def client(service):
    with TestClient(create_app(service)) as opened:
        yield opened


def searching(service, candidates=(), error=None):
    asked = []

    def search(query):
        asked.append(query)
        if error is not None:
            raise error
        return SimpleNamespace(candidates=candidates)

    service.shop.search = search
    return asked


def test_a_turn_comes_back_as_json(client):
    answer = client.post("/api/v1/chat", json={"utterance": "a light laptop"}).json()
    assert [(p["item_id"], p["price"], p["currency"]) for p in answer["picks"]] == [
        ("laptop-1", 600.0, "USD"),
        ("laptop-2", 700.0, "USD"),
    ]
    assert answer["act"]["rung"] == "rules"
    assert answer["constraints"]["price_max"] == 900.0
    cheaper = {"label": "Cheaper", "utterance": "cheaper", "count": 1, "question": "", "control": None}
    assert answer["suggestions"] == [cheaper]


def test_a_conversation_goes_on_by_its_id(client, service):
    first = client.post("/api/v1/chat", json={"utterance": "a light laptop"}).json()
    body = {"utterance": "cheaper", "conversation_id": first["conversation_id"]}
    second = client.post("/api/v1/chat", json=body).json()
    assert (first["turn"], second["turn"]) == (1, 2)
    assert len(service.store.turns(first["conversation_id"])) == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"utterance": "hello", "conversation_id": "nobody's"}, 404),
        ({"utterance": "   "}, 422),
        ({"utterance": "x" * 1_000_000}, 422),
        ({"utterance": "\x00\x01"}, 422),
        ({"utterance": "hello", "price": 1}, 422),
        ({}, 422),
    ],
)
def test_a_request_that_cannot_be_answered_says_why(client, body, status):
    answer = client.post("/api/v1/chat", json=body)
    assert answer.status_code == status
    assert answer.json()["detail"]


def test_an_unreadable_utterance_starts_no_conversation(client, tmp_path):
    client.post("/api/v1/chat", json={"utterance": "   "})
    with closing(sqlite3.connect(tmp_path / "conversations.db")) as database:
        assert database.execute("SELECT count(*) FROM conversations").fetchone() == (0,)


def test_health_says_which_rung_is_in_service(client):
    health = client.get("/healthz").json()
    assert health["status"] == "ok"
    assert health["understanding"] == "rules: no language model is loaded"
    assert health["behaviour"] == "counts"
    assert (health["language_model"], health["items"]) == (None, 2)


def test_ready_proves_that_a_search_ran(client, service):
    asked = searching(service, candidates=("one",))
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json()["found"] == 1
    assert [query.text for query in asked] == ["Lenora Swift 1"]


def test_not_ready_when_the_search_finds_nothing_that_is_there(client, service):
    searching(service)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["fix"] == "python -m assistant rebuild"


def test_not_ready_when_the_search_fails(client, service):
    searching(service, error=SetupError("The vectors are gone.", "python -m assistant rebuild"))
    assert client.get("/readyz").json()["problem"] == "The vectors are gone."


def test_not_ready_without_items(client, service):
    service.shop.catalogue.remove(["laptop-1", "laptop-2"])
    assert client.get("/readyz").status_code == 503


def test_a_picture_of_the_folder_is_served_and_can_run_no_script(client, tmp_path):
    (tmp_path / "pictures" / "a").mkdir(parents=True)
    (tmp_path / "pictures" / "a" / "b.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    answer = client.get("/pictures/a/b.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    "path",
    ["../conversations.db", "%2e%2e/conversations.db", "..%2f..%2fetc%2fpasswd", "no.svg", "x.txt", "", "a\x00.svg"],
)
def test_nothing_outside_the_pictures_is_served(client, tmp_path, path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "x.txt").write_text("not a picture")
    assert client.get(f"/pictures/{path.replace(chr(0), '%00')}").status_code == 404


def test_a_link_out_of_the_pictures_folder_is_not_followed(client, tmp_path):
    (tmp_path / "secret.svg").write_text("secret")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "link.svg").symlink_to(tmp_path / "secret.svg")
    assert client.get("/pictures/link.svg").status_code == 404


def test_the_page_is_served_at_the_root(client):
    page = client.get("/")
    assert page.status_code == 200
    assert "Demo Shop" in page.text


def test_the_api_stands_beside_the_pages_in_the_service(client):
    assert client.get("/openapi.json").json()["paths"].keys() >= {"/api/v1/chat", "/healthz", "/readyz", "/metrics"}
    assert client.get("/api/v1/nothing").json()["type"].endswith("#no-such-address")
    assert client.get("/api/v1/nothing").headers["content-type"] == "application/problem+json"


def test_a_taken_port_is_explained_before_anything_is_loaded(tmp_path, free_port):
    port = free_port()
    with socket.create_server(("127.0.0.1", port)), pytest.raises(SetupError, match="ASSISTANT_PORT"):
        serve(load_settings(data_folder=tmp_path, port=port), print)
    assert not (tmp_path / "conversations.db").exists()
