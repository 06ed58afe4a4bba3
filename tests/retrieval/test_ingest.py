import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from retrieval.catalogue import CatalogueItem, Money
from retrieval.errors import FeedError, SetupError
from retrieval.feeds import SET_ASIDE_FILE, Content
from retrieval.ingest import ingest
from retrieval.ingest_report import IngestReport
from retrieval.interactions import InteractionKind
from retrieval.records import Records

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
with_shared_data = pytest.mark.skipif(not SHARED.is_dir(), reason="the real catalogues are not on this machine")
RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)


@pytest.fixture
def feeds(tmp_path: Path) -> Path:
    folder = tmp_path / "feeds"
    folder.mkdir()
    return folder


@pytest.fixture
def records(tmp_path: Path) -> Any:
    with Records(tmp_path / "var") as opened:
        yield opened


def lines(*rows: dict[str, Any] | str) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


def set_aside(records: Records) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (records.path.parent / SET_ASIDE_FILE).read_text().splitlines()]


def assert_accounted(report: IngestReport) -> None:
    for file in report.files:
        assert file.accounted == file.read


def test_every_row_is_accounted_for_and_what_is_set_aside_is_kept(feeds: Path, records: Records) -> None:
    (feeds / "items.jsonl").write_text(
        lines(
            {"id": 1, "title": "Lamp", "price": 5},
            {"id": 2},
            "broken",
            {"title": "No id"},
            {"id": 3, "title": "Pan", "price": -4},
        )
    )
    report = ingest(feeds, records)
    assert_accounted(report)
    (file,) = report.files
    assert (file.read, file.added, file.set_aside, file.values_set_aside) == (5, 2, 3, 1)
    assert [(e["line"], e["field"], e["raw"]) for e in set_aside(records)] == [
        (2, "title", None),
        (3, "", "broken"),
        (4, "item_id", None),
        (5, "price", -4),
    ]
    assert records.get("3") == CatalogueItem("3", "Pan")
    assert "3 set aside" in str(report)
    assert json.loads(json.dumps(report.as_json()))["total"]["read"] == 5


def test_the_same_feed_again_changes_nothing_and_counts_no_fault_twice(feeds: Path, records: Records) -> None:
    path = feeds / "items.jsonl"
    path.write_text(lines({"id": 1, "title": "A"}, {"id": 2, "title": "B"}, {"id": 1, "title": "C"}, {"id": 4}))
    seen: list[str] = []
    ingest(path, records, sink=lambda items: seen.extend(i.item_id for i in items))
    report = ingest(path, records, sink=lambda items: seen.extend(i.item_id for i in items))
    assert (report.total("added"), report.total("changed"), report.total("unchanged")) == (0, 0, 2)
    assert sorted(seen) == ["1", "2"]
    assert len(set_aside(records)) == 1


def test_only_what_changed_reaches_the_sink(feeds: Path, records: Records) -> None:
    path = feeds / "items.jsonl"
    path.write_text(lines({"id": 1, "title": "A"}, {"id": 2, "title": "B"}))
    ingest(path, records)
    path.write_text(lines({"id": 1, "title": "A"}, {"id": 2, "title": "B", "price": 3}, {"id": 3, "title": "C"}))
    seen: list[CatalogueItem] = []
    report = ingest(path, records, sink=seen.extend)
    assert {item.item_id for item in seen} == {"2", "3"}
    assert (report.total("added"), report.total("changed"), report.total("unchanged")) == (1, 1, 1)


def test_the_sink_gets_only_items_that_are_stored_already(feeds: Path, records: Records) -> None:
    (feeds / "items.jsonl").write_text(lines(*({"id": n, "title": "x"} for n in range(1200))))
    batches: list[int] = []

    def sink(items: Sequence[CatalogueItem]) -> None:
        assert all(records.get(item.item_id) == item for item in items)
        batches.append(len(items))

    ingest(feeds, records, sink=sink)
    assert sum(batches) == 1200
    assert len(batches) > 1


