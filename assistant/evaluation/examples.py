"""Labelled examples: one utterance with what came before it and what it means."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assistant.dialogue import Intent, Slots
from retrieval.errors import SetupError

OUT_OF_SCOPE = Intent.OUT_OF_SCOPE.value
_FORM = (
    'One JSON object a line: {"text": ..., "history": [...], "intent": ..., "slots": {...}}; see docs/evaluation.md.'
)


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled utterance.

    Attributes:
        example_id: unique within a run.
        text: what the shopper wrote.
        history: earlier utterances, oldest first, the shopper's and ours in turn, ours last.
        intent: what it wants.
        slots: what this utterance states; None where the data set labels no slots.
        tags: what is special about it: "typo", "negation", ...
        source: the file it came from, by name.
    """

    example_id: str
    text: str
    intent: Intent
    slots: Slots | None = None
    history: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    source: str = ""


class _SlotsRow(BaseModel):
    """The slots of a line: prices as numbers in major units, lists of strings."""

    model_config = ConfigDict(extra="forbid", strict=True)

    category: str | None = None
    price_min: float | None = None
    price_max: float | None = None
    currency: str | None = None
    brands: list[str] = []
    excluded_brands: list[str] = []
    attributes: list[str] = []
    excluded_attributes: list[str] = []
    sort: Literal["price_asc", "price_desc", "rating", "newest", "popularity", "relevance"] | None = None
    references: list[str] = []
    quantity: int | None = None


class _Row(BaseModel):
    """One line of a labelled file."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: str | int | None = None
    text: str = Field(min_length=1)
    history: list[str] = []
    intent: Intent = Field(strict=False)
    slots: _SlotsRow | None = None
    tags: list[str] = []


def read_jsonl(path: Path) -> list[Example]:
    """The examples of a JSON Lines file; a line without "slots" has unlabelled slots.

    Raises:
        SetupError: the file is missing or a line is not of the form; names the line.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"{path} cannot be read: {error}.", "Give --data a labelled file.") from error
    examples = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = _Row.model_validate_json(line)
            except ValidationError as error:
                first = error.errors()[0]
                place = ".".join(str(part) for part in first["loc"])
                raise SetupError(f"{path}, line {number}: {place}: {first['msg']}.", _FORM) from error
            examples.append(_example(row, f"{path.stem}-{number}", path.name))
    return examples


def _example(row: _Row, fallback: str, source: str) -> Example:
    slots = None if row.slots is None else Slots(**_folded(row.slots))
    named = fallback if row.id is None else str(row.id)
    return Example(named, row.text, row.intent, slots, tuple(row.history), frozenset(row.tags), source)


def _folded(slots: _SlotsRow) -> dict[str, Any]:
    """Slot values in lower case, lists as tuples, the currency aside."""
    folded: dict[str, Any] = {}
    for name, value in slots.model_dump(exclude_none=True).items():
        if isinstance(value, list):
            folded[name] = tuple(text.casefold() for text in value)
        else:
            folded[name] = value.casefold() if isinstance(value, str) and name != "currency" else value
    return folded


def write_jsonl(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write one JSON object a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")


def unique(examples: Sequence[Example]) -> Iterator[Example]:
    """The examples with ids that no other has: a repeated one gets its place appended."""
    seen: set[str] = set()
    for place, example in enumerate(examples):
        if example.example_id in seen:
            example = replace(example, example_id=f"{example.example_id}@{place}")
        seen.add(example.example_id)
        yield example
