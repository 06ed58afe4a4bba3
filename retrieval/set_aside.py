"""The file of what an ingest could not use: one JSON object per row or value, with file, line, field and reason."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO

from retrieval.errors import SetupError
from retrieval.feeds import SET_ASIDE_FILE
from retrieval.feeds.cleaning import Note


class SetAside:
    """The set-aside file of a data folder, open for one ingest.

    What earlier ingests of the same files wrote is dropped at the start: reading a feed again doesn't count its
    faults twice. Entries of other files stay.

    Raises:
        SetupError: from any method, when the disk is full or the folder cannot be written.
    """

    def __init__(self, folder: Path, files: Iterable[str]) -> None:
        self.path = folder / SET_ASIDE_FILE
        self.file = str(self.path)
        self.count = 0
        try:
            kept = _other_entries(self.path, set(files))
            replacement = self.path.with_suffix(".new")
            replacement.write_text("".join(kept), encoding="utf-8")
            os.replace(replacement, self.path)
            self._stream: IO[str] = self.path.open("a", encoding="utf-8")
        except OSError as error:
            raise self._error(error) from error

    def __enter__(self) -> SetAside:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._stream.close()
        except OSError as failure:
            if error is None:
                raise self._error(failure) from failure

    def add(self, file: str, line: int, note: Note, row: object) -> None:
        """Write one entry; `row` is the whole row when all of it is set aside, else None."""
        entry = {"file": file, "line": line, "field": note.field, "reason": note.reason, "raw": note.raw, "row": row}
        self.count += 1
        try:
            self._stream.write(json.dumps(entry, default=str) + "\n")
        except OSError as error:
            raise self._error(error) from error

    def flush(self) -> None:
        """Hand what was written to the operating system."""
        try:
            self._stream.flush()
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> SetupError:
        return SetupError(
            f"{self.path} cannot be written: {error.strerror or error}. Everything stored before this is safe.",
            "Free some space, or set ASSISTANT_DATA_FOLDER to another disk; then run the same command again.",
        )


def forget_set_aside(folder: Path, shopper_id: str) -> int:
    """Overwrite the entries of a data folder that name a shopper; returns how many there were.

    In place, so that an ingest which is writing to the file meanwhile loses nothing; a blank line is no entry.
    """
    path, blanked = folder / SET_ASIDE_FILE, 0
    if not path.exists():
        return 0
    with path.open("r+b") as file:
        start = 0
        for line in file.read().splitlines(keepends=True):
            if _names(line, shopper_id):
                file.seek(start)
                file.write(b" " * len(line.rstrip(b"\r\n")))
                blanked += 1
            start += len(line)
        file.flush()
        os.fsync(file.fileno())
    return blanked


def _names(line: bytes, shopper_id: str) -> bool:
    """Whether a row names the shopper: as one of its values, or as a word where it could not be taken apart."""
    try:
        entry = json.loads(line)
    except ValueError:
        return False
    row, raw = entry.get("row"), entry.get("raw")
    if isinstance(row, dict):
        return any(str(value).strip() == shopper_id for value in (raw, *row.values()))
    return any(re.search(rf"(?<!\w){re.escape(shopper_id)}(?!\w)", str(text)) for text in (row, raw))


def _other_entries(path: Path, files: set[str]) -> list[str]:
    """The entries of a set-aside file that are not about these feeds; a line that a kill cut short is dropped."""
    if not path.exists():
        return []
    kept = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry.get("file") not in files:
            kept.append(line)
    return kept
