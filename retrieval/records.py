"""The shop's records on disk: items and interactions, the truth that everything else is rebuilt from.

One SQLite file (`catalogue.db`, write-ahead log) in the data folder, through SQLAlchemy Core. A write is on disk when
the call returns: a process killed at any point loses nothing that was acknowledged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert

from retrieval import corrections
from retrieval.catalogue import CatalogueItem
from retrieval.corrections import Correction, Differences
from retrieval.database import MIGRATIONS, begin, diagnosis, prepare_connection
from retrieval.errors import SetupError
from retrieval.interactions import Interaction, InteractionKind
from retrieval.record_encoding import decode_item, encode_item, item_digest
from retrieval.restoring import finish_restoring

FILE_NAME = "catalogue.db"
APPLICATION_ID = 0x53484F50  # "SHOP" in the file's header: how a database of another program is told from ours
_CHUNK = 2000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_metadata = sa.MetaData()
_items = sa.Table(
    "items",
    _metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("item_id", sa.Text),
    sa.Column("digest", sa.LargeBinary),
    sa.Column("body", sa.LargeBinary),
)
_interactions = sa.Table(
    "interactions",
    _metadata,
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("shopper_id", sa.Text),
    sa.Column("item_id", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("at", sa.Integer),
    sa.Column("session_id", sa.Text),
    sa.Column("value", sa.Float),
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Changes:
    """What an upsert did, as item ids in the order given."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()


