"""How long until a new item is found: stored, embedded, indexed and first in a search, at 20,000 items.

    python benchmarks/freshness.py [--items 20000] [--new 100]

The shop is filled with drawn items under drawn vectors (so that filling it takes seconds, not minutes); then items
arrive one at a time, embedded by the real packaged encoder. An item counts as found when a search for its own model
name has it at the top; one that isn't found at once is counted as lost. Memory is the process's own at its highest.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.embedding import Encoder, Vectors
from retrieval.query import Query
from retrieval.shop import Shop

NOUNS = ("laptop", "kettle", "lamp", "headphones", "backpack", "monitor", "drill", "tent", "blender", "keyboard")
COLOURS = ("red", "blue", "black", "white", "green", "silver")


class DrawnThenReal:
    """The packaged encoder, except for bulk: a hundred texts at once get drawn vectors of the same length."""

    def __init__(self) -> None:
        self._encoder = Encoder()
        self._rng = np.random.default_rng(0)
        self.fingerprint = "drawn, then " + self._encoder.fingerprint
        self._encoder.load()

    def encode(self, texts: Sequence[str]) -> Vectors:
        if len(texts) < 100:
            return self._encoder.encode(texts)
        vectors = self._rng.normal(size=(len(texts), self._encoder.dimension)).astype(np.float32)
        drawn: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return drawn

    def encode_query(self, text: str) -> Vectors:
        return self._encoder.encode_query(text)


def draw_item(rng: np.random.Generator, number: int) -> CatalogueItem:
    noun, colour = NOUNS[rng.integers(len(NOUNS))], COLOURS[rng.integers(len(COLOURS))]
    weight = float(rng.integers(100, 5000))
    attributes = {
        "colour": Attribute("colour", colour, (colour,)),
        "weight": Attribute("weight", f"{weight:g} g", (), weight, "g"),
    }
    return CatalogueItem(
        f"item-{number}",
        f"Brand{number % 90} {noun} QX{number} {colour}",
        description=f"A {colour} {noun} for every day, with two years of warranty and a carrying case.",
        brand=f"Brand{number % 90}",
        category=("Things", noun.capitalize()),
        price=Money(int(rng.integers(500, 200_000)), "USD"),
        attributes=attributes,
    )


def measure(items: int = 20_000, new: int = 100) -> dict[str, float]:
    """Milliseconds from the call that brings an item in to the search that finds it, and memory in MB."""
    rng = np.random.default_rng(1)
    seconds, lost = [], 0
    with tempfile.TemporaryDirectory() as folder, Shop.open(Path(folder), encoder=DrawnThenReal()) as shop:
        for start in range(0, items, 2000):
            shop.upsert([draw_item(rng, n) for n in range(start, min(start + 2000, items))])
        for number in range(items, items + new):
            item = draw_item(rng, number)
            start_time = time.perf_counter()
            shop.upsert([item])
            found = shop.search(Query(f"QX{number}", limit=1)).candidates
            seconds.append(time.perf_counter() - start_time)
            lost += not found or found[0].item_id != item.item_id
    return {
        "items": items,
        "new_items": new,
        "p50_ms": 1000 * float(np.percentile(seconds, 50)),
        "p99_ms": 1000 * float(np.percentile(seconds, 99)),
        "max_ms": 1000 * max(seconds),
        "not_found_at_once": lost,
        "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Time from a new item to its being found.")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--new", type=int, default=100)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.items, chosen.new), indent=2))


if __name__ == "__main__":
    main()
