"""Conversations on a disk that is full, and in a database that another process holds."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

sys.path += [str(Path(__file__).parents[1])]

from api_doubles import open_doubles, served

from assistant.conversation import run
from assistant.events import Cards
from assistant.service import Service
from assistant.store.database import FILE, Database

TESTS = Path(__file__).parents[1]

FULL = """
import json, os, resource, signal, sys
from pathlib import Path
sys.path.append(sys.argv[1])
from api_doubles import open_doubles
from assistant.conversation import run
from retrieval.errors import SetupError
from retrieval.query import Query

folder, how = Path(sys.argv[2]), sys.argv[3]
database, ballast = folder / "conversations.db", folder / "ballast"

def fill():
    if how == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 60_000, resource.RLIM_INFINITY))
        return
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            file.truncate(max(0, file.tell() - 60_000))

def empty():
    if how == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    else:
        ballast.unlink()

with open_doubles(folder) as service:
    log = folder / "conversations.db-wal"
    talk, store = service.conversations, service.store
    conversation = talk.start()
    told = [run(talk.say(conversation, "a laptop")).reply]
    fill()
    problem = ""
    while not problem:
        try:
            told.append(run(talk.say(conversation, "a laptop under $1500")).reply)
        except SetupError as error:
            problem = str(error)
    searched = len(service.shop.search(Query("laptop")).candidates)
    held = [turn["reply"] for turn in store.turns(conversation)]
    empty()
    told.append(run(talk.say(conversation, "a laptop under $1400")).reply)
    after = [turn["reply"] for turn in store.turns(conversation)]
    with store.connect() as connection:
        integrity = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
print(json.dumps({"problem": problem, "searched": searched, "lost": held != told[:-1] or after != told,
    "integrity": integrity}))
"""


def on_a_small_disk(folder: Path, how: str) -> dict[str, Any]:
    """What came of talking on a disk that fills up and is freed again: a file size that is limited, or a full tmpfs."""
    folder.mkdir()
    command = [sys.executable, "-c", FULL, str(TESTS), str(folder), how]
    if how == "tmpfs":
        mount = f'mount -t tmpfs -o size=24m small {folder} && exec "$@"'
        command = ["unshare", "--map-root-user", "--mount", "sh", "-c", mount, "sh", *command]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def may_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--map-root-user", "--mount", "true"], capture_output=True).returncode == 0


@pytest.mark.parametrize("how", ["limit", "tmpfs"])
def test_a_turn_on_a_full_disk_is_refused_with_what_helps_and_goes_on_once_there_is_room(
    tmp_path: Path, how: str
) -> None:
    if how == "tmpfs" and not may_mount():
        pytest.skip("no file system can be mounted here")
    told = on_a_small_disk(tmp_path / "var", how)
    assert told["problem"].splitlines()[-1].startswith("Free disk space"), told["problem"]
    assert (told["lost"], told["integrity"]) == (False, "ok")
    assert told["searched"] > 0, "search goes on meanwhile"


HOLDS = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
held.execute("ROLLBACK")
"""


@contextmanager
def held_by_another_process(database: Path) -> Iterator[subprocess.Popen[str]]:
    """The database, which nobody else can write until a line is sent to the process."""
    command = [sys.executable, "-c", HOLDS, str(database)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.communicate("\n")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path) as service:
        yield service


def test_a_turn_in_a_locked_database_is_refused_not_lost_in_silence_and_can_be_said_again(
    service: Service, tmp_path: Path
) -> None:
    conversation = service.conversations.start()
    patient, service.store._database = service.store._database, Database(tmp_path, patience=0.2)
    patient.close()
    body = {"utterance": "a laptop", "conversation_id": conversation}
    with served(service) as address:
        with held_by_another_process(tmp_path / FILE):
            refused = httpx.post(f"{address}/api/v1/chat", json=body, timeout=30)
            assert refused.status_code == 503
            assert httpx.get(f"{address}/readyz", timeout=30).status_code == 200, "search needs no lock"
            assert service.store.turns(conversation) == [], "reading does not either"
        answer = httpx.post(f"{address}/api/v1/chat", json=body, timeout=30)
    assert answer.status_code == 200
    assert answer.json()["turn"] == 1
    with closing(sqlite3.connect(tmp_path / FILE)) as database:
        assert database.execute("SELECT number, reply FROM turns").fetchall() == [(1, answer.json()["reply"])]


def test_a_turn_waits_for_a_lock_that_is_given_back(service: Service, tmp_path: Path) -> None:
    conversation = service.conversations.start()
    with held_by_another_process(tmp_path / FILE) as process:
        events = service.conversations.say(conversation, "a laptop")
        while not isinstance(next(events), Cards):
            pass
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        run(events)
    assert [turn["number"] for turn in service.store.turns(conversation)] == [1]
