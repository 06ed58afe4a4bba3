from __future__ import annotations

import sqlite3
from datetime import timedelta
from pathlib import Path

from stored import NOON, store_turn

from assistant.store import FILE, Store, schema
from assistant.store.transcripts import Filter, find


def ids(store: Store, limit: int = 10, offset: int = 0, **wanted: object) -> list[str]:
    return [one.conversation_id for one in find(store, Filter(**wanted), limit, offset)]  # type: ignore[arg-type]


def test_the_conversation_that_was_last_spoken_in_comes_first(store: Store) -> None:
    store_turn(store, "early", at=NOON)
    store_turn(store, "late", at=NOON + timedelta(hours=1))
    store_turn(store, "early", 2, at=NOON + timedelta(hours=2))
    assert ids(store) == ["early", "late"]


def test_all_words_have_to_be_said_in_one_turn(store: Store) -> None:
    store_turn(store, "one turn", utterance="A Blue lamp, please")
    store_turn(store, "two turns", 1, utterance="a lamp")
    store_turn(store, "two turns", 2, utterance="in blue")
    assert ids(store, words=("blue", "LAMP")) == ["one turn"]


def test_words_outside_ascii_are_found_in_either_case(store: Store) -> None:
    store_turn(store, "a", utterance="Äpfel und ÖL")
    assert ids(store, words=("äpfel",)) == ["a"]
    assert ids(store, words=("öl",)) == ["a"]


def test_a_per_cent_sign_in_the_words_is_only_itself(store: Store) -> None:
    store_turn(store, "a", utterance="100% cotton")
    store_turn(store, "b", utterance="100 cotton towels")
    assert ids(store, words=("100%",)) == ["a"]


def test_items_intents_days_and_flags_narrow_it_to_the_turn_that_has_all_of_them(store: Store) -> None:
    store_turn(store, "a", 1, shown=("lamp",))
    store_turn(store, "a", 2, at=NOON + timedelta(days=1), intent="refine", shown=("desk",))
    with store.connect() as connection:
        flag = {"conversation_id": "a", "turn": 2, "kind": "dislike", "detail": "", "at": NOON.isoformat()}
        connection.execute(schema.flags.insert().values(flag))
    assert [one.turn for one in find(store, Filter(item_ids=frozenset({"lamp"})), 10)] == [1]
    assert [one.turn for one in find(store, Filter(item_ids=frozenset({"desk"}), flag="dislike"), 10)] == [2]
    assert ids(store, item_ids=frozenset({"lamp"}), intent="refine") == []
    assert [one.turn for one in find(store, Filter(until=NOON + timedelta(hours=1)), 10)] == [1]
    assert ids(store, since=NOON + timedelta(days=2)) == []


def test_a_found_conversation_tells_its_turns_intents_and_open_flags(store: Store) -> None:
    for number, intent in enumerate(("find", "ask", "ask"), start=1):
        store_turn(store, "a", number, intent=intent, shopper_id="ada")
    with store.connect() as connection:
        for kind, settled in (("dislike", None), ("injection", NOON.isoformat())):
            flag = {"turn": 1, "kind": kind, "detail": "", "at": NOON.isoformat(), "settled_at": settled}
            connection.execute(schema.flags.insert().values(conversation_id="a", **flag))
    (one,) = find(store, Filter(), 10)
    assert (one.turns, one.intents, one.flags, one.shopper_id) == (3, ("ask", "find"), ("dislike",), "ada")


def test_pages_follow_each_other_without_gap_or_repetition(store: Store) -> None:
    for number in range(7):
        store_turn(store, f"c{number}", 1, at=NOON + timedelta(minutes=number))
        store_turn(store, f"c{number}", 2, at=NOON + timedelta(minutes=number, seconds=30))
    pages = [ids(store, 3, offset) for offset in (0, 3, 6)]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert sorted(one for page in pages for one in page) == [f"c{number}" for number in range(7)]


def test_an_older_database_gets_the_column_and_the_indexes_and_keeps_its_rows(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store_turn(store, "a", shown=("lamp",))
    store.close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        for index in ("turns_in_time", "impressions_of_turn", "interactions_in_time", "flags_in_time"):
            connection.execute(f"DROP INDEX {index}")
        connection.execute("ALTER TABLE impressions DROP COLUMN cold_start")
        connection.execute("UPDATE schema_version SET version = 2")
    opened = Store(tmp_path)
    assert [row["cold_start"] for row in opened.impressions("a")] == [None]
    with sqlite3.connect(tmp_path / FILE) as connection:
        plan = str(connection.execute("EXPLAIN QUERY PLAN SELECT utterance FROM turns ORDER BY at").fetchall())
    assert "COVERING INDEX turns_in_time" in plan
