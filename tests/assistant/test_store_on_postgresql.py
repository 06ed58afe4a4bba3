"""The parts of the store that no test of their own brings to both databases, and what is PostgreSQL's alone."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from stored import NOON, store_turn

from assistant.cart import InCart
from assistant.store import (
    Store,
    Verdict,
    audit,
    blocks,
    carts,
    database,
    findings,
    history,
    idempotency,
    keys,
    schema,
    staff,
    synonyms,
    transcripts,
)
from assistant.store.expiry import Limits, expire
from assistant.store.findings import State
from assistant.store.keys import Scope
from assistant.store.staff import Role
from retrieval.catalogue import Money
from retrieval.errors import SetupError

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def test_a_line_of_the_cart_is_set_again_in_its_place(store: Store) -> None:
    conversation_id = store.start("ada")
    dear = InCart("yacht", 1, "Yacht", Money(9_000_000_000, "USD"))
    carts.put(store, conversation_id, dear)
    carts.put(store, conversation_id, InCart("lamp", 1, "Lamp", None))
    carts.put(store, conversation_id, InCart("yacht", 2, "Yacht", Money(9_000_000_000, "USD")))
    assert [(line.item_id, line.quantity) for line in carts.lines(store, conversation_id)] == [
        ("yacht", 2),
        ("lamp", 1),
    ]
    assert carts.lines(store, conversation_id)[0].price == dear.price
    assert carts.latest(store, "ada") == conversation_id


def test_moved_lines_leave_those_alone_that_are_there(store: Store) -> None:
    source, target = store.start(), store.start()
    carts.put(store, source, InCart("lamp", 3, "Lamp", None))
    carts.put(store, source, InCart("desk", 1, "Desk", None))
    carts.put(store, target, InCart("lamp", 1, "Lamp", None))
    carts.move(store, source, target)
    assert sorted((line.item_id, line.quantity) for line in carts.lines(store, target)) == [("desk", 1), ("lamp", 1)]
    assert carts.lines(store, source) == ()


def test_a_write_is_claimed_once_of_many_at_the_same_time(store: Store) -> None:
    answers: list[object] = []
    together = threading.Barrier(4)

    def claim() -> None:
        together.wait()
        answers.append(idempotency.claim(store, "shop", "key", "digest"))

    threads = [threading.Thread(target=claim) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count(None) == 1
    assert answers.count(idempotency.Refusal.UNDER_WAY) == 3


def test_the_last_of_many_decisions_about_a_finding_counts_and_an_open_one_is_forgotten(store: Store) -> None:
    for state in (State.FLAGGED, State.SETTLED):
        findings.decide(store, [("lamp", "price")], state, "seen", "ada")
    assert [(one.state, one.by) for one in findings.decisions(store).values()] == [(State.SETTLED, "ada")]
    findings.decide(store, [("lamp", "price")], State.OPEN, "", "ada")
    assert findings.decisions(store) == {}


def test_a_block_holds_until_it_is_lifted(store: Store) -> None:
    number = blocks.block(store, "lamp", None, "recalled", LATER, "ada")
    assert [block.id for block in blocks.active(store, NOON)] == [number]
    assert blocks.lift(store, number, "ada")
    assert not blocks.lift(store, number, "ada")


def test_synonyms_are_replaced_and_taken_back(store: Store) -> None:
    for means in ("smartphone", "mobile phone"):
        synonyms.put(store, "Handy", means, "ada")
    assert [(one.word, one.means) for one in synonyms.all(store)] == [("handy", "mobile phone")]
    assert synonyms.remove(store, "handy")


def test_a_key_is_good_until_it_is_revoked(store: Store) -> None:
    key = keys.add(store, "till", frozenset({Scope.CHAT}))
    assert keys.find(store, key) == keys.every(store)[0]
    assert keys.revoke(store, "till")
    assert keys.find(store, key) is None


def test_a_disabled_account_is_signed_out(store: Store) -> None:
    assert staff.add(store, "ada", Role.ADMIN, "hash")
    assert not staff.add(store, "ada", Role.AGENT, "hash")
    staff.sign_in(store, "ada", "token", "csrf", NOON + timedelta(hours=1))
    assert staff.signed_in(store, "token", NOON) is not None
    assert staff.disable(store, "ada")
    assert staff.signed_in(store, "token", NOON) is None


def test_the_audit_is_read_newest_first_page_by_page(store: Store) -> None:
    for subject in ("one", "two", "three"):
        audit.record(store, "ada", "correct item", subject, {"changes": {"price": [1, None]}})
    newest, second = audit.entries(store, limit=2)
    assert (newest.subject, second.subject) == ("three", "two")
    assert [entry.subject for entry in audit.entries(store, before=second.id)] == ["one"]
    assert audit.entries(store, before=2**40)[0].detail == {"changes": {"price": [1, None]}}
    assert audit.actions(store) == ("correct item",)


def test_an_utterance_may_be_longer_than_an_entry_of_an_index(store: Store) -> None:
    utterance = "".join(chr(0x4E00 + i * 7 % 20_000) for i in range(2_000))  # 6,000 bytes that do not compress
    store_turn(store, "a", utterance=utterance)
    (found,) = transcripts.find(store, transcripts.Filter(words=(utterance[40:60],)), 10)
    assert found.utterance == utterance


def test_times_sort_with_and_without_fractions_of_a_second(store: Store) -> None:
    for name, later in (("whole", 0), ("after", 1), ("much later", 1_000_000)):
        store_turn(store, name, at=NOON + timedelta(microseconds=later))
    found = transcripts.find(store, transcripts.Filter(), 10)
    assert [one.conversation_id for one in found] == ["much later", "after", "whole"]


def test_what_is_over_is_deleted_and_what_was_consented_to_is_kept(store: Store) -> None:
    for shopper in ("ada", "grace"):
        store_turn(store, f"of {shopper}", shopper_id=shopper, shown=("lamp",))
    store.set_consent("grace", True)
    limits = Limits(conversations=timedelta(days=90), traces=timedelta(days=30), audit=None)
    assert expire(store, limits, NOON + timedelta(days=91), dry_run=True).conversations == 1
    assert expire(store, limits, NOON + timedelta(days=91)).conversations == 1
    assert store.turns("of ada") == []
    assert len(store.turns("of grace")) == 1


def test_what_consenting_shoppers_liked_may_be_learnt_from(store: Store) -> None:
    for shopper in ("ada", "grace"):
        store_turn(store, f"of {shopper}", shopper_id=shopper, shown=("lamp",))
        store.set_feedback(f"of {shopper}", "lamp", Verdict.LIKE)
    store.set_consent("grace", True)
    assert [(like.shopper_id, like.item_id) for like in history.learnable(store)] == [("grace", "lamp")]


def test_verdicts_given_at_the_same_time_do_not_get_in_each_others_way(store: Store) -> None:
    store_turn(store, "a", shown=("lamp",))
    failed: list[SetupError] = []
    together = threading.Barrier(4)

    def rate(verdict: Verdict) -> None:
        together.wait()
        try:
            store.set_feedback("a", "lamp", verdict)
        except SetupError as error:
            failed.append(error)

    threads = [threading.Thread(target=rate, args=(verdict,)) for verdict in (*Verdict, *Verdict)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert store.feedback("a").keys() == {"lamp"}


def test_what_the_two_databases_say_differently_is_in_one_module() -> None:
    for file in Path(database.__file__).parent.glob("*.py"):
        speaks = {"dialects", "julianday", "PRAGMA", "strftime", "group_concat"} & set(
            re.findall(r"\w+", file.read_text())
        )
        assert not speaks or file.name in ("database.py", "copying.py"), f"{file.name}: {speaks}"  # copies SQLite files


def test_processes_that_start_together_migrate_an_empty_database_once(postgresql: str, tmp_path: Path) -> None:
    failed: list[SetupError] = []

    def start() -> None:
        try:
            Store(tmp_path, postgresql).close()
        except SetupError as error:
            failed.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    store = Store(tmp_path, postgresql)
    with store.connect() as connection:
        assert connection.execute(sa.select(schema.schema_version.c.version)).all() == [(len(schema.MIGRATIONS),)]
    store.close()


def test_anothers_database_and_a_newer_one_are_refused(postgresql: str, tmp_path: Path) -> None:
    store = Store(tmp_path, postgresql)
    with store.connect() as connection:
        connection.execute(schema.schema_version.update().values(version=99))
    with pytest.raises(SetupError, match="newer version"):
        Store(tmp_path, postgresql)
    with store.connect() as connection:
        connection.exec_driver_sql("DROP TABLE schema_version")
    with pytest.raises(SetupError, match="another program's tables"):
        Store(tmp_path, postgresql)
    store.close()


def test_connections_that_the_server_closed_are_made_anew(postgresql: str, tmp_path: Path) -> None:
    store, other = Store(tmp_path, postgresql), Store(tmp_path, postgresql)
    conversation_id = store.start()
    with other.connect() as connection:
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        assert connection.exec_driver_sql(f"{end} AND backend_type = 'client backend'").rowcount > 0
    assert store.state(conversation_id).turns == 0
    store.close()
    other.close()


def test_a_row_that_is_refused_does_not_tell_what_is_in_it(postgresql: str, tmp_path: Path) -> None:
    store = Store(tmp_path, postgresql)
    store_turn(store, "her-secret-conversation")
    with pytest.raises(SetupError) as raised:
        store_turn(store, "her-secret-conversation")
    assert "her-secret" not in str(raised.value)
    store.close()


def test_what_the_manual_says_leaves_no_byte_of_a_forgotten_shopper(postgresql: str, tmp_path: Path) -> None:
    store, mark = Store(tmp_path, postgresql), "zz-her-id-7c1f"
    store_turn(store, "a", shopper_id=mark, utterance=f"a lamp for {mark}")
    store.set_consent(mark, True)
    store.forget(mark)
    store.close()
    engine = sa.create_engine(postgresql.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        folder = Path(connection.exec_driver_sql("SHOW data_directory").scalar_one())
        files = [file for file in folder.rglob("*") if file.is_file()]
        assert any(mark.encode() in file.read_bytes() for file in files), "or this test shows nothing"
        for command in ("VACUUM FULL", *("SELECT pg_switch_wal()", "CHECKPOINT") * 3):
            connection.exec_driver_sql(command)
        left = [file for file in folder.rglob("*") if file.is_file() and mark.encode() in file.read_bytes()]
    engine.dispose()
    assert left == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://ada:hunter2@localhost/shop", "'mysql', which is not served"),
        ("ada:hunter2", "no address of a database"),
        ("postgresql://ada:hunter2@127.0.0.1:1/shop", "cannot be used"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_without_its_password(url: str, words: str, tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(SetupError, match=words) as raised:
        Store(tmp_path, url)
    assert "hunter2" not in str(raised.value)
    assert "ASSISTANT_DATABASE_URL" in raised.value.fix
