"""A folder of items.csv and interactions.csv (.gz or not) as arrays.

Columns needed: item_id in items.csv; user_id, item_id and timestamp (unix seconds or ISO 8601) in interactions.csv.
All others are optional: title, brand, category, price and cold_heldout; position, kind (a review where nothing is
said), query, loo_split, time_split and kind_bound; and the files eval_time and eval_cold_heldout, which name the cases
of those two splits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import KINDS, Events, Items
from retrieval.behaviour.item_vectors import item_vectors
from retrieval.embedding import TextEncoder
from retrieval.errors import SetupError
from retrieval.interactions import InteractionKind
from retrieval.ranking_evaluation.rows import CaseRow, EventRow, ItemRow, find_file, read_rows

PARTS = ("train", "valid", "test")
TRAIN, VALID, TEST = range(3)
_HELD_OUT = {"warm": TRAIN, "cold_valid": VALID, "cold_test": TEST}
_PLACE = {kind: place for place, kind in enumerate(KINDS)}
_FORMAT = "Give a folder that holds items.csv and interactions.csv, each .gz or not; see docs/ranking.md."

Part = NDArray[np.int8]
Cell = TypeVar("Cell")


@dataclass(frozen=True, slots=True, eq=False)
class NamedCases:
    """The targets that an `eval_*` file names.

    Attributes:
        shopper: int32 (c,), running numbers.
        item: int32 (c,), rows of the target items.
        part: int8 (c,), VALID or TEST.
    """

    shopper: NDArray[np.int32]
    item: NDArray[np.int32]
    part: Part


@dataclass(frozen=True, slots=True, eq=False)
class Log:
    """A log of m events of n items, with what the folder says of its splits.

    Attributes:
        items: `first_seen` is over all events; a split has its own.
        shopper_ids: by the running number of `events.shopper`.
        loo, time: int8 (m,), TRAIN, VALID or TEST for each event; None when the folder doesn't say.
        held_out: int8 (n,), TRAIN for a warm item, VALID or TEST for one that is held out; None likewise.
        time_cases, cold_cases: the cases that eval_time and eval_cold_heldout name; None without the file.
        query: bool (m,), whether the shopper had asked in words when she came upon the item; None when none had.
        kind_bound: float64 (m,), true probability of the likeliest kind before each event; None when unknown.
        left_out: events whose item is not in items.csv.
    """

    items: Items
    shopper_ids: tuple[str, ...]
    events: Events
    loo: Part | None = None
    time: Part | None = None
    held_out: Part | None = None
    time_cases: NamedCases | None = None
    cold_cases: NamedCases | None = None
    query: NDArray[np.bool_] | None = None
    kind_bound: NDArray[np.float64] | None = None
    left_out: int = 0


def read_folder(
    folder: Path, encoder: TextEncoder | None, cache: Path, say: Callable[[str], None] | None = None
) -> Log:
    """Read the log in a folder.

    Args:
        folder: see the module.
        encoder: makes the vectors of the items' texts; None: they have no components, (n, 0).
        cache: folder in which vectors are kept by digest of the texts and of the encoder.
        say: told when vectors have to be made, which takes minutes.

    Raises:
        SetupError: a file or a column is missing, or a cell cannot be read; names file, line and column.
        FeedError: a file is empty, damaged or not text.
    """
    item_rows, item_file = _item_rows(folder)
    row_of = {row.item_id: place for place, row in enumerate(item_rows)}
    shoppers: dict[str, int] = {}
    rows, left_out, event_file = _event_rows(folder, row_of)
    number = count()
    for row in rows:
        if row.user_id not in shoppers:
            shoppers[row.user_id] = next(number)
    events, order = _events(rows, row_of, shoppers)
    bound = _complete([row.kind_bound for row in rows], event_file, "kind_bound")
    asked = np.array([row.query is not None for row in rows], dtype=np.bool_)
    loo = _parts([row.loo_split for row in rows], event_file, "loo_split")
    time = _parts([row.time_split for row in rows], event_file, "time_split")
    held = _complete([row.cold_heldout for row in item_rows], item_file, "cold_heldout")
    return Log(
        items=_items(item_rows, events, encoder, cache, say or (lambda line: None)),
        shopper_ids=tuple(shoppers),
        events=events,
        loo=None if loo is None else loo[order],
        time=None if time is None else time[order],
        held_out=None if held is None else np.array([_HELD_OUT[value] for value in held], dtype=np.int8),
        time_cases=_named_cases(folder, "eval_time", row_of, shoppers),
        cold_cases=_named_cases(folder, "eval_cold_heldout", row_of, shoppers),
        query=asked[order] if asked.any() else None,
        kind_bound=None if bound is None else np.array(bound)[order],
        left_out=left_out,
    )


def _item_rows(folder: Path) -> tuple[list[ItemRow], Path]:
    file = _needed(folder, "items")
    rows: list[ItemRow] = []
    line_of: dict[str, int] = {}
    for batch in read_rows(file, ItemRow):
        for line, row in batch:
            if row.item_id in line_of:
                raise SetupError(
                    f"{file}, line {line}, column item_id: {row.item_id!r} stands in line {line_of[row.item_id]} too.",
                    "Leave one of the two lines out.",
                )
            line_of[row.item_id] = line
            rows.append(row)
    if not rows:
        raise SetupError(f"{file} has no line below its header.", _FORMAT)
    return rows, file


def _event_rows(folder: Path, row_of: dict[str, int]) -> tuple[list[EventRow], int, Path]:
    """The events of known items, and how many there are of others."""
    file = _needed(folder, "interactions")
    rows = [row for batch in read_rows(file, EventRow) for _, row in batch]
    known = [row for row in rows if row.item_id in row_of]
    if not known:
        raise SetupError(f"No line of {file} is of an item of {folder / 'items.csv'}.", _FORMAT)
    return known, len(rows) - len(known), file


def _events(rows: list[EventRow], row_of: dict[str, int], shoppers: dict[str, int]) -> tuple[Events, NDArray[np.intp]]:
    """The events in their order, and the place each has among the rows."""
    shopper = np.array([shoppers[row.user_id] for row in rows], dtype=np.int32)
    at = np.array([row.timestamp for row in rows], dtype=np.int64)
    position = np.array([row.position or 0 for row in rows], dtype=np.int64)
    order = np.lexsort((position, at, shopper))  # stable: of two alike the one that stands first in the file
    item = np.array([row_of[row.item_id] for row in rows], dtype=np.int32)
    kind = np.array([_PLACE[row.kind or InteractionKind.REVIEW] for row in rows], dtype=np.int8)
    return Events(shopper[order], item[order], at[order], kind[order]), order


def _items(
    rows: list[ItemRow], events: Events, encoder: TextEncoder | None, cache: Path, say: Callable[[str], None]
) -> Items:
    texts = tuple(" ".join(part for part in (row.title, row.brand, row.category) if part) for row in rows)
    return Items(
        ids=tuple(row.item_id for row in rows),
        texts=texts,
        prices=np.array([np.nan if row.price is None else row.price for row in rows]),
        first_seen=first_seen(events, len(rows)),
        vectors=np.zeros((len(texts), 0), np.float32) if encoder is None else item_vectors(texts, encoder, cache, say),
    )


def first_seen(events: Events, items: int) -> NDArray[np.int64]:
    """int64 (items,): unix seconds of each item's first event; -1 for one without any."""
    latest = np.iinfo(np.int64).max
    first = np.full(items, latest, dtype=np.int64)
    np.minimum.at(first, events.item, events.at)
    first[first == latest] = -1
    return first


