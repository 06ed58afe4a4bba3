"""Who was forgotten and when, as salted digests: neither a backup nor a log that is read again brings her back.

A line of `forgotten.jsonl` in the data folder is one forgotten id, a shopper's or a conversation's. The digest is an
HMAC-SHA256 under a random salt that the line names; whoever holds the file can try ids that are easily guessed, and
learns nothing else. The file is only ever added to, and belongs into no backup's past: a restore keeps the newest one
(`merge`), and the service deletes what came back before it answers (`assistant.forgetting.forget_again`).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import threading
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from retrieval.errors import SetupError

FILE = "forgotten.jsonl"
_SALT_BYTES = 16
_HEXADECIMAL = "^[0-9a-f]+$"


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    salt: str = Field(min_length=2 * _SALT_BYTES, pattern=_HEXADECIMAL)
    digest: str = Field(min_length=64, max_length=64, pattern=_HEXADECIMAL)
    at: AwareDatetime


class Tombstones:
    """The forgotten ids of one data folder. Safe to use from several threads.

    Raises:
        SetupError: a line of the file cannot be read. One that was cut short is dropped: it was never acknowledged.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._lock = threading.Lock()
        self._times: defaultdict[str, dict[str, datetime]] = defaultdict(dict)  # by salt, by digest
        _drop_cut_line(self._file)
        self._hold(_lines(self._file))
        self._salt = next(iter(self._times), secrets.token_hex(_SALT_BYTES))

    def __len__(self) -> int:
        return sum(map(len, self._times.values()))

    def add(self, ids: Iterable[str], at: datetime) -> None:
        """Note that these were forgotten; on disk when this returns."""
        self._write([_Line(salt=self._salt, digest=_digest(self._salt, i), at=at.astimezone(UTC)) for i in ids])

    def merge(self, folder: Path) -> int:
        """Add the tombstones of another data folder; returns how many were new or later than what is held.

        Raises:
            SetupError: a line of its file cannot be read.
        """
        later = [line for line in _lines(folder / FILE) if not self._knows(line)]
        self._write(later)
        return len(later)

    def forgotten_at(self, id: str) -> datetime | None:
        """When a shopper or a conversation was last forgotten; None: never."""
        with self._lock:
            times = [held.get(_digest(salt, id)) for salt, held in self._times.items()]
        return max(filter(None, times), default=None)

    def covers(self, id: str, at: datetime | None) -> bool:
        """Whether what happened at a time (None: nobody knows when) lies before the id was forgotten."""
        forgotten = self.forgotten_at(id)
        return forgotten is not None and (at is None or at <= forgotten)

    def _knows(self, line: _Line) -> bool:
        held = self._times.get(line.salt, {}).get(line.digest)
        return held is not None and held >= line.at

    def _write(self, lines: list[_Line]) -> None:
        if not lines:
            return
        with self._lock:
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with self._file.open("a", encoding="utf-8") as file:
                    file.writelines(f"{line.model_dump_json()}\n" for line in lines)
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                raise SetupError(
                    f"{self._file} cannot be written: {error.strerror or error}. Nobody was forgotten.",
                    "Free disk space, or grant this user the rights to write there; then forget her again.",
                ) from error
            self._hold(lines)

    def _hold(self, lines: Iterable[_Line]) -> None:
        for line in lines:
            times = self._times[line.salt]
            times[line.digest] = max(line.at, times.get(line.digest, line.at))


def _digest(salt: str, id: str) -> str:
    return hmac.digest(bytes.fromhex(salt), id.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def _drop_cut_line(file: Path) -> None:
    """A process that was killed while it wrote leaves half a line; the next one would be joined to it."""
    if file.exists() and (content := file.read_bytes()) and not content.endswith(b"\n"):
        os.truncate(file, content.rfind(b"\n") + 1)


def _lines(file: Path) -> list[_Line]:
    lines: list[_Line] = []
    for number, text in enumerate(file.read_bytes().splitlines() if file.exists() else (), start=1):
        try:
            lines.append(_Line.model_validate_json(text))
        except ValidationError as error:
            raise SetupError(
                f"{file}, line {number} is no tombstone: {error.errors()[0]['msg']}.",
                "Restore the file from its last good copy: without it, forgotten shoppers may come back.",
            ) from error
    return lines
