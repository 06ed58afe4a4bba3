"""`python -m assistant evaluate impressions`."""

from __future__ import annotations

from contextlib import closing
from typing import Annotated

import typer

from assistant.command_line import explained, print_json
from assistant.settings import load_settings


def evaluate_impressions(
    seed: Annotated[int, typer.Option(min=0, help="Of the bootstrap.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """The service's ranking and content alone, estimated from what was shown with which chance (IPS, SNIPS)."""
    with explained():
        from assistant.evaluation.impressions import evaluate_impressions as evaluate
        from assistant.store import open_store

        with closing(open_store(load_settings())) as store:
            report = evaluate(store, seed)
        print_json(report.as_json()) if as_json else typer.echo(report)