def test_of_rows_with_one_id_the_last_usable_one_counts_across_files(feeds: Path, records: Records) -> None:
    (feeds / "a.jsonl").write_text(
        lines({"id": 1, "title": "Old"}, {"id": 1, "title": "Old"}, {"id": 2, "title": "Keep"})
    )
    (feeds / "b.jsonl").write_text(lines({"id": 1, "title": "New"}, {"id": 2}))
    report = ingest(feeds, records)
    assert_accounted(report)
    assert [(f.added, f.duplicates, f.exact, f.set_aside) for f in report.files] == [(1, 2, 1, 0), (1, 0, 0, 1)]
    assert {item.title for item in records.items()} == {"New", "Keep"}
    assert ingest(feeds, records).total("changed") == 0


def test_items_are_read_before_interactions_and_strange_files_passed_over(feeds: Path, records: Records) -> None:
    (feeds / "a_log.csv").write_text("user_id,item_id,timestamp,event\nu,1,1433221332,addtocart\nu,9,1433221333,view\n")
    (feeds / "items.csv").write_text("id,title\n1,Lamp\n")
    (feeds / "eval.csv").write_text("user_id,target_item_id\n1,2\n")
    report = ingest(feeds, records)
    assert [file.content for file in report.files] == [Content.ITEMS, Content.INTERACTIONS, Content.OTHER]
    assert [i.kind for i in records.interactions()] == [InteractionKind.CART, InteractionKind.VIEW]
    assert "1 interactions are with items the shop doesn't have" in str(report)
    assert "eval.csv: not a feed" in str(report)


def test_interactions_without_a_kind_are_views_and_reviews_where_there_are_stars(feeds: Path, records: Records) -> None:
    (feeds / "a.csv").write_text("user_id,item_id,timestamp\nu,1,1433221332\nu,1,1433221332\n")
    (feeds / "b.csv").write_text("user_id,item_id,timestamp,stars\nu,1,1433221332,4\nu,2,never,5\n")
    report = ingest(feeds, records)
    assert_accounted(report)
    assert {(i.kind, i.value) for i in records.interactions()} == {
        (InteractionKind.VIEW, None),
        (InteractionKind.REVIEW, 4),
    }
    assert [(f.added, f.duplicates, f.set_aside) for f in report.files] == [(1, 1, 0), (1, 0, 1)]
    assert "read as views" in str(report)
    assert ingest(feeds, records).total("unchanged") == 2


def test_a_constant_of_the_operator_stands_for_a_missing_column(feeds: Path, records: Records) -> None:
    (feeds / "log.csv").write_text("user_id,item_id,timestamp\nu,1,1433221332\n")
    ingest(feeds, records, mapping={"kind": "=purchase"})
    assert [i.kind for i in records.interactions()] == [InteractionKind.PURCHASE]


def test_prices_stay_in_their_own_currency_and_are_counted(feeds: Path, records: Records) -> None:
    (feeds / "items.csv").write_text("id,title,price,sale_price\n1,A,12.99 USD,\n2,B,10 EUR,8 EUR\n3,C,5,\n")
    report = ingest(feeds, records, currency="GBP")
    assert [item.price for item in records.items()] == [Money(1299, "USD"), Money(800, "EUR"), Money(500, "GBP")]
    assert "prices in USD (1), EUR (1), GBP (1)" in str(report)


def test_single_bytes_of_another_encoding_are_repaired_row_by_row(feeds: Path, records: Records) -> None:
    (feeds / "items.csv").write_bytes("id,title\n1,Café\n".encode() + b"2,Th\xe9\n")
    report = ingest(feeds, records)
    assert [item.title for item in records.items()] == ["Café", "Thé"]
    assert report.files[0].repairs == {("title", "bytes of another encoding, read as Windows-1252"): 1}


def test_wrong_columns_are_a_feed_error_that_names_them(feeds: Path, records: Records) -> None:
    (feeds / "items.csv").write_text("Nummer,Bezeichnung\n1,Lampe\n")
    with pytest.raises(FeedError, match=r"(?s)Nummer, Bezeichnung.*--map item_id=COLUMN"):
        ingest(feeds / "items.csv", records)


