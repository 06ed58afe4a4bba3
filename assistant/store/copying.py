"""Copies of the SQLite files of a data folder, taken while others read and write them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from assistant.store.database import FILE, PATIENCE
from assistant.store.schema import MIGRATIONS
from retrieval.database import MIGRATIONS as CATALOGUE_MIGRATIONS
from retrieval.errors import SetupError
from retrieval.records import FILE_NAME

SCHEMAS = {FILE_NAME: len(CATALOGUE_MIGRATIONS), FILE: len(MIGRATIONS)}
"""The SQLite files that a data folder may hold, with the newest schema of each that this version knows."""
_VERSION = {FILE_NAME: "PRAGMA user_version", FILE: "SELECT version FROM schema_version"}


def copy_database(source: Path, target: Path) -> int:
    """Copy one of `SCHEMAS` as it is at one moment, what is in its write-ahead log too; returns its schema's version.

    Args:
        source: may be in use; a writer does not wait for the copy, nor does the copy see half a transaction.
        target: is not there yet.

    Raises:
        SetupError: the source is damaged or locked, or the target cannot be written.
    """
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=PATIENCE)) as opened,
            closing(sqlite3.connect(target)) as copy,
        ):
            opened.backup(copy)
            return int(copy.execute(_VERSION[source.name]).fetchone()[0])
    except sqlite3.Error as error:
        raise SetupError(
            f"{source} cannot be copied: {error}.",
            "Free disk space where the backup goes, or see docs/operations.md if the database itself is damaged.",
        ) from error
