"""The machine's clock put back and forth by a day and by a year, under a running service."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

sys.path += [str(Path(__file__).parents[1])]

from api_doubles import open_doubles

from assistant.api import create_api
from assistant.conversation import run
from assistant.dialogue import DialogueState
from assistant.retention import Retention
from assistant.service import Service
from assistant.steady_clock import FILE
from assistant.store import idempotency
from assistant.widget.token import sign

SECRET = "a secret of thirty-two characters"
DAY, YEAR = timedelta(days=1), timedelta(days=366)
JUMPS = pytest.mark.parametrize("jump", [-YEAR, -DAY, DAY, YEAR], ids=["year-back", "day-back", "day-on", "year-on"])
SetClock = Callable[[timedelta], None]


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> SetClock:
    """Puts the clock of every module off by so much from the true time, and `time.time` with it."""
    true_time = time.time

    def put(off: timedelta) -> None:
        class Off(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + off

        monkeypatch.setattr(time, "time", lambda: true_time() + off.total_seconds())
        for name, module in [*sys.modules.items()]:
            if name.startswith(("assistant.", "retrieval.")) and isinstance(getattr(module, "datetime", None), type):
                monkeypatch.setattr(module, "datetime", Off)

    return put


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("clock") / "var"
    with open_doubles(folder, api_requests_per_minute=30, shopper_secret=SECRET) as service:
        yield service


@pytest.fixture
def service(opened: Service) -> Service:
    """One that nobody has used."""
    (opened.settings.data_folder / FILE).unlink(missing_ok=True)
    retention = Retention(opened, print)
    retention.apply(datetime.now(UTC) + 10 * YEAR)
    return opened


def retained(service: Service) -> list[str]:
    """What a start of the service says that it deleted."""
    lines: list[str] = []
    retention = Retention(service, lines.append)
    retention.open()
    retention.close()
    return lines


@JUMPS
def test_turns_keep_their_order_and_the_need_goes_on(service: Service, set_clock: SetClock, jump: timedelta) -> None:
    conversation = service.conversations.start()
    run(service.conversations.say(conversation, "a laptop under $1500"))
    set_clock(jump)
    run(service.conversations.say(conversation, "not HP"))
    set_clock(timedelta())
    last = run(service.conversations.say(conversation, "under $1400"))
    stored = service.store.turns(conversation)
    assert [(turn["number"], turn["utterance"]) for turn in stored] == [
        (1, "a laptop under $1500"),
        (2, "not HP"),
        (3, "under $1400"),
    ]
    assert service.store.state(conversation) == last.state != DialogueState()
    assert last.constraints.price_max == 140_000
    assert len(last.constraints.excluded_brands) == 1


@JUMPS
def test_the_last_word_on_consent_counts(service: Service, set_clock: SetClock, jump: timedelta) -> None:
    service.store.set_consent("she", True)
    set_clock(jump)
    service.store.set_consent("she", False)
    assert not service.store.consented("she")
    set_clock(timedelta())
    assert not service.store.consented("she")
    service.store.set_consent("she", True)
    assert service.store.consented("she")


@JUMPS
def test_a_rate_limit_neither_locks_out_nor_opens(service: Service, set_clock: SetClock, jump: timedelta) -> None:
    client = TestClient(create_api(service))
    answers = [client.get("/api/v1/items").status_code for _ in range(35)]
    assert 429 in answers
    set_clock(jump)
    refused = [answer for _ in range(5) if (answer := client.get("/api/v1/items")).status_code == 429]
    assert refused, "a jump gives no requests"
    assert all(int(answer.headers["Retry-After"]) <= 2 for answer in refused), "a jump takes none away"


def test_a_token_that_a_jump_ended_opens_the_same_conversation_when_the_clock_is_right_again(
    service: Service, set_clock: SetClock
) -> None:
    client = TestClient(create_api(service))
    body = {"utterance": "a laptop", "shopper_token": sign(SECRET, "she", datetime.now(UTC) + timedelta(hours=1))}
    begun = client.post("/api/v1/chat", json=body).json()["conversation_id"]
    for jump, status in ((DAY, 401), (-DAY, 200), (timedelta(), 200)):
        set_clock(jump)
        assert client.post("/api/v1/chat", json={**body, "conversation_id": begun}).status_code == status
    assert [turn["number"] for turn in service.store.turns(begun)] == [1, 2, 3]


@JUMPS
def test_a_jump_deletes_nothing_and_is_told(service: Service, set_clock: SetClock, jump: timedelta) -> None:
    conversation = service.conversations.start()
    run(service.conversations.say(conversation, "a laptop"))
    assert retained(service) == []
    set_clock(jump)
    told = retained(service)
    assert ["the clock has jumped" in line for line in told] == ([] if jump == DAY else [True])
    set_clock(timedelta())
    retained(service)
    assert len(service.store.turns(conversation)) == 1


def test_what_is_over_is_deleted_once_the_clock_has_held_for_a_day(service: Service, set_clock: SetClock) -> None:
    conversation = service.conversations.start()
    run(service.conversations.say(conversation, "a laptop"))
    assert retained(service) == []
    for hours, deleted in ((0, 0), (1, 0), (22, 0), (24, 1)):
        set_clock(YEAR + timedelta(hours=hours))
        told = retained(service)
        assert sum("1 conversations without consent" in line for line in told) == deleted
    assert service.store.turns(conversation) == []


def test_a_note_of_the_clock_that_cannot_be_read_deletes_nothing_for_a_day(service: Service) -> None:
    (service.settings.data_folder / FILE).write_text('{"seen": "garb')
    assert "nothing was deleted" in retained(service)[0]


def test_a_write_that_was_cut_off_before_the_clock_was_put_back_can_be_done_again(
    service: Service, set_clock: SetClock
) -> None:
    set_clock(DAY)
    assert idempotency.claim(service.store, "till", "k", "hash") is None
    assert idempotency.claim(service.store, "till", "k", "hash") is idempotency.Refusal.UNDER_WAY
    set_clock(timedelta())
    assert idempotency.claim(service.store, "till", "k", "hash") is None
