"""19,406 real items: how long they take to ingest, whether all are accounted for, how well they are found.

    python benchmarks/search_icecat.py [--data ../shared/data/icecat_chorus] [--keep FOLDER]

Ingests into an empty folder (or goes on from the one of `--keep`), then evaluates search on the judgements that lie
beside the items, BM25 and dense search in the same run, and asks 200 generated constrained queries.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def measure(data: Path, folder: Path) -> dict[str, Any]:
    """Seconds and counts of the ingest, the evaluation's rows, and what the constrained queries broke."""
    from retrieval.constraint_check import constraint_violations
    from retrieval.evaluation import evaluate_search
    from retrieval.ingest import ingest
    from retrieval.shop import Shop

    with Shop.open(folder) as shop:
        began, cpu = time.perf_counter(), time.process_time()
        report = ingest(data / "products.jsonl.gz", shop.records, sink=shop.index_items)
        ingested = {
            "seconds": round(time.perf_counter() - began),
            "cpu_seconds": round(time.process_time() - cpu),
            **report.as_json()["total"],
        }
    began = time.perf_counter()
    with Shop.open(folder) as shop:
        shop.warm_up()
        opened = round(time.perf_counter() - began, 1)
        evaluation = evaluate_search(shop, data / "queries.csv", data / "qrels.csv.gz")
        check = constraint_violations(shop, n=200, seed=0)
        return {
            "items": len(shop.catalogue),
            "ingest": ingested,
            "seconds_to_open_again": opened,
            "search": evaluation.as_json(),
            "constrained_queries": dataclasses.asdict(check),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description="Ingest and search 19,406 real items.")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "icecat_chorus")
    parser.add_argument("--keep", type=Path, help="Folder to ingest into; it stays.")
    chosen = parser.parse_args()
    if chosen.keep is not None:
        print(json.dumps(measure(chosen.data, chosen.keep), indent=2))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(chosen.data, Path(folder)), indent=2))


if __name__ == "__main__":
    main()
