"""Exact search over the admitted rows against Chroma's `where`, at falling selectivity, on the same vectors.

    python benchmarks/filtered_search.py [--items 20000] [--queries 100]

Each query asks for the ten nearest among the items that a shopper's constraints leave: under a price alone, and under a
price, in stock and not of one brand. Ours is what a search does: the constraints on the columns, then the dot product
over the rows that are left. Chroma is asked for the same with `where`. Recall is against a plain product over all that
is admitted, in float64. The vectors are drawn around 200 centres, as items of one kind are.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.catalogue import Catalogue, CatalogueItem, Money
from retrieval.columns import Columns
from retrieval.embedding import Vectors
from retrieval.index import FOLDER_NAME, VectorIndex
from retrieval.query import Constraints

DIMENSION = 384
CENTRES = 200
BRANDS = 50
NEAREST = 10
SELECTIVITIES = (0.5, 0.1, 0.01, 0.001)


class DrawnVectors:
    """In an encoder's place: gives item n, whose text begins with its title "n", the n-th drawn vector."""

    fingerprint = "drawn"

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def encode(self, texts: Sequence[str]) -> Vectors:
        return self._vectors[[int(text.split(".")[0]) for text in texts]]

    def encode_query(self, text: str) -> Vectors:
        return self._vectors[int(text)]


def draw(count: int, seed: int) -> Vectors:
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(CENTRES, DIMENSION))
    vectors = centres[rng.integers(0, CENTRES, count)] + 0.7 * rng.normal(size=(count, DIMENSION))
    drawn: Vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return drawn


@dataclass(frozen=True)
class Stock:
    """What the constraints look at, drawn: prices in cents (no two alike), brands, pieces."""

    prices: np.ndarray
    brands: np.ndarray
    pieces: np.ndarray

    @classmethod
    def draw(cls, items: int) -> Stock:
        rng = np.random.default_rng(3)
        return cls(rng.permutation(items), rng.integers(0, BRANDS, items), rng.integers(0, 10, items))

    def items(self) -> list[CatalogueItem]:
        columns = zip(self.prices.tolist(), self.brands.tolist(), self.pieces.tolist(), strict=True)
        return [
            CatalogueItem(str(n), str(n), brand=f"Brand {brand}", price=Money(price, "USD"), stock=pieces)
            for n, (price, brand, pieces) in enumerate(columns)
        ]

    def metadata(self, span: range) -> list[dict[str, int | str]]:
        return [
            {"price": int(self.prices[n]), "brand": f"brand {self.brands[n]}", "stock": int(self.pieces[n])}
            for n in span
        ]

    def filters(self, below: int) -> Iterator[tuple[str, Constraints, dict[str, object], np.ndarray]]:
        """Name, our constraints, the same as `where`, and the rows that satisfy them."""
        cheap = Constraints(price_max=below - 1, currency="USD")
        under: dict[str, object] = {"price": {"$lt": below}}
        yield "price", cheap, under, np.flatnonzero(self.prices < below)
        yield (
            "price, brand, stock",
            replace(cheap, excluded_brands=frozenset({"brand 0"}), in_stock=True),
            {"$and": [under, {"brand": {"$ne": "brand 0"}}, {"stock": {"$gt": 0}}]},
            np.flatnonzero((self.prices < below) & (self.brands != 0) & (self.pieces > 0)),
        )


def measure(items: int = 20_000, queries: int = 100) -> list[dict[str, float | str]]:
    """One row for each filter and selectivity: p50 and p99 in milliseconds and recall@10, ours and Chroma's."""
    vectors, asked, stock = draw(items, 1), draw(queries, 2), Stock.draw(items)
    catalogue = Catalogue(stock.items())
    columns = Columns(catalogue)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        index = VectorIndex(catalogue, DrawnVectors(vectors), Path(folder))
        index.synchronize()
        collection = _collection_with_metadata(Path(folder) / FOLDER_NAME, vectors, stock)
        for share in SELECTIVITIES:
            for name, constraints, where, admitted in stock.filters(round(items * share)):
                near = vectors[admitted].astype(np.float64) @ asked.T.astype(np.float64)
                truth = [set(admitted[np.argsort(-column)[:NEAREST]].tolist()) for column in near.T]

                def ours(vector: Vectors, constraints: Constraints = constraints) -> set[int]:
                    return set(index.nearest(vector, columns.admitted(constraints), NEAREST).rows.tolist())

                def chroma(vector: Vectors, where: dict[str, object] = where) -> set[int]:
                    found = collection.query(
                        query_embeddings=vector[np.newaxis], n_results=NEAREST, where=where, include=[]
                    )
                    return {int(item_id) for item_id in found["ids"][0]}

                measured = {**_timed("ours", ours, asked, truth), **_timed("where", chroma, asked, truth)}
                rows.append({"filter": name, "share": len(admitted) / items, **measured})
        index.close()
    return rows


def _collection_with_metadata(folder: Path, vectors: Vectors, stock: Stock) -> Any:
    """The same vectors in the same Chroma, with what the filters need as metadata."""
    import chromadb
    from chromadb.config import Settings

    client = chromadb.PersistentClient(str(folder), settings=Settings(anonymized_telemetry=False))
    collection = client.create_collection(
        "with-metadata", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    for start in range(0, len(vectors), 1000):
        span = range(start, min(start + 1000, len(vectors)))
        collection.upsert(
            ids=[str(n) for n in span],
            embeddings=vectors[span.start : span.stop],
            metadatas=stock.metadata(span),
        )
    return collection


def _timed(
    name: str, search: Callable[[Vectors], set[int]], asked: Vectors, truth: Sequence[set[int]]
) -> dict[str, float]:
    for vector in asked[:3]:  # what is read from disk once is not the search's time
        search(vector)
    milliseconds, recalls = [], []
    for vector, right in zip(asked, truth, strict=True):
        start = time.perf_counter()
        found = search(vector)
        milliseconds.append(1000 * (time.perf_counter() - start))
        recalls.append(len(found & right) / len(right))
    return {
        f"{name}_p50_ms": float(np.percentile(milliseconds, 50)),
        f"{name}_p99_ms": float(np.percentile(milliseconds, 99)),
        f"{name}_recall": float(np.mean(recalls)),
    }


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows in Markdown."""
    lines = [
        "| filter | admitted | exact p50 (ms) | p99 | recall@10 | `where` p50 (ms) | p99 | recall@10 | times faster |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row['filter']} | {row['share']:.2%} "
        f"| {row['ours_p50_ms']:.2f} | {row['ours_p99_ms']:.2f} | {row['ours_recall']:.3f} "
        f"| {row['where_p50_ms']:.1f} | {row['where_p99_ms']:.1f} | {row['where_recall']:.3f} "
        f"| {row['where_p50_ms'] / row['ours_p50_ms']:.0f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description="Exact filtered search against Chroma's `where`.")
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--queries", type=int, default=100)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    rows = measure(chosen.items, chosen.queries)
    print(json.dumps(rows, indent=2) if chosen.json else table(rows))


if __name__ == "__main__":
    main()
