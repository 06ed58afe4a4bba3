"""A data folder as one file and back: whole or not at all, whatever the archive holds and whoever is killed."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from api_doubles import open_doubles
from stored import store_turn
from typer.testing import CliRunner

from assistant.__main__ import app
from assistant.backup import PARTIAL, backup, restore
from assistant.backup_manifest import MANIFEST
from assistant.conversation import run
from assistant.forgetting import forget_again
from assistant.service import Service
from assistant.settings import Settings
from assistant.store import FILE as CONVERSATIONS
from assistant.store import Store
from retrieval.behaviour.bundle import Bundles, Card
from retrieval.errors import SetupError
from retrieval.query import Query
from retrieval.records import FILE_NAME as CATALOGUE
from retrieval.records import Records
from retrieval.restoring import FOLDER as READY

SHE, ANOTHER = "zephyrine-7c1f", "bartholomew-22"
Change = Callable[[dict[str, bytes]], None]


def settings_of(folder: Path, **settings: Any) -> Settings:
    return Settings(data_folder=folder, language_model="none", understanding="rules", **settings)


def converse(service: Service, shopper_id: str, *utterances: str) -> str:
    service.store.set_consent(shopper_id, True)
    conversation_id = service.conversations.start(shopper_id)
    for utterance in utterances:
        run(service.conversations.say(conversation_id, utterance))
    return conversation_id


def said(store: Store, conversation_id: str) -> list[tuple[str, str]]:
    return [(turn["utterance"], turn["reply"]) for turn in store.turns(conversation_id)]


def put_bundle_in_service(folder: Path) -> str:
    now, bundles = datetime.now(UTC), Bundles(folder)
    card = Card(
        made_at=now,
        trained_until=now,
        interactions=1,
        shoppers=1,
        items=1,
        encoder="hashing",
        replaces=None,
        weights={},
        figures={},
    )
    name = bundles.add(card, lambda partial: (partial / "counts.bin").write_bytes(b"\x00\x01" * 50) and None)
    bundles.put_in_service(name)
    return name


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `old`, a data folder, and `archive.tar`, its backup from before a conversation and an item."""
    place = tmp_path_factory.mktemp("backup")
    folder = place / "old"
    with open_doubles(folder) as service:
        converse(service, SHE, "laptops under $900")
        (folder / "pictures").mkdir()
        (folder / "pictures" / "one.svg").write_text("<svg/>")
        backup(settings_of(folder), place / "archive.tar")
        converse(service, ANOTHER, "a tent")
        item = service.shop.item("i1")
        assert item is not None
        service.shop.upsert([replace(item, item_id="later")])
    (folder / "pictures" / "one.svg").rename(folder / "pictures" / "two.svg")
    return place


def state_of(folder: Path) -> tuple[bool, bool, list[str]]:
    """Of `made`: whether the later conversation and the later item are there, and the pictures."""
    store = Store(folder)
    with Records(folder) as records:
        items = {item.item_id for item in records.items()}
    conversations = [store.holdings(shopper).conversations for shopper in (SHE, ANOTHER)]
    store.close()
    assert conversations[0] == 1
    return conversations[1] == 1, "later" in items, sorted(file.name for file in (folder / "pictures").iterdir())


OLD, NEW = (True, True, ["two.svg"]), (False, False, ["one.svg"])


def test_what_was_backed_up_from_a_running_service_is_served_again_elsewhere(tmp_path: Path) -> None:
    folder, again, file = tmp_path / "var", tmp_path / "again", tmp_path / "backup.tar"
    with open_doubles(folder) as service:
        hers = converse(service, SHE, "laptops under $900", "not HP")
        (folder / "pictures" / "old").mkdir(parents=True)
        (folder / "pictures" / "old" / "ä lamp.svg").write_text("<svg/>")
        (folder / "page.key").write_bytes(b"k" * 32)
        name = put_bundle_in_service(folder)
        words = said(service.store, hers)
        found = [c.item_id for c in service.shop.search(Query("laptop")).candidates]
        left = tmp_path / ".backup.tar.part"  # by a backup that was killed
        left.mkdir()
        (left / CATALOGUE).write_bytes(b"half of it")
        backup(settings_of(folder), file)
    assert len(words) == 2
    assert not left.exists()
    assert file.stat().st_mode & 0o077 == 0

    manifest = restore(settings_of(again), file)

    assert {CATALOGUE, CONVERSATIONS, "page.key", "pictures/old/ä lamp.svg", "behaviour/in-service"} <= set(
        manifest.files
    )
    assert not any(path.startswith("chroma") for path in manifest.files)
    assert (again / "page.key").stat().st_mode & 0o077 == 0
    Bundles(again).card(name)
    assert Bundles(again).in_service() == name
    with Records(again) as records:  # before the doubles put their items in
        assert len(list(records.items())) == len(service.shop.catalogue)
    with open_doubles(again) as restored:
        assert said(restored.store, hers) == words
        assert [c.item_id for c in restored.shop.search(Query("laptop")).candidates] == found


