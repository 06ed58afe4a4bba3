"""Finding items by meaning: the cosine of the query's embedding and the items'."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from retrieval.candidates import Proposal, Rows, Scores
from retrieval.embedding import TextEncoder, Vectors
from retrieval.index import VectorIndex
from retrieval.interactions import Session
from retrieval.query import Query

REMEMBERED_QUERIES = 1024  # a conversation asks the same words again and again: 1.5 kB each


class DenseSource:
    """The dense candidate source. Scores are cosine similarities; a query without words finds nothing."""

    name = "dense"

    def __init__(self, index: VectorIndex, encoder: TextEncoder) -> None:
        self._index = index
        self._embedded = lru_cache(maxsize=REMEMBERED_QUERIES)(encoder.encode_query)

    def propose(self, query: Query, session: Session, admitted: Rows, limit: int) -> Proposal:
        """The admitted rows nearest in meaning, whatever their similarity."""
        if not query.text.strip() or not len(admitted) or not len(self._index):
            return Proposal.nothing()
        return self._index.nearest(self._vector(query), admitted, limit)

    def score(self, query: Query, session: Session, rows: Rows) -> Scores:
        """Cosine similarity of each row."""
        if not query.text.strip() or not len(self._index):
            return np.zeros(len(rows))
        return self._index.similarities(self._vector(query), rows)

    def vectors(self, rows: Rows) -> Vectors:
        """The items' vectors: float32 (n, dimension), unit length; zeros for a row without one."""
        return self._index.vectors(rows)

    def _vector(self, query: Query) -> Vectors:
        return self._embedded(query.text)
