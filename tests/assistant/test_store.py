from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assistant.dialogue import DialogueAct, DialogueState, Intent, Need, Rung, Slots
from assistant.events import Claim, Pick, Turn
from assistant.store import FILE, Store, Verdict, idempotency
from assistant.store.database import Database
from assistant.store.export import export
from retrieval.candidates import Candidate
from retrieval.catalogue import CatalogueItem, Money
from retrieval.errors import SetupError
from retrieval.interactions import Interaction, InteractionKind
from retrieval.query import Constraints, Relaxation


def a_turn(conversation_id: str, number: int = 1, *, searched: bool = True) -> Turn:
    candidate = Candidate("lamp-1", 0.8, {"content": 0.8, "relevance": 0.8}, interaction_count=3)
    constraints = Constraints(category="lamps", price_max=9000, currency="USD", excluded_brands=frozenset({"glow"}))
    return Turn(
        conversation_id=conversation_id,
        number=number,
        utterance="a lamp under $90, not Glow",
        act=DialogueAct(Intent.FIND, Slots(category="lamps", price_max=90.0), rung=Rung.RULES),
        state=DialogueState(
            needs=(Need(Slots(category="lamps", price_max=90.0, excluded_brands=("glow",))),),
            shown=(candidate,),
            offered=(Relaxation("price_max", "+$10", constraints, 4),),
            turns=number,
        ),
        constraints=constraints,
        picks=(Pick(1, CatalogueItem("lamp-1", "Desk lamp", price=Money(4900, "USD")), candidate),),
        matching=1,
        searched=searched,
        discussed=(),
        reply="One lamp fits.",
        claims=(Claim("$49", "lamp-1", "price", True),),
        latency={"understand": 0.01},
    )


def test_the_state_of_a_conversation_comes_back_as_it_was_stored(store: Store) -> None:
    conversation_id = store.start()
    turn = a_turn(conversation_id)
    store.add_turn(turn)
    assert store.state(conversation_id) == turn.state


def test_a_conversation_without_turns_has_an_empty_state(store: Store) -> None:
    assert store.state(store.start()) == DialogueState()


def test_an_unknown_conversation_is_a_key_error(store: Store) -> None:
    with pytest.raises(KeyError):
        store.state("no such id")
    with pytest.raises(KeyError):
        store.shopper("no such id")


def test_a_turn_that_searched_leaves_an_impression_per_pick_and_another_leaves_none(store: Store) -> None:
    conversation_id = store.start()
    store.add_turn(a_turn(conversation_id, 1))
    store.add_turn(a_turn(conversation_id, 2, searched=False))
    (impression,) = store.impressions(conversation_id)
    assert (impression["turn"], impression["rank"], impression["item_id"]) == (1, 1, "lamp-1")
    assert impression["scores"] == {"content": 0.8, "relevance": 0.8}


def test_a_stored_turn_keeps_what_staff_need_to_replay_it(store: Store) -> None:
    conversation_id = store.start()
    store.add_turn(a_turn(conversation_id))
    (row,) = store.turns(conversation_id)
    assert row["act"]["slots"] == {"category": "lamps", "price_max": 90.0}
    assert row["constraints"]["price_max"] == 90.0
    assert row["claims"] == [{"text": "$49", "item_id": "lamp-1", "field": "price", "supported": True}]
    assert row["rung"] == "rules"


def test_the_last_verdict_on_an_item_counts_and_can_be_taken_back(store: Store) -> None:
    conversation_id = store.start()
    store.add_turn(a_turn(conversation_id))
    store.set_feedback(conversation_id, "lamp-1", Verdict.LIKE)
    store.set_feedback(conversation_id, "lamp-1", Verdict.DISLIKE)
    assert store.feedback(conversation_id) == {"lamp-1": Verdict.DISLIKE}
    store.set_feedback(conversation_id, "lamp-1", None)
    assert store.feedback(conversation_id) == {}


def test_feedback_on_an_item_that_was_never_shown_here_is_refused(store: Store) -> None:
    shown, other = store.start(), store.start()
    store.add_turn(a_turn(shown))
    with pytest.raises(KeyError):
        store.set_feedback(other, "lamp-1", Verdict.LIKE)


