"""Items side by side: a table of catalogue fields, nothing narrated."""

from __future__ import annotations

from dataclasses import dataclass

NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One field of a comparison; `differs` when the stated values are not all the same."""

    field: str
    label: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class ComparisonTable:
    """Items side by side: one row per field, one column per item; "not stated" where a record says nothing."""

    item_ids: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]
