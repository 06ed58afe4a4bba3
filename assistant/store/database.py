"""The database under the store: SQLite in the data folder, or PostgreSQL by its address.

Everything that the two say differently is here; the rest of `assistant.store` is the same words for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from retrieval.errors import SetupError

FILE = "conversations.db"
PATIENCE = 10  # seconds to wait for another writer, or for a server that does not answer
_SCHEME = "postgresql"
_QUIET = {"hide_parameters": True}  # errors do not tell what was being stored


class Words(sa.TypeDecorator[str]):
    """Text in the order of its bytes, in which ISO 8601 times of one zone sort as time does, on either database.

    PostgreSQL keeps no NUL: one that is stored or looked for becomes U+FFFD there.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[str]:
        """PostgreSQL's own order is that of the language it was set up in, which skips punctuation."""
        return dialect.type_descriptor(sa.Text(collation="C") if dialect.name == _SCHEME else sa.Text())

    @property
    def python_type(self) -> type[str]:
        """Of its values."""
        return str

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> str | None:
        """The text as the database can take it."""
        return value.replace("\0", "\ufffd") if value is not None and dialect.name == _SCHEME else value


WHOLE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")  # there, INTEGER has 64 bits and counts up by itself


class days(FunctionElement[float]):
    """A stored time as days, of which differences can be taken."""

    inherit_cache = True
    type = sa.Float()


@compiles(days, "sqlite")  # type: ignore[no-untyped-call, untyped-decorator]
def _days_in_sqlite(element: days, compiler: SQLCompiler, **options: Any) -> str:
    return f"julianday({compiler.process(element.clauses, **options)})"


@compiles(days, "postgresql")  # type: ignore[no-untyped-call, untyped-decorator]
def _days_in_postgresql(element: days, compiler: SQLCompiler, **options: Any) -> str:
    return f"(extract(epoch from cast({compiler.process(element.clauses, **options)} as timestamptz)) / 86400)"


class unindexed(FunctionElement[str]):
    """A column without its index: an item has many impressions, a shopper few, and SQLite would take the item's."""

    inherit_cache = True
    type = sa.Text()


@compiles(unindexed)  # type: ignore[no-untyped-call, untyped-decorator]
def _as_it_is(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(element.clauses, **options)


@compiles(unindexed, "sqlite")  # type: ignore[no-untyped-call, untyped-decorator]
def _unindexed_in_sqlite(element: unindexed, compiler: SQLCompiler, **options: Any) -> str:
    return f"+{compiler.process(element.clauses, **options)}"


class seconds_of(FunctionElement[float]):
    """The seconds of a stage in the column of latencies; NULL where it was not noted. `stage`: a word of ours."""

    inherit_cache = False  # the stage is part of the SQL
    type = sa.Float()

    def __init__(self, latency: sa.ColumnElement[Any], stage: str) -> None:
        super().__init__(latency)
        self.stage = stage


@compiles(seconds_of, "sqlite")  # type: ignore[no-untyped-call, untyped-decorator]
def _seconds_in_sqlite(element: seconds_of, compiler: SQLCompiler, **_: Any) -> str:
    return f"json_extract(latency, '$.{element.stage}')"  # letter for letter what `schema.TURNS_IN_TIME` has


@compiles(seconds_of, "postgresql")  # type: ignore[no-untyped-call, untyped-decorator]
def _seconds_in_postgresql(element: seconds_of, compiler: SQLCompiler, **options: Any) -> str:
    return f"cast({compiler.process(element.clauses, **options)} ->> '{element.stage}' as double precision)"


def insert_into(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An insert that may say what to do when the row is there already (`on_conflict_do_update`, `…_nothing`)."""
    return postgresql.insert(table) if connection.dialect.name == _SCHEME else sqlite.insert(table)


class Database:
    """Connections to one database. Safe to use from several threads.

    Attributes:
        place: where it is, for people: a path, or an address without its password.
    """

    def __init__(self, folder: Path, url: str | None = None, *, patience: float = PATIENCE) -> None:
        """A database; connected to when it is first used.

        Args:
            folder: where the SQLite file lies, or is made.
            url: postgresql://USER:PASSWORD@HOST:PORT/NAME; None: SQLite.
            patience: seconds to wait for another writer.

        Raises:
            SetupError: the address is none, or the driver is not installed.
        """
        if url is None:
            folder.mkdir(parents=True, exist_ok=True)
            self.place = str(folder / FILE)
            self.engine = sa.create_engine(f"sqlite:///{self.place}", connect_args={"timeout": patience}, **_QUIET)
            sa.event.listen(self.engine, "connect", _configure_sqlite)
        else:
            address = _address(url)
            self.place = address.set(drivername=_SCHEME).render_as_string(hide_password=True)
            self.engine = _postgresql(address)
        self.is_file = url is None

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        """A transaction; what an operator can fix comes out as a SetupError."""
        try:
            with self.engine.begin() as connection:
                yield connection
        except sa.exc.DatabaseError as error:
            reason = str(error.orig).strip().partition("\n")[0]  # PostgreSQL's next lines tell what was in the row
            raise SetupError(f"{self.place} cannot be used: {reason.rstrip('.')}.", self._fix(reason)) from error

    def _fix(self, reason: str) -> str:
        if "full" in reason or "No space left" in reason or "disk I/O" in reason:
            return "Free disk space and try again: nothing that was stored before is lost."
        if not self.is_file:
            return "See that PostgreSQL runs and lets this user in, or correct ASSISTANT_DATABASE_URL."
        if "locked" in reason:
            return "Stop the other process that uses this data folder, or set ASSISTANT_DATA_FOLDER to another one."
        return f"Move {self.place} away (it will be made anew), or restore it from a backup."

    def empty_write_ahead_log(self) -> None:
        """Have SQLite overwrite what was deleted: old rows live on in its log until that is folded in.

        PostgreSQL frees the space of deleted rows by itself, later: docs/operations.md tells how to hasten it.
        """
        if self.is_file:
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _configure_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _address(url: str) -> sa.URL:
    """The address with the driver; the words of its errors never hold the password."""
    fix = "Set ASSISTANT_DATABASE_URL to postgresql://USER:PASSWORD@HOST:PORT/NAME, or leave it out for SQLite."
    try:
        address = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise SetupError("The setting 'database_url' is no address of a database.", fix) from None
    if address.drivername != _SCHEME:
        raise SetupError(f"The setting 'database_url' names {address.drivername!r}, which is not served.", fix)
    return address.set(drivername=f"{_SCHEME}+psycopg")


def _postgresql(address: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": PATIENCE}, **_QUIET)
    except ModuleNotFoundError as error:
        raise SetupError("PostgreSQL needs its driver.", 'pip install "shop-assistant[postgresql]"') from error
