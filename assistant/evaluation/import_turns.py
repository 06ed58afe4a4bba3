"""Production turns for labelling: of shoppers who consented, redacted, with what was understood as a first guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assistant.evaluation.comparing import SLOT_NAMES
from assistant.evaluation.examples import write_jsonl
from assistant.evaluation.redaction import redact
from assistant.store import Store
from assistant.store.consents import consented_conversations


def import_turns(store: Store, out: Path) -> int:
    """Write one line a turn: text and history redacted, the act of then as `guess`, `intent` and `slots` to fill in.

    Conversations of guests, and of shoppers whose last word on consent is not yes, are not touched. The conversation's
    and the shopper's id do not leave the store: a line is called after its place in the file.

    Returns:
        How many turns were written.
    """
    rows: list[dict[str, Any]] = []
    for conversation_id in consented_conversations(store):
        history: list[str] = []
        for turn in store.turns(conversation_id):
            rows.append(_row(f"turn-{len(rows) + 1}", turn, history))
            history = [*history, redact(turn["utterance"]), redact(turn["reply"])]
    write_jsonl(out, rows)
    return len(rows)


def _row(name: str, turn: dict[str, Any], history: list[str]) -> dict[str, Any]:
    slots = {key: _redacted(value) for key, value in turn["act"]["slots"].items() if key in SLOT_NAMES}
    return {
        "id": name,
        "text": redact(turn["utterance"]),
        "history": history,
        "guess": {"intent": turn["intent"], "slots": slots, "rung": turn["rung"]},
        "intent": None,
        "slots": {},
    }


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    return [_redacted(entry) for entry in value] if isinstance(value, list) else value
