"""`python -m assistant retention`: delete what is over now, or see what would be."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from assistant.command_line import explained
from assistant.settings import load_settings


def retention(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
) -> None:
    """Delete what was kept as long as the settings allow; a running service does so every day by itself.

    What it deletes beside a running service, that service counts until its next start.
    """
    with explained():
        from assistant.retention import described, limits
        from assistant.store import open_store
        from assistant.store.expiry import expire

        settings = load_settings()
        store = open_store(settings)
        try:
            expired = expire(store, limits(settings), datetime.now(UTC), dry_run=dry_run)
        finally:
            store.close()
        typer.echo(described(expired, "would be deleted" if dry_run else "deleted") or "nothing is over")
