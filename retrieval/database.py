"""The records' SQLite file: its tables by migration, how it is opened, what its errors mean to an operator."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from retrieval import corrections

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE items (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            item_id TEXT NOT NULL UNIQUE,
            digest BLOB NOT NULL,
            body BLOB NOT NULL)""",
        """CREATE TABLE interactions (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            shopper_id TEXT NOT NULL,
            item_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            at INTEGER NOT NULL,
            session_id TEXT,
            value REAL,
            UNIQUE (shopper_id, item_id, kind, at))""",
        "CREATE INDEX interactions_of_item ON interactions (item_id)",
    ),
    (corrections.TABLE,),
)
"""The statements of each migration; migration n brings a database from version n-1 to n. Only ever appended to."""


def prepare_connection(connection: Any, _: object) -> None:
    """For the event "connect": write-ahead log, every commit on disk, deleted bytes overwritten."""
    connection.isolation_level = None  # transactions are begun by `begin`, not by the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA secure_delete = ON")
    cursor.close()


def begin(connection: Any) -> None:
    """For the event "begin": a writer takes its turn at once (execution option `immediate`)."""
    immediate = connection.get_execution_options().get("immediate", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


def diagnosis(path: Path, message: str) -> tuple[str, str]:
    """What is wrong with the database and what to do, from SQLite's own message."""
    if "locked" in message or "busy" in message:
        return f"{path} is being written by another process.", "Stop the other process, then run this again."
    if "full" in message or "disk I/O" in message:
        return (
            f"The disk is full: {path} cannot grow ({message}). Everything stored before this is safe.",
            "Free some space, or set ASSISTANT_DATA_FOLDER to another disk; then run the same command again.",
        )
    if "malformed" in message or "not a database" in message:
        return (
            f"{path} is corrupt or not a database of the assistant ({message}).",
            f"Move {path} away, then run 'python -m assistant ingest PATH' with the shop's feeds again.",
        )
    return (
        f"{path} cannot be used: {message}.",
        "Grant this user the rights to read and write that folder, or set ASSISTANT_DATA_FOLDER to another one.",
    )
