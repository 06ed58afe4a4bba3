"""The Chroma folder damaged while the service is stopped and while it runs: the vectors follow the records again."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from retrieval.errors import SetupError
from retrieval.query import Query
from retrieval.shop import Shop

TESTS = Path(__file__).parents[1]
sys.path += [str(TESTS / "retrieval")]

from search_doubles import HashingEncoder, item  # noqa: E402

ITEMS = 1_001  # Chroma writes its graph to disk after a thousand
GRAPH = ("data_level0.bin", "header.bin", "index_metadata.pickle", "length.bin", "link_lists.bin")
DAMAGES = ("half", "empty", "head", "middle", "all", "missing")

STARTS = """
import json, os, signal, sys
sys.path.append(sys.argv[1])
from pathlib import Path
import chromadb, numpy as np
from search_doubles import HashingEncoder, item
from retrieval.catalogue import Catalogue
from retrieval.errors import SetupError
from retrieval.index import VectorIndex

def start(folder):
    items = [item(str(n), f"lamp {n} {n % 17}") for n in range(int(sys.argv[2]))]
    encoder = HashingEncoder()
    index = VectorIndex(Catalogue(items), encoder, Path(folder))
    embedded = index.synchronize()
    held = index.vectors(np.arange(len(items)))
    wrong = int((np.abs(held - encoder.encode([i.text() for i in items])).max(axis=1) > 1e-4).sum())
    index.close()
    return {"embedded": embedded, "wrong": wrong}

for folder in sys.argv[3:]:
    for attempt in (1, 2):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            signal.alarm(120)
            try:
                told = start(folder)
            except SetupError as error:
                told = {"error": str(error)}
            os.write(writer, json.dumps(told).encode())
            os._exit(0)
        os.close(writer)
        told = json.loads(os.read(reader, 10_000) or b"{}")
        _, status = os.waitpid(child, 0)
        print(json.dumps({"attempt": attempt, "signal": os.WTERMSIG(status), **told}), flush=True)
        if not status:
            break
"""


@dataclass(frozen=True, slots=True)
class Start:
    """How a process that opened the vectors ended."""

    attempt: int
    signal: int
    embedded: int = -1
    wrong: int = -1
    error: str = ""


def starts(folders: list[Path]) -> list[Start]:
    """Each folder opened in a process of its own, and once more where that was killed; the last start of each."""
    command = [sys.executable, "-c", STARTS, str(TESTS / "retrieval"), str(ITEMS), *map(str, folders)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    every = [Start(**json.loads(line)) for line in lines if line.startswith("{")]
    return [start for start, after in zip(every, [*every[1:], None], strict=True) if not after or after.attempt == 1]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Vectors of which Chroma has written its graph."""
    folder = tmp_path_factory.mktemp("whole") / "var"
    assert starts([folder]) == [Start(1, 0, embedded=ITEMS, wrong=0)]
    assert {path.name for path in folder.rglob("*.bin")} | {"index_metadata.pickle"} == set(GRAPH)
    return folder


def damaged(whole: Path, folder: Path, name: str, damage: str) -> Path:
    """A copy of the folder in which one file is not what it was."""
    shutil.copytree(whole, folder)
    (path,) = folder.rglob(name)
    content, chance = path.read_bytes(), random.Random(name + damage)
    middle = len(content) // 2
    changed = {
        "half": content[:middle],
        "empty": b"",
        "head": chance.randbytes(64) + content[64:],
        "middle": content[:middle] + chance.randbytes(4096) + content[middle + 4096 :],
        "all": chance.randbytes(len(content)),
    }
    path.unlink()
    if damage != "missing":
        path.write_bytes(changed[damage][: len(content)])
    return folder


def assert_made_again(whole: Path, tmp_path: Path, cases: list[tuple[str, str]]) -> None:
    folders = [damaged(whole, tmp_path / f"{name}-{damage}", name, damage) for name, damage in cases]
    ended = dict(zip(cases, starts(folders), strict=True))
    assert {case: start for case, start in ended.items() if start.signal or start.wrong or start.error} == {}
    assert {start.embedded for start in ended.values()} <= {0, ITEMS}  # what is kept is right, see above


def test_a_graph_that_fails_kills_or_lies_is_found_and_made_again(whole: Path, tmp_path: Path) -> None:
    assert_made_again(
        whole, tmp_path, [("data_level0.bin", "half"), ("data_level0.bin", "all"), ("length.bin", "half")]
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", [*GRAPH, "chroma.sqlite3"])
def test_whatever_file_is_damaged_no_vector_is_wrong_after_one_restart(whole: Path, tmp_path: Path, name: str) -> None:
    assert_made_again(whole, tmp_path, [(name, damage) for damage in DAMAGES])


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as shop:
        shop.upsert([item("1", "oak table"), item("2", "brass lamp")])
        yield shop


@pytest.mark.parametrize("damage", ["deleted", "truncated", "garbage"])
def test_a_running_shop_searches_on_and_its_next_start_has_every_item(
    running: Shop, tmp_path: Path, damage: str
) -> None:
    database = tmp_path / "chroma" / "chroma.sqlite3"
    if damage == "deleted":
        shutil.rmtree(database.parent)
    else:
        database.write_bytes(b"" if damage == "truncated" else b"no database" * 5_000)
    found = [c.item_id for c in running.search(Query("brass lamp", limit=1)).candidates]
    assert found == ["2"]
    with contextlib.suppress(SetupError):  # whether or not Chroma notices
        running.upsert([item("3", "walnut desk")])
    assert "3" in running.records.digests()
    running.close()
    with Shop.open(tmp_path, encoder=HashingEncoder()) as again:
        assert [c.item_id for c in again.search(Query("walnut desk", limit=1)).candidates] == ["3"]
        rows = np.array([again.catalogue.row(i) for i in ("1", "2", "3")])
        assert np.linalg.norm(again.dense.vectors(rows), axis=1) == pytest.approx([1.0] * 3, abs=1e-5)
