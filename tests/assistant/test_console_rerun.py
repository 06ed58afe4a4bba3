"""A turn run again from the console, over a real shop without a model."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_doubles import open_doubles
from console_doubles import send, signed_in_client, talk
from fastapi.testclient import TestClient

from assistant.console.comparing import compare_picks, compare_turns
from assistant.console.turn_view import PickView
from assistant.evaluation.examples import read_jsonl
from assistant.service import Service
from assistant.store import audit
from assistant.store.staff import Role
from retrieval.candidates import Candidate

NEED = "a laptop under $900"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path) as opened:
        yield opened


@pytest.fixture
def client(service: Service) -> TestClient:
    return signed_in_client(service)


def path_of(conversation_id: str, number: int = 1) -> str:
    return f"/console/conversations/{conversation_id}/turns/{number}"


def changed(page: str) -> set[str]:
    """The labels of the lines that differ."""
    return {html.unescape(label) for label in re.findall(r'<tr class="changed"><th scope="row">([^<]+)', page)}


def test_other_words_are_understood_anew_and_what_differs_is_marked(service: Service, client: TestClient) -> None:
    conversation_id, _ = talk(service, NEED)
    form = {"what": "words", "utterance": "a laptop under $500"}
    page = send(client, path_of(conversation_id) + "/rerun", **form).text
    assert {"Utterance", "Price up to", "Constraints"} <= changed(page)
    assert "Category" not in changed(page)
    assert "<del>$900</del>" in page
    assert "<ins>$500</ins>" in page


def test_another_meaning_is_run_as_it_is_filled_in(service: Service, client: TestClient) -> None:
    conversation_id, (turn,) = talk(service, NEED)
    brand = turn.picks[0].item.brand
    assert brand is not None
    form = {"intent": "find", "category": "laptops", "price_max": "900", "excluded_brands": brand.casefold()}
    page = send(client, path_of(conversation_id) + "/rerun", what="act", utterance=NEED, **form).text
    assert {"Understood by", "Unwanted brands", "Constraints"} <= changed(page)
    assert turn.picks[0].item.title in changed(page)
    assert "gone" in page


def test_nothing_of_a_rerun_is_stored(service: Service, client: TestClient) -> None:
    conversation_id, _ = talk(service, NEED)
    before = service.store.turns(conversation_id), service.store.impressions(conversation_id)
    send(client, path_of(conversation_id) + "/rerun", what="words", utterance="running shoes")
    client.get(path_of(conversation_id) + "/rerun?again=true")
    assert (service.store.turns(conversation_id), service.store.impressions(conversation_id)) == before


def test_a_turn_run_unchanged_on_an_unchanged_shop_differs_in_nothing(service: Service, client: TestClient) -> None:
    conversation_id, _ = talk(service, NEED)
    page = client.get(path_of(conversation_id) + "/rerun?again=true").text
    assert "Nothing differs." in page
    assert changed(page) == set()


def test_a_later_turn_is_run_from_the_state_before_it(service: Service, client: TestClient) -> None:
    conversation_id, _ = talk(service, NEED, "under $700", "thanks")
    assert "up to $900" in client.get(path_of(conversation_id, 2) + "/rerun").text
    page = send(client, path_of(conversation_id, 2) + "/rerun", what="words", utterance="under $800").text
    assert "<ins>$800</ins>" in page
    assert "Laptops; up to" in page


def test_masked_words_sent_back_unchanged_run_as_they_were_said(service: Service, client: TestClient) -> None:
    conversation_id, _ = talk(service, f"{NEED}, my name is Anna Berg")
    masked = f"{NEED}, my name is [name]"
    assert masked in client.get(path_of(conversation_id) + "/rerun").text
    page = send(client, path_of(conversation_id) + "/rerun", what="words", utterance=masked).text
    assert "Nothing differs." in page
    assert "Anna" not in page


def test_words_that_cannot_be_answered_are_refused_in_words(service: Service, client: TestClient) -> None:
    conversation_id, _ = talk(service, NEED)
    answer = send(client, path_of(conversation_id) + "/rerun", what="words", utterance="?!")
    assert answer.status_code == 422
    assert "Please type what you are looking for" in answer.text
    assert client.get(path_of(conversation_id, 9) + "/rerun").status_code == 404


def test_only_an_admin_teaches_a_word_and_the_same_turn_is_right_at_once(service: Service, client: TestClient) -> None:
    conversation_id, (turn,) = talk(service, "a flapjackputer under $900")
    assert turn.constraints.category is None
    word = {"word": "flapjackputer", "means": "laptop"}
    assert send(client, path_of(conversation_id) + "/synonym", **word).status_code == 403
    assert "Teach the shop a word" not in client.get(path_of(conversation_id) + "/rerun").text
    admin = signed_in_client(service, Role.ADMIN, "grace")
    assert send(admin, path_of(conversation_id) + "/synonym", word="   ", means="laptop").status_code == 422
    taught = send(admin, path_of(conversation_id) + "/synonym", **word)
    page = admin.get(taught.headers["location"]).text
    assert "<ins>Laptops;" in page
    assert audit.entries(service.store, action="put synonym")[0].detail == {"means": "laptop"}
    assert "flapjackputer" in admin.get("/console/synonyms").text
    assert client.get("/console/synonyms").status_code == 403
    assert send(client, "/console/synonyms/remove", word="flapjackputer").status_code == 403
    send(admin, "/console/synonyms/remove", word="flapjackputer")
    assert "No word was taught yet" in admin.get("/console/synonyms").text
    assert "Nothing differs." in admin.get(path_of(conversation_id) + "/rerun?again=true").text


def test_what_a_rerun_was_taken_to_mean_is_carried_into_the_case(
    service: Service, client: TestClient, tmp_path: Path
) -> None:
    conversation_id, _ = talk(service, NEED)
    page = send(client, path_of(conversation_id) + "/rerun", what="words", utterance="a laptop under $500").text
    found = re.search(r'href="([^"]+/case\?[^"]+)"', page)
    assert found is not None
    form = client.get(html.unescape(found[1])).text
    assert "a laptop under $500" in form
    assert 'name="price_max" value="500"' in form
    case = {"text": "a laptop under $500", "intent": "find", "category": "laptops", "price_max": "500"}
    send(client, path_of(conversation_id) + "/case", **case)
    (example,) = read_jsonl(tmp_path / "cases.jsonl")
    assert example.slots is not None
    assert example.slots.as_json() == {"category": "laptops", "price_max": 500.0}


def a_row(**changes: Any) -> dict[str, Any]:
    act = {"intent": "find", "rung": "rules", "slots": {}}
    row = {"utterance": "a lamp", "act": act, "constraints": {}, "matching": 3, "notices": [], "reply": "Three fit."}
    return {**row, **changes}


def test_only_the_words_that_changed_are_marked() -> None:
    lines = {line.label: line for line in compare_turns(a_row(), a_row(reply="Two fit."), str)}
    assert [(piece.text, piece.changed) for piece in lines["Reply"].after] == [("Two", True), (" fit.", False)]
    assert not lines["Utterance"].differs
    assert "Notices" not in lines


def a_pick(item_id: str, rank: int, relevance: float) -> PickView:
    return PickView(rank, item_id, item_id.upper(), None, Candidate(item_id, relevance, {}), "")


def test_items_stand_in_their_new_order_and_those_that_are_gone_come_last() -> None:
    before = [a_pick("a", 1, 0.5), a_pick("b", 2, 0.4), a_pick("c", 3, 0.3)]
    changes = compare_picks(before, [a_pick("c", 1, 0.302), a_pick("b", 2, 0.402), a_pick("new", 3, 0.1)])
    assert [(one.item_id, one.differs) for one in changes] == [("c", True), ("b", False), ("new", True), ("a", True)]
    assert changes[-1].after is None
