"""Trained models of behaviour on disk: a folder for each training run, and a small file that names the one in service.

    behaviour/
        in-service                 the name of a folder beside it; no such file: counts alone
        20261124T113000-1f3a9c2e/  written whole under another name, then renamed; never changed afterwards
            card.json              how it was made, what it replaced, SHA-256 of every other file
            sequence/ ...
            fusion/ ...            where the fusion won against the rule

Putting a bundle in service and rolling it back each replace that one file, so that a process killed at any point
leaves one whole model in service.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from retrieval.durable import to_disk
from retrieval.errors import SetupError

FOLDER = "behaviour"  # of the data folder
CARD = "card.json"
SEQUENCE = "sequence"  # folder of the sequence model in a bundle
FUSION = "fusion"  # folder of the fusion, where there is one
_POINTER = "in-service"
_PARTIAL = "partial-"
_NAME = re.compile(r"\d{8}T\d{6}-[0-9a-f]{8}")
_FIX = "Run 'python -m assistant learn --rollback' for the one before it, or 'python -m assistant learn' for a new one."


class Card(BaseModel):
    """How a bundle was made and what it measured.

    Attributes:
        made_at: UTC.
        trained_until: of the last interaction it was trained on, UTC.
        interactions, shoppers, items: how many it was trained on.
        encoder: fingerprint of the encoder whose vectors it takes.
        replaces: the bundle that was in service when it was made; None: counts alone.
        weights: share of each part in the behaviour score.
        fusion: why the fusion is in the bundle, or is not, in words; None: it was not tried.
        figures: what it measured beside the one it replaces, on the interactions after `trained_until`.
        digests: SHA-256 of every file, by its path in the bundle.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    made_at: datetime
    trained_until: datetime
    interactions: int
    shoppers: int
    items: int
    encoder: str
    replaces: str | None
    weights: Mapping[str, float]
    figures: Mapping[str, float]
    fusion: str | None = None
    digests: Mapping[str, str] = {}


class Bundles:
    """The bundles of one data folder. Nothing is written before the first `add`."""

    def __init__(self, data_folder: Path) -> None:
        self.folder = data_folder / FOLDER

    def in_service(self) -> str | None:
        """The name of the bundle in service; None: counts alone."""
        try:
            return (self.folder / _POINTER).read_text(encoding="utf-8").strip() or None
        except FileNotFoundError:
            return None

    def path(self, name: str) -> Path:
        """The folder of a bundle.

        Raises:
            SetupError: that is no name of a bundle here.
        """
        path = self.folder / name
        if _NAME.fullmatch(name) is None or not path.is_dir():
            raise SetupError(f"There is no behaviour model {name!r} in {self.folder}.", _FIX)
        return path

    def card(self, name: str) -> Card:
        """The card of a bundle, once every file has been found to be what was written.

        Raises:
            SetupError: the bundle is not there, incomplete or damaged.
        """
        path = self.path(name)
        try:
            card = Card.model_validate_json((path / CARD).read_bytes())
        except (OSError, ValidationError) as error:
            raise SetupError(f"The behaviour model {path} has no usable card: {error}", _FIX) from error
        found = _digests(path)
        if found != dict(card.digests):
            wrong = sorted(found.items() ^ card.digests.items())[0][0]
            raise SetupError(f"The behaviour model {path} is damaged: {wrong} is not what was written.", _FIX)
        return card

    def add(self, card: Card, write: Callable[[Path], None]) -> str:
        """Write a bundle, whole or not at all; returns its name. It is not in service yet.

        Args:
            card: of the bundle; its digests are filled in here.
            write: writes the models into an empty folder.
        """
        partial = self.folder / f"{_PARTIAL}{secrets.token_hex(4)}"
        partial.mkdir(parents=True)
        try:
            write(partial)
            whole = card.model_copy(update={"digests": _digests(partial)})
            (partial / CARD).write_text(whole.model_dump_json(indent=2) + "\n", encoding="utf-8")
            for file in partial.rglob("*"):
                to_disk(file)
            name = f"{card.made_at.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"
            partial.rename(self.folder / name)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        to_disk(self.folder)
        return name

    def put_in_service(self, name: str) -> None:
        """Have a bundle answer from now on; a running service takes it up by itself.

        Raises:
            SetupError: it is not there, incomplete or damaged.
        """
        self.card(name)
        new = self.folder / f"{_POINTER}.{secrets.token_hex(4)}"
        new.write_text(f"{name}\n", encoding="utf-8")
        to_disk(new)
        new.replace(self.folder / _POINTER)
        to_disk(self.folder)

    def roll_back(self) -> str | None:
        """Put the bundle in service that the present one replaced; returns its name, None: counts alone.

        Raises:
            SetupError: no bundle is in service, or the one before it is gone or damaged.
        """
        name = self.in_service()
        if name is None:
            raise SetupError("No trained behaviour model is in service.", "Run 'python -m assistant learn' for one.")
        before = self._replaced_by(name)
        if before is None:
            (self.folder / _POINTER).unlink()
            to_disk(self.folder)
        else:
            self.put_in_service(before)
        return before

    def tidy(self) -> None:
        """Delete what no rollback leads to: all but the bundle in service and the one it replaced."""
        name = self.in_service()
        kept = {_POINTER, name, None if name is None else self._replaced_by(name)}
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.is_dir() and path.name not in kept:
                shutil.rmtree(path)
            elif path.name.startswith(f"{_POINTER}."):
                path.unlink()

    def _replaced_by(self, name: str) -> str | None:
        """What a bundle replaced, damaged or not."""
        try:
            return Card.model_validate_json((self.path(name) / CARD).read_bytes()).replaces
        except (OSError, ValidationError) as error:
            raise SetupError(
                f"The card of the behaviour model {name} cannot be read: {error}",
                f"Delete {self.folder / _POINTER} to answer from counts alone, then run 'python -m assistant learn'.",
            ) from error


def _digests(path: Path) -> dict[str, str]:
    files = (file for file in sorted(path.rglob("*")) if file.is_file())
    named = ((file.relative_to(path).as_posix(), file) for file in files)
    return {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in named if name != CARD}
