"""Turns kept as golden cases: a labelled line each in the data folder, as `evaluate intent --data` reads it.

A case knows its conversation, and goes when that is forgotten: its words are the shopper's, masked or not.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from retrieval.errors import SetupError

FILE = "cases.jsonl"
_writing = threading.Lock()


def keep_case(file: Path, case: Mapping[str, Any]) -> bool:
    """Append a case; one with the same words after the same history is replaced.

    Returns:
        Whether one was replaced.

    Raises:
        SetupError: the file holds a line that is no JSON object; it is left as it is.
    """
    with _writing:
        lines = _lines(file)
        kept = [line for number, line in enumerate(lines, start=1) if not _same(file, number, line, case)]
        _replace(file, [*kept, json.dumps(case, ensure_ascii=False)])
        return len(kept) < len(lines)


def forget_cases(file: Path, conversation_ids: Collection[str]) -> int:
    """Take out the cases of these conversations; returns how many there were. A line that is no case stays."""
    with _writing:
        lines = _lines(file)
        kept = [line for line in lines if _conversation(line) not in conversation_ids]
        if len(kept) < len(lines):
            _replace(file, kept)
        return len(lines) - len(kept)


def _conversation(line: str) -> str | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    return row.get("conversation_id") if isinstance(row, dict) else None


def _same(file: Path, number: int, line: str, case: Mapping[str, Any]) -> bool:
    try:
        row = json.loads(line)
        return (row.get("text"), row.get("history", [])) == (case["text"], case["history"])
    except (ValueError, AttributeError) as error:
        raise SetupError(f"{file}, line {number} is no case: {error}.", f"Mend that line of {file}.") from error


def _lines(file: Path) -> list[str]:
    written = file.read_text("utf-8").split("\n") if file.exists() else []
    return [line for line in written if line.strip()]


def _replace(file: Path, lines: list[str]) -> None:
    beside = file.with_suffix(".partial")
    beside.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    os.replace(beside, file)
