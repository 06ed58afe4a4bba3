"""API keys: who may do what from outside. Only a digest is kept; the key itself is shown once, when it is made.

The digest is a plain SHA-256: a key holds 256 random bits, so there is nothing to guess that a slow hash would protect,
and it is checked with every request.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

import sqlalchemy as sa

from assistant.store import Store, schema
from retrieval.errors import SetupError

PREFIX = "shop_"


class Scope(StrEnum):
    """What a key may be good for."""

    CHAT = "chat"
    SEARCH = "search"
    ITEMS_WRITE = "items:write"
    EVENTS_WRITE = "events:write"
    SHOPPERS = "shoppers"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept.

    Attributes:
        at: when it was made, ISO 8601.
        revoked_at: since when it is refused; None while it is good.
    """

    name: str
    scopes: frozenset[Scope]
    at: str
    revoked_at: str | None = None


def add(store: Store, name: str, scopes: frozenset[Scope]) -> str:
    """Make a key; returns it, the only time it is seen.

    Raises:
        SetupError: there is, or was, a key of this name: what it did must stay told apart.
    """
    key = PREFIX + secrets.token_urlsafe(32)
    table = schema.api_keys
    with store.connect() as connection:
        if connection.scalar(sa.select(table.c.name).where(table.c.name == name)) is not None:
            raise SetupError(f"There is a key {name!r} already.", "Choose another name: python -m assistant keys list")
        values = {"key_hash": _digest(key), "name": name, "scopes": sorted(scopes), "at": _now()}
        connection.execute(table.insert().values(values))
    return key


def find(store: Store, key: str) -> ApiKey | None:
    """The good key that these words are; None when there is none or it was revoked."""
    table = schema.api_keys
    with store.connect() as connection:
        row = connection.execute(sa.select(table).where(table.c.key_hash == _digest(key))).mappings().one_or_none()
    return None if row is None or row["revoked_at"] is not None else _api_key(row)


def every(store: Store) -> tuple[ApiKey, ...]:
    """All keys ever made, oldest first."""
    with store.connect() as connection:
        rows = connection.execute(sa.select(schema.api_keys).order_by(schema.api_keys.c.at)).mappings()
        return tuple(_api_key(row) for row in rows)


def revoke(store: Store, name: str) -> bool:
    """Refuse a key from the next request on; False when no good key has this name."""
    table = schema.api_keys
    good = (table.c.name == name) & table.c.revoked_at.is_(None)
    with store.connect() as connection:
        return connection.execute(table.update().where(good).values(revoked_at=_now())).rowcount == 1


def _api_key(row: sa.RowMapping) -> ApiKey:
    return ApiKey(row["name"], frozenset(Scope(scope) for scope in row["scopes"]), row["at"], row["revoked_at"])


def _digest(key: str) -> str:
    return sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat()
