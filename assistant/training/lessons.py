"""Lessons: prompts with the answer the model is to give, as tokens; only the answer counts in the loss."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch

from assistant.labelled.explaining import explanations
from assistant.labelled.generate import SEED, by_hand, generate
from assistant.labelled.serialisation import explaining_pair, understanding_pair
from assistant.language_model.chat_words import chat_words, encode
from prompts import render

Split = Literal["train", "validation"]
IGNORED = -100  # label of a token that does not count


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the model is told and what it is to answer.

    Attributes:
        task: "understand" or "explain".
        fixed, asked: see `assistant.language_model.Prompt`.
        answer: the text it is to generate.
    """

    task: str
    fixed: str
    asked: str
    answer: str


def lessons(split: Split, *, understand: int, explain: int, seed: int = SEED) -> list[Lesson]:
    """The lessons of both tasks.

    Args:
        split: "train" or "validation"; they share no words of the shop and no phrases.
        understand: how many generated utterances; those written by hand come on top.
        explain: how many explanations.
        seed: the same seed, the same lessons.
    """
    found = list(_understanding(split, understand, seed)) if understand else []
    fixed = render("explain_trained")
    for explanation in explanations(explain, split, seed) if explain else ():
        found.append(Lesson("explain", fixed, *explaining_pair(explanation)))
    return found


def _understanding(split: Split, count: int, seed: int) -> Iterator[Lesson]:
    fixed = render("understand_trained")
    for example in (*by_hand(split), *generate(count, split, seed)):
        yield Lesson("understand", fixed, *understanding_pair(example))


def digest(told: Iterable[Lesson]) -> str:
    """SHA-256 of lessons, the first 16 digits: two runs with the same digest learnt from the same data."""
    state = hashlib.sha256()
    for lesson in told:
        state.update("\0".join((lesson.fixed, lesson.asked, lesson.answer, "")).encode())
    return state.hexdigest()[:16]


class Tokens(torch.utils.data.Dataset):  # type: ignore[type-arg, misc]  # torch is not followed
    """Lessons as tokens.

    Args:
        told: the lessons.
        tokenizer: transformers' tokenizer.
        longest: lessons of more tokens are left out; `left_out` counts them.
    """

    def __init__(self, told: Sequence[Lesson], tokenizer: Any, longest: int = 512) -> None:
        made = [_tokens(lesson, tokenizer) for lesson in told]
        self._kept = [one for one in made if len(one["input_ids"]) <= longest]
        self.left_out = len(made) - len(self._kept)

    def __len__(self) -> int:
        return len(self._kept)

    def __getitem__(self, number: int) -> dict[str, list[int]]:
        return self._kept[number]

    @property
    def total(self) -> int:
        """Tokens of one epoch."""
        return sum(len(one["input_ids"]) for one in self._kept)


def _tokens(lesson: Lesson, tokenizer: Any) -> dict[str, list[int]]:
    """`input_ids` of prompt, answer and end; `labels` the same with the prompt ignored."""
    prompt = encode(tokenizer, chat_words(tokenizer, lesson.fixed, lesson.asked))
    answer = [*tokenizer.encode(lesson.answer, add_special_tokens=False), tokenizer.eos_token_id]
    return {"input_ids": prompt + answer, "labels": [IGNORED] * len(prompt) + answer}


class Collate:
    """Lessons of one batch as tensors of shape (lessons, longest), padded on the right."""

    def __init__(self, padding: int) -> None:
        self._padding = padding

    def __call__(self, batch: Sequence[dict[str, list[int]]]) -> dict[str, torch.Tensor]:
        """`input_ids`, `labels` and `attention_mask`."""
        longest = max(len(one["input_ids"]) for one in batch)

        def padded(rows: Iterable[list[int]], filler: int) -> torch.Tensor:
            return torch.tensor([row + [filler] * (longest - len(row)) for row in rows])

        return {
            "input_ids": padded((one["input_ids"] for one in batch), self._padding),
            "labels": padded((one["labels"] for one in batch), IGNORED),
            "attention_mask": padded(([1] * len(one["input_ids"]) for one in batch), 0),
        }
