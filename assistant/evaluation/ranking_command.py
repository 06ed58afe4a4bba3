"""`python -m assistant evaluate ranking`: options, files, and the report. Heavy libraries are imported when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from assistant.command_line import explained, print_json, progress
from assistant.settings import load_settings
from retrieval.errors import SetupError


def evaluate_ranking(
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of items.csv and interactions.csv, each .gz or not.")
    ],
    models: Annotated[
        str | None, typer.Option(metavar="NAME,…", help="Only these models; a wrong name lists them all.")
    ] = None,
    splits: Annotated[str, typer.Option(metavar="NAME,…", help="Some of loo, time, cold.")] = "loo,time,cold",
    users: Annotated[int, typer.Option(min=1, help="Shoppers asked in each split; a log of more is sampled.")] = 25_000,
    seed: Annotated[int, typer.Option(min=0, help="Of sample, bootstrap and random models.")] = 0,
    seeds: Annotated[
        int,
        typer.Option(min=1, help="Seeds of a random model on the first split; one on the others."),
    ] = 3,
    seeds_everywhere: Annotated[
        bool, typer.Option("--seeds-everywhere", help="As many seeds on the other splits.")
    ] = False,
    html: Annotated[Path | None, typer.Option(help="Write the report with plots to this file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")] = False,
) -> None:
    """What a shopper turns to next: every model and baseline on the same cases, warm and cold items apart."""
    structlog.reset_defaults()
    structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))  # the output may be JSON
    with explained():
        from assistant.language_model.packaged import default_cache
        from retrieval.embedding import Encoder
        from retrieval.ranking_evaluation.folder import read_folder
        from retrieval.ranking_evaluation.page import as_html
        from retrieval.ranking_evaluation.running import Options, evaluate

        if html is not None and not html.parent.is_dir():
            raise SetupError(f"{html.parent} is no folder.", "Give --html a file in a folder that is there.")
        log = read_folder(data, Encoder(load_settings().encoder), default_cache(), progress)
        options = Options(_names(models), users, seed, seeds, seeds_everywhere, _names(splits))
        report = evaluate(log, options, progress)
        if html is not None:
            _write(html, as_html(report))
        print_json(report.as_json()) if as_json else typer.echo(report)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise SetupError(f"The report cannot be written: {error}.", "Give --html a writable path.") from error
