"""What the commands share: errors in plain words, progress lines, JSON on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from retrieval.errors import AssistantError


@contextmanager
def explained() -> Iterator[None]:
    """Turn what an operator can fix into a message and exit code 2."""
    try:
        yield
    except AssistantError as error:
        typer.secho(error.problem, fg="red", err=True)
        typer.echo(error.fix, err=True)
        raise typer.Exit(2) from error


def progress(line: str) -> None:
    """A progress line, on standard error."""
    typer.secho(line, dim=True, err=True)


def print_json(value: Any) -> None:
    """One JSON value on one line of standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()
