from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ranking_doubles import LetterEncoder, write_log

from retrieval.errors import FeedError, SetupError
from retrieval.ranking_evaluation.folder import Log, read_folder

ITEMS = [
    "item_id,title,brand,category,price",
    "a,Cup,Acme,Kitchen > Cups,4.5",
    "b,Bowl,,Kitchen,",
    'c,"Plate, blue",,,',
]
EVENTS = ["user_id,item_id,timestamp", "u2,b,300", "u1,a,200", "u1,b,100", "u1,c,100"]


def read(folder: Path, encoder: LetterEncoder | None = None) -> Log:
    return read_folder(folder, encoder or LetterEncoder(), folder / "cache")


def test_events_are_sorted_by_shopper_then_time_then_order_in_the_file(tmp_path: Path) -> None:
    log = read(write_log(tmp_path, ITEMS, EVENTS))
    assert log.shopper_ids == ("u2", "u1")
    assert [log.items.ids[row] for row in log.events.item] == ["b", "b", "c", "a"]
    assert log.events.starts().tolist() == [0, 1, 4]


def test_positions_order_events_of_one_time_and_split_columns_follow_them(tmp_path: Path) -> None:
    events = [
        "user_id,item_id,timestamp,position,loo_split",
        "u,c,100,2,test",
        "u,a,100,0,train",
        "u,b,100,1,valid",
    ]
    log = read(write_log(tmp_path, ITEMS, events))
    assert [log.items.ids[row] for row in log.events.item] == ["a", "b", "c"]
    assert log.loo is not None
    assert log.loo.tolist() == [0, 1, 2]
    assert log.time is None


def test_what_is_not_said_is_unknown_or_a_review(tmp_path: Path) -> None:
    log = read(write_log(tmp_path, ITEMS, EVENTS))
    assert log.items.texts == ("Cup Acme Kitchen > Cups", "Bowl Kitchen", "Plate, blue")
    assert np.isnan(log.items.prices).tolist() == [False, True, True]
    assert set(log.events.kind.tolist()) == {4}
    assert log.items.first_seen.tolist() == [200, 100, 100]


def test_kinds_are_read_in_any_case(tmp_path: Path) -> None:
    log = read(write_log(tmp_path, ITEMS, ["user_id,item_id,timestamp,kind", "u,a,1,View", "u,a,2,purchase"]))
    assert log.events.kind.tolist() == [0, 3]


def test_times_of_iso_8601_are_read_in_utc_unless_they_say_otherwise(tmp_path: Path) -> None:
    times = ("2026-01-01T00:00:10Z", "2026-01-01 01:00:20+01:00", "2026-01-01T00:00:30.9", "1767225640.7")
    events = [f"u,a,{time}" for time in times]
    log = read(write_log(tmp_path, ITEMS, ["user_id,item_id,timestamp", *events]))
    assert (log.events.at - 1_767_225_600).tolist() == [10, 20, 30, 40]


