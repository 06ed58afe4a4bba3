"""An utterance in its state as the network takes it: tokens, marks, and numbers about the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.dialogue import DialogueAct, DialogueState, Slots
from assistant.rules import understand_by_rules
from assistant.rules.slots import Reading, read
from assistant.tagger.sight import Row, marks, whole
from retrieval.catalogue import CatalogueItem
from retrieval.vocabulary import Vocabulary

LONGEST = 160  # tokens of state and utterance together
_LONGEST_STATE = 60

Tokens = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Line:
    """One utterance for the network.

    Attributes:
        reading: of the utterance.
        ids, kinds: token ids, and 0 for the state's tokens and 1 for the utterance's, (tokens,).
        first: places of the tokens that begin a word of the utterance, (words,).
        words: where each word lies in `reading.text`.
        marks: float32 (tokens, len(MARKS)); zero for the state's tokens.
        whole: float32 (WHOLE,).
    """

    reading: Reading
    ids: Tokens
    kinds: Tokens
    first: Tokens
    words: tuple[tuple[int, int], ...]
    marks: Row
    whole: Row


def line(
    utterance: str,
    state: DialogueState,
    shown: Sequence[CatalogueItem],
    vocabulary: Vocabulary,
    tokenizer: Any,
    ruled: DialogueAct | None = None,
) -> Line:
    """The line of an utterance.

    Args:
        utterance: cleaned words of the shopper.
        state: before the turn.
        shown: items on the page.
        vocabulary: the shop's words.
        tokenizer: of the encoder, `tokenizers.Tokenizer` without truncation.
        ruled: what the rules make of it, when that is known.
    """
    ruled = ruled or understand_by_rules(utterance, state, shown, vocabulary)
    reading = read(utterance, vocabulary, shown)
    seen = marks(reading, state.need.slots, shown, vocabulary)
    spoken = tokenizer.encode(told(state.need.slots, len(shown), len(state.offered)), reading.text)
    kept = [n for n in range(len(spoken.ids)) if n < LONGEST]
    first, words = _words(spoken, kept)
    told_marks = np.zeros((len(kept), seen.shape[1]), dtype=np.float32)
    for place, (start, end) in zip(first, words, strict=True):
        told_marks[place] = seen[start:end].max(axis=0)
    return Line(
        reading,
        np.asarray([spoken.ids[n] for n in kept]),
        np.asarray([spoken.type_ids[n] for n in kept]),
        np.asarray(first, dtype=np.int64),
        tuple(words),
        told_marks,
        whole(ruled, need=state.need.slots != Slots(), shown=len(shown), offered=len(state.offered)),
    )


def _words(spoken: Any, kept: Sequence[int]) -> tuple[list[int], list[tuple[int, int]]]:
    """The first token of each word of the utterance, and where the word lies in it."""
    first: list[int] = []
    words: list[tuple[int, int]] = []
    for n in kept:
        if spoken.sequence_ids[n] != 1 or spoken.special_tokens_mask[n]:
            continue
        start, end = spoken.offsets[n]
        if n and spoken.sequence_ids[n - 1] == 1 and spoken.word_ids[n] == spoken.word_ids[n - 1]:
            words[-1] = (words[-1][0], end)
        else:
            first.append(n)
            words.append((start, end))
    return first, words


def told(need: Slots, shown: int, offered: int) -> str:
    """The state in a few words."""
    parts = [need.category or ""]
    parts += [f"{word} {int(value)}" for word, value in (("from", need.price_min), ("max", need.price_max)) if value]
    parts += [*need.brands, *need.attributes]
    parts += [f"no {value}" for value in (*need.excluded_brands, *need.excluded_attributes)]
    parts.append(need.sort.replace("_", " ") if need.sort else "")
    known = ", ".join(part for part in parts if part)
    words = " ".join(known.split()[:_LONGEST_STATE])
    page = f"{shown} shown" if shown else "nothing shown"
    return "; ".join(part for part in (words or "no need", page, "an offer" if offered else "") if part)