def _parts(cells: Sequence[str | None], file: Path, column: str) -> Part | None:
    complete = _complete(cells, file, column)
    return None if complete is None else np.array([PARTS.index(cell) for cell in complete], dtype=np.int8)


def _complete(cells: Sequence[Cell | None], file: Path, column: str) -> list[Cell] | None:
    """The column; None when all of its cells are blank."""
    given = [cell for cell in cells if cell is not None]
    if given and len(given) < len(cells):
        raise SetupError(
            f"{file}, column {column}: {len(cells) - len(given):,} of {len(cells):,} cells are blank.",
            f"Fill the column {column} in every line, or leave the whole column out.",
        )
    return given or None


def _named_cases(folder: Path, name: str, row_of: dict[str, int], shoppers: dict[str, int]) -> NamedCases | None:
    file = find_file(folder, name)
    if file is None:
        return None
    found = []
    for batch in read_rows(file, CaseRow):
        for line, row in batch:
            if row.user_id not in shoppers or row.target_item_id not in row_of:
                column = "target_item_id" if row.user_id in shoppers else "user_id"
                raise SetupError(
                    f"{file}, line {line}, column {column}: the log has no {getattr(row, column)!r}.",
                    "Leave the line out, or give the whole log.",
                )
            part = PARTS.index(row.split.removeprefix("cold_"))
            found.append((shoppers[row.user_id], row_of[row.target_item_id], part))
    shopper, item, part_of = np.array(found, dtype=np.int32).reshape(-1, 3).T
    return NamedCases(shopper, item, part_of.astype(np.int8))


def _needed(folder: Path, name: str) -> Path:
    file = find_file(folder, name)
    if file is None:
        problem = f"{folder} holds no {name}.csv." if folder.is_dir() else f"{folder} is no folder."
        raise SetupError(problem, _FORMAT)
    return file
