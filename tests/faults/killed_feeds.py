"""Readers of feeds, killed: python killed_feeds.py FOLDER KILLS. Prints what each start found, a line of JSON each."""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

sys.path += [str(Path(__file__).parents[1] / "retrieval")]

import chromadb  # noqa: F401
import numpy as np
from killing import Acknowledged, Tell, ended, killed
from search_doubles import HashingEncoder

from retrieval.catalogue import CatalogueItem
from retrieval.ingest import ingest
from retrieval.query import Query
from retrieval.shop import Shop

ITEMS = 520  # two batches
EVENTS = 50
BEGAN = 1_772_000_000  # seconds since 1970: the log of edition n is n seconds later


def write_feeds(folder: Path, edition: int) -> None:
    """A catalogue in which every item says something new, with one row that is no item, and a log of new events."""
    rows: list[dict[str, str]] = [
        {"id": str(n), "title": f"Lamp {n}", "category": "Lamps", "description": f"edition {edition}"}
        for n in range(ITEMS)
    ]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, [*rows, {"id": "untitled"}])))
    events = (f"s{n},{n},view,{BEGAN + edition}" for n in range(EVENTS))
    (folder / "log.csv").write_text("\n".join(["shopper_id,item_id,event,timestamp", *events]))


def edition_of(item: CatalogueItem) -> int:
    return int(item.description.split()[-1])


def found_of_feeds(shop: Shop, encoder: HashingEncoder, known: Acknowledged) -> dict[str, Any]:
    """How much of what was acknowledged is missing, wrong or not found; and how many vectors the start had to make."""
    made_again = len(encoder.embedded)
    stored = {item.item_id: item for item in shop.records.items()}
    logged = Counter(int(i.at.timestamp()) - BEGAN for i in shop.records.interactions())
    lost = [i for i, edition in known.items.items() if i not in stored or edition_of(stored[i]) < edition]
    rows = np.array([shop.catalogue.row(item_id) for item_id in stored], dtype=np.int64)
    expected = encoder.encode([item.text() for item in stored.values()])
    wrong = np.abs(shop.dense.vectors(rows) - expected).max(axis=1) > 1e-4 if stored else np.zeros(0)
    asked = random.Random(6).sample(sorted(known.items), min(10, len(known.items)))
    searched = {i: [c.item_id for c in shop.search(Query(f"lamp {i}", limit=3)).candidates] for i in asked}
    with closing(sqlite3.connect(shop.records.path)) as database:
        (integrity,) = database.execute("PRAGMA integrity_check").fetchone()
    return {
        "acknowledged": len(known.items),
        "made again": made_again,
        "lost": len(lost) + sum(logged[edition] != EVENTS for edition in known.logs),
        "wrong vectors": int(wrong.sum()),
        "not found": sum(item_id not in found for item_id, found in searched.items()),
        "integrity": integrity,
    }


def read_feeds(folder: Path, known: Acknowledged, tell: Tell, editions: int | None = None) -> None:
    """One edition of the feeds after the other, as `ingest` reads them."""
    feeds, last = folder / "feeds", max(known.items.values(), default=0)
    feeds.mkdir(exist_ok=True)
    encoder = HashingEncoder()
    with Shop.open(folder / "var", encoder=encoder) as shop:
        tell("found", found_of_feeds(shop, encoder, known))
        for edition in count(last + 1) if editions is None else range(last + 1, last + 1 + editions):
            write_feeds(feeds, edition)

            def stored(items: Sequence[CatalogueItem]) -> None:
                tell("items", {item.item_id: edition_of(item) for item in items})
                shop.index_items(items)

            report = ingest(feeds, shop.records, sink=stored)
            assert all(file.accounted == file.read for file in report.files)
            tell("logs", edition)


def make_vectors(folder: Path, known: Acknowledged, tell: Tell) -> None:
    """All vectors again and again, as `rebuild` makes them."""
    encoder = HashingEncoder()
    with Shop.open(folder / "var", encoder=encoder) as shop:
        tell("found", found_of_feeds(shop, encoder, known))
        while True:
            shop.rebuild_vectors()


def kill_feeds(folder: Path, kills: int) -> None:
    """So many readers of feeds are killed, one of them before it is open; and makers of vectors between."""
    known, chance = Acknowledged(), random.Random(6)
    for kill in range(kills):
        lines = 0 if kill == 9 else 1 + chance.randint(1, 4)
        killed(read_feeds, folder, known, lines, chance.uniform(0, 0.3))
        if kill % 5 == 4:
            killed(make_vectors, folder, known, 1, chance.uniform(0, 0.5))
    for editions in (1, 0):
        assert not ended(partial(read_feeds, editions=editions), folder, known)


if __name__ == "__main__":
    kill_feeds(Path(sys.argv[1]), int(sys.argv[2]))
