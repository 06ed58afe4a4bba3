"""Candidates and where they come from.

A `CandidateSource` proposes catalogue rows for a query and a session; the searcher fuses what all sources propose.
Every source is handed the rows that satisfy the hard constraints and proposes nothing outside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.catalogue import Catalogue
from retrieval.interactions import Session
from retrieval.query import Query

Rows = NDArray[np.int64]
Scores = NDArray[np.float64]

STAGE_ITEMS = 20  # told of each stage


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one source proposes: rows (unique, best first) and their scores in the source's own scale."""

    rows: Rows
    scores: Scores

    @classmethod
    def nothing(cls) -> Proposal:
        """A proposal of no rows."""
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float64))

    @classmethod
    def best_of(cls, rows: Rows, scores: Scores, limit: int) -> Proposal:
        """The best `limit` of these rows by score, best first; of equal ones the lower row first.

        Args:
            rows: unique, ascending.
            scores: one for each row.
            limit: how many at most.
        """
        if len(rows) > limit > 0:
            floor = np.partition(scores, -limit)[-limit]
            kept = scores >= floor
            rows, scores = rows[kept], scores[kept]
        order = np.argsort(-scores, kind="stable")[:limit]
        return cls(rows[order], scores[order])


class CandidateSource(Protocol):
    """One way of finding items. `tests/retrieval/test_candidate_sources.py` holds the contract."""

    name: str

    def propose(self, query: Query, session: Session, admitted: Rows, limit: int) -> Proposal:
        """Propose at most `limit` of the admitted rows, best first.

        Args:
            query: the need; its constraints are already applied in `admitted`.
            session: the shopper's interactions; may be empty.
            admitted: rows that satisfy every hard constraint, ascending.
            limit: how many rows at most.
        """
        ...

    def score(self, query: Query, session: Session, rows: Rows) -> Scores:
        """Score given rows (any number, any order) in the same scale as `propose`; 0.0 where it knows nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Candidate:
    """One item that satisfies the query, with what scored it.

    Attributes:
        item_id: of the catalogue.
        relevance: the fused score it is ranked by.
        scores: its parts by name: "dense", "lexical", "content", "popularity", "neighbours", "sequence", "p_click",
            "p_purchase", "p_review", "behaviour", "trust", "relevance". Absent parts were not computed for this query.
        interaction_count: interactions the item has; 0 is a cold start.
        rank_without_history: 1-based rank it would have had for an empty session; behind all others when only the
            session's own source proposed it; None for what no query ranked, and for what was drawn to be explored.
        propensity: chance that this item, and no other, was to stand in its place; 1.0: no draw was made.
    """

    item_id: str
    relevance: float
    scores: dict[str, float]
    interaction_count: int = 0
    rank_without_history: int | None = None
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Stage:
    """What was there after one step of a search, for whoever asks why an item was shown or was not.

    Attributes:
        name: "admitted", one of the sources' names, "fused", "reranked", "checked".
        count: how many items.
        items: the first of them, at most 20, best first: id and score of that step. Admitted items have no order: ().
    """

    name: str
    count: int
    items: tuple[tuple[str, float], ...] = ()

    @classmethod
    def of(cls, name: str, catalogue: Catalogue, proposal: Proposal, count: int | None = None) -> Stage:
        """The stage of what is proposed; `count`: how many there are when only the best are given."""
        rows, scores = proposal.rows[:STAGE_ITEMS].tolist(), proposal.scores[:STAGE_ITEMS].tolist()
        told = ((catalogue.at(row), score) for row, score in zip(rows, scores, strict=True))
        items = tuple((item.item_id, score) for item, score in told if item is not None)
        return cls(name, len(proposal.rows) if count is None else count, items)

    @classmethod
    def of_candidates(cls, name: str, candidates: Sequence[Candidate]) -> Stage:
        """The stage of these candidates in their order, with the relevance of each."""
        return cls(name, len(candidates), tuple((c.item_id, c.relevance) for c in candidates[:STAGE_ITEMS]))
