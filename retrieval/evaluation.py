"""Search against graded judgements, beside the baselines it has to beat, in one run.

bm25            bm25s as it comes (k1 = 1.5, b = 0.75, English stop words and stemming) over title, brand,
                description and attributes as one text
bm25 tuned      the same, k1 and b chosen by cross-validation on these queries: each query is scored with the
                parameters that were best on the other folds
lexical         our fields, the best field of each word counting (`retrieval.lexical`)
dense           embeddings alone (`retrieval.dense`)
rrf             reciprocal rank fusion of lexical and dense
convex tuned    convex combination of lexical and dense, its weight cross-validated in the same way
full            `Shop.search`: spelling, fusion with the weight in the code, reranking
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from retrieval.baselines import PlainBM25, cross_validated
from retrieval.candidates import Proposal, Rows
from retrieval.errors import SetupError
from retrieval.fusion import content_score, reciprocal_rank_fusion
from retrieval.interactions import EMPTY_SESSION
from retrieval.metrics import METRICS, Interval, Judgements, Rankings, interval, measure
from retrieval.query import Constraints, Query
from retrieval.shop import Shop

BASELINE = "bm25"
DEPTH = 100
BM25_GRID = tuple((k1, b) for k1 in (0.3, 0.9, 1.5) for b in (0.4, 0.75))
WEIGHT_GRID = tuple(round(0.1 * n, 1) for n in range(11))
_ITEM_COLUMNS = ("item_id", "product_id", "doc_id", "id")
_RATING_COLUMNS = ("rating", "relevance", "grade", "label")


@dataclass(frozen=True, slots=True)
class Row:
    """One metric of one system.

    Attributes:
        system: see the module.
        metric, k: "ndcg" at 10 and so on.
        mean: over the queries, with its 95 % bootstrap interval.
        over_baseline: mean difference to "bm25" on the same queries, paired, with its interval.
    """

    system: str
    metric: str
    k: int
    mean: Interval
    over_baseline: Interval


@dataclass(frozen=True, slots=True)
class SearchEvaluation:
    """What `evaluate_search` measured. `str` is a table, `as_json` one object."""

    queries: int
    judged_items: int
    rows: tuple[Row, ...]
    chosen: Mapping[str, Sequence[str]]

    def value(self, system: str, metric: str = "ndcg", k: int = 10) -> float:
        """The mean of a metric. Raises KeyError when there is no such row."""
        for row in self.rows:
            if (row.system, row.metric, row.k) == (system, metric, k):
                return row.mean.value
        raise KeyError((system, metric, k))

    @property
    def systems(self) -> tuple[str, ...]:
        """The systems compared, in the order of the table."""
        return tuple(dict.fromkeys(row.system for row in self.rows))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values: one entry of `rows` for each system and metric."""
        return {
            "queries": self.queries,
            "judged_items": self.judged_items,
            "rows": [
                {
                    "system": row.system,
                    "metric": row.metric,
                    "k": row.k,
                    "value": row.mean.value,
                    "low": row.mean.low,
                    "high": row.mean.high,
                    "difference": row.over_baseline.value,
                    "difference_low": row.over_baseline.low,
                    "difference_high": row.over_baseline.high,
                }
                for row in self.rows
            ],
            "judged_at_10": {system: self.value(system, "judged") for system in self.systems},
            "ndcg_at_10_over_bm25": {s: _ratio(self.value(s), self.value(BASELINE)) for s in self.systems},
            "ndcg_at_10_over_dense": {s: _ratio(self.value(s), self.value("dense")) for s in self.systems},
            "chosen": {name: list(values) for name, values in self.chosen.items()},
        }

    def __str__(self) -> str:
        by_place = {(row.system, row.metric, row.k): row for row in self.rows}
        header = "".join(f"{f'{name}@{k}':>11}" for name, k in METRICS)
        lines = [f"{self.queries} queries, {self.judged_items} judged items", f"{'':14}{header}   nDCG@10 against bm25"]
        for system in self.systems:
            figures = "".join(f"{by_place[system, name, k].mean.value:11.3f}" for name, k in METRICS)
            gain = by_place[system, "ndcg", 10].over_baseline
            ratio = _ratio(self.value(system), self.value(BASELINE))
            lines.append(f"{system:14}{figures}   x{ratio:.3f}  {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]")
        lines += [f"{name}: by fold {', '.join(values)}" for name, values in self.chosen.items()]
        return "\n".join(lines)


