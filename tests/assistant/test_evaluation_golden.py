"""The golden set keeps its own rules."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from assistant.dialogue import Intent
from assistant.evaluation.comparing import SLOT_NAMES
from assistant.evaluation.examples import Example, read_jsonl
from retrieval.words import tokens

FILE = Path(__file__).parents[1] / "data" / "golden_intents.jsonl"
SILENT = {Intent.PRIVACY, Intent.SERVICE, Intent.CHITCHAT, Intent.OUT_OF_SCOPE}


def golden() -> list[Example]:
    return read_jsonl(FILE)


def test_the_golden_set_covers_every_intent_and_every_slot() -> None:
    examples = golden()
    intents = Counter(example.intent for example in examples)
    slots = Counter(name for example in examples if example.slots for name in example.slots.as_json())
    assert len(examples) >= 420
    assert min(intents[intent] for intent in Intent) >= 25
    assert min(slots[name] for name in SLOT_NAMES) >= 14


def test_a_fifth_of_the_golden_set_has_a_history_that_ends_with_our_turn() -> None:
    examples = golden()
    told = [example for example in examples if example.history]
    assert len(told) >= 0.2 * len(examples)
    assert all(len(example.history) % 2 == 0 for example in told)


def test_no_golden_utterance_is_there_twice() -> None:
    assert max(Counter(example.text.casefold() for example in golden()).values()) == 1
    assert max(Counter(example.example_id for example in golden()).values()) == 1


def test_golden_lists_are_in_lower_case() -> None:
    for line in FILE.read_text("utf-8").splitlines():
        slots = json.loads(line)["slots"]
        values = [value for listed in slots.values() if isinstance(listed, list) for value in listed]
        assert values == [value.casefold() for value in values]


def test_golden_prices_are_in_order_and_intents_without_slots_have_none() -> None:
    for example in golden():
        assert example.slots is not None
        low, high = example.slots.price_min, example.slots.price_max
        assert low is None or high is None or low < high
        assert example.intent not in SILENT or example.slots.as_json() == {}


def test_golden_brands_and_attributes_are_the_words_of_their_utterance() -> None:
    for example in golden():
        if "typo" in example.tags:
            continue  # its values are spelt as they were meant
        assert example.slots is not None
        said = {token.key for token in tokens(example.text)}
        stated = (
            *example.slots.brands,
            *example.slots.excluded_brands,
            *example.slots.attributes,
            *example.slots.excluded_attributes,
        )
        for value in stated:
            missing = [token.word for token in tokens(value) if token.key not in said]
            assert not missing, (example.example_id, value, missing)
