"""`python -m assistant learn`."""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.command_line import explained, print_json, progress
from assistant.settings import load_settings


def learn(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Train and compare; put nothing in service and write nothing.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Put the model in service that the present one replaced; train nothing.")
    ] = False,
    even_if_worse: Annotated[
        bool, typer.Option("--even-if-worse", help="Put the new model in service whatever the comparison says.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """Train the behaviour model anew on all that was seen; it goes in service only if it is not worse."""
    with explained():
        from assistant import learning

        settings = load_settings()
        if rollback:
            before = learning.roll_back(settings)
            words = f"In service again: {before}." if before else "In service again: counts, without a trained model."
            print_json({"in_service": before}) if as_json else typer.echo(words)
            return
        learned = learning.learn(settings, progress, dry_run=dry_run, even_if_worse=even_if_worse)
        print_json(learned.as_json()) if as_json else typer.echo(learned)