def test_one_damaged_feed_of_a_folder_is_told_before_anything_is_stored(feeds: Path, records: Records) -> None:
    (feeds / "a.csv").write_text("id,title\n1,Lamp\n")
    (feeds / "b.xml").write_text("<rss><item><id>1</id>")
    with pytest.raises(FeedError, match=r"b\.xml"):
        ingest(feeds, records)
    assert len(records) == 0


def test_progress_ends_at_all_rows(feeds: Path, records: Records) -> None:
    (feeds / "items.jsonl").write_text(lines(*({"id": n, "title": "x"} for n in range(1200))))
    seen: list[tuple[str, int, int]] = []
    ingest(feeds, records, progress=lambda *state: seen.append(state))
    assert seen[-1] == ("items.jsonl", 1200, 1200)
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_disk_that_fills_up_keeps_what_was_stored_and_the_next_run_finishes(feeds: Path, records: Records) -> None:
    path = feeds / "items.jsonl"
    path.write_text(lines(*({"id": n, "title": "x", "description": "words " * 60} for n in range(2000))))
    pages = 150  # of 4 KiB: room for some batches and not for all

    def cap(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    records._engine.dispose()
    sqlalchemy.event.listen(records._engine, "connect", cap)
    with pytest.raises(SetupError, match=r"(?s)disk is full.*run the same command again"):
        ingest(path, records)
    stored = len(records)
    assert 0 < stored < 2000
    sqlalchemy.event.remove(records._engine, "connect", cap)
    records._engine.dispose()
    report = ingest(path, records)
    assert (report.total("unchanged"), report.total("added")) == (stored, 2000 - stored)


def test_a_set_aside_file_on_a_full_disk_is_a_setup_error(feeds: Path, tmp_path: Path) -> None:
    (feeds / "items.jsonl").write_text(lines({"id": 1, "title": "A"}, {"id": 2}))
    with Records(tmp_path / "var") as records:
        (tmp_path / "var" / "set_aside.new").symlink_to("/dev/full")
        with pytest.raises(SetupError, match=r"(?s)set_aside.*Free some space"):
            ingest(feeds, records)


ROWS = st.lists(
    st.fixed_dictionaries(
        {"id": st.sampled_from(["1", "2", "", None]), "title": st.sampled_from(["A", "B", "", None])},
        optional={"price": st.sampled_from([1, -1, "x", None]), "stock": st.integers(-2, 2)},
    )
    | st.sampled_from(["{", "[1]", "null", '"x"']),
    max_size=12,
)


@RELAXED
@given(rows=ROWS)
def test_whatever_the_rows_all_are_accounted_for_and_a_second_run_changes_nothing(
    rows: list[Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ingest")
    path = folder / "feed.jsonl"
    path.write_text(lines({"id": "first", "title": "First"}, *rows))
    with Records(folder / "var") as records:
        first, second = ingest(path, records), ingest(path, records)
        assert_accounted(first)
        assert_accounted(second)
        assert first.total("read") == len(rows) + 1
        assert second.total("added") == second.total("changed") == 0
        assert second.total("unchanged") == len(records)


@with_shared_data
@pytest.mark.slow
@pytest.mark.parametrize(
    ("folder", "items", "interactions", "others"),
    [("icecat_chorus", 19_406, 0, 2), ("demo_catalogues", 5_934, 0, 0), ("amazon_beauty", 12_101, 198_502, 2)],
)
def test_the_real_catalogues_load_with_nothing_lost(
    tmp_path: Path, folder: str, items: int, interactions: int, others: int
) -> None:
    with Records(tmp_path) as records:
        report = ingest(SHARED / folder, records)
        assert_accounted(report)
        assert len(records) == report.total("added", Content.ITEMS) == items
        assert report.total("added", Content.INTERACTIONS) == interactions
        assert report.total("set_aside") == 0
        assert sum(file.content is Content.OTHER for file in report.files) == others
