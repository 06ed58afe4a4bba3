"""What understanding is measured on was not learnt from: the golden set has no near-duplicate in what is trained on.

Greetings and commands of up to three words are the same everywhere and are let pass.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from rapidfuzz import fuzz, process

from assistant.labelled.generate import by_hand, generate
from assistant.training.tagger import TaggerRecipe
from retrieval.embedding import Encoder

GOLDEN = Path(__file__).parents[1] / "data" / "golden_intents.jsonl"
ALIKE = 0.93  # cosine of the sentence encoder; "can I pay by paypal" and "Can I pay with PayPal?" have .98
SHARED_WORDS = 65  # of 100: pairs that share fewer words are not near enough to be worth embedding
FEWEST_WORDS = 4


def near_duplicates(measured: list[str], learnt: list[str]) -> list[tuple[str, str]]:
    told = [text for text in measured if len(text.split()) >= FEWEST_WORDS]
    lower = [text.casefold() for text in learnt]
    shared = process.cdist([text.casefold() for text in told], lower, scorer=fuzz.token_sort_ratio, dtype=np.uint8)
    pairs = np.argwhere(shared >= SHARED_WORDS)
    if not len(pairs):
        return []
    encoder = Encoder()
    ours, ours_of = np.unique(pairs[:, 0], return_inverse=True)
    theirs, theirs_of = np.unique(pairs[:, 1], return_inverse=True)
    left, right = encoder.encode([told[n] for n in ours]), encoder.encode([learnt[n] for n in theirs])
    near = (left[ours_of] * right[theirs_of]).sum(axis=1) > ALIKE
    return [(told[a], learnt[b]) for a, b in pairs[near]]


def test_no_golden_utterance_has_a_near_duplicate_in_what_is_learnt_from() -> None:
    golden = [json.loads(line)["text"] for line in GOLDEN.read_text("utf-8").splitlines()]
    recipe = TaggerRecipe()
    learnt = [e.text for e in by_hand("train")] + [e.text for e in generate(recipe.generated, "train", recipe.seed)]
    assert near_duplicates(golden, learnt) == []


def test_a_near_duplicate_is_found() -> None:
    learnt = ["show me red kettles under 40 euros", "is the second one dishwasher safe?"]
    assert near_duplicates(["Show me some red kettles under 40 euros"], learnt) == [
        ("Show me some red kettles under 40 euros", learnt[0])
    ]
    assert near_duplicates(["a blue tent for four people", "hello"], [*learnt, "hello"]) == []
