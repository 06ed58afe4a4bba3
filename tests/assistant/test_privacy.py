"""A forgotten shopper is gone from every file of the data folder; log lines and metrics never knew her."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from api_doubles import open_doubles, with_key
from console_doubles import send, signed_in_client
from fastapi.testclient import TestClient

from assistant.api import create_api
from assistant.conversation import run
from assistant.forgetting import forget_again
from assistant.inbox import Inbox
from assistant.logs import RequestLog, configure_logs
from assistant.retention import Retention
from assistant.service import Service
from assistant.store import Store
from assistant.store.tombstones import FILE, Tombstones
from assistant.widget.token import sign
from retrieval.interactions import Interaction, InteractionKind
from retrieval.query import Query

SECRET = "a secret of the shop, thirty-two long"
SHE, ANOTHER = "zephyrine-7c1f-äö", "bartholomew-22"
WORDS = "quokkafeather"  # in what she says, and in nothing of the shop's
NOW = datetime.now(UTC)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path / "var", shopper_secret=SECRET, api_requests_per_minute=0) as opened:
        yield opened


@pytest.fixture
def client(service: Service) -> TestClient:
    return TestClient(create_api(service), headers=with_key(service))


def in_the_files(folder: Path, *words: str) -> dict[str, list[str]]:
    """Which of these words, in any of their spellings, which file of the folder holds."""
    spelled = {word: (word.encode(), json.dumps(word)[1:-1].encode(), word.encode("utf-16-le")) for word in words}
    contents = {f.relative_to(folder).as_posix(): f.read_bytes() for f in folder.rglob("*") if f.is_file()}
    found = {
        word: [name for name, content in contents.items() if any(s in content for s in spellings)]
        for word, spellings in spelled.items()
    }
    return {word: names for word, names in found.items() if names}


def use(client: TestClient, service: Service, shopper_id: str, words: str) -> list[str]:
    """A shopper does all that there is to do; returns the ids of her conversations."""
    address = f"/api/v1/shoppers/{shopper_id}"
    name = shopper_id.encode("ascii", "ignore").decode()
    body = {"granted": True, "surface": "account page", "words": "May we?"}
    assert client.put(f"{address}/consent", json=body, headers={"Idempotency-Key": f"yes-{name}"}).status_code == 200
    token = sign(SECRET, shopper_id, NOW + timedelta(hours=1))

    def say(utterance: str, conversation_id: str | None = None) -> dict[str, Any]:
        body = {"utterance": utterance, "conversation_id": conversation_id, "shopper_token": token}
        answer = client.post("/api/v1/chat", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    first = say(f"laptops under $900, my name is {words}")
    hers, shown = first["conversation_id"], first["picks"][0]["item_id"]
    say(f"not HP, {words}", hers)
    say(f"is the first one good for {words}?", hers)
    other = say(f"a {words} tent")["conversation_id"]
    added = {"item_id": shown, "quantity": 2}
    once = {"Idempotency-Key": f"events-of-{name}"}
    assert client.post(f"/api/v1/carts/{hers}/items", json=added, headers=once).status_code == 200
    of_conversation = [{"kind": kind, "item_id": shown, "conversation_id": hers} for kind in ("like", "click")]
    events = [*of_conversation, {"kind": "purchase", "item_id": shown, "shopper_id": shopper_id, "value": 1}]
    assert client.post("/api/v1/events/bulk", json={"events": events}, headers=once).json()["kept"] == 3
    return [hers, other]


def feeds(service: Service, shopper_id: str) -> None:
    """Logs that name a shopper come in: one that is read, with a row that cannot be, and one that is no feed at all."""
    inbox = Inbox(service.shop, service.settings.data_folder, "USD", print, service.store.tombstones.covers)
    rows = [f"{shopper_id},i1,view,{NOW - timedelta(days=9):%Y-%m-%dT%H:%M:%SZ}", f"{shopper_id},i2,view,yesterday"]
    (inbox.folder / f"log-{len(shopper_id)}.csv").write_text("\n".join(["user_id,item_id,event,timestamp", *rows]))
    (inbox.folder / f"broken-{len(shopper_id)}.csv").write_text(f"sun,sea\n{shopper_id},2\n")
    assert inbox.look() == 2


def test_a_forgotten_shopper_leaves_no_byte_in_any_file_and_another_all_of_hers(
    client: TestClient, service: Service
) -> None:
    folder = service.settings.data_folder
    hers = use(client, service, SHE, WORDS)
    theirs = use(client, service, ANOTHER, "wombatgrass")
    for shopper_id in (SHE, ANOTHER):
        feeds(service, shopper_id)
    staff = signed_in_client(service)
    for conversation_id, shopper_id in ((hers[0], SHE), (theirs[0], ANOTHER)):
        case = {"text": "as it was said", "intent": "refine"}
        assert send(staff, f"/console/conversations/{conversation_id}/turns/2/case", **case).status_code == 303
        seen = {"reason": f"{shopper_id} rang about it", "turn": 1}
        assert send(staff, f"/console/conversations/{conversation_id}/unmask", **seen).status_code == 303
    before = in_the_files(folder, SHE, WORDS, *hers)
    assert set(before) == {SHE, WORDS, *hers}
    assert {"set_aside.jsonl", f"inbox/failed/broken-{len(SHE)}.csv"} <= set(before[SHE])
    assert any(name.startswith("catalogue.db") for name in before[SHE])
    assert "cases.jsonl" in before[hers[0]]

    assert client.delete(f"/api/v1/shoppers/{SHE}").status_code == 200

    assert in_the_files(folder, SHE, WORDS, *hers) == {}
    assert set(in_the_files(folder, ANOTHER, *theirs)) == {ANOTHER, *theirs}
    assert service.shop.neighbours.history(SHE) == ()


def test_a_log_that_is_sent_again_does_not_bring_her_back(client: TestClient, service: Service) -> None:
    folder = service.settings.data_folder
    feeds(service, SHE)
    assert len(list(service.shop.records.interactions(SHE))) == 1
    client.delete(f"/api/v1/shoppers/{SHE}")
    feeds(service, SHE)
    assert list(service.shop.records.interactions(SHE)) == []
    failed = folder / "inbox" / "failed" / f"broken-{len(SHE)}.csv"
    assert in_the_files(folder, SHE) == {SHE: [failed.relative_to(folder).as_posix()]}
    Retention(service, print).apply(NOW + timedelta(days=29))
    assert failed.exists()
    Retention(service, print).apply(NOW + timedelta(days=31))
    assert in_the_files(folder, SHE) == {}


def test_she_is_welcome_back_and_what_was_before_stays_forgotten(client: TestClient, service: Service) -> None:
    client.delete(f"/api/v1/shoppers/{SHE}")
    client.put(f"/api/v1/shoppers/{SHE}/consent", json={"granted": True})
    event = {"kind": "view", "item_id": "i1", "shopper_id": SHE}
    before = {**event, "at": (NOW - timedelta(days=1)).isoformat()}
    answer = client.post("/api/v1/events/bulk", json={"events": [before, event]}).json()
    assert [outcome["outcome"] for outcome in answer["outcomes"]] == ["no_consent", "kept"]
    forget_again(service.store, service.shop)
    assert len(service.store.interactions(SHE)) == 1


def test_the_counts_are_those_of_a_shop_that_she_never_came_to(client: TestClient, service: Service) -> None:
    def ranked() -> list[tuple[str, dict[str, float], int]]:
        found = service.shop.search(Query("laptop")).candidates
        return [(c.item_id, dict(c.scores), c.interaction_count) for c in found]

    use(client, service, ANOTHER, "wombatgrass")
    before = ranked()
    use(client, service, SHE, WORDS)
    assert ranked() != before
    client.delete(f"/api/v1/shoppers/{SHE}")
    assert ranked() == before


def test_a_backup_from_before_does_not_bring_her_back_and_what_she_did_since_stays(
    client: TestClient, service: Service, tmp_path: Path
) -> None:
    folder, backup = service.settings.data_folder, tmp_path / "backup"
    use(client, service, SHE, WORDS)
    feeds(service, SHE)
    backup.mkdir()
    for name in ("conversations.db", "catalogue.db"):
        shutil.copy(folder / name, backup / name)
        for beside in folder.glob(f"{name}-*"):
            shutil.copy(beside, backup / beside.name)
    client.delete(f"/api/v1/shoppers/{SHE}")
    later = Interaction(SHE, "i3", InteractionKind.VIEW, datetime.now(UTC) + timedelta(seconds=1))

    shutil.copy(folder / FILE, backup / FILE)
    with open_doubles(backup) as restored:
        assert restored.store.holdings(SHE).turns == 4
        restored.store.set_consent(SHE, True)
        restored.store.add_interaction(later)
        forget_again(restored.store, restored.shop)
        assert restored.store.holdings(SHE).turns == 0
        assert restored.store.interactions(SHE) == [later]
        assert restored.store.consented(SHE)
        assert list(restored.shop.records.interactions(SHE)) == []
        assert in_the_files(backup, WORDS) == {}
        restored.store.forget(SHE)


def test_retention_takes_what_it_deletes_out_of_the_counts(client: TestClient, service: Service) -> None:
    old = Interaction(SHE, "i1", InteractionKind.VIEW, NOW - timedelta(days=200))
    service.store.set_consent(SHE, True)
    service.conversations.keep(old)
    assert service.shop.neighbours.history(SHE) == (old,)
    service.store.set_consent(SHE, False)
    retention = Retention(service, print)
    assert retention.apply(NOW).interactions == (old,)
    assert service.shop.neighbours.history(SHE) == ()
    assert retention.apply(NOW).interactions == ()


def test_the_serving_process_deletes_at_its_start_and_tells(service: Service) -> None:
    service.store.set_consent(SHE, True)
    service.conversations.keep(Interaction(SHE, "i1", InteractionKind.VIEW, NOW - timedelta(days=200)))
    service.store.set_consent(SHE, False)
    lines: list[str] = []
    retention = Retention(service, lines.append)
    retention.open()
    retention.close()
    assert lines == ["deleted after their time: 1 interactions without consent"]


def test_neither_log_lines_nor_metrics_hold_anything_of_a_shopper(
    service: Service, capfd: pytest.CaptureFixture[str]
) -> None:
    configured = structlog.get_config(), logging.root.handlers[:], logging.root.level
    try:
        configure_logs(service.settings.model_copy(update={"log_level": "debug", "log_format": "json"}))
        client = TestClient(RequestLog(create_api(service)), headers=with_key(service), raise_server_exceptions=False)
        hers = use(client, service, SHE, WORDS)
        client.get(f"/api/v1/shoppers/{SHE}/export")
        client.post("/api/v1/chat", json={"utterance": WORDS, "shopper_token": WORDS})
        client.post("/api/v1/chat", json={"utterance": WORDS * 1000})
        client.put(f"/api/v1/shoppers/{SHE}/consent", json={WORDS: SHE})
        client.post("/api/v1/events", json={"kind": WORDS, "item_id": WORDS, "shopper_id": SHE})
        client.get(f"/api/v1/{WORDS}?{WORDS}={SHE}", headers={"X-Forwarded-For": WORDS})
        run(service.conversations.say(hers[0], f"forget me, {WORDS}"))
        client.delete(f"/api/v1/shoppers/{SHE}")
        metrics = client.get("/metrics").text
    finally:
        structlog.configure(**configured[0])
        logging.root.handlers[:], logging.root.level = configured[1], configured[2]
    told = "".join(capfd.readouterr())
    assert told.count('"event": "request"') + told.count('"event":"request"') > 10
    assert "assistant_turns_total" in metrics
    for marker in (WORDS, SHE, json.dumps(SHE)[1:-1], *hers):
        assert marker not in told
        assert marker not in metrics


def test_tombstones_are_those_of_the_data_folder(service: Service, client: TestClient) -> None:
    client.delete(f"/api/v1/shoppers/{SHE}")
    assert Tombstones(service.settings.data_folder).covers(SHE, NOW)
    assert Store(service.settings.data_folder).tombstones.covers(SHE, NOW)
