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

from retrieval.candidates import STAGE_ITEMS, Candidate, CandidateSource, Proposal, Rows, Scores, Stage
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.columns import Columns
from retrieval.dense import DenseSource
from retrieval.exploration import Exploration
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
        stages: what each step left: "admitted", every source, "fused", "reranked", "checked".
    """

    candidates: tuple[Candidate, ...]
    matching: int
    relaxations: tuple[Relaxation, ...] = ()
    corrected: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()


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
        self.neighbours = neighbours
        self.sources: tuple[CandidateSource, ...] = (lexical, dense, neighbours, popularity)
        self.behaviour: BehaviourScorer = CountedBehaviour(popularity, neighbours)
        self.ranking = ranking or RankingSettings()
        self._spelling = Spelling(lexical)

    def search(
        self, query: Query, session: Session = EMPTY_SESSION, exploration: Exploration | None = None
    ) -> SearchResult:
        """The best candidates for a query, for the shopper of a session.

        Args:
            query: the need.
            session: her interactions; may be empty.
            exploration: whether a new item may be drawn into the last place; never where an order was asked for.
        """
        seconds: dict[str, float] = {}
        with _timed(seconds, "spelling"):
            corrected = self._spelling.correct(query.text)
            query = query if corrected is None else replace(query, text=corrected)
        with _timed(seconds, "constraints"):
            admitted = self.columns.admitted(query.constraints)
        if not len(admitted):
            with _timed(seconds, "relaxation"):
                relaxations = smallest_relaxations(query.constraints, self.columns)
            return SearchResult((), 0, relaxations, corrected, seconds, (Stage("admitted", 0),))
        stages = [Stage("admitted", len(admitted))]
        with _timed(seconds, "candidates"):
            rows, anyones = self._pool(query, session, admitted, stages)
        with _timed(seconds, "ranking"):
            candidates = self._checked(query, self._ranked(query, session, rows, anyones, stages, exploration))
        stages.append(Stage.of_candidates("checked", candidates))
        return SearchResult(candidates, len(admitted), (), corrected, seconds, tuple(stages))

    def _pool(self, query: Query, session: Session, admitted: Rows, stages: list[Stage]) -> tuple[Rows, Rows]:
        """The rows worth ranking, ascending: what the sources propose; for an explicit sort all that can be meant.

        And those of them that are worth ranking whoever asks: without what only the session proposes.
        """
        if query.sort is not Sort.RELEVANCE:
            if query.constraints.category is not None or not query.text.strip():
                return admitted, admitted
            return (self.meant(query, admitted),) * 2
        depth = max(PROPOSED, query.limit)
        proposals = {source.name: source.propose(query, session, admitted, depth) for source in self.sources}
        if not query.text.strip():
            proposals["rating"] = Proposal.best_of(admitted, self.standing(admitted), depth)
        personal = proposals[self.neighbours.name]
        stages += [Stage.of(name, self.catalogue, p) for name, p in proposals.items()]
        anyones: Rows = np.unique(np.concatenate([p.rows for p in proposals.values() if p is not personal]))
        return np.union1d(anyones, personal.rows), anyones

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

    def _ranked(
        self,
        query: Query,
        session: Session,
        rows: Rows,
        anyones: Rows,
        stages: list[Stage],
        exploration: Exploration | None,
    ) -> tuple[Candidate, ...]:
        content, parts = self._content(query, session, rows)
        stages.append(Stage.of("fused", self.catalogue, Proposal.best_of(rows, content, STAGE_ITEMS), len(rows)))
        if query.sort is not Sort.RELEVANCE:
            places = self._sorted(query, session, rows, content)
            rows, content, parts = rows[places], content[places], {name: part[places] for name, part in parts.items()}
        reranked = rerank(
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
            np.isin(rows, anyones, assume_unique=True) if session.interactions else None,
            exploration if query.sort is Sort.RELEVANCE else None,
        )
        if query.sort is Sort.RELEVANCE:
            stages.append(reranked.stage)
            return reranked.candidates
        by_id = {c.item_id: c for c in reranked.candidates}
        ordered = (by_id[item.item_id] for item in self._items(rows) if item is not None and item.item_id in by_id)
        candidates = tuple(replace(c, rank_without_history=rank) for rank, c in enumerate(ordered, start=1))
        stages.append(Stage.of_candidates("reranked", candidates))
        return candidates

    def _sorted(self, query: Query, session: Session, rows: Rows, content: Scores) -> Rows:
        """The places of the first rows in the order asked for, one for each group of variants; of equals the more
        relevant first."""
        order = np.lexsort((rows, -content, self._sort_keys(query, session, rows)))
        first: dict[str, int] = {}
        for place in order.tolist():
            item = self.catalogue.at(int(rows[place]))
            if item is not None:
                first.setdefault(item.variant_of or item.item_id, place)
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
        """Those candidates whose record, as shoppers may see it now, satisfies the constraints."""
        kept, withheld = [], self.columns.withheld()
        for candidate in candidates:
            item = self.catalogue.get(candidate.item_id)
            seen = None if item is None else withheld.seen(item)
            if seen is not None and query.constraints.admits(seen):
                kept.append(candidate)
            else:
                log.warning("left out: no longer satisfies the constraints", item_id=candidate.item_id)
        return tuple(kept)


@contextmanager
def _timed(seconds: dict[str, float], stage: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[stage] = time.perf_counter() - start
