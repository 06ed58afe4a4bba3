"""Synonyms: what shoppers' words mean in the shop's own, as staff said it.

These are the rows alone: a running service is told by `Service.put_synonym` and `Service.remove_synonym`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from assistant.store import Store, schema
from assistant.store.database import insert_into


@dataclass(frozen=True, slots=True)
class Synonym:
    """A word or phrase, in lower case, and what it means in the shop's words."""

    word: str
    means: str
    by: str
    at: datetime


def put(store: Store, word: str, means: str, by: str) -> None:
    """Say what a word means, in place of what was said of it before.

    Raises:
        ValueError: the word or the meaning is empty.
    """
    word, means = _cleaned(word), " ".join(means.split())
    if not word or not means:
        raise ValueError("A synonym needs a word and what it means.")
    fresh = {"means": means, "by": by, "at": datetime.now(UTC).isoformat()}
    with store.connect() as connection:
        statement = insert_into(connection, schema.synonyms).values(word=word, **fresh)
        connection.execute(statement.on_conflict_do_update(index_elements=["word"], set_=fresh))


def remove(store: Store, word: str) -> bool:
    """Take a synonym back; returns whether there was one."""
    with store.connect() as connection:
        gone = connection.execute(schema.synonyms.delete().where(schema.synonyms.c.word == _cleaned(word)))
    return gone.rowcount > 0


def all(store: Store) -> tuple[Synonym, ...]:
    """Every synonym, by word."""
    with store.connect() as connection:
        rows = connection.execute(sa.select(schema.synonyms).order_by(schema.synonyms.c.word)).all()
    return tuple(Synonym(r.word, r.means, r.by, datetime.fromisoformat(r.at)) for r in rows)


def _cleaned(word: str) -> str:
    return " ".join(word.casefold().split())