def evaluate_search(shop: Shop, queries: Path, qrels: Path) -> SearchEvaluation:
    """Measure the shop's search and the baselines on the same queries.

    Args:
        shop: holds the judged items.
        queries: CSV, gzipped or not, with columns query_id and query.
        qrels: CSV, gzipped or not, with columns query_id, item_id (or product_id) and rating (or relevance).

    Raises:
        SetupError: a file cannot be read, or none of its items is in the shop; or an extra is not installed.
    """
    judgements = read_judgements(qrels)
    texts = {q: text for q, text in read_queries(queries).items() if q in judgements}
    judgements = {q: judgements[q] for q in texts}
    rated = {item_id for ratings in judgements.values() for item_id in ratings}
    if not any(item_id in shop.catalogue for item_id in rated):
        raise SetupError(
            f"None of the {len(rated):,} judged items of {qrels} is in the shop.",
            "Ingest the catalogue that was judged: python -m assistant ingest PATH",
        )
    bm25 = PlainBM25([*shop.catalogue])
    by_parameters = {parameters: bm25.rankings(texts, *parameters, depth=DEPTH) for parameters in BM25_GRID}
    best_bm25 = cross_validated(judgements, by_parameters)
    parts = _Parts(shop, texts)
    best_weight = cross_validated(judgements, {weight: parts.convex(weight) for weight in WEIGHT_GRID})
    systems = {
        BASELINE: bm25.rankings(texts, depth=DEPTH),
        "bm25 tuned": best_bm25.rankings,
        "lexical": parts.lexical(),
        "dense": parts.dense(),
        "rrf": parts.reciprocal_rank(),
        "convex tuned": best_weight.rankings,
        "full": parts.full(),
    }
    chosen = {"bm25 tuned: k1, b": best_bm25.chosen, "convex tuned: weight of dense": best_weight.chosen}
    return SearchEvaluation(len(texts), len(rated), _rows(judgements, systems), chosen)


class _Parts:
    """The shop's own ways to rank, each alone and together, for a set of queries."""

    def __init__(self, shop: Shop, texts: Mapping[str, str]) -> None:
        self._shop = shop
        self._texts = texts
        self._rows = shop.columns.admitted(Constraints())

    def lexical(self) -> Rankings:
        return self._ranked(self._lexical)

    def dense(self) -> Rankings:
        return self._ranked(self._dense)

    def reciprocal_rank(self) -> Rankings:
        return self._ranked(lambda query: reciprocal_rank_fusion([self._lexical(query), self._dense(query)], DEPTH))

    def convex(self, dense_weight: float) -> Rankings:
        def rank(query: Query) -> Proposal:
            lexical = self._shop.lexical.score(query, EMPTY_SESSION, self._rows)
            dense = self._shop.dense.score(query, EMPTY_SESSION, self._rows)
            return Proposal.best_of(self._rows, content_score(lexical, dense, dense_weight), DEPTH)

        return self._ranked(rank)

    def full(self) -> Rankings:
        results = {q: self._shop.search(Query(text, limit=DEPTH)) for q, text in self._texts.items()}
        return {q: [candidate.item_id for candidate in result.candidates] for q, result in results.items()}

    def _lexical(self, query: Query) -> Proposal:
        return self._shop.lexical.propose(query, EMPTY_SESSION, self._rows, DEPTH)

    def _dense(self, query: Query) -> Proposal:
        return self._shop.dense.propose(query, EMPTY_SESSION, self._rows, DEPTH)

    def _ranked(self, rank: Callable[[Query], Proposal]) -> Rankings:
        return {query_id: self._ids(rank(Query(text)).rows) for query_id, text in self._texts.items()}

    def _ids(self, rows: Rows) -> list[str]:
        items = (self._shop.catalogue.at(row) for row in rows.tolist())
        return [item.item_id for item in items if item is not None]


def read_queries(path: Path) -> dict[str, str]:
    """Query id -> its words. Raises SetupError when the file cannot be read."""
    return {row["query_id"]: row["query"] for row in _read(path, ("query_id",), ("query",))}


def read_judgements(path: Path) -> dict[str, dict[str, int]]:
    """Query id -> item id -> rating. Raises SetupError when the file cannot be read."""
    judgements: dict[str, dict[str, int]] = {}
    for row in _read(path, ("query_id",), _ITEM_COLUMNS, _RATING_COLUMNS):
        item_id = next(row[name] for name in _ITEM_COLUMNS if name in row)
        rating = next(row[name] for name in _RATING_COLUMNS if name in row)
        try:
            judgements.setdefault(row["query_id"], {})[item_id] = round(float(rating))
        except ValueError as error:
            raise SetupError(f"{path}: {rating!r} is no rating.", "Give numbers: 0 for irrelevant, then up.") from error
    return judgements


def _read(path: Path, *columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a CSV file that must have one column of each group."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SetupError(f"{path} cannot be read: {error}.", "Give a CSV file, gzipped or not.") from error
    missing = [names[0] for names in columns if not rows or not any(name in rows[0] for name in names)]
    if missing:
        raise SetupError(
            f"{path} has no column {missing[0]!r}.",
            "The first line must name the columns: query_id,query and query_id,item_id,rating.",
        )
    return rows


def _rows(judgements: Judgements, systems: Mapping[str, Rankings]) -> tuple[Row, ...]:
    values = {system: measure(judgements, rankings) for system, rankings in systems.items()}
    return tuple(
        Row(system, name, k, interval(own[name, k]), interval(own[name, k] - values[BASELINE][name, k]))
        for system, own in values.items()
        for name, k in METRICS
    )


def _ratio(value: float, reference: float) -> float:
    return value / reference if reference else float(np.inf if value else 1.0)