def test_without_consent_a_session_is_empty_and_a_withdrawn_consent_empties_it_again(store: Store) -> None:
    store.add_interaction(Interaction("ada", "lamp-1", InteractionKind.CLICK, datetime(2026, 5, 1, tzinfo=UTC)))
    assert store.session("ada").interactions == ()
    store.set_consent("ada", True)
    assert store.session("ada").item_ids == ("lamp-1",)
    store.set_consent("ada", False)
    assert store.session("ada").interactions == ()


def test_forgetting_a_shopper_leaves_no_byte_of_her_and_everything_of_others(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for shopper in ("ada-7c1f", "grace-99"):
        conversation_id = store.start(shopper)
        store.add_turn(a_turn(conversation_id))
        store.add_interaction(Interaction(shopper, "lamp-1", InteractionKind.VIEW, datetime(2026, 5, 1, tzinfo=UTC)))
        store.set_consent(shopper, True)
        assert idempotency.claim(store, "shop", f"key of {conversation_id}", "digest") is None
        idempotency.settle(store, "shop", f"key of {conversation_id}", 200, {"shopper_id": shopper})
    held = store.forget("ada-7c1f")
    assert (held.conversations, held.turns, held.impressions, held.interactions) == (1, 1, 1, 1)
    left = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"ada-7c1f" not in left
    assert b"grace-99" in left


def test_a_database_of_a_newer_version_is_refused_with_what_to_do(tmp_path: Path) -> None:
    Store(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    with pytest.raises(SetupError, match="newer version"):
        Store(tmp_path)


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is not a database, but somebody may need it" * 40)
    with pytest.raises(SetupError, match=r"Move .* away"):
        Store(tmp_path)
    assert (tmp_path / FILE).read_bytes().startswith(b"this is not a database")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    with pytest.raises(SetupError, match="another program's tables"):
        Store(tmp_path)


def test_a_database_locked_by_another_process_is_named_as_such(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.close()
    store._database = Database(tmp_path, patience=0.1)
    blocker = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    blocker.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SetupError, match="Stop the other process"):
        store.start()
    blocker.rollback()
    assert store.start()


def test_a_shopper_is_forgotten_in_every_table_and_others_are_not(store: Store) -> None:
    for shopper in ("ada", "grace"):
        conversation_id = store.start(shopper)
        store.add_turn(a_turn(conversation_id))
        store.add_interaction(Interaction(shopper, "lamp-1", InteractionKind.VIEW, datetime(2026, 5, 1, tzinfo=UTC)))
        store.set_consent(shopper, True)
        store.set_feedback(conversation_id, "lamp-1", Verdict.DISLIKE)
        assert idempotency.claim(store, "shop", shopper, "digest") is None
        idempotency.settle(store, "shop", shopper, 200, {"shopper_id": shopper})
    kept = export(store, "grace")
    store.forget("ada")
    assert not any(export(store, "ada").values())
    assert export(store, "grace") == kept
    assert idempotency.claim(store, "shop", "ada", "digest") is None
    assert idempotency.claim(store, "shop", "grace", "digest") == idempotency.Remembered(200, {"shopper_id": "grace"})


def test_an_id_that_no_database_can_hold_is_simply_not_there(store: Store) -> None:
    with pytest.raises(KeyError):
        store.state("a\0b")
    conversation_id = store.start()
    store.add_turn(a_turn(conversation_id))
    with pytest.raises(KeyError):
        store.set_feedback(conversation_id, "lamp\0", Verdict.LIKE)


def test_a_store_that_is_opened_again_has_what_it_had(database_url: str | None, tmp_path: Path) -> None:
    first = Store(tmp_path, database_url)
    conversation_id = first.start("ada")
    first.add_turn(a_turn(conversation_id))
    first.close()
    second = Store(tmp_path, database_url)
    assert second.shopper(conversation_id) == "ada"
    assert second.state(conversation_id).turns == 1
    second.close()
