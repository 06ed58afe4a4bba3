"""CSV files to checked rows, a batch at a time; a bad cell is an error that names file, line and column."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from retrieval.errors import SetupError
from retrieval.feeds.files import as_windows_1252, check_file, open_text
from retrieval.interactions import InteractionKind

_BATCH = 50_000
_LATEST = 100_000_000_000  # unix seconds of the year 5138; more is a count of milliseconds

_TOLD = 100  # characters of a bad cell: a quote that is never closed makes a cell of the whole file

SplitName = Literal["train", "valid", "test"]
HeldOut = Literal["warm", "cold_valid", "cold_test"]
R = TypeVar("R", bound="_Row")


def _blank_is_none(value: object) -> object:
    return None if isinstance(value, str) and not value.strip() else value


def _folded(value: object) -> object:
    return value.strip().casefold() if isinstance(value, str) else value


def _seconds(value: object) -> object:
    """A time as unix seconds; a fraction of a second is cut off. One of ISO 8601 without an offset is in UTC."""
    try:
        seconds = _number_of_seconds(value) if isinstance(value, str) else value
    except (ValueError, OverflowError):
        raise ValueError("a time is a number of unix seconds, or of ISO 8601: 2026-11-24T15:30:00Z") from None
    if isinstance(seconds, int) and seconds >= _LATEST:
        raise ValueError("a time is a number of unix seconds, and this looks like milliseconds: divide it by 1000")
    return seconds


def _number_of_seconds(cell: str) -> int:
    try:
        return int(float(cell))
    except ValueError:
        at = datetime.fromisoformat(cell)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


Id = Annotated[str, Field(min_length=1)]
Seconds = Annotated[int, Field(ge=0), BeforeValidator(_seconds)]
Kind = Annotated[InteractionKind | None, BeforeValidator(_blank_is_none), BeforeValidator(_folded)]
Text = Annotated[str | None, BeforeValidator(_blank_is_none)]
Number = Annotated[float | None, Field(ge=0, allow_inf_nan=False), BeforeValidator(_blank_is_none)]
Share = Annotated[float | None, Field(ge=0, le=1), BeforeValidator(_blank_is_none)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)


class ItemRow(_Row):
    """A line of items.csv."""

    item_id: Id
    title: Text = None
    brand: Text = None
    category: Text = None
    price: Number = None
    cold_heldout: Annotated[HeldOut | None, BeforeValidator(_blank_is_none)] = None


class EventRow(_Row):
    """A line of interactions.csv.

    Attributes:
        position: order within the shopper's history where times are equal.
        query: words that the shopper had asked with when she came upon the item.
        kind_bound: true probability of the likeliest kind before this event, where a simulator knows it.
    """

    user_id: Id
    item_id: Id
    timestamp: Seconds
    position: Annotated[int | None, BeforeValidator(_blank_is_none)] = None
    kind: Kind = None
    query: Text = None
    loo_split: Annotated[SplitName | None, BeforeValidator(_blank_is_none)] = None
    time_split: Annotated[SplitName | None, BeforeValidator(_blank_is_none)] = None
    kind_bound: Share = None


class CaseRow(_Row):
    """A line of an `eval_*` file: which events are asked for. The history is cut from the log (`splits.py`)."""

    user_id: Id
    target_item_id: Id
    split: Literal["valid", "test", "cold_valid", "cold_test"]


def find_file(folder: Path, name: str) -> Path | None:
    """`name`.csv or `name`.csv.gz in the folder; None when there is neither."""
    return next((path for ending in (".csv", ".csv.gz") if (path := folder / f"{name}{ending}").is_file()), None)


def read_rows(path: Path, row_type: type[R]) -> Iterator[list[tuple[int, R]]]:
    """The rows of a CSV file with their line numbers, in batches.

    Raises:
        SetupError: a column is missing, a line has more cells than the header, or a cell cannot be read.
        FeedError: the file is empty, damaged or not text.
    """
    encoding = check_file(path)
    adapter = TypeAdapter(list[row_type])  # type: ignore[valid-type]
    with open_text(path, encoding) as file:
        reader = csv.DictReader(file)
        numbered = _lines(path, reader, row_type)
        while batch := list(islice(numbered, _BATCH)):
            lines = [line for line, _ in batch]
            try:
                rows = adapter.validate_python([_cells(path, line, row) for line, row in batch])
            except ValidationError as error:
                raise _bad_cell(path, lines, error) from None
            yield list(zip(lines, rows, strict=True))


def _lines(path: Path, reader: csv.DictReader[str], row_type: type[_Row]) -> Iterator[tuple[int, dict[str | Any, Any]]]:
    """The lines below the header, each with its number."""
    try:
        reader.fieldnames = [name.strip() for name in reader.fieldnames or ()]
        _check_header(path, list(reader.fieldnames), row_type)
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise SetupError(
            f"{path}, line {reader.line_num + 1}: {error}.", "Look for a quote that is opened there and never closed."
        ) from error


def _check_header(path: Path, columns: list[str], row_type: type[_Row]) -> None:
    needed = [name for name, field in row_type.model_fields.items() if field.is_required()]
    missing = [name for name in needed if name not in columns]
    if missing:
        raise SetupError(
            f"{path}, line 1: no column {', '.join(missing)}; there are: {', '.join(columns)}.",
            f"Give it a header with {', '.join(needed)} (separated by commas).",
        )


def _cells(path: Path, line: int, row: dict[str | Any, Any]) -> dict[str, Any]:
    if None in row:
        raise SetupError(
            f"{path}, line {line}: more cells than the header has columns.",
            "Put values that hold a comma in double quotes.",
        )
    return {
        name: value if value.isascii() else as_windows_1252(value) for name, value in row.items() if value is not None
    }


def _bad_cell(path: Path, lines: list[int], error: ValidationError) -> SetupError:
    first = error.errors()[0]
    place, column = first["loc"][0], first["loc"][1]
    assert isinstance(place, int)
    found = "the cell is missing" if first["type"] == "missing" else f"{str(first['input'])[:_TOLD]!r}: {first['msg']}"
    return SetupError(
        f"{path}, line {lines[place]}, column {column}: {found}.",
        f"Correct the value, or leave the line out; all in all {error.error_count()} cells of this part are bad.",
    )
