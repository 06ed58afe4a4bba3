"""What the catalogue doctor finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad a finding is. Errors make the doctor's exit code 1."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Kind(StrEnum):
    """What is wrong."""

    INSTRUCTION = "instruction in text"
    CONTRADICTION = "contradiction"
    PRICE_OUTLIER = "price outlier"
    DUPLICATE = "likely duplicate"
    UNREACHABLE = "value no filter reaches"
    SPELLING = "spelling variant"
    MARKUP = "markup left"
    ADDRESS = "broken address"
    MISSING = "missing field"
    RARE_ATTRIBUTE = "attribute used once"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one item.

    Attributes:
        field: "title", "price", ... or the attribute's name.
        message: one sentence, with both sides where two disagree.
    """

    item_id: str
    kind: Kind
    field: str
    message: str
    severity: Severity
