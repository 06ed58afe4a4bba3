"""What `python -m assistant evaluate intent` does around the evaluation: options checked, files written, exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from assistant.evaluation.examples import write_jsonl
from assistant.evaluation.html_report import as_html
from assistant.evaluation.intent import Options, evaluate
from assistant.evaluation.measures import STATISTICS
from assistant.evaluation.report import Report, prediction_json
from assistant.evaluation.tables import as_text
from assistant.progress import Say
from assistant.settings import Settings
from retrieval.errors import SetupError

_SHORT = {"intent": "intent_accuracy", "macro_f1": "intent_macro_f1", "slots": "all_slots_exact", "oos": "oos_recall"}


def pairs(entries: Sequence[str], form: str) -> dict[str, str]:
    """Options of the form NAME=VALUE.

    Raises:
        SetupError: an entry is of another form.
    """
    found = {}
    for entry in entries:
        name, separator, value = entry.partition("=")
        if not (name and separator and value):
            raise SetupError(f"{entry!r} is not {form}.", f"Write for example {form}.")
        found[name.strip()] = value.strip()
    return found


def run_intent(
    options: Options,
    settings: Settings,
    say: Say,
    *,
    fail_under: Sequence[str] = (),
    html: Path | None = None,
    predictions: Path | None = None,
    print_json: Callable[[Any], None] | None = None,
) -> bool:
    """Evaluate, write what was asked for, print the report.

    Args:
        options: see `Options`.
        settings: of the service.
        say: progress.
        fail_under: least values: "intent=0.9"; names as in the JSON, or intent, macro_f1, slots, oos.
        html, predictions: files to write.
        print_json: prints the report as JSON; None: as text, on standard output.

    Returns:
        Whether every least value is reached.

    Raises:
        SetupError: see `evaluate`; a least value is of another form or a file cannot be written.
    """
    bounds = _bounds(fail_under)
    evaluated = evaluate(options, settings, say)
    try:
        if html is not None:
            html.write_text(as_html(evaluated.report), "utf-8")
        if predictions is not None:
            write_jsonl(predictions, [prediction_json(one) for one in evaluated.scored])
    except OSError as error:
        raise SetupError(
            f"The report cannot be written: {error}.", "Give --html and --predictions a writable path."
        ) from error
    print_json(evaluated.report.as_json()) if print_json else print(as_text(evaluated.report))
    missed = _missed(evaluated.report, bounds)
    for line in missed:
        say(line)
    return not missed


def _bounds(entries: Sequence[str]) -> dict[str, float]:
    bounds = {}
    for name, value in pairs(entries, "intent=0.9").items():
        name = _SHORT.get(name, name)
        if name not in STATISTICS:
            known = ", ".join([*_SHORT, *STATISTICS])
            raise SetupError(f"--fail-under knows no {name!r}.", f"It knows: {known}.")
        try:
            bounds[name] = float(value)
        except ValueError as error:
            raise SetupError(
                f"--fail-under {name}: {value!r} is no number.", "Write for example intent=0.9."
            ) from error
    return bounds


def _missed(report: Report, bounds: dict[str, float]) -> list[str]:
    missed = []
    for name, least in bounds.items():
        reached = report.main.statistics[name]
        if reached is None or reached.value < least:
            shown = "not defined" if reached is None else f"{reached.value:.4f}"
            missed.append(f"{name} is {shown}, under {least:g}")
    return missed
