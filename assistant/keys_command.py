"""`python -m assistant keys`: who may use the API, and for what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.command_line import explained
from assistant.settings import load_settings
from retrieval.errors import SetupError

if TYPE_CHECKING:
    from assistant.store import Store

keys = typer.Typer(help="Who may use the API, and for what.", no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="Whose key it is: till, storefront, prometheus.")]


@keys.command()
def add(
    name: Name,
    scope: Annotated[
        list[str], typer.Option(help="chat, search, items:write, events:write, shoppers or metrics; repeatable.")
    ],
) -> None:
    """Make a key and print it; it is shown this once and kept nowhere."""
    from assistant.store.keys import Scope
    from assistant.store.keys import add as make

    with explained(), _store() as store:
        try:
            scopes = frozenset(Scope(word) for word in scope)
        except ValueError as error:
            raise SetupError(f"--scope: {error}.", f"Use one of: {', '.join(Scope)}.") from error
        typer.echo(make(store, name, scopes))


@keys.command("list")
def list_() -> None:
    """Every key that was ever made, with what it is good for."""
    from assistant.store.keys import every

    with explained(), _store() as store:
        for key in every(store):
            state = "good" if key.revoked_at is None else f"revoked {key.revoked_at[:10]}"
            typer.echo(f"{key.name}\t{' '.join(sorted(key.scopes))}\tmade {key.at[:10]}\t{state}")


@keys.command()
def revoke(name: Name) -> None:
    """Refuse a key from the next request on; a running service needs no restart."""
    from assistant.store.keys import revoke as refuse

    with explained(), _store() as store:
        if not refuse(store, name):
            raise SetupError(f"There is no good key called {name!r}.", "python -m assistant keys list")
        typer.echo(f"{name} is refused from now on.")


@contextmanager
def _store() -> Iterator[Store]:
    from assistant.store import open_store

    store = open_store(load_settings())
    try:
        yield store
    finally:
        store.close()