class Records:
    """The records of one shop. Safe to use from several threads; writers take turns.

    Raises:
        SetupError: from any method, when the file is locked, corrupt, of another program, of a newer version, or
            the disk is full. What was acknowledged before stays.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True)
            finish_restoring(folder)
        self._engine = sa.create_engine(f"sqlite:///{self.path}", connect_args={"timeout": 10.0})
        sa.event.listen(self._engine, "connect", prepare_connection)
        sa.event.listen(self._engine, "begin", begin)
        self._writer = self._engine.execution_options(immediate=True)
        try:
            self._migrate()
        except SetupError:
            self._engine.dispose()
            raise

    def __enter__(self) -> Records:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; the write-ahead log is folded into the file."""
        self._engine.dispose()

    # items

    def items(self) -> Iterator[CatalogueItem]:
        """Every item, in the order of its first arrival. Reads in short transactions: writers are never blocked."""
        position = 0
        columns = _items.c.position, _items.c.item_id, _items.c.body
        while True:
            query = sa.select(*columns).where(_items.c.position > position).order_by(_items.c.position).limit(_CHUNK)
            rows = self._read(query)
            if not rows:
                return
            yield from (decode_item(row.item_id, row.body) for row in rows)
            position = rows[-1].position

    def get(self, item_id: str) -> CatalogueItem | None:
        """One item, or None."""
        rows = self._read(sa.select(_items.c.body).where(_items.c.item_id == item_id))
        return decode_item(item_id, rows[0][0]) if rows else None

    def digest(self, item_id: str) -> str | None:
        """Hexadecimal digest of what the feed states of an item; None when there is no such item.

        A category learned from titles doesn't count: learning it later leaves the digest as it was.
        """
        rows = self._read(sa.select(_items.c.digest).where(_items.c.item_id == item_id))
        return rows[0][0].hex() if rows else None

    def digests(self) -> dict[str, str]:
        """`digest` of every item, by id."""
        return {row.item_id: row.digest.hex() for row in self._read(sa.select(_items.c.item_id, _items.c.digest))}

    def __len__(self) -> int:
        return int(self._read(sa.select(sa.func.count()).select_from(_items))[0][0])

    def upsert(self, items: Iterable[CatalogueItem]) -> Changes:
        """Add the items or replace them by id, in one transaction; of several with one id the last counts.

        An item whose content is what is stored already is left alone.
        """
        with self._explained(), self._writer.begin() as connection:
            return _upsert(connection, {item.item_id: item for item in items})

    def remove(self, item_ids: Iterable[str]) -> int:
        """Take items out; returns how many there were. Their interactions stay: they are the shoppers' history."""
        removed = 0
        with self._explained(), self._writer.begin() as connection:
            for ids in chunks(item_ids, _CHUNK):
                removed += connection.execute(sa.delete(_items).where(_items.c.item_id.in_(ids))).rowcount
        return removed

    # corrections

    def correct(self, item: CatalogueItem, by: str) -> Differences:
        """Replace an item by what staff say of it, and keep that against the feed; see `retrieval.corrections`.

        Returns:
            By field what it was and what it is now; empty when nothing changed. Raises KeyError: no such item.
        """
        with self._explained(), self._writer.begin() as connection:
            body = connection.scalar(sa.select(_items.c.body).where(_items.c.item_id == item.item_id))
            if body is None:
                raise KeyError(item.item_id)
            changes = corrections.differences(decode_item(item.item_id, body), item)
            corrections.add(connection, item.item_id, changes, by)
            _upsert(connection, {item.item_id: item})
        return changes

    def with_corrections(self, items: Sequence[CatalogueItem]) -> list[CatalogueItem]:
        """What a feed states of items, with the corrections that still hold."""
        with self._explained(), self._writer.begin() as connection:
            return [item for some in chunks(items, _CHUNK) for item in corrections.apply(connection, some)]

    def corrections(self, item_id: str | None = None) -> list[Correction]:
        """The corrections on record, of one item or of all; the latest first."""
        with self._explained(), self._engine.connect() as connection:
            return corrections.read(connection, None if item_id is None else [item_id])

    def end_correction(self, item_id: str, field: str) -> None:
        """Take a correction off the record; the item stays as it is until its feed is read again."""
        with self._explained(), self._writer.begin() as connection:
            corrections.end(connection, item_id, field)

    # interactions

    def interactions(self, shopper_id: str | None = None) -> Iterator[Interaction]:
        """The interactions of everyone or of one shopper, in the order in which they were added."""
        position = 0
        while True:
            query = sa.select(_interactions).where(_interactions.c.position > position)
            if shopper_id is not None:
                query = query.where(_interactions.c.shopper_id == shopper_id)
            rows = self._read(query.order_by(_interactions.c.position).limit(_CHUNK))
            if not rows:
                return
            yield from map(_interaction, rows)
            position = rows[-1].position

    def add_interactions(self, interactions: Iterable[Interaction]) -> int:
        """Add interactions, in transactions of some thousands; returns how many were new.

        One of the same shopper, item, kind and time as a stored one is that one: adding it again does nothing.
        """
        new = 0
        statement = insert(_interactions).on_conflict_do_nothing()
        for some in chunks(interactions, _CHUNK):
            with self._explained(), self._writer.begin() as connection:
                result = connection.execution_options(preserve_rowcount=True).execute(statement, [*map(_row, some)])
                new += result.rowcount
        return new

    def shoppers(self) -> list[str]:
        """The ids of all who have interactions."""
        return [row.shopper_id for row in self._read(sa.select(_interactions.c.shopper_id).distinct())]

    def remove_shopper(self, shopper_id: str, until: datetime | None = None) -> list[Interaction]:
        """Erase a shopper's interactions and return them, so that counts can be subtracted.

        The bytes are overwritten in the file and the write-ahead log is emptied. With `until`, later ones stay.
        """
        statement = sa.delete(_interactions).where(_interactions.c.shopper_id == shopper_id)
        if until is not None:
            statement = statement.where(_interactions.c.at <= _micros(until))
        with self._explained(), self._writer.begin() as connection:
            rows = connection.execute(statement.returning(*_interactions.c)).all()
        with self._explained(), self._engine.connect() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return sorted(map(_interaction, rows), key=lambda interaction: interaction.at)

    # the database

    def _read(self, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
        with self._explained(), self._engine.connect() as connection:
            return connection.execute(query).all()

    def _migrate(self) -> None:
        with self._explained(), self._writer.begin() as connection:
            application: int = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
            version: int = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            tables: int = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
            if application != APPLICATION_ID and (application or version or tables):
                raise SetupError(
                    f"{self.path} is a database of another program; nothing in it was touched.",
                    "Set ASSISTANT_DATA_FOLDER to a folder of the assistant's own.",
                )
            if version > len(MIGRATIONS):
                raise SetupError(
                    f"{self.path} was written by a newer version (its schema is {version}, this one knows "
                    f"{len(MIGRATIONS)}).",
                    "Run that newer version, or set ASSISTANT_DATA_FOLDER to another folder.",
                )
            for statement in (s for migration in MIGRATIONS[version:] for s in migration):
                connection.exec_driver_sql(statement)
            if version < len(MIGRATIONS):
                connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version = {len(MIGRATIONS)}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what an operator can fix into a SetupError that says how."""
        try:
            yield
        except OSError as error:
            raise SetupError(
                f"{self.path} cannot be written: {error}.",
                "Free the space or grant the rights, or set ASSISTANT_DATA_FOLDER to another folder.",
            ) from error
        except sa.exc.DatabaseError as error:
            raise SetupError(*diagnosis(self.path, str(error.orig))) from error


def _upsert(connection: sa.Connection, latest: dict[str, CatalogueItem]) -> Changes:
    digests = {item_id: item_digest(item) for item_id, item in latest.items()}
    stored = _stored_digests(connection, list(latest))
    changed = [i for i in latest if i in stored and stored[i] != digests[i]]
    added = [i for i in latest if i not in stored]
    if changed or added:
        statement = insert(_items)
        statement = statement.on_conflict_do_update(
            index_elements=["item_id"],
            set_={"digest": statement.excluded.digest, "body": statement.excluded.body},
        )
        connection.execute(
            statement,
            [{"item_id": i, "digest": digests[i], "body": encode_item(latest[i])} for i in added + changed],
        )
    unchanged = tuple(i for i in latest if i in stored and stored[i] == digests[i])
    return Changes(tuple(added), tuple(changed), unchanged)


def _stored_digests(connection: sa.Connection, item_ids: list[str]) -> dict[str, bytes]:
    stored: dict[str, bytes] = {}
    for ids in chunks(item_ids, _CHUNK):
        query = sa.select(_items.c.item_id, _items.c.digest).where(_items.c.item_id.in_(ids))
        stored.update((item_id, digest) for item_id, digest in connection.execute(query))
    return stored


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """The values in lists of `size`, the last one shorter."""
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


def _row(interaction: Interaction) -> dict[str, object]:
    return {
        "shopper_id": interaction.shopper_id,
        "item_id": interaction.item_id,
        "kind": interaction.kind.value,
        "at": _micros(interaction.at),
        "session_id": interaction.session_id,
        "value": interaction.value,
    }


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _interaction(row: sa.Row[Any]) -> Interaction:
    at = _EPOCH + row.at * _MICROSECOND
    return Interaction(row.shopper_id, row.item_id, InteractionKind(row.kind), at, row.session_id, row.value)