def test_a_shopper_who_was_forgotten_after_the_backup_stays_forgotten(tmp_path: Path) -> None:
    folder, file = tmp_path / "var", tmp_path / "backup.tar"
    with open_doubles(folder) as service:
        hers, theirs = (converse(service, s, "laptops under $900") for s in (SHE, ANOTHER))
        backup(settings_of(folder), file)
        service.store.forget(SHE)
    restore(settings_of(folder), file)
    with open_doubles(folder) as restored:
        assert restored.store.holdings(SHE).turns == 1  # the archive has her
        forget_again(restored.store, restored.shop)
        assert restored.store.holdings(SHE).conversations == 0
        assert not restored.store.consented(SHE)
        assert len(said(restored.store, theirs)) == 1
        with pytest.raises(KeyError):
            restored.store.shopper(hers)


def test_a_restore_takes_away_what_came_after_the_backup_and_leaves_what_no_backup_holds(
    made: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "var"
    shutil.copytree(made / "old", folder)
    (folder / "page.key").write_bytes(b"k" * 32)
    (folder / "models").mkdir()
    assert state_of(folder) == OLD
    restore(settings_of(folder), made / "archive.tar")
    assert state_of(folder) == NEW
    assert not (folder / "page.key").exists()
    assert (folder / "models").exists()
    assert not (folder / READY).exists()
    assert not (folder / PARTIAL).exists()


def test_a_folder_that_a_service_holds_is_not_restored_into(made: Path, tmp_path: Path) -> None:
    with open_doubles(tmp_path / "var") as service, pytest.raises(SetupError, match="is using the data folder"):
        restore(service.settings, made / "archive.tar")


def test_turns_that_are_written_meanwhile_are_in_the_backup_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    Records(folder).close()
    store, enough, written = Store(folder), threading.Event(), [0]
    store_turn(store, "c", 1, shown=("i1", "i2"))

    def write() -> None:
        while not enough.is_set():
            written[0] += 1
            store_turn(store, "c", written[0] + 1, shown=("i1", "i2"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            before = written[0]  # turn `written[0] + 1` may be under way
            backup(settings_of(folder), tmp_path / f"{number}.tar")
            restore(settings_of(tmp_path / f"{number}"), tmp_path / f"{number}.tar")
            copy = Store(tmp_path / f"{number}")
            turns = [turn["number"] for turn in copy.turns("c")]
            shown = copy.impressions("c")
            copy.close()
            assert turns == list(range(1, len(turns) + 1))
            assert len(turns) >= before
            assert len(shown) == 2 * len(turns)
    finally:
        enough.set()
        writer.join()
        store.close()
    assert written[0] > 3


def rewritten(file: Path, to: Path, change: Change) -> Path:
    """An archive whose files were changed by hand."""
    with tarfile.open(file) as tar:
        files = {m.name: opened.read() for m in tar if (opened := tar.extractfile(m)) is not None}
    change(files)
    with tarfile.open(to, "w") as tar:
        for name, content in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            tar.addfile(header, io.BytesIO(content))
    return to


def renamed(name: str, to: str) -> Change:
    def change(files: dict[str, bytes]) -> None:
        files[to] = files.pop(name)
        files[MANIFEST] = files[MANIFEST].replace(json.dumps(name).encode(), json.dumps(to).encode())

    return change


def told(**values: Any) -> Change:
    def change(files: dict[str, bytes]) -> None:
        files[MANIFEST] = json.dumps(json.loads(files[MANIFEST]) | values).encode()

    return change


def flipped(files: dict[str, bytes]) -> None:
    files[CONVERSATIONS] = files[CONVERSATIONS][:5000] + b"\xff" + files[CONVERSATIONS][5001:]


PICTURE = "pictures/one.svg"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (flipped, "conversations.db is not what was written"),
        (lambda files: files.pop(CATALOGUE), "does not hold the files"),
        (lambda files: files.update({"extra.key": b""}), "does not hold the files"),
        (lambda files: files.pop(MANIFEST), "no manifest"),
        (renamed(PICTURE, "pictures/../../../out.svg"), "leads out of the data folder"),
        (renamed(PICTURE, "/tmp/out.svg"), "leads out of the data folder"),
        (renamed(PICTURE, "pictures\\..\\out.svg"), "leads out of the data folder"),
        (renamed(PICTURE, "shop.lock"), "is no file of a backup"),
        (renamed(PICTURE, "restoring/replaces.json"), "is no file of a backup"),
        (told(schemas={CATALOGUE: 2, CONVERSATIONS: 999}), "newer version"),
        (told(format=2), "cannot be used"),
        (told(postgresql=True), "database_url"),
    ],
)
def test_an_archive_that_is_not_what_was_written_changes_nothing(
    made: Path, tmp_path: Path, change: Change, problem: str
) -> None:
    folder = made / "old"
    changed = rewritten(made / "archive.tar", tmp_path / "changed.tar", change)
    with pytest.raises(SetupError, match=problem):
        restore(settings_of(folder), changed)
    assert state_of(folder) == OLD
    assert not (folder / PARTIAL).exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_a_link_in_an_archive_is_refused(made: Path, tmp_path: Path, kind: bytes) -> None:
    changed = shutil.copy(made / "archive.tar", tmp_path / "changed.tar")
    with tarfile.open(changed, "a") as tar:
        header = tarfile.TarInfo("pictures/link.svg")
        header.type, header.linkname = kind, "/etc/passwd"
        tar.addfile(header)
    with pytest.raises(SetupError, match="no plain file"):
        restore(settings_of(made / "old"), changed)
    assert state_of(made / "old") == OLD


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_part_of_an_archive_is_refused(made: Path, tmp_path: Path, share: float) -> None:
    content = (made / "archive.tar").read_bytes()
    (tmp_path / "part.tar").write_bytes(content[: int(share * len(content))])
    with pytest.raises(SetupError):
        restore(settings_of(made / "old"), tmp_path / "part.tar")
    assert state_of(made / "old") == OLD


RESTORING = """
import os, signal, sys
from pathlib import Path
from assistant.backup import PARTIAL, restore
from assistant.settings import Settings

def restore_killed_before(step, folder, file):
    steps = []  # on the files of the folder; True: from here on the new state counts

    def before(event, arguments):
        if event in ("open", "os.rename", "os.remove", "os.rmdir") and str(arguments[0]).startswith(folder):
            if len(steps) == step:
                os.kill(os.getpid(), signal.SIGKILL)
            steps.append(event == "os.rename" and str(arguments[0]).endswith(PARTIAL))

    settings = Settings(data_folder=Path(folder), language_model="none")
    sys.addaudithook(before)
    restore(settings, Path(file))
    print(steps.index(True), len(steps), flush=True)
    os._exit(0)

for line in sys.stdin:
    step, folder = line.rstrip("\\n").split(" ", 1)
    process = os.fork() or restore_killed_before(int(step), folder, sys.argv[1])
    print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
"""
"""Restores into the folders that standard input names, each in a process of its own that is killed before a step."""


def test_a_restore_that_is_killed_leaves_the_old_state_or_the_new_one_whole(made: Path, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", RESTORING, str(made / "archive.tar")]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as restoring:
        assert restoring.stdin is not None
        assert restoring.stdout is not None

        def restored(step: int) -> Path:
            """A copy of the old state after a restore that was killed before this step; -1: that was not."""
            folder = tmp_path / f"killed-{step}"
            shutil.copytree(made / "old", folder)
            print(step, folder, file=restoring.stdin, flush=True)
            return folder

        restored(-1)
        commit, steps = map(int, restoring.stdout.readline().split())
        assert restoring.stdout.readline() == "0\n"
        for step in (commit // 2, commit, commit + 1, (commit + steps) // 2, steps - 1):
            folder = restored(step)
            assert restoring.stdout.readline() == "-9\n"
            assert state_of(folder) == (OLD if step <= commit else NEW), f"step {step} of {steps}, commit {commit}"
            assert not (folder / READY).exists()
            restore(settings_of(folder), made / "archive.tar")
            assert state_of(folder) == NEW
            assert not (folder / PARTIAL).exists()


def test_a_backup_is_not_written_over_another_nor_into_the_folder_nor_of_nothing(made: Path, tmp_path: Path) -> None:
    for folder, file, problem in (
        (made / "old", made / "archive.tar", "already"),
        (made / "old", made / "old" / "pictures" / "backup.tar", "lost with the data folder"),
        (tmp_path / "nowhere", tmp_path / "backup.tar", "no shop"),
        (made / "old", tmp_path / "nowhere" / "backup.tar", "was not written"),
    ):
        with pytest.raises(SetupError, match=problem):
            backup(settings_of(folder), file)
    assert list(tmp_path.iterdir()) == []


def test_the_commands_say_what_was_done_and_what_is_left_to_do_with_postgresql(
    made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, file = tmp_path / "var", str(tmp_path / "backup.tar")
    shutil.copytree(made / "old", folder)
    monkeypatch.setenv("ASSISTANT_DATA_FOLDER", str(folder))
    monkeypatch.setenv("ASSISTANT_DATABASE_URL", "postgresql://assistant:secret@127.0.0.1:1/assistant")
    wrote = CliRunner().invoke(app, ["backup", file])
    assert (wrote.exit_code, "pg_dump" in wrote.output, "secret" in wrote.output) == (0, True, False)
    with tarfile.open(file) as tar:
        assert CONVERSATIONS not in tar.getnames()
    again = CliRunner().invoke(app, ["backup", file])
    assert (again.exit_code, "already" in again.output) == (2, True)
    done = CliRunner().invoke(app, ["restore", file])
    assert (done.exit_code, "pg_restore" in done.output) == (0, True)
    assert (folder / CONVERSATIONS).exists()  # not this backup's to replace
