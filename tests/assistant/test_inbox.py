from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from assistant.inbox import Inbox
from retrieval.embedding import Vectors
from retrieval.query import Query
from retrieval.shop import Shop


class LengthEncoder:
    """In the encoder's place: a text is its length."""

    fingerprint = "length"
    dimension = 2

    def encode(self, texts: Sequence[str]) -> Vectors:
        angles = np.array([len(text) % 90 for text in texts], dtype=np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def encode_query(self, text: str) -> Vectors:
        return self.encode([text])[0]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path, encoder=LengthEncoder()) as opened:
        yield opened


@pytest.fixture
def inbox(shop: Shop, tmp_path: Path) -> Inbox:
    return Inbox(shop, tmp_path, "USD", lambda line: None)


def put(inbox: Inbox, name: str, text: str) -> Path:
    file = inbox.folder / name
    file.write_text(text)
    return file


LAMP = json.dumps({"item_id": "lamp-1", "title": "Zephyrine desk lamp", "price": 49, "category": "Lamps"}) + "\n"


def test_an_item_put_into_the_inbox_is_found_and_the_report_lies_beside_the_file(inbox: Inbox, shop: Shop) -> None:
    file = put(inbox, "new.jsonl", LAMP)
    assert inbox.look() == 1
    assert [c.item_id for c in shop.search(Query("zephyrine")).candidates] == ["lamp-1"]
    assert not file.exists()
    assert "1 added" in (inbox.folder / "done" / "new.jsonl.txt").read_text()


def test_a_file_that_is_still_being_written_is_left_alone(inbox: Inbox) -> None:
    file = put(inbox, "new.jsonl.part", LAMP[:10])
    assert inbox.look() == 0
    assert file.exists()


def test_a_file_that_is_no_feed_is_put_aside_with_what_is_wrong(inbox: Inbox, shop: Shop) -> None:
    put(inbox, "holiday.csv", "sun,sea\n1,2\n")
    inbox.look()
    assert (inbox.folder / "failed" / "holiday.csv").exists()
    assert (inbox.folder / "failed" / "holiday.csv.txt").read_text().strip()
    assert len(shop.catalogue) == 0


def test_the_watch_goes_on_after_a_bad_file_and_stops_when_told(inbox: Inbox, shop: Shop) -> None:
    inbox.open()
    put(inbox, "holiday.csv", "sun,sea\n1,2\n")
    put(inbox, "new.jsonl", LAMP)
    until = time.monotonic() + 30
    while "lamp-1" not in shop.catalogue and time.monotonic() < until:
        time.sleep(0.02)
    inbox.close()
    assert "lamp-1" in shop.catalogue
    put(inbox, "late.jsonl", LAMP.replace("lamp-1", "lamp-2"))
    assert "lamp-2" not in shop.catalogue
