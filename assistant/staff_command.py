"""`python -m assistant staff`: who may sign in to the console."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from assistant.command_line import explained
from assistant.settings import load_settings
from retrieval.errors import SetupError

if TYPE_CHECKING:
    from assistant.store import Store

staff = typer.Typer(help="Who may sign in to the console.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Letters, digits, dot, hyphen, at sign; upper and lower case are one.")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]
COMMAND_LINE = "command line"  # who did it, in the audit


@staff.command()
def add(
    name: Name,
    role: Annotated[Literal["agent", "admin"], typer.Option(help="An admin also sees the audit and the accounts.")],
    password_stdin: FromStdin = False,
) -> None:
    """Add somebody; the password is asked for twice."""
    from assistant.store import audit
    from assistant.store import staff as accounts

    with explained(), _store() as store:
        name = _name(name)
        if accounts.find(store, name) is not None:
            raise SetupError(f"There is a {name!r} already.", f"python -m assistant staff password {name}")
        accounts.add(store, name, accounts.Role(role), _password(password_stdin))
        audit.record(store, COMMAND_LINE, "add staff", name, {"role": role})
        typer.echo(f"{name} may sign in at /console as {role}.")


@staff.command("list")
def list_() -> None:
    """Everybody who has an account."""
    from assistant.store import staff as accounts

    with explained(), _store() as store:
        for account in accounts.everyone(store):
            state = "disabled" if account.disabled else account.role
            typer.echo(f"{account.name}\t{state}\tsince {account.added:%Y-%m-%d}")


@staff.command()
def disable(name: Name) -> None:
    """Sign somebody out everywhere and let her in no more; what she did stays in the audit."""
    from assistant.store import audit
    from assistant.store import staff as accounts

    with explained(), _store() as store:
        name = _name(name)
        if not accounts.disable(store, name):
            raise _unknown(name)
        audit.record(store, COMMAND_LINE, "disable staff", name, {})
        typer.echo(f"{name} may not sign in any more; a new password enables the account again.")


@staff.command()
def password(name: Name, password_stdin: FromStdin = False) -> None:
    """Set a new password; signs out wherever the old one was used, and enables a disabled account."""
    from assistant.store import audit
    from assistant.store import staff as accounts

    with explained(), _store() as store:
        name = _name(name)
        if accounts.find(store, name) is None:
            raise _unknown(name)
        accounts.set_password(store, name, _password(password_stdin))
        audit.record(store, COMMAND_LINE, "set password", name, {})
        typer.echo(f"{name} has a new password.")


@contextmanager
def _store() -> Iterator[Store]:
    from assistant.store import open_store

    store = open_store(load_settings())
    try:
        yield store
    finally:
        store.close()


def _name(given: str) -> str:
    name = given.strip().casefold()
    if not re.fullmatch(r"[\w.@-]{1,100}", name):
        raise SetupError(f"{given!r} cannot be a name.", "Use letters, digits, dot, hyphen and at sign.")
    return name


def _password(from_stdin: bool) -> str:
    """The hash of a password that is read once from standard input or asked for twice."""
    from assistant.console.passwords import hash_password

    given = (
        sys.stdin.readline().rstrip("\r\n")
        if from_stdin
        else str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    )
    try:
        return hash_password(given)
    except ValueError as error:
        raise SetupError(str(error), "Choose another one; several words in a row are easy to keep.") from error


def _unknown(name: str) -> SetupError:
    return SetupError(f"There is nobody called {name!r}.", "python -m assistant staff list")
