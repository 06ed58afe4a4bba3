"""The report as one HTML file that needs nothing else: tables, and plots as SVG within it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from assistant.evaluation.extras import pyplot
from assistant.evaluation.measures import INTENTS, STATISTICS
from assistant.evaluation.report import Report, Suite, SystemReport
from assistant.evaluation.tables import as_text, error_line

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}
table{border-collapse:collapse;margin:1rem 0}td,th{padding:.25rem .6rem;border-bottom:1px solid #ddd;text-align:left}
figure{display:inline-block;margin:0 1rem 1rem 0;vertical-align:top}svg{max-width:100%;height:auto}
pre{overflow:auto;background:#f6f6f6;padding:1rem;font-size:12px}h2{margin-top:2.5rem}
"""
_SHOWN = {"svg.hashsalt": "report", "font.size": 9, "axes.spines.top": False, "axes.spines.right": False}


def as_html(report: Report) -> str:
    """The page.

    Raises:
        SetupError: matplotlib is not installed.
    """
    main = report.main
    figures = [
        _confusion(main),
        _reliability(main),
        _bars("F1 by intent", {n: r["f1"] for n, r in main.per_intent.items()}),
    ]
    slots = {n: s.normalised.value for n, s in main.slots.items() if s.normalised is not None}
    if slots:
        figures.append(_bars("F1 by slot, by meaning", slots))
    if report.suites:
        figures.append(_drops(report.suites))
    errors = "".join(f"<li>{escape(error_line(one).strip())}</li>" for one in report.worst)
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Intent recognition: {escape(main.name)}</title>'
        f"<style>{_STYLE}</style><h1>Intent recognition: {escape(main.name)}</h1><p>{main.n} utterances. Brackets are"
        f" 95 % bootstrap intervals.</p>{_table([main, *report.others])}<h2>Plots</h2>"
        f"{''.join(f'<figure>{figure}</figure>' for figure in figures)}<h2>Surest errors</h2><ol>{errors}</ol>"
        f"<h2>Notes</h2><ul>{notes}</ul><h2>All tables</h2><pre>{escape(as_text(report))}</pre></html>"
    )


def _table(systems: Sequence[SystemReport]) -> str:
    head = "".join(f"<th>{escape(system.name)} (n={system.n})</th>" for system in systems)
    rows = []
    for name in STATISTICS:
        values = [system.statistics[name] for system in systems]
        cells = "".join(
            "<td>–</td>" if v is None else f"<td>{v.value:.3f} [{v.low:.3f}, {v.high:.3f}]</td>" for v in values
        )
        rows.append(f"<tr><th>{escape(name.replace('_', ' '))}</th>{cells}</tr>")
    return f"<table><tr><th></th>{head}</tr>{''.join(rows)}</table>"


def _svg(figure: Any) -> str:
    """A figure as an SVG element, the same to the byte for the same figures."""
    written = io.StringIO()
    figure.savefig(written, format="svg", bbox_inches="tight", metadata={"Date": None})
    pyplot().close(figure)
    text = written.getvalue()
    return text[text.index("<svg") :]


def _plot(width: float, height: float) -> tuple[Any, Any]:
    plots = pyplot()
    plots.rcParams.update(_SHOWN)
    figure, axes = plots.subplots(figsize=(width, height))
    return figure, axes


def _confusion(main: SystemReport) -> str:
    figure, axes = _plot(5.6, 5)
    counts = np.array(main.confusion)
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(INTENTS)), INTENTS, rotation=60, ha="right")
    axes.set_yticks(range(len(INTENTS)), INTENTS)
    for row, column in zip(*np.nonzero(counts), strict=True):
        dark = counts[row, column] > counts[row].sum() / 2
        axes.text(column, row, counts[row, column], ha="center", va="center", color="white" if dark else "black")
    axes.set(xlabel="predicted", ylabel="gold", title="Confusion matrix")
    return _svg(figure)


def _reliability(main: SystemReport) -> str:
    figure, axes = _plot(4.2, 4)
    axes.plot([0, 1], [0, 1], color="#999", linewidth=1)
    axes.plot([sure for _, _, sure in main.bars], [right for _, right, _ in main.bars], marker="o")
    for n, right, sure in main.bars:
        axes.annotate(str(n), (sure, right), textcoords="offset points", xytext=(4, -10), fontsize=7)
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.02), ylim=(0, 1.05), title="Reliability (n by bin)")
    return _svg(figure)


def _bars(title: str, values: Mapping[str, float]) -> str:
    figure, axes = _plot(4.6, 0.3 * len(values) + 0.8)
    axes.barh(list(values), list(values.values()), color="#4477aa")
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), title=title)
    return _svg(figure)


def _drops(suites: Mapping[str, Suite]) -> str:
    lost = {name: suite.drop for name, suite in suites.items() if suite.drop is not None}
    figure, axes = _plot(4.6, 0.3 * len(lost) + 0.8)
    spread = [[100 * (drop.value - drop.low) for drop in lost.values()]]
    spread.append([100 * (drop.high - drop.value) for drop in lost.values()])
    axes.barh(list(lost), [100 * drop.value for drop in lost.values()], xerr=spread, color="#cc6677")
    axes.axvline(5, color="#999", linewidth=1, linestyle="--")
    axes.invert_yaxis()
    axes.set(title="Intent accuracy lost, points")
    return _svg(figure)
