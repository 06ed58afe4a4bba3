"""What a search is compared with: plain BM25 by bm25s, and any method at its cross-validated best."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from retrieval.catalogue import CatalogueItem
from retrieval.errors import SetupError
from retrieval.metrics import Judgements, Rankings, measure

FOLDS = 5
Setting = TypeVar("Setting", bound=Hashable)


class PlainBM25:
    """BM25 over each item's title, brand, description and attributes as one text: bm25s, English stop words, stemmed.

    Raises:
        SetupError: bm25s is not installed.
    """

    def __init__(self, items: Sequence[CatalogueItem]) -> None:
        try:
            import bm25s
            import Stemmer
        except ModuleNotFoundError as error:
            raise SetupError(
                "Comparing a search with BM25 needs bm25s.", "Run 'pip install \"shop-assistant[evaluation]\"'."
            ) from error
        self._bm25s = bm25s
        self._stemmer = Stemmer.Stemmer("english")
        self._ids = [item.item_id for item in items]
        self._tokens = self._tokenized([_one_text(item) for item in items])

    def rankings(self, queries: Mapping[str, str], k1: float = 1.5, b: float = 0.75, depth: int = 100) -> Rankings:
        """The items that share a word with each query, best first."""
        index = self._bm25s.BM25(k1=k1, b=b)
        index.index(self._tokens, show_progress=False)
        found, scores = index.retrieve(
            self._tokenized(list(queries.values())), k=min(depth, len(self._ids)), show_progress=False
        )
        return {
            query_id: [self._ids[n] for n, score in zip(some, theirs, strict=True) if score > 0]
            for query_id, some, theirs in zip(queries, found.tolist(), scores.tolist(), strict=True)
        }

    def _tokenized(self, texts: list[str]) -> object:
        return self._bm25s.tokenize(texts, stopwords="en", stemmer=self._stemmer, show_progress=False)


@dataclass(frozen=True, slots=True)
class CrossValidated:
    """Every query ranked with the setting that was best, by mean nDCG@10, on the folds it is not in."""

    rankings: Rankings
    chosen: tuple[str, ...]


def cross_validated(judgements: Judgements, by_setting: Mapping[Setting, Rankings], seed: int = 0) -> CrossValidated:
    """Choose among settings by cross-validation over the judged queries.

    Args:
        judgements: queries without any relevant item decide nothing, but are ranked all the same.
        by_setting: the rankings of all judged queries under each setting; of equally good ones the first is chosen.
    """
    values = {setting: measure(judgements, rankings)["ndcg", 10] for setting, rankings in by_setting.items()}
    query_ids = list(judgements)
    fold_of = np.random.default_rng(seed).permutation(len(query_ids)) % FOLDS
    rankings: dict[str, Sequence[str]] = {}
    chosen = []
    for fold in range(FOLDS):
        inside = fold_of == fold
        if not inside.any():
            continue
        best = max(values, key=lambda setting: float(values[setting][~inside].sum()))
        chosen.append(str(best))
        for n in np.flatnonzero(inside):
            rankings[query_ids[n]] = by_setting[best][query_ids[n]]
    return CrossValidated(rankings, tuple(chosen))


def _one_text(item: CatalogueItem) -> str:
    facts = " ".join(f"{attribute.name} {attribute.text}" for attribute in item.attributes.values())
    return " ".join((item.title, item.brand or "", item.description, facts))