def test_marks_line_ends_and_spaces_of_other_programs_change_nothing(tmp_path: Path) -> None:
    folder = write_log(tmp_path, ITEMS, EVENTS)
    plain = read(folder)
    (folder / "items.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(ITEMS).encode())
    (folder / "interactions.csv.gz").unlink()
    spaced = [line.replace(",", " , ") for line in EVENTS]
    (folder / "interactions.csv").write_bytes("\r\n".join([*spaced, "", ""]).encode("utf-16"))
    other = read(folder)
    assert other.items.ids == plain.items.ids
    assert other.items.texts == plain.items.texts
    assert other.shopper_ids == plain.shopper_ids
    assert np.array_equal(other.events.item, plain.events.item)


def test_ids_and_titles_may_be_of_any_script_and_of_windows_1252(tmp_path: Path) -> None:
    folder = write_log(tmp_path, ITEMS, ["user_id,item_id,timestamp", "ю,b,1"])
    (folder / "items.csv").write_bytes("item_id,title\n日本,茶\n".encode() + "b,Café\n".encode("cp1252"))
    log = read(folder)
    assert log.items.ids == ("日本", "b")
    assert log.items.texts == ("茶", "Café")


def test_which_events_came_of_a_query_is_known_where_the_log_has_queries(tmp_path: Path) -> None:
    events = ["user_id,item_id,timestamp,query", "u,b,2,blue bowl", "u,a,1, "]
    log = read(write_log(tmp_path, ITEMS, events))
    assert log.query is not None
    assert log.query.tolist() == [False, True]
    assert read(write_log(tmp_path, ITEMS, [line.rpartition(",")[0] for line in events])).query is None


def test_events_of_unknown_items_are_left_out_and_counted(tmp_path: Path) -> None:
    log = read(write_log(tmp_path, ITEMS, [*EVENTS, "u1,gone,400"]))
    assert (len(log.events), log.left_out) == (4, 1)


def test_vectors_are_made_once_for_the_same_texts(tmp_path: Path) -> None:
    folder = write_log(tmp_path, ITEMS, EVENTS)
    first, second = LetterEncoder(), LetterEncoder()
    vectors = read(folder, first).items.vectors
    assert np.array_equal(read(folder, second).items.vectors, vectors)
    assert (len(first.encoded), len(second.encoded)) == (3, 0)


@pytest.mark.parametrize(
    ("items", "events", "named"),
    [
        (ITEMS, ["user_id,item_id,time", "u,a,1"], "line 1: no column timestamp"),
        (ITEMS, [*EVENTS, "u,a,soon"], "line 6, column timestamp"),
        (ITEMS, [*EVENTS, "u,a,1398556800000"], "divide it by 1000"),
        (ITEMS, [*EVENTS, ",a,1"], "line 6, column user_id"),
        (ITEMS, ["user_id,item_id,timestamp,kind", "u,a,1,stare"], "line 2, column kind"),
        (ITEMS, ["user_id,item_id,timestamp", "u,a,1,2"], "line 2: more cells than the header"),
        (ITEMS, ["user_id,item_id,timestamp", "u,a"], "line 2, column timestamp: the cell is missing"),
        (ITEMS, ["user_id,item_id,timestamp,loo_split", "u,a,1,train", "u,b,2,"], "column loo_split: 1 of 2"),
        ([*ITEMS, "a,Again,,,"], EVENTS, "line 5, column item_id: 'a' stands in line 2 too"),
        ([*ITEMS, "d,Dear,,,lots"], EVENTS, "line 5, column price"),
        (ITEMS, ["user_id,item_id,timestamp", "u,z,1"], "is of an item of"),
    ],
)
def test_a_bad_file_is_named_with_its_line_and_column(
    tmp_path: Path, items: list[str], events: list[str], named: str
) -> None:
    with pytest.raises(SetupError, match=r"^.*/(items|interactions)") as raised:
        read(write_log(tmp_path, items, events))
    assert named in str(raised.value)


def test_a_quote_that_is_never_closed_is_told_in_few_words(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="line 30002, column timestamp") as raised:
        read(write_log(tmp_path, ITEMS, [EVENTS[0], 'u,a,"1', *["u,b,1"] * 30_000]))
    assert len(str(raised.value)) < 500


def test_a_case_of_an_unknown_shopper_is_named(tmp_path: Path) -> None:
    cases = ["user_id,target_item_id,split", "u1,a,test", "u9,a,test"]
    with pytest.raises(SetupError, match=r"eval_time\.csv, line 3, column user_id: the log has no 'u9'"):
        read(write_log(tmp_path, ITEMS, EVENTS, eval_time=cases))


def test_a_folder_without_the_files_says_what_it_must_hold(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"holds no items\.csv"):
        read(tmp_path)
    with pytest.raises(SetupError, match="is no folder"):
        read(tmp_path / "nowhere")


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    folder = write_log(tmp_path, ITEMS, EVENTS)
    packed = folder / "interactions.csv.gz"
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(FeedError, match="cut off or damaged"):
        read(folder)
