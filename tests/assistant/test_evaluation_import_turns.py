"""Production turns for labelling, and personal data out of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assistant.dialogue import DialogueAct, DialogueState, Intent, Rung, Slots
from assistant.evaluation.import_turns import import_turns
from assistant.evaluation.redaction import redact
from assistant.events import Turn
from assistant.store import Store
from retrieval.query import Constraints


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("mail me at anna.b+shop@post.example.org please", "mail me at [email] please"),
        ("call +44 20 7946 0958 after six", "call [phone] after six"),
        ("call (020) 7946-0958", "call [phone]"),
        ("my card is 4111 1111 1111 1111", "my card is [card]"),
        ("card 4111-1111-1111-1111.", "card [card]."),
        ("DE89 3704 0044 0532 0130 00 is my account", "[iban] is my account"),
        ("see https://example.org/me?id=7 there", "see [link] there"),
        ("number 4111 1111 1111 1112", "number [number]"),
    ],
)
def test_personal_data_is_replaced(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "a laptop under $1,200, 16 GB, 15.6 inch",
        "tyres 205/55 R16 x4",
        "between 300 and 450 euros",
        "a 1920x1080 monitor from 2019",
        "binoculars 10x42",
        "size 42 or 43",
    ],
)
def test_what_shoppers_say_about_items_stays(text: str) -> None:
    assert redact(text) == text


def a_turn(conversation_id: str, number: int, utterance: str) -> Turn:
    return Turn(
        conversation_id=conversation_id,
        number=number,
        utterance=utterance,
        act=DialogueAct(Intent.FIND, Slots(category="lamps", price_max=90.0), rung=Rung.RULES),
        state=DialogueState(turns=number),
        constraints=Constraints(),
        picks=(),
        matching=0,
        searched=True,
        discussed=(),
        reply="Write to help@shop.example.",
        claims=(),
        latency={},
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def rows_of(store: Store, tmp_path: Path) -> list[dict[str, object]]:
    out = tmp_path / "turns.jsonl"
    count = import_turns(store, out)
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert len(rows) == count
    return rows


def test_only_turns_of_consenting_shoppers_leave_the_store(store: Store, tmp_path: Path) -> None:
    for shopper, words in (("yes", "a lamp"), ("withdrew", "a chair"), ("never", "a sofa"), (None, "a bed")):
        conversation_id = store.start(shopper)
        store.add_turn(a_turn(conversation_id, 1, words))
    store.set_consent("yes", True)
    store.set_consent("withdrew", True)
    store.set_consent("withdrew", False)
    assert [row["text"] for row in rows_of(store, tmp_path)] == ["a lamp"]


def test_a_turn_comes_with_its_redacted_history_and_a_guess(store: Store, tmp_path: Path) -> None:
    conversation_id = store.start("anna")
    store.set_consent("anna", True)
    store.add_turn(a_turn(conversation_id, 1, "a lamp, I am anna@post.example"))
    store.add_turn(a_turn(conversation_id, 2, "under 90"))
    first, second = rows_of(store, tmp_path)
    assert first["text"] == "a lamp, I am [email]"
    assert second["history"] == ["a lamp, I am [email]", "Write to [email]."]
    assert second["guess"] == {"intent": "find", "slots": {"category": "lamps", "price_max": 90.0}, "rung": "rules"}
    assert second["intent"] is None
    written = json.dumps([first, second])
    assert "anna" not in written.replace("I am", "")
    assert conversation_id not in written
