"""Every benchmark, one after the other, and `docs/benchmarks.md` from their results.

    python -m benchmarks [--only turns] [--render]

Each one runs in a process of its own; its result goes to docs/results/NAME.json with the machine it ran on. `--render`
only writes the page from the results that are there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import filtered_search, load, ranking

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "docs" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
MARK, END = "<!-- written by python -m benchmarks -->", "<!-- end -->"
COMMANDS = {
    "turns": ("benchmarks/turns.py",),
    "page": ("benchmarks/page.py",),
    "load": ("-m", "benchmarks.load"),
    "soak": ("-m", "benchmarks.load", "--soak", "15"),
    "search_icecat": ("benchmarks/search_icecat.py",),
    "filtered_search": ("benchmarks/filtered_search.py", "--json"),
    "ranking": ("-m", "benchmarks.ranking"),
    "sequence_cost": ("-m", "benchmarks.sequence_cost"),
    "freshness": ("benchmarks/freshness.py",),
    "language_model": ("benchmarks/language_model.py",),
    "understanding_speed": ("benchmarks/understanding_speed.py",),
    "explanations": ("benchmarks/explanations.py",),
    "intents": (
        *("-m", "assistant", "evaluate", "intent", "--data", "tests/data/golden_intents.jsonl"),
        *("--suite-sample", "500", "--json"),
    ),
    "own_labels": (
        *("-m", "assistant", "evaluate", "intent", "--data", "../shared/data/clinc150/utterances.csv.gz"),
        *("--data", "../shared/data/pscon_en/utterances.csv.gz", "--suite-sample", "0", "--json"),
    ),
    "reading_variants": ("-m", "benchmarks.reading_variants"),
    "training_variants": ("-m", "benchmarks.training_variants"),
    "simulated_shoppers": ("-m", "benchmarks.simulated_shoppers"),
}
IN_README = ("search_icecat", "filtered_search", "freshness", "turns", "intents", "ranking")
TITLES = {
    "turns": "One turn: cards, first words, the whole",
    "page": "The widget and the chat page in the browser",
    "load": "Many shoppers at a time with the packaged language model",
    "soak": "Memory under load",
    "search_icecat": "19,406 real items: ingest and search",
    "filtered_search": "Exact filtered search against Chroma's `where`",
    "ranking": "What a shopper turns to next",
    "sequence_cost": "One more event of a shopper: with the kept state, and reading her history again",
    "freshness": "From a new item to its being found",
    "language_model": "The packaged language model on a CPU",
    "understanding_speed": "What reading one utterance costs",
    "explanations": "What the packaged model writes about picks, before the check and after it",
    "intents": "Understanding: the golden set",
    "own_labels": "Understanding: data sets of others, in their own labels",
    "reading_variants": "Ways to have the packaged model read",
    "training_variants": "Small trainings of the packaged model, side by side",
    "simulated_shoppers": "Simulated shoppers with hidden goals, held against what they said",
}


def run(name: str) -> None:
    """Run one benchmark and keep its result."""
    load = os.getloadavg()[0]
    print(f"{name}: {' '.join(COMMANDS[name])}", file=sys.stderr)
    done = subprocess.run([sys.executable, *COMMANDS[name]], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    result = {
        "command": f"python {' '.join(COMMANDS[name])}",
        "at": datetime.now(UTC).isoformat(timespec="minutes"),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, load average {load:.1f} at the start",
        "result": json.loads(done.stdout),
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")


def page() -> str:
    """The page, in Markdown, from the results that are there."""
    parts = [
        "# Benchmarks",
        "Written by `make bench` (`python -m benchmarks`); `--render` writes this page again from `docs/results/`. The"
        " times come from small shared machines: read the ratios. Nothing here was run on a GPU.",
    ]
    for name, title in TITLES.items():
        file = RESULTS / f"{name}.json"
        if file.is_file():
            run_of = json.loads(file.read_text())
            parts += [f"## {title}", f"`{run_of['command']}`, {run_of['at']}, {run_of['machine']}."]
            parts.append(TABLES[name](run_of["result"]))
    return "\n\n".join(parts) + "\n"


def pairs(values: dict[str, Any]) -> str:
    """A two-column table; nested values are spread over rows."""
    lines = ["| | |", "| --- | ---: |"]
    for name, value in values.items():
        if isinstance(value, dict):
            lines += [f"| {name.replace('_', ' ')}: {part} | {_shown(figure)} |" for part, figure in value.items()]
        else:
            lines.append(f"| {name.replace('_', ' ')} | {_shown(value)} |")
    return "\n".join(lines)


def rows(table: list[dict[str, Any]]) -> str:
    """A table with the keys as its header."""
    names = list(table[0])
    lines = [f"| {' | '.join(names)} |", "| --- |" + " ---: |" * (len(names) - 1)]
    return "\n".join(lines + [f"| {' | '.join(_shown(row[name]) for name in names)} |" for row in table])


def _shown(value: object) -> str:
    return f"{value:,.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def language_model(result: dict[str, Any]) -> str:
    """Arithmetics side by side, then what holding an answer to a schema costs."""
    head = f"torch {result['torch']}, {result['threads']} thread(s), {result['clock']}."
    return "\n\n".join((head, rows(result["rows"]), pairs(result["schema"])))


def search_icecat(result: dict[str, Any]) -> str:
    """The ingest's account, the systems side by side, the constrained queries."""
    search = result["search"]
    values = {(row["system"], row["metric"], row["k"]): row for row in search["rows"]}
    systems = list(search["judged_at_10"])
    table = [
        {
            "system": system,
            "nDCG@10": values[system, "ndcg", 10]["value"],
            "95 % interval": "{low:.3f} to {high:.3f}".format(**values[system, "ndcg", 10]),
            "judged@10": search["judged_at_10"][system],
            "recall@100": values[system, "recall", 100]["value"],
            "times BM25": search["ndcg_at_10_over_bm25"][system],
            "times dense": search["ndcg_at_10_over_dense"][system],
        }
        for system in systems
    ]
    head = f"{search['queries']} queries with {search['judged_items']:,} judged items; unjudged items count as wrong."
    account = {"items": result["items"], "seconds_to_open_again": result["seconds_to_open_again"]}
    checked = pairs({"constrained_queries": result["constrained_queries"]})
    return "\n\n".join((head, rows(table), pairs({**account, "ingest": result["ingest"]}), checked))


