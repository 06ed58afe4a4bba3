"""The intent by a small trained head: a linear layer over the sentence encoder, the words, and what the rules read.

The rules know the shop's words and the page; the encoder knows how people say things. The head weighs both and states a
probability. It costs one encoding of a short text and decides the intent alone: the slots stay the rules'. It is
trained by `assistant.training.intent_head`; `assistant/adapters/intent_head/card.md` says on what.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.dialogue import DialogueAct, Intent, Slots
from retrieval.embedding import TextEncoder, Vectors

SHIPPED = Path(__file__).with_name("adapters") / "intent_head" / "head.safetensors"
_BUCKETS = 4096  # of word runs, hashed
_ENCODER_SCALE, _WORDS_SCALE = 4.0, 3.0  # beside indicators of 0 and 1; chosen by cross-validation
_SURE = 0.85  # confidence of the rules that counts as sure
_WORD = re.compile(r"[a-z']+|\d+|[?!]")
_INTENTS = tuple(Intent)

Row = NDArray[np.float32]


class IntentHead:
    """A trained head and its encoder.

    Args:
        encoder: the one it was trained over.
        file: its weights.

    Attributes:
        weights, biases: (intents, features) and (intents,), in the order of `Intent`.

    Raises:
        OSError: there is no such file.
    """

    def __init__(self, encoder: TextEncoder, file: Path = SHIPPED) -> None:
        from safetensors.numpy import load_file

        held = load_file(file)
        self._encoder = encoder
        self.weights: Row = held["weights"].astype(np.float32)
        self.biases: Row = held["biases"].astype(np.float32)

    def judge(self, utterance: str, ruled: DialogueAct, *, need: bool, shown: bool) -> tuple[Intent, float]:
        """The likeliest intent and its probability.

        Args:
            utterance: the shopper's words.
            ruled: what the rules make of them.
            need: whether there is a need in force.
            shown: whether items are on the page.
        """
        row = features(utterance, self._encoder.encode_query(utterance), ruled, need=need, shown=shown)
        logits = self.weights @ row + self.biases
        chances = np.exp(logits - logits.max())
        best = int(chances.argmax())
        return _INTENTS[best], float(chances[best] / chances.sum())


def features(utterance: str, vector: Vectors, ruled: DialogueAct, *, need: bool, shown: bool) -> Row:
    """What the head weighs: float32, (dimension + 4096 + 46,)."""
    words = np.zeros(_BUCKETS, dtype=np.float32)
    runs = set(_runs(utterance))
    for run in runs:
        words[zlib.crc32(run.encode()) % _BUCKETS] += _WORDS_SCALE / np.sqrt(len(runs))
    return np.concatenate([vector * _ENCODER_SCALE, words, _read(ruled), np.asarray([need, shown], dtype=np.float32)])


def _runs(utterance: str) -> Iterator[str]:
    """Runs of one to three words; numbers are all alike."""
    said = ["0" if word.isdigit() else word for word in _WORD.findall(utterance.lower())]
    said = ["^", *said, "$"]
    for length in (1, 2, 3):
        for first in range(len(said) - length + 1):
            yield " ".join(said[first : first + length])


def _read(ruled: DialogueAct) -> Row:
    """What the rules made of the utterance, as numbers: their intent and how sure, and which slots they filled."""
    chosen = np.asarray([intent is ruled.intent for intent in _INTENTS], dtype=np.float32)
    slots = ruled.slots
    filled = [getattr(slots, name) not in (None, ()) for name in Slots.__slots__]
    acts = [bool(ruled.dropped), ruled.edit is not None, bool(ruled.topic), len(ruled.topic.split()) / 5]
    sure = ruled.confidence >= _SURE
    return np.concatenate([chosen, chosen * sure, chosen * ruled.confidence, np.asarray([*filled, *acts], np.float32)])
