"""How long the items page of the console takes over 19,406 real items, and the doctor over all of them.

    python -m benchmarks.console_items --folder FOLDER [--data ../shared/data/icecat_chorus]

FOLDER is a data folder into which `python benchmarks/search_icecat.py --keep FOLDER` has read the items. Pages are
asked for one after the other, signed in, with the real encoder; of each kind the first one is left out. Processor time
is what counts on a machine that has other work.
"""

from __future__ import annotations

import argparse
import csv
import gc
import json
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from fastapi.testclient import TestClient

from assistant.settings import Settings
from assistant.store import Store
from benchmarks.console import signed_in
from retrieval.quality.apart import inspect_apart
from retrieval.shop import Shop

ROOT = Path(__file__).parents[1]
Parameters = dict[str, Any]


def questions(words: list[str]) -> dict[str, list[Parameters]]:
    """The queries of each kind."""
    return {
        "words": [{"q": q} for q in words],
        "words, under 500, only new items": [{"q": q, "price_to": "500", "new": "on"} for q in words],
        "words, by price": [{"q": q, "sort": "price"} for q in words],
        "everything, by title, every tenth page": [{"sort": "title", "page": n} for n in range(1, 389, 10)],
        "everything, by an attribute": [{"sort": "-attributes.weight", "page": n} for n in range(1, 40)],
    }


def measure(folder: Path, data: Path) -> dict[str, Any]:
    """Milliseconds of each kind of query, and seconds of an inspection."""
    with (data / "queries.csv").open() as lines:
        words = [row["query"] for row in csv.DictReader(lines)]
    with Shop.open(folder) as shop, tempfile.TemporaryDirectory() as temporary:
        shop.warm_up()
        gc.collect()
        gc.freeze()  # as `serve` does
        store = Store(Path(temporary))
        service: Any = SimpleNamespace(settings=Settings(data_folder=folder), shop=shop, store=store)
        client = signed_in(service)
        pages = {kind: timed(client, asked) for kind, asked in questions(words).items()}
        store.close()
        start = time.perf_counter()
        found = len(inspect_apart(folder).findings)
        inspection = {"seconds": round(time.perf_counter() - start, 1), "findings": found}
        return {"items": len(shop.catalogue), "queries": len(words), "pages": pages, "inspection": inspection}


def timed(client: TestClient, asked: Iterable[Parameters]) -> dict[str, float]:
    """The 50th and 95th percentile in milliseconds, by the clock and by the processor."""
    taken = []
    for parameters in asked:
        start = time.perf_counter(), time.process_time()
        answer = client.get("/items", params=parameters)
        taken.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        assert answer.status_code == 200, (parameters, answer.status_code)
    milliseconds = np.percentile(np.array(taken[1:]) * 1000, (50, 95), axis=0)
    names = ("p50_ms", "p50_processor_ms", "p95_ms", "p95_processor_ms")
    return {name: round(float(value), 1) for name, value in zip(names, milliseconds.ravel(), strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Times of the console's items page over 19,406 real items.")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "icecat_chorus")
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.folder, chosen.data), indent=2))


if __name__ == "__main__":
    main()