def intents(result: dict[str, Any]) -> str:
    """What is in service beside the baselines, with 95 % intervals."""
    names = ("intent_accuracy", "intent_macro_f1", "all_slots_exact", "oos_recall", "false_rejects", "oos_auroc", "ece")
    systems = {result["system"].partition(":")[0]: result, **result["others"]}

    def cell(figures: dict[str, Any], name: str) -> str:
        value = figures.get(name)
        if not value or value["value"] is None:
            return "-"
        return f"{value['value']:.3f} [{value['low']:.2f}, {value['high']:.2f}]"

    table = [
        {"system": name, "n": figures["n"], **{metric: cell(figures, metric) for metric in names}}
        for name, figures in systems.items()
    ]
    head = f"{result['system'].capitalize()}. {result['latency_ms']['p50']:.0f} ms at the median."
    return "\n\n".join((head, rows(table), *([suites(result["robustness"])] if result["robustness"] else [])))


def suites(result: dict[str, Any]) -> str:
    """The golden utterances disturbed: what each way of disturbing them costs the system in service."""
    table = [
        {
            "suite": name,
            "n": suite["n"],
            "intent": suite["intent_accuracy"],
            "drop": "-" if suite["intent_accuracy_drop"] is None else suite["intent_accuracy_drop"]["value"],
            "orders obeyed": suite.get("obeyed", "-"),
        }
        for name, suite in result.items()
    ]
    return rows(table)


def own_labels(result: dict[str, Any]) -> str:
    """Heads trained on the train splits of others, scored on their dev splits."""
    table = []
    for name, heads in result["own_labels"].items():
        for head, figures in heads.items():
            aurocs = figures["oos_auroc"]
            best = max(aurocs, key=lambda scorer: aurocs[scorer]["value"], default=None)
            table.append(
                {
                    "data": name,
                    "head": head,
                    "n": figures["n"],
                    "accuracy": figures["accuracy"]["value"],
                    "macro-F1": figures["macro_f1"]["value"],
                    "over TF-IDF": "{value:.3f} [{low:.3f}, {high:.3f}]".format(**figures["macro_f1_over_tfidf"]),
                    "AUROC out of scope": "-" if best is None else f"{aurocs[best]['value']:.3f} ({best})",
                }
            )
    return rows(table)


def reading_variants(result: dict[str, Any]) -> str:
    """Ways to read, and those that are computed from their answers."""
    computed = {name: result[name] for name in ("intent_by_likelihood", "prompt_lookup")}
    head = f"{result['utterances']} utterances that were held back from training."
    return "\n\n".join((head, rows(result["ways"]), pairs(computed), rows(result["cascade"])))


def simulated_shoppers(result: dict[str, Any]) -> str:
    """All talks, then by persona and by kind of goal."""
    table = [{**row, **{name: _shown(row[name]["value"]) for name in ("pass^1", "pass^4")}} for row in result["rows"]]
    head = f"{result['goals']} goals, {result['seeds']} talks each. Understanding by {result['understanding']}."
    return "\n\n".join((head, rows(table)))


