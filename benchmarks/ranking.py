"""Ranking on a real log and on the demo shop's: every model and baseline, in one run of half an hour on one core.

    python -m benchmarks.ranking [--data ../shared/data/amazon_beauty] [--users 3000] [--passes 6]

Some shoppers are asked, not all; what is random has three seeds on the first split and one on the others. The sequence
model, whose training takes longest, makes a few passes and stands in the tables of `SEQUENCE_ON` alone.
Prints the protocol and the figures that docs/benchmarks.md shows; `python -m assistant evaluate ranking` has all.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from assistant.language_model.packaged import default_cache
from benchmarks.ranking_demo import write_demo_log
from retrieval.embedding import Encoder
from retrieval.ranking_evaluation.folder import read_folder
from retrieval.ranking_evaluation.models import MODELS, RankedModel, sequence
from retrieval.ranking_evaluation.report import label
from retrieval.ranking_evaluation.running import Options, evaluate
from retrieval.ranking_evaluation.splits import CUTS

ROOT = Path(__file__).parents[1]
SLICES = ("mixed", "warm", "cold")
METRICS = ("hr", "ndcg", "mrr", "coverage", "novelty", "cold share", "ndcg over seeds", "ndcg over best baseline")
SEQUENCE_ON = {"amazon_beauty": ("loo",), "demo": ("loo", "time")}
NAMES = {"amazon_beauty": "Amazon Beauty 5-core", "demo": "the demo shop's simulated log"}


def measured(folder: Path, users: int, passes: int) -> dict[str, Any]:
    """The report of one log, cut to the rows that are shown.

    Args:
        folder: items.csv and interactions.csv.
        users: shoppers asked on each split.
        passes: of the sequence model over the log.
    """
    log = read_folder(folder, Encoder(), default_cache(), _say)
    protocol: dict[str, Any] = {}
    rows: list[dict[str, Any]] = []
    for split in CUTS:
        models = dict(MODELS)
        if split in SEQUENCE_ON.get(folder.name, CUTS):
            models["sequence"] = RankedModel(partial(sequence, epochs=passes), random=True, baseline=False)
        else:
            del models["sequence"]
        options = Options(users=users, seeds=1 if protocol else 3, splits=(split,))
        report = evaluate(log, options, _say, models).as_json()
        splits = protocol.get("splits", {}) | report["protocol"]["splits"]
        protocol = (protocol or report["protocol"]) | {"splits": splits, "passes of the sequence model": passes}
        rows += [row for row in report["rows"] if _is_shown(row)]
    return {"protocol": protocol, "rows": rows}


def _is_shown(row: dict[str, Any]) -> bool:
    return row["metric"].startswith("kind") or (
        row["slice"] in SLICES and row["metric"] in METRICS and row["k"] in (10, None)
    )


def table(result: dict[str, Any]) -> str:
    """One table a log, split and slice, in Markdown, with the protocol's flags before them."""
    parts = []
    for name, report in result.items():
        protocol = report["protocol"]
        parts.append(f"**{NAMES.get(name, name)}.** {_flags(protocol)}")
        for split, facts in protocol["splits"].items():
            parts += [
                f"{split}, {part} ({facts['test cases']:,} cases of {facts['shoppers asked']:,} shoppers):\n\n{found}"
                if part == "mixed"
                else f"{split}, {part} targets:\n\n{found}"
                for part in SLICES
                if (found := _one_table(report["rows"], split, part))
            ]
        others = [row for row in report["rows"] if row["split"] == "replay" or row["metric"].startswith("kind")]
        if others:
            parts.append("Learning online, and the next kind of event:\n\n" + _list(others))
    return "\n\n".join(parts)


def _flags(protocol: dict[str, Any]) -> str:
    flags = ("seen items filtered", "trained on validation", "all items ranked")
    said = "; ".join(f"{flag}: {'yes' if protocol[flag] else 'no'}" for flag in flags)
    return (
        f"{protocol['events']:,} events of {protocol['shoppers']:,} shoppers on {protocol['items']:,} items; {said};"
        f" ties {protocol['ties']}; {protocol['intervals']}."
    )


def _one_table(rows: list[dict[str, Any]], split: str, part: str) -> str:
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        if (row["split"], row["slice"]) == (split, part) and not row["metric"].startswith("kind"):
            found.setdefault(row["model"], {})[label(row["metric"], row["k"])] = _figure(row)
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    lines = [f"| model | {' | '.join(names)} |", "| --- |" + " ---: |" * len(names)]
    lines += [f"| {model} | {' | '.join(f.get(n, '') for n in names)} |" for model, f in found.items()]
    return "\n".join(lines) if found else ""


def _list(rows: list[dict[str, Any]]) -> str:
    lines = ["| model | figure | of | |", "| --- | --- | --- | ---: |"]
    lines += [f"| {r['model']} | {label(r['metric'], r['k'])} | {r['slice']} | {_figure(r)} |" for r in rows]
    return "\n".join(lines)


def _figure(row: dict[str, Any]) -> str:
    if row["low"] == row["high"]:
        return f"{row['value']:.4f}"
    return f"{row['value']:.4f} [{row['low']:.4f}, {row['high']:.4f}]"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Measure and print one JSON object: by log, its protocol and rows."""
    parser = argparse.ArgumentParser(description="Measure ranking on a real log and on the demo shop's.")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "amazon_beauty")
    parser.add_argument("--users", type=int, default=3_000, help="Shoppers asked on each split.")
    parser.add_argument("--passes", type=int, default=6, help="Of the sequence model over the log.")
    parser.add_argument("--demo-shoppers", type=int, default=800, help="Shoppers of the demo shop's log; 0: without.")
    chosen = parser.parse_args()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # the output is one JSON object
    result = {chosen.data.name: measured(chosen.data, chosen.users, chosen.passes)}
    if chosen.demo_shoppers:
        with tempfile.TemporaryDirectory() as folder:
            demo = write_demo_log(Path(folder) / "demo", chosen.demo_shoppers)
            result[demo.name] = measured(demo, chosen.users, chosen.passes)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
