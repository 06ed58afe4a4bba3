"""How an example becomes a prompt and an answer for the model: the one place that decides their form.

Understanding. The prompt is the state in as few words as tell what the utterance can mean, then the utterance:

    need: category=laptops, price_max=900, excluded_brands=hp
    page: 4
    shopper: not dell either, the second one in blue?

A line whose value is empty is left out; at the beginning of a conversation only the shopper's line is there. The page
is told by the number of its items: which item a description means is settled by code, against the records.

The answer is compact JSON with the keys of `assistant.understanding_answer.ModelAnswer`, in the order of `KEYS`, only
those that hold something: `{"i":"refine","a":["blue"],"nb":["dell"]}`. Values are the shopper's words in lower case, so
that decoding can be held to spans of the utterance; prices are numbers.

Explaining. Prompt and answer are those of `prompts/explain_asked.md` and `assistant.explanation.pick_writer`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from assistant.dialogue import DialogueAct, Slots
from assistant.labelled.examples import Example
from assistant.labelled.explaining import Explanation
from prompts import render

# key of the answer -> slot of `assistant.dialogue.Slots`
KEYS = {
    "c": "category",
    "lo": "price_min",
    "hi": "price_max",
    "b": "brands",
    "nb": "excluded_brands",
    "a": "attributes",
    "na": "excluded_attributes",
    "s": "sort",
    "r": "references",
    "q": "quantity",
}


def asked(utterance: str, need: Slots, shown: int, offered: Sequence[str] = ()) -> str:
    """The prompt for an utterance.

    Args:
        utterance: the shopper's words.
        need: the slots in force.
        shown: how many items are on the page.
        offered: labels of the relaxations offered in the last turn.
    """
    lines = {
        "need": ", ".join(f"{name}={_plain(value)}" for name, value in need.as_json().items()),
        "page": str(shown) if shown else "",
        "offered": " | ".join(offered),
        "shopper": utterance,
    }
    return "\n".join(f"{name}: {value}" for name, value in lines.items() if value)


def answer(act: DialogueAct | Example) -> str:
    """The answer that states an act: what is not filled is left out."""
    held: dict[str, object] = {"i": act.intent.value}
    for key, name in KEYS.items():
        value = getattr(act.slots, name)
        if value not in (None, ()):
            held[key] = _number(value) if isinstance(value, float) else value
    if act.dropped:
        held["d"] = act.dropped
    return json.dumps(held, ensure_ascii=False, separators=(",", ":"))


def understanding_pair(example: Example) -> tuple[str, str]:
    """Prompt and answer of a labelled utterance."""
    state = example.situation
    return asked(example.text, state.need, len(state.page), state.offered), answer(example)


def explaining_pair(explanation: Explanation) -> tuple[str, str]:
    """Prompt and answer of an explanation."""
    prompt = render("explain_asked", wish=explanation.wish, facts=explanation.facts)
    return prompt, json.dumps({"why": explanation.why}, ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> str:
    if isinstance(value, list):
        return "|".join(value)
    return str(_number(value)) if isinstance(value, float) else str(value)


def _number(value: float) -> float | int:
    return int(value) if value.is_integer() else value
