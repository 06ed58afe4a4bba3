"""Attacks in the interaction log and its reviews: what is no id, kind, time or number is never kept."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from attacking import VICTIM, Attack, attacked_shop, attacks, held_about_her, in_feed, ingested, plain_turn

from assistant.service import Service
from retrieval.ingest import ingest
from retrieval.instructions import find_instruction

AT = "2026-01-05T10:00:00Z"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Service]:
    with attacked_shop(tmp_path) as service:
        yield service


def log(folder: Path, rows: list[dict[str, str]]) -> Path:
    """A log as a shop's database exports it."""
    file = folder / "interactions.csv"
    with file.open("w", newline="", encoding="utf-8") as written:
        writer = csv.DictWriter(written, ["user_id", "item_id", "event", "timestamp", "rating", "review_text"])
        writer.writeheader()
        writer.writerows(rows)
    return file


def row(**stated: str) -> dict[str, str]:
    return {"user_id": "u1", "item_id": "i4", "event": "review", "timestamp": AT, "rating": "5", **stated}


def test_the_words_of_a_review_are_kept_nowhere(shop: Service, tmp_path: Path) -> None:
    before = plain_turn(shop)
    reviews = attacks("review")
    file = log(tmp_path, [row(user_id=f"u{n}", review_text=a.text) for n, a in enumerate(reviews)])
    report = ingest(file, shop.shop.records).files[0]
    assert report.added == len(reviews)
    file.unlink()
    kept = b"".join(f.read_bytes() for f in sorted(tmp_path.rglob("*")) if f.is_file())
    assert [a.text for a in reviews if a.text[:30].encode() in kept] == []
    after = plain_turn(shop)
    assert after.reply == before.reply


def test_orders_in_an_item_s_column_of_reviews_change_no_rank(shop: Service, tmp_path: Path) -> None:
    orders = [attack for attack in attacks("review") if find_instruction(attack.text)]
    assert len(orders) >= 8
    item = plain_turn(shop).picks[-1].item
    row = in_feed(Attack("none", "description", ""), item)
    ingested(shop, tmp_path, row)
    before = plain_turn(shop)
    for attack in orders:
        ingested(shop, tmp_path, {**row, "customer_reviews": attack.text})
        assert plain_turn(shop).reply == before.reply, attack.text


def test_hostile_ids_in_a_log_are_ids_and_nothing_else(shop: Service, tmp_path: Path) -> None:
    about_her, before = held_about_her(shop), plain_turn(shop)
    rows = [row(**{field: a.text}) for a in attacks("log") for field in ("user_id", "item_id", "event", "timestamp")]
    report = ingest(log(tmp_path, rows), shop.shop.records).files[0]
    assert report.added + report.unchanged + report.duplicates + report.set_aside == len(rows)
    hers = [i for i in shop.shop.records.interactions() if i.shopper_id == VICTIM]
    assert hers == []
    assert held_about_her(shop) == about_her
    assert plain_turn(shop).reply == before.reply
