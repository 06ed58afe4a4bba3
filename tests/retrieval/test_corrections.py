"""Corrections of staff: they hold against the feed that was wrong, and give way to one that says something new."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from search_doubles import HashingEncoder

from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.corrections import differences, with_values
from retrieval.ingest import ingest
from retrieval.query import Constraints, Query
from retrieval.records import Records
from retrieval.shop import Shop

RAM = Attribute("ram", "8 GB", ("8 gb",), 8.0, "GB")
COLOURS = Attribute("colour", "Black, Silver", ("black", "silver"))
LAPTOP = CatalogueItem(
    "l1", "Aster laptop", brand="Aster", price=Money(89900, "USD"), attributes={"ram": RAM, "colour": COLOURS}, stock=4
)
SIXTEEN = Attribute("ram", "16 GB", ("16 gb",), 16.0, "GB")
RIGHT = replace(LAPTOP, attributes={"ram": SIXTEEN, "colour": COLOURS})
ROW = {"id": "l1", "title": "Aster laptop", "brand": "Aster", "price": 899, "ram": "8 GB", "stock": 4}


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    with Records(tmp_path) as opened:
        opened.upsert([LAPTOP])
        yield opened


def read_feed(folder: Path, shop: Shop, **changes: object) -> None:
    feed = folder / "feed.jsonl"
    feed.write_text("\n".join(json.dumps(row) for row in ({**ROW, **changes}, {"id": "k1", "title": "Kettle"})))
    ingest(feed, shop.records, sink=shop.index_items)


def test_differences_name_each_field_with_both_values_and_lead_back(records: Records) -> None:
    after = replace(RIGHT, price=None, stock=0)
    changes = differences(LAPTOP, after)
    assert changes == {
        "price": ([89900, "USD"], None),
        "stock": (4, 0),
        "attributes.ram": (["ram", "8 GB", 8.0, "GB"], ["ram", "16 GB", 16.0, "GB"]),
    }
    assert with_values(LAPTOP, {field: value for field, (_, value) in changes.items()}) == after
    assert with_values(after, {field: value for field, (value, _) in changes.items()}) == LAPTOP


def test_a_correction_is_stored_with_who_made_it(records: Records) -> None:
    assert set(records.correct(RIGHT, "ada")) == {"attributes.ram"}
    assert records.get("l1") == RIGHT
    (correction,) = records.corrections("l1")
    assert (correction.by, correction.field, correction.overtaken) == ("ada", "attributes.ram", False)
    assert correction.stated[1] == "8 GB"
    assert correction.corrected[1] == "16 GB"
    assert records.corrections("other") == []


def test_a_correction_that_changes_nothing_leaves_no_trace(records: Records) -> None:
    assert records.correct(LAPTOP, "ada") == {}
    assert records.corrections() == []


def test_an_item_the_shop_does_not_have_cannot_be_corrected(records: Records) -> None:
    with pytest.raises(KeyError):
        records.correct(replace(LAPTOP, item_id="nothing"), "ada")


def test_the_same_feed_read_again_does_not_undo_a_correction(records: Records) -> None:
    records.correct(RIGHT, "ada")
    assert records.with_corrections([LAPTOP]) == [RIGHT]


def test_what_was_not_corrected_still_comes_from_the_feed(records: Records) -> None:
    records.correct(RIGHT, "ada")
    cheaper = replace(LAPTOP, price=Money(79900, "USD"))
    assert records.with_corrections([cheaper]) == [replace(RIGHT, price=Money(79900, "USD"))]


def test_a_feed_that_adopts_the_correction_ends_it(records: Records) -> None:
    records.correct(RIGHT, "ada")
    assert records.with_corrections([RIGHT]) == [RIGHT]
    assert records.corrections() == []
    assert records.with_corrections([LAPTOP]) == [LAPTOP]


def test_a_feed_that_says_something_new_counts_and_the_correction_is_kept_as_overtaken(records: Records) -> None:
    records.correct(RIGHT, "ada")
    new = replace(LAPTOP, attributes={"ram": replace(RAM, text="32 GB", values=("32 gb",), number=32.0)})
    assert records.with_corrections([new]) == [new]
    assert [c.overtaken for c in records.corrections("l1")] == [True]
    assert records.with_corrections([LAPTOP]) == [LAPTOP]
    records.end_correction("l1", "attributes.ram")
    assert records.corrections() == []


def test_a_second_correction_still_corrects_what_the_feed_said(records: Records) -> None:
    records.correct(replace(LAPTOP, stock=2), "ada")
    records.correct(replace(LAPTOP, stock=1), "bo")
    (correction,) = records.corrections()
    assert (correction.stated, correction.corrected, correction.by) == (4, 1, "bo")
    assert records.with_corrections([LAPTOP])[0].stock == 1


def test_going_back_to_what_the_feed_says_ends_the_correction(records: Records) -> None:
    records.correct(RIGHT, "ada")
    records.correct(LAPTOP, "ada")
    assert records.corrections() == []


def test_a_value_that_was_added_or_taken_away_stays_so(records: Records) -> None:
    after = replace(LAPTOP, brand=None, description="Light.", attributes={"ram": RAM})
    records.correct(after, "ada")
    assert records.with_corrections([LAPTOP]) == [after]


def test_a_corrected_item_is_found_at_once_and_after_its_feed_was_read_again(tmp_path: Path) -> None:
    sixteen = Query("laptop", Constraints(brands=frozenset({"vela"})))
    with Shop.open(tmp_path / "var", encoder=HashingEncoder()) as shop:
        read_feed(tmp_path, shop)
        assert shop.search(sixteen).candidates == ()
        stored = shop.records.get("l1")
        assert stored is not None
        embedded = len(shop.encoder.embedded)
        assert shop.correct(replace(stored, brand="Vela"), "ada") == {"brand": ("Aster", "Vela")}
        assert len(shop.encoder.embedded) == embedded + 1  # that item alone
        assert [c.item_id for c in shop.search(sixteen).candidates] == ["l1"]
        read_feed(tmp_path, shop, price=799)
        assert shop.catalogue["l1"].brand == "Vela"
        assert shop.catalogue["l1"].price == Money(79900, "USD")
        read_feed(tmp_path, shop, brand="Aster & Sons")
        assert shop.catalogue["l1"].brand == "Aster & Sons"
    with Shop.open(tmp_path / "var", encoder=HashingEncoder()) as shop:
        assert shop.catalogue["l1"].brand == "Aster & Sons"
        assert [c.overtaken for c in shop.records.corrections()] == [True]


def test_an_upsert_through_the_shop_keeps_corrections_too(tmp_path: Path) -> None:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as shop:
        shop.upsert([LAPTOP])
        shop.correct(RIGHT, "ada")
        assert shop.upsert([LAPTOP]) == 0
        assert shop.catalogue["l1"] == RIGHT
