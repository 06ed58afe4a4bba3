"""What is deleted, when, and what keeps it deleted: the store alone, without a shop."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from stored import NOON, store_turn
from typer.testing import CliRunner

from assistant.__main__ import app
from assistant.retention import described
from assistant.store import Store, audit, cases, expiry, idempotency, schema
from assistant.store.expiry import Limits, expire
from assistant.store.export import export
from assistant.store.tombstones import FILE, Tombstones
from retrieval.errors import SetupError
from retrieval.interactions import Interaction, InteractionKind

DAY = timedelta(days=1)
MONTH = Limits(conversations=30 * DAY, traces=7 * DAY, audit=365 * DAY)
FOR_EVER = Limits(None, None, None)


def viewed(shopper_id: str, at: datetime, item_id: str = "lamp") -> Interaction:
    return Interaction(shopper_id, item_id, InteractionKind.VIEW, at)


# tombstones


def test_a_tombstone_holds_no_id_and_covers_what_was_before_it_and_nothing_later(tmp_path: Path) -> None:
    Tombstones(tmp_path).add(["ada-7c1f"], NOON)
    read_again = Tombstones(tmp_path)
    assert b"ada-7c1f" not in (tmp_path / FILE).read_bytes()
    assert read_again.covers("ada-7c1f", NOON)
    assert read_again.covers("ada-7c1f", None)
    assert not read_again.covers("ada-7c1f", NOON + timedelta(seconds=1))
    assert not read_again.covers("bo", NOON - DAY)


def test_tombstones_of_a_backup_and_those_since_are_one_list_and_the_later_time_counts(tmp_path: Path) -> None:
    old, new = Tombstones(tmp_path / "backup"), Tombstones(tmp_path / "now")
    old.add(["ada", "bo"], NOON)
    new.add(["ada"], NOON + DAY)
    assert new.merge(tmp_path / "backup") == 2
    assert new.merge(tmp_path / "backup") == 0
    for held in (new, Tombstones(tmp_path / "now")):
        assert (held.forgotten_at("ada"), held.forgotten_at("bo")) == (NOON + DAY, NOON)


def test_a_tombstone_that_a_kill_cut_short_is_dropped_and_the_next_one_is_whole(tmp_path: Path) -> None:
    Tombstones(tmp_path).add(["ada"], NOON)
    with (tmp_path / FILE).open("ab") as file:
        file.write(b'{"salt":"00')
    Tombstones(tmp_path).add(["bo"], NOON)
    held = Tombstones(tmp_path)
    assert (held.forgotten_at("ada"), held.forgotten_at("bo")) == (NOON, NOON)


def test_a_broken_line_among_tombstones_is_named_and_never_skipped(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text('{"salt": "x"}\n')
    with pytest.raises(SetupError, match="line 1"):
        Tombstones(tmp_path)


# forgetting


def test_forgetting_reaches_keys_audit_and_cases_and_leaves_those_of_others(store: Store, tmp_path: Path) -> None:
    for name in ("ada-7c1f", "bo-22"):
        store_turn(store, f"talk of {name}", shopper_id=name)
        assert idempotency.claim(store, "till", f"consent of {name}", "digest") is None
        idempotency.settle(store, "till", f"consent of {name}", 200, {"shopper_id": name})
        assert idempotency.claim(store, idempotency.owner_of_cart(f"talk of {name}"), "add", "digest") is None
        audit.record(store, "eve", "unmask conversation", f"talk of {name}", {"reason": f"{name} rang"})
        cases.keep_case(tmp_path / cases.FILE, {"text": name, "history": [], "conversation_id": f"talk of {name}"})
    store.forget("ada-7c1f")
    with store.connect() as connection:
        owners = [row.owner for row in connection.execute(schema.idempotency.select())]
    assert sorted(owners) == ["cart talk of bo-22", "till"]
    theirs, hers = audit.entries(store)
    assert (theirs.subject, theirs.detail) == ("talk of bo-22", {"reason": "bo-22 rang"})
    assert (hers.by, hers.action, hers.subject, hers.detail) == ("eve", "unmask conversation", "forgotten", {})
    (case,) = (tmp_path / cases.FILE).read_text().splitlines()
    assert json.loads(case)["text"] == "bo-22"


def test_an_id_that_is_part_of_another_forgets_only_itself(store: Store) -> None:
    for name in ("ada", "ada-2"):
        store.set_consent(name, True)
        assert idempotency.claim(store, "till", name, "digest") is None
        idempotency.settle(store, "till", name, 200, {"shopper_id": name})
    store.forget("ada")
    assert not store.consented("ada")
    assert store.consented("ada-2")
    assert idempotency.claim(store, "till", "ada-2", "digest") is not None


def test_an_idempotency_key_that_names_a_shopper_is_kept_as_a_digest(store: Store) -> None:
    assert idempotency.claim(store, "till", "order of ada-7c1f", "digest") is None
    with store.connect() as connection:
        (row,) = connection.execute(schema.idempotency.select())
    assert "ada" not in row.key
    assert idempotency.claim(store, "till", "order of ada-7c1f", "digest") is idempotency.Refusal.UNDER_WAY


def test_a_guest_who_is_forgotten_leaves_an_empty_conversation_and_a_tombstone(store: Store) -> None:
    store_turn(store, "a guest's", utterance="my name is Ada")
    audit.record(store, "eve", "unmask conversation", "a guest's", {"reason": "Ada rang"})
    store.begin_anew("a guest's")
    assert store.turns("a guest's") == []
    assert store.tombstones.covers("a guest's", NOON)
    assert audit.entries(store)[0].detail == {}


# consent


def test_nobody_has_consented_until_she_says_so_and_the_ledger_keeps_what_she_was_asked(store: Store) -> None:
    assert not store.consented("ada")
    store.set_consent("ada", True, "account page", "May we remember what you look at?")
    store.set_consent("ada", False)
    first, second = export(store, "ada")["consents"]
    assert (first["granted"], first["surface"], first["words"]) == (
        *(True, "account page"),
        "May we remember what you look at?",
    )
    assert (second["granted"], second["surface"]) == (False, None)
    assert datetime.fromisoformat(first["at"]) <= datetime.fromisoformat(second["at"])
    assert not store.consented("ada")


def test_a_database_from_before_the_ledger_kept_words_gets_the_columns(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.set_consent("ada", True)
    with store.connect() as connection:
        for column in ("surface", "words"):
            connection.exec_driver_sql(f"ALTER TABLE consents DROP COLUMN {column}")
        connection.execute(schema.schema_version.update().values(version=4))
    store.close()
    store = Store(tmp_path)
    store.set_consent("ada", False, "page", "asked")
    assert [row["words"] for row in export(store, "ada")["consents"]] == [None, "asked"]
    store.close()


# retention


def told(store: Store, conversation_id: str, days_ago: int, shopper_id: str | None = None) -> None:
    """A conversation with one turn and its trace, that many days before noon."""
    at = NOON - days_ago * DAY
    store_turn(store, conversation_id, at=at, shopper_id=shopper_id)
    with store.connect() as connection:
        connection.execute(schema.traces.insert().values(conversation_id=conversation_id, turn=1, trace={}))


def left(store: Store) -> set[str]:
    with store.connect() as connection:
        return set(connection.scalars(schema.conversations.select().with_only_columns(schema.conversations.c[0])))


def test_conversations_without_consent_go_after_their_time_and_those_of_who_consented_stay(store: Store) -> None:
    told(store, "an old guest", 31)
    told(store, "a new guest", 29)
    told(store, "an old shopper who consented", 300, "ada")
    told(store, "an old shopper who took it back", 31, "bo")
    store.set_consent("ada", True)
    store.set_consent("bo", True)
    store.set_consent("bo", False)
    would = expire(store, MONTH, NOON, dry_run=True)
    assert len(left(store)) == 4
    assert expire(store, MONTH, NOON) == would
    assert would.conversations == 2
    assert left(store) == {"a new guest", "an old shopper who consented"}


def test_a_conversation_in_which_something_happened_lately_stays_however_long_ago_it_began(store: Store) -> None:
    told(store, "goes on", 90)
    store_turn(store, "goes on", 2, at=NOON - DAY)
    told(store, "its cart is filled", 90)
    with store.connect() as connection:
        line = {"item_id": "lamp", "quantity": 1, "title": "Lamp", "at": (NOON - DAY).isoformat()}
        connection.execute(schema.cart_lines.insert().values(conversation_id="its cart is filled", **line))
    assert expire(store, MONTH, NOON).conversations == 0


def test_interactions_of_who_took_her_consent_back_go_after_their_time_and_are_told(
    store: Store,
) -> None:
    old, new, of_another = viewed("bo", NOON - 31 * DAY), viewed("bo", NOON - DAY), viewed("ada", NOON - 99 * DAY)
    for interaction in (old, new, of_another):
        store.add_interaction(interaction)
    store.set_consent("ada", True)
    store.set_consent("bo", False)
    assert expire(store, MONTH, NOON).interactions == (old,)
    assert store.interactions("bo") == [new]
    assert store.interactions("ada") == [of_another]


def test_traces_go_before_their_turns(store: Store) -> None:
    told(store, "a", 8)
    told(store, "b", 6)
    assert expire(store, MONTH, NOON).traces == 1
    with store.connect() as connection:
        assert [row.conversation_id for row in connection.execute(schema.traces.select())] == ["b"]
    assert len(store.turns("a")) == 1


def test_keys_and_sign_ins_end_by_themselves_and_the_audit_after_its_time(store: Store) -> None:
    idempotency.claim(store, "till", "a key", "digest")
    audit.record(store, "eve", "sign in", "eve", {})
    soon, later = datetime.now(UTC) + 2 * DAY, datetime.now(UTC) + 400 * DAY
    assert (expire(store, MONTH, soon).idempotency, expire(store, MONTH, soon).idempotency) == (1, 0)
    assert expire(store, MONTH, soon).audit == 0
    assert expire(store, MONTH, later).audit == 1
    assert audit.entries(store) == ()


def test_without_limits_only_what_ends_by_itself_goes(store: Store) -> None:
    told(store, "an old guest", 3000)
    store.add_interaction(viewed("bo", NOON - 3000 * DAY))
    audit.record(store, "eve", "sign in", "eve", {})
    nothing = expiry.Expired(0, (), 0, 0, 0, 0)
    assert expire(store, FOR_EVER, NOON + 3000 * DAY) == nothing
    assert described(nothing) == ""


def test_what_went_is_told_in_words_without_anybody_in_them() -> None:
    expired = expiry.Expired(1200, (viewed("ada-7c1f", NOON),), 0, 0, 0, 3)
    assert described(expired) == (
        "deleted after their time: 1,200 conversations without consent, 1 interactions without consent, "
        "3 lines of the audit"
    )


def test_the_command_says_what_would_go_and_deletes_it_when_it_is_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSISTANT_DATA_FOLDER", str(tmp_path))
    store = Store(tmp_path)
    store_turn(store, "an old guest", at=datetime.now(UTC) - 91 * DAY)
    store.close()

    def say(*options: str) -> str:
        done = CliRunner().invoke(app, ["retention", *options])
        assert done.exit_code == 0, done.output
        return done.output.strip()

    assert say("--dry-run") == "would be deleted after their time: 1 conversations without consent"
    assert say() == "deleted after their time: 1 conversations without consent"
    assert say() == "nothing is over"


def test_expired_words_leave_no_byte_behind(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store_turn(store, "an old guest", at=NOON - 99 * DAY, utterance="the marker zephyrine")
    expire(store, MONTH, NOON)
    assert b"zephyrine" not in b"".join(file.read_bytes() for file in tmp_path.iterdir())
    store.close()
