"""From a query to ranked candidates.

    correct -> admitted rows -> propose (lexical, dense, behaviour) -> score -> rerank, or sort -> check again

The constraints hold by construction, for a source sees nothing but admitted rows; they are checked once more on the
records that leave. Every stage is timed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import numpy as np
import structlog
from numpy.typing import NDArray

from retrieval.candidates import Candidate, CandidateSource, Rows, Scores
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.columns import Columns
from retrieval.dense import DenseSource
from retrieval.fusion import content_score
from retrieval.interactions import EMPTY_SESSION, Session
from retrieval.lexical import LexicalIndex
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.qualities import quality_score
from retrieval.query import Query, Relaxation, Sort
from retrieval.relaxation import smallest_relaxations
from retrieval.reranking import BehaviourScorer, CountedBehaviour, RankingSettings, rerank
from retrieval.spelling import Spelling

PROPOSED = 200  # rows asked of each source
MEANT_SHARE = 0.75  # of the best content score: what is meant by words alone, when they are sorted by something else
QUALITY_WEIGHT = 0.25  # of the content score: how much "light" counts among items of one category
RATINGS_OF_DOUBT = 10  # ratings at which an item's own mean counts half

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    Attributes:
        candidates: best first, at most `Query.limit`, one for each group of variants; all satisfy the constraints.
        matching: how many items satisfy the constraints in all.
        relaxations: smallest changes that would bring results; only when nothing matches.
        corrected: the words that were searched for, when a typing error was corrected.
        seconds: time by stage.
    """

    candidates: tuple[Candidate, ...]
    matching: int
    relaxations: tuple[Relaxation, ...] = ()
    corrected: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)


