"""Staff accounts and their sign-ins. Only hashes come in here: of passwords and of session tokens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from assistant.store import Store
from assistant.store.schema import sign_ins, staff


class Role(StrEnum):
    """What a member of staff may do: an admin all that an agent may, and the audit, words and accounts."""

    AGENT = "agent"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """One member of staff."""

    name: str
    role: Role
    password_hash: str
    added: datetime
    disabled: bool


@dataclass(frozen=True, slots=True)
class SignIn:
    """A browser that is signed in; `csrf` is the token that its forms carry."""

    name: str
    role: Role
    csrf: str


def add(store: Store, name: str, role: Role, password_hash: str) -> bool:
    """Add an account; False when the name is taken."""
    values = {"name": name, "role": role, "password_hash": password_hash, "at": _text(datetime.now(UTC))}
    with store.connect() as connection:
        if connection.scalar(sa.select(staff.c.name).where(staff.c.name == name)) is not None:
            return False
        connection.execute(staff.insert().values(values))
    return True


def find(store: Store, name: str) -> Account | None:
    """The account of a name, disabled or not."""
    with store.connect() as connection:
        row = connection.execute(sa.select(staff).where(staff.c.name == name)).one_or_none()
    return None if row is None else _account(row)


def everyone(store: Store) -> tuple[Account, ...]:
    """All accounts by name, disabled ones included."""
    with store.connect() as connection:
        rows = connection.execute(sa.select(staff).order_by(staff.c.name)).all()
    return tuple(map(_account, rows))


def set_password(store: Store, name: str, password_hash: str) -> bool:
    """A new password, which also enables the account; whoever is signed in under the name is signed out."""
    return _change(store, name, password_hash=password_hash, disabled_at=None)


def disable(store: Store, name: str) -> bool:
    """No further sign-in under this name, and an end to those that are; False when there is no such account."""
    return _change(store, name, disabled_at=_text(datetime.now(UTC)))


def _change(store: Store, name: str, **values: str | None) -> bool:
    with store.connect() as connection:
        changed = connection.execute(staff.update().where(staff.c.name == name).values(values)).rowcount
        connection.execute(sign_ins.delete().where(sign_ins.c.name == name))
    return changed > 0


def sign_in(store: Store, name: str, token_hash: str, csrf: str, until: datetime) -> None:
    """Remember a browser until a time; sign-ins that are over are deleted."""
    now = datetime.now(UTC)
    values = {"token_hash": token_hash, "name": name, "csrf": csrf, "at": _text(now), "until": _text(until)}
    with store.connect() as connection:
        connection.execute(sign_ins.delete().where(sign_ins.c.until <= _text(now)))
        connection.execute(sign_ins.insert().values(values))


def signed_in(store: Store, token_hash: str, at: datetime) -> SignIn | None:
    """Who is signed in with a token at a time; None when nobody is, or the account is disabled."""
    query = sa.select(staff.c.name, staff.c.role, sign_ins.c.csrf).join(staff, staff.c.name == sign_ins.c.name)
    query = query.where(
        sign_ins.c.token_hash == token_hash, sign_ins.c.until > _text(at), staff.c.disabled_at.is_(None)
    )
    with store.connect() as connection:
        row = connection.execute(query).one_or_none()
    return None if row is None else SignIn(row.name, Role(row.role), row.csrf)


def sign_out(store: Store, token_hash: str) -> None:
    """Forget a browser."""
    with store.connect() as connection:
        connection.execute(sign_ins.delete().where(sign_ins.c.token_hash == token_hash))


def _account(row: sa.Row[Any]) -> Account:
    added = datetime.fromisoformat(row.at)
    return Account(row.name, Role(row.role), row.password_hash, added, row.disabled_at is not None)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
