"""`python -m assistant backup` and `restore`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assistant.command_line import explained
from assistant.settings import load_settings

_DUMP = 'pg_dump --format=custom --file=conversations.dump "$ASSISTANT_DATABASE_URL"'
_LOAD = 'pg_restore --clean --if-exists --dbname="$ASSISTANT_DATABASE_URL" conversations.dump'


def backup(file: Annotated[Path, typer.Argument(help="The archive to write, a .tar that is not there yet.")]) -> None:
    """Copy all that cannot be made again into one file; the service may run meanwhile."""
    with explained():
        from assistant import backup as archive

        manifest = archive.backup(load_settings(), file)
        typer.echo(f"{len(manifest.files):,} files, {manifest.size / 1e6:,.1f} MB, in {file}.")
        if manifest.postgresql:
            typer.echo(f"The conversations are on PostgreSQL and not in it. Copy them too:\n    {_DUMP}")


def restore(file: Annotated[Path, typer.Argument(help="An archive that 'backup' wrote.")]) -> None:
    """Replace what the data folder holds by a backup; the service must be stopped."""
    with explained():
        from assistant import backup as archive

        manifest = archive.restore(load_settings(), file)
        typer.echo(
            f"Restored as it was on {manifest.made_at:%Y-%m-%d at %H:%M:%S} UTC: {len(manifest.files):,} files. "
            "The next start makes the vectors that are missing, and deletes whoever was forgotten since."
        )
        if manifest.postgresql:
            typer.echo(f"The conversations are on PostgreSQL. Put them back too:\n    {_LOAD}")