TABLES = {
    "intents": intents,
    "own_labels": own_labels,
    "reading_variants": reading_variants,
    "training_variants": lambda result: (
        f"{result['lessons']} lessons, {result['held']} held.\n\n{rows(result['rows'])}"
    ),
    "turns": pairs,
    "page": pairs,
    "load": load.table,
    "soak": pairs,
    "search_icecat": search_icecat,
    "filtered_search": filtered_search.table,
    "ranking": ranking.table,
    "sequence_cost": pairs,
    "freshness": pairs,
    "language_model": language_model,
    "understanding_speed": lambda result: f"{result['utterances']} utterances.\n\n{rows(result['ways'])}",
    "explanations": pairs,
    "simulated_shoppers": simulated_shoppers,
}


def result_of(name: str) -> Any:
    """What a benchmark measured last."""
    return json.loads((RESULTS / f"{name}.json").read_text())["result"]


def summary() -> str:
    """The table of the README: the figures that decide, from the results that are there."""
    filtered, fresh, turns = result_of("filtered_search"), result_of("freshness"), result_of("turns")
    faster = min(row["where_p50_ms"] / row["ours_p50_ms"] for row in filtered)
    recall = min(row["ours_recall"] for row in filtered)
    seconds = f"{turns['cards']['p50']:.2f} s / {turns['whole_turn']['p50']:.1f} s"
    figures = {
        **search_figures(result_of("search_icecat")),
        "exact filtered search, p50 against Chroma's `where`": f"{faster:.0f} times faster, recall {recall:.3f}",
        f"new item to found, {fresh['items']:,} items": f"p50 {fresh['p50_ms']:.0f} ms, p99 {fresh['p99_ms']:.0f} ms",
        "one turn with the packaged model, cards / whole, p50": seconds,
        **understanding_figures(result_of("intents")),
        **ranking_figures(result_of("ranking")),
        "claims in its replies, supported / withheld": f"{turns['claims_said']} / {turns['claims_withheld']}",
    }
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in figures.items())])


def search_figures(result: dict[str, Any]) -> dict[str, str]:
    """What the README says of search on real items."""
    search, ingest, checked = result["search"], result["ingest"], result["constrained_queries"]
    ndcg = {row["system"]: row["value"] for row in search["rows"] if (row["metric"], row["k"]) == ("ndcg", 10)}
    bm25, dense = search["ndcg_at_10_over_bm25"]["full"], search["ndcg_at_10_over_dense"]["full"]
    outcomes = ("added", "changed", "unchanged", "duplicates", "merged", "set_aside")
    lost = ingest["read"] - sum(ingest[outcome] for outcome in outcomes)
    return {
        f"ingest of {ingest['read']:,} real rows": f"{ingest['seconds']} s, {lost} lost",
        "search on them, nDCG@10": f"{ndcg['full']:.3f}; BM25 {ndcg['bm25']:.3f}, dense {ndcg['dense']:.3f}",
        "the same, against BM25 / dense": f"{bm25:.2f} / {dense:.2f} times",
        "judged among its first ten": f"{search['judged_at_10']['full']:.2f}",
        f"constraint violations, {checked['queries']} generated queries": str(checked["violations"]),
    }


def understanding_figures(result: dict[str, Any]) -> dict[str, str]:
    """What the README says of understanding: the golden set, and the best baseline beside it."""
    shares = ("intent_accuracy", "all_slots_exact", "oos_recall")
    best = max(result["others"].values(), key=lambda other: other["intent_accuracy"]["value"])
    cells = [f"{result[name]['value']:.3f} ({best[name]['value']:.3f})" for name in shares]
    return {f"golden set, {result['n']} utterances: intent, all slots, out of scope (best baseline)": ", ".join(cells)}


def ranking_figures(result: dict[str, Any]) -> dict[str, str]:
    """What the README says of ranking: real log, what comes next."""
    found = {
        (row["model"], row["metric"]): row["value"]
        for row in result["amazon_beauty"]["rows"]
        if (row["split"], row["slice"], row["k"]) == ("loo", "mixed", 10)
    }
    shown = ("full system", "rule", "markov", "content")
    ndcg = ", ".join(f"{name} {found[name, 'ndcg']:.4f}" for name in shown)
    return {"Amazon Beauty, leave-one-out, nDCG@10": ndcg}


def write_readme() -> None:
    """Put the table between its marks in the README."""
    head, _, rest = README.read_text().partition(MARK)
    _, _, tail = rest.partition(END)
    README.write_text(f"{head}{MARK}\n\n{summary()}\n\n{END}{tail}")


def main() -> None:
    """Run what is asked for and write the page."""
    parser = argparse.ArgumentParser(description="Run the benchmarks and write docs/benchmarks.md.")
    parser.add_argument("--only", choices=sorted(COMMANDS), action="append")
    parser.add_argument("--render", action="store_true")
    chosen = parser.parse_args()
    for name in [] if chosen.render else chosen.only or COMMANDS:
        run(name)
    PAGE.write_text(page())
    if all((RESULTS / f"{name}.json").is_file() for name in IN_README):
        write_readme()


if __name__ == "__main__":
    main()
