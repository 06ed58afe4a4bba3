"""What an evaluation of ranking found: rows, the protocol they were measured under, JSON and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

HEADLINES = (("hr", 10), ("ndcg", 10), ("mrr", None), ("recall", 20), ("coverage", 10), ("novelty", 10))


@dataclass(frozen=True, slots=True)
class Row:
    """One figure.

    Attributes:
        model: name in `retrieval.ranking_evaluation.models`.
        split: "loo", "time" or "cold".
        slice: "mixed" (all cases), "warm", "cold", a span of history lengths: "history 5-9", or "with a query" and
            "without a query".
        metric: defined in docs/ranking.md.
        k: length of the list it looks at; None for a metric of the whole ranking or of the next kind.
        value, low, high: with its 95 % bootstrap interval; a figure that is counted has low = high = value.
    """

    model: str
    split: str
    slice: str
    metric: str
    k: int | None
    value: float
    low: float
    high: float


Figures = Mapping[str, Mapping[tuple[str, int | None], Row]]
"""By model, then by metric and k."""


@dataclass(frozen=True, slots=True)
class RankingReport:
    """What `evaluate` measured. `str` is a table for each split, `as_json` one object."""

    protocol: Mapping[str, Any]
    rows: tuple[Row, ...]

    def row(self, model: str, split: str, metric: str, k: int | None = 10, slice: str = "mixed") -> Row:
        """One figure. Raises KeyError when it was not measured."""
        for row in self.rows:
            if (row.model, row.split, row.slice, row.metric, row.k) == (model, split, slice, metric, k):
                return row
        raise KeyError((model, split, slice, metric, k))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values: {"protocol": {...}, "rows": [{"model", "split", "slice", "metric", "k", ...}]}."""
        return {"protocol": dict(self.protocol), "rows": [asdict(row) for row in self.rows]}

    def tables(self) -> Mapping[tuple[str, str], Figures]:
        """The rows by split and slice, then by model, then by metric, in the order they were measured in."""
        tables: dict[tuple[str, str], dict[str, dict[tuple[str, int | None], Row]]] = {}
        for row in self.rows:
            by_model = tables.setdefault((row.split, row.slice), {})
            by_model.setdefault(row.model, {})[row.metric, row.k] = row
        return tables

    def __str__(self) -> str:
        lines = [f"{name}: {plain(value)}" for name, value in self.protocol.items() if name != "splits"]
        for (split, part), models in self.tables().items():
            facts = self.protocol["splits"].get(split, {}) if part == "mixed" else {}
            lines += ["", f"{split}, {part}" + "".join(f"; {name} {plain(value)}" for name, value in facts.items())]
            kinds = [metric for figures in models.values() for metric in figures if metric[0].startswith("kind")]
            for columns in (HEADLINES, tuple(dict.fromkeys(kinds))):
                lines += _table(models, columns)
        return "\n".join(lines)


def _table(models: Figures, columns: Sequence[tuple[str, int | None]]) -> list[str]:
    """The models that have any of these figures, a line each below a header; nothing when there is none."""
    shown = {model: figures for model, figures in models.items() if any(metric in figures for metric in columns)}
    present = [metric for metric in columns if any(metric in figures for figures in shown.values())]
    width = max([27, *(len(label(*metric)) + 2 for metric in present)])
    lines = [f"{'':18}" + "".join(f"{label(*metric):>{width}}" for metric in present)]
    for model, figures in shown.items():
        lines.append(f"{model:18}" + "".join(f"{_cell(figures.get(metric)):>{width}}" for metric in present))
    return lines if shown else []


def label(metric: str, k: int | None) -> str:
    """A metric with its k, as it stands over a column."""
    return metric if k is None else f"{metric}@{k}"


def _cell(row: Row | None) -> str:
    if row is None:
        return "-"
    if row.low == row.high:
        return f"{row.value:.4f}"
    return f"{row.value:.4f} [{row.low:.4f}, {row.high:.4f}]"


def plain(value: object) -> str:
    """A value of the protocol in words."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {plain(entry)}" for name, entry in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
