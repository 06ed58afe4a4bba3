"""Lessons of the tagger: labelled utterances as lines with tags, and batches of them."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

from assistant.dialogue import DialogueState, Intent, Need, Slots
from assistant.labelled.examples import Example
from assistant.tagger.lines import Line, line
from assistant.tagger.network import EDITS
from assistant.tagger.sight import MARKS
from assistant.tagger.tags import encode, labelled_spans
from retrieval.candidates import Candidate
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints, Relaxation
from retrieval.vocabulary import Vocabulary

IGNORED = -100
_BLIND = 0.1  # how often the rules' marks, or their view of the whole, are hidden: no shop's words are complete
_POOL = 40  # batches that are sorted by length together

Place = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A line with what it means.

    Attributes:
        tags: of the words, places in `assistant.tagger.tags.TAGS`.
        intent, edit: places in `Intent` and `EDITS`.
        weight: in the loss.
    """

    line: Line
    tags: tuple[int, ...]
    intent: int
    edit: int
    weight: float = 1.0


class Batch(NamedTuple):
    """Lessons as tensors, padded on the right; see `assistant.tagger.network` for the shapes of the first six."""

    ids: torch.Tensor
    kinds: torch.Tensor
    attended: torch.Tensor
    spoken: torch.Tensor
    marks: torch.Tensor
    whole: torch.Tensor
    tags: torch.Tensor
    intents: torch.Tensor
    edits: torch.Tensor
    weights: torch.Tensor


def state_of(example: Example) -> tuple[DialogueState, list[CatalogueItem]]:
    """The dialogue state and the page that an example is said in."""
    situation = example.situation
    page = [CatalogueItem(str(rank), title) for rank, title in enumerate(situation.page)]
    state = DialogueState(
        needs=() if situation.need == Slots() else (Need(situation.need),),
        shown=tuple(Candidate(item.item_id, 0.0, {}) for item in page),
        offered=tuple(Relaxation("price_max", label, Constraints(), 1) for label in situation.offered),
    )
    return state, page


def lesson(example: Example, vocabulary: Vocabulary, tokenizer: Any, weight: float = 1.0) -> Lesson:
    """The lesson of a labelled utterance, as a shop with these words would hear it."""
    state, page = state_of(example)
    made = line(example.text, state, page, vocabulary, tokenizer)
    spans = labelled_spans(example.marked, made.reading.text)
    intent, edit = list(Intent).index(example.intent), EDITS.index(example.edit)
    return Lesson(made, tuple(encode(spans, made.words)), intent, edit, weight)


def batches(lessons: Sequence[Lesson], size: int, rng: random.Random | None = None) -> Iterator[list[Lesson]]:
    """Batches of lessons of like length, in random order when there is a source of it."""
    order = list(range(len(lessons)))
    if rng is not None:
        rng.shuffle(order)
    pool = size * _POOL if rng is not None else len(order)
    made: list[list[int]] = []
    for start in range(0, len(order), pool):
        alike = sorted(order[start : start + pool], key=lambda n: len(lessons[n].line.ids))
        made += [alike[n : n + size] for n in range(0, len(alike), size)]
    if rng is not None:
        rng.shuffle(made)
    for numbers in made:
        yield [lessons[n] for n in numbers]


def collate(lessons: Sequence[Lesson], rng: random.Random | None = None) -> Batch:
    """A batch; with a source of randomness, what the rules see is hidden from some lessons."""
    longest, count = max(len(one.line.ids) for one in lessons), len(lessons)
    ids = np.zeros((3, count, longest), dtype=np.int64)
    spoken = np.zeros((count, longest), dtype=np.float32)
    marks = np.zeros((count, longest, len(MARKS)), dtype=np.float32)
    whole = np.stack([one.line.whole for one in lessons])
    tags = np.full((count, longest), IGNORED, dtype=np.int64)
    for row, one in enumerate(lessons):
        length = len(one.line.ids)
        ids[0, row, :length], ids[1, row, :length], ids[2, row, :length] = one.line.ids, one.line.kinds, 1
        spoken[row, one.line.first] = 1
        tags[row, one.line.first] = one.tags
        if rng is None or rng.random() >= _BLIND:
            marks[row, :length] = one.line.marks
        if rng is not None and rng.random() < _BLIND:
            whole[row] = 0
    told, kinds, attended = torch.from_numpy(ids)
    return Batch(
        told,
        kinds,
        attended,
        torch.from_numpy(spoken),
        torch.from_numpy(marks),
        torch.from_numpy(whole),
        torch.from_numpy(tags),
        torch.tensor([one.intent for one in lessons]),
        torch.tensor([one.edit for one in lessons]),
        torch.tensor([one.weight for one in lessons]),
    )