class Searcher:
    """Searches a catalogue by all its sources. Attributes are the parts; `behaviour` may be replaced by a model."""

    def __init__(
        self,
        catalogue: Catalogue,
        columns: Columns,
        lexical: LexicalIndex,
        dense: DenseSource,
        popularity: Popularity,
        neighbours: Neighbours,
        ranking: RankingSettings | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.columns = columns
        self.lexical = lexical
        self.dense = dense
        self.popularity = popularity
        self.sources: tuple[CandidateSource, ...] = (lexical, dense, neighbours, popularity)
        self.behaviour: BehaviourScorer = CountedBehaviour(popularity, neighbours)
        self.ranking = ranking or RankingSettings()
        self._spelling = Spelling(lexical)

    def search(self, query: Query, session: Session = EMPTY_SESSION) -> SearchResult:
        """The best candidates for a query, for the shopper of a session."""
        seconds: dict[str, float] = {}
        with _timed(seconds, "spelling"):
            corrected = self._spelling.correct(query.text)
            query = query if corrected is None else replace(query, text=corrected)
        with _timed(seconds, "constraints"):
            admitted = self.columns.admitted(query.constraints)
        if not len(admitted):
            with _timed(seconds, "relaxation"):
                relaxations = smallest_relaxations(query.constraints, self.columns)
            return SearchResult((), 0, relaxations, corrected, seconds)
        with _timed(seconds, "candidates"):
            rows = self._pool(query, session, admitted)
        with _timed(seconds, "ranking"):
            candidates = self._ranked(query, session, rows)
        return SearchResult(self._checked(query, candidates), len(admitted), (), corrected, seconds)

    def _pool(self, query: Query, session: Session, admitted: Rows) -> Rows:
        """The rows worth ranking, ascending: what the sources propose; for an explicit sort all that can be meant."""
        if query.sort is not Sort.RELEVANCE:
            if query.constraints.category is not None or not query.text.strip():
                return admitted
            return self.meant(query, admitted)
        depth = max(PROPOSED, query.limit)
        proposals = [source.propose(query, session, admitted, depth).rows for source in self.sources]
        if not query.text.strip():
            proposals.append(admitted[np.argsort(-self.standing(admitted), kind="stable")[:depth]])
        rows: Rows = np.unique(np.concatenate(proposals))
        return rows

    def meant(self, query: Query, rows: Rows) -> Rows:
        """Those of some rows (at least one) that the words of a query can mean: near the best one's content score."""
        content, _ = self._content(query, EMPTY_SESSION, rows)
        near: Rows = rows[content >= MEANT_SHARE * content.max()]
        return near

    def _content(self, query: Query, session: Session, rows: Rows) -> tuple[Scores, dict[str, Scores]]:
        """How well rows suit the words, in [0, 1], and its parts; without words, how well they are rated."""
        if not query.text.strip():
            standing = self.standing(rows)
            return standing, {"rating": standing}
        lexical = self.lexical.score(query, session, rows)
        dense = self.dense.score(query, session, rows)
        content, parts = content_score(lexical, dense), {"lexical": lexical, "dense": dense}
        comparable = query.constraints.category is not None
        quality = quality_score(query.text, rows, self.columns) if comparable else None
        if quality is None:
            return content, parts
        return (1 - QUALITY_WEIGHT) * content + QUALITY_WEIGHT * quality, {**parts, "quality": quality}

    def _ranked(self, query: Query, session: Session, rows: Rows) -> tuple[Candidate, ...]:
        ordered = None
        if query.sort is not Sort.RELEVANCE:
            ordered = rows = self._sorted(query, session, rows)
        content, parts = self._content(query, session, rows)
        candidates = rerank(
            self.catalogue,
            rows,
            content,
            session,
            self.behaviour,
            self.popularity.interaction_counts(rows),
            self.ranking,
            self.dense.vectors(rows),
            parts,
            query.limit,
        )
        if ordered is None:
            return candidates
        place = {int(row): n for n, row in enumerate(ordered)}
        return tuple(sorted(candidates, key=lambda c: place[self.catalogue.row(c.item_id)]))

    def _sorted(self, query: Query, session: Session, rows: Rows) -> Rows:
        """The first rows in the order asked for, one for each group of variants; of equals the more relevant first."""
        content, _ = self._content(query, session, rows)
        order = np.lexsort((rows, -content, self._sort_keys(query, session, rows)))
        first: dict[str, int] = {}
        for row in rows[order].tolist():
            item = self.catalogue.at(row)
            if item is not None:
                first.setdefault(item.variant_of or item.item_id, row)
            if len(first) == query.limit:
                break
        return np.array(list(first.values()), dtype=np.int64)

    def _sort_keys(self, query: Query, session: Session, rows: Rows) -> NDArray[np.float64]:
        """What rows are sorted by, ascending; what an item doesn't state comes last."""
        match query.sort:
            case Sort.PRICE_ASCENDING:
                return np.nan_to_num(self.columns.prices(rows), nan=np.inf)
            case Sort.PRICE_DESCENDING:
                return np.nan_to_num(-self.columns.prices(rows), nan=np.inf)
            case Sort.POPULARITY:
                return -self.popularity.score(query, session, rows)
            case Sort.NEWEST:
                days = [i.released.toordinal() if i and i.released else -np.inf for i in self._items(rows)]
                return -np.array(days, dtype=np.float64)
            case _:
                return -self.standing(rows)

    def standing(self, rows: Rows) -> Scores:
        """Mean ratings in [0, 1], drawn towards the mean of these rows where few shoppers rated; that mean for none."""
        items = self._items(rows)
        ratings = np.array([i.rating if i and i.rating is not None else np.nan for i in items], dtype=np.float64)
        counts = np.array([i.rating_count if i else 0 for i in items], dtype=np.float64)
        stated = ~np.isnan(ratings)
        mean = float(ratings[stated].mean()) if stated.any() else 0.0
        own = np.where(stated, counts.clip(min=1), 0.0)
        drawn: Scores = (own * np.nan_to_num(ratings) + RATINGS_OF_DOUBT * mean) / (own + RATINGS_OF_DOUBT) / 5
        return drawn

    def _items(self, rows: Rows) -> Sequence[CatalogueItem | None]:
        return [self.catalogue.at(row) for row in rows.tolist()]

    def _checked(self, query: Query, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
        """Those candidates whose record, as it is now, satisfies the constraints."""
        kept = []
        for candidate in candidates:
            item = self.catalogue.get(candidate.item_id)
            if item is not None and query.constraints.admits(item):
                kept.append(candidate)
            else:
                log.warning("left out: no longer satisfies the constraints", item_id=candidate.item_id)
        return tuple(kept)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
