"""Finding items by their words: BM25 over the fields of an item, where the best field of each word counts.

A word's score in an item is its best field's BM25 plus a tenth of its other fields' ("dismax": a word that stands in
the title and again in twenty attributes is not twenty times as relevant). It is worked out when the index is built, so
that a search adds up one list of postings per word. What changes later goes into a small second segment, which is
scored with the statistics of the large one and merged into it once it has grown.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Proposal, Rows, Scores
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.interactions import Session
from retrieval.query import Query
from retrieval.terms import Lexicon

K1 = 0.6
B = 0.75
TIE = 0.1
MERGE_SHARE = 0.2  # of all items: so many must have changed before the small segment is merged
FIELDS = 5

Document = tuple[NDArray[np.int32], ...]
"""The term numbers of an item, one array for each field."""


@dataclass(frozen=True, slots=True)
class FieldCounts:
    """How often each term stands in one field of each document.

    Attributes:
        keys: term * documents + document, ascending, once for each pair that occurs.
        times: how often it occurs.
        lengths: words of the field, by document.
    """

    keys: NDArray[np.int64]
    times: NDArray[np.int64]
    lengths: NDArray[np.int64]

    @classmethod
    def of(cls, documents: Sequence[Document], field: int) -> FieldCounts:
        """Count one field of the documents."""
        lengths = np.array([len(document[field]) for document in documents], dtype=np.int64)
        terms = np.concatenate([np.empty(0, dtype=np.int64), *(document[field] for document in documents)])
        places = np.repeat(np.arange(len(documents)), lengths)
        return cls(*np.unique(terms * len(documents) + places, return_counts=True), lengths)

    @property
    def terms(self) -> NDArray[np.int64]:
        """The term of each key."""
        return self.keys // max(1, len(self.lengths))


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 must know of the whole catalogue, by field: how many items hold each term, the mean length."""

    items: int
    frequencies: tuple[NDArray[np.int64], ...]
    mean_lengths: tuple[float, ...]

    @classmethod
    def of(cls, counts: Sequence[FieldCounts], terms: int) -> Statistics:
        """From the counts of all fields; `terms` is how many terms there are."""
        items = len(counts[0].lengths)
        frequencies = tuple(np.bincount(field.terms, minlength=terms) for field in counts)
        return cls(items, frequencies, tuple(float(field.lengths.sum()) / max(1, items) for field in counts))

    def rarity(self, field: int, terms: NDArray[np.int64]) -> Scores:
        """Inverse document frequency of terms, as Lucene has it; a term that came later is in no item yet."""
        known = self.frequencies[field]
        held = np.zeros(len(terms))
        inside = terms < len(known)
        held[inside] = known[terms[inside]]
        return np.log1p((self.items - held + 0.5).clip(min=0.5) / (held + 0.5))

    @property
    def unknown_rarity(self) -> float:
        """The most that a term could weigh: what a query's word counts for that no item has."""
        return float(np.log1p((self.items + 0.5) / 0.5)) / (1 + K1)


@dataclass(frozen=True, slots=True)
class Segment:
    """Postings of some items: term t's rows are `rows[starts[t]:starts[t + 1]]`, with their scores beside them."""

    starts: NDArray[np.int64]
    rows: Rows
    scores: NDArray[np.float32]

    @classmethod
    def build(cls, rows: Sequence[int], counts: Sequence[FieldCounts], statistics: Statistics, terms: int) -> Segment:
        """Score every term in every document.

        Args:
            rows: the catalogue row of each document, ascending.
            counts: of every field of the documents.
            statistics: of the catalogue; need not have counted these documents.
            terms: how many terms there are.
        """
        documents = max(1, len(rows))
        keys = np.concatenate([field.keys for field in counts])
        scores = np.concatenate([_field_scores(field, n, statistics) for n, field in enumerate(counts)])
        order = np.argsort(keys, kind="stable")
        keys, scores = keys[order], scores[order]
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        if len(first):
            top = np.maximum.reduceat(scores, first)
            scores = top + TIE * (np.add.reduceat(scores, first) - top)
        keys = keys[first]
        starts = np.concatenate([[0], np.cumsum(np.bincount(keys // documents, minlength=terms))])
        return cls(starts, np.asarray(rows, dtype=np.int64)[keys % documents], scores.astype(np.float32))

    def add_to(self, scores: Scores, term: int) -> None:
        """Add a term's scores to those of all rows."""
        if term < len(self.starts) - 1:
            span = slice(self.starts[term], self.starts[term + 1])
            scores[self.rows[span]] += self.scores[span]

    def count(self, term: int) -> int:
        """How many items hold a term."""
        return int(self.starts[term + 1] - self.starts[term]) if term < len(self.starts) - 1 else 0

    def top(self, term: int) -> float:
        """The highest score that a term has in any item; 0.0 when it is in none."""
        if self.count(term) == 0:
            return 0.0
        return float(self.scores[self.starts[term] : self.starts[term + 1]].max())


@dataclass(frozen=True, slots=True)
class _State:
    """What searches read; replaced whole. `stale`: rows of the large segment that are out of date."""

    statistics: Statistics
    large: Segment
    small: Segment
    stale: Rows
    row_count: int


class LexicalIndex:
    """The lexical candidate source. Scores are shares of the best possible match of all the query's words: 0 to 1.

    One writer at a time; searches go on meanwhile.
    """

    name = "lexical"

    def __init__(self, catalogue: Catalogue) -> None:
        self.lexicon = Lexicon()
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._documents: dict[int, Document] = {}
        self._changed: set[int] = set()
        for row in range(catalogue.row_count):
            self._read(row)
        self._state = self._merged()

    def update(self, rows: Iterable[int]) -> None:
        """Take in what changed in these catalogue rows: items added, replaced or removed."""
        with self._lock:
            for row in rows:
                self._documents.pop(row, None)
                self._read(row)
                self._changed.add(row)
            if len(self._changed) > MERGE_SHARE * len(self._documents):
                self._state = self._merged()
            else:
                self._state = self._with_small_segment()

    def count(self, word: str) -> int:
        """About how many items hold a word or another form of it; what changed since the last merge counts twice."""
        terms, _ = self.lexicon.find(word)
        state = self._state
        return max((state.large.count(term) + state.small.count(term) for term in terms), default=0)

    def common_words(self, least: int, letters: int) -> list[str]:
        """The words of at least so many letters, and nothing but letters, that about `least` items or more hold."""
        state = self._state
        held = np.zeros(max(len(state.large.starts), len(state.small.starts)), dtype=np.int64)
        for segment in (state.large, state.small):
            held[: len(segment.starts) - 1] += np.diff(segment.starts)
        return [
            word
            for word, terms in self.lexicon.words
            if len(word) >= letters and word.isalpha() and terms and terms[0] < len(held) and held[terms[0]] >= least
        ]

    def propose(self, query: Query, session: Session, admitted: Rows, limit: int) -> Proposal:
        """The admitted rows that match most, those that match at all."""
        scores = self.score(query, session, admitted)
        matching = scores > 0
        return Proposal.best_of(admitted[matching], scores[matching], limit)

    def score(self, query: Query, session: Session, rows: Rows) -> Scores:
        """How much of the query's words each row matches."""
        state = self._state
        terms, unknown = self.lexicon.find(query.text)
        possible = unknown * state.statistics.unknown_rarity
        scores = np.zeros(max(state.row_count, int(rows.max(initial=-1)) + 1))
        for term in terms:
            state.large.add_to(scores, term)
            possible += max(state.large.top(term), state.small.top(term))
        scores[state.stale] = 0.0
        for term in terms:
            state.small.add_to(scores, term)
        found: Scores = scores[rows] / possible if possible else scores[rows]
        return found

    def _read(self, row: int) -> None:
        item = self._catalogue.at(row)
        if item is not None:
            self._documents[row] = tuple(self.lexicon.learn(texts) for texts in _field_texts(item))

    def _merged(self) -> _State:
        rows = sorted(self._documents)
        counts = self._counted(rows)
        statistics = Statistics.of(counts, len(self.lexicon))
        large = Segment.build(rows, counts, statistics, len(self.lexicon))
        self._changed.clear()
        nothing = Segment.build([], self._counted([]), statistics, 0)
        return _State(statistics, large, nothing, np.empty(0, dtype=np.int64), self._catalogue.row_count)

    def _with_small_segment(self) -> _State:
        state = self._state
        rows = sorted(row for row in self._changed if row in self._documents)
        small = Segment.build(rows, self._counted(rows), state.statistics, len(self.lexicon))
        stale = np.array(sorted(self._changed), dtype=np.int64)
        return _State(state.statistics, state.large, small, stale, self._catalogue.row_count)

    def _counted(self, rows: Sequence[int]) -> list[FieldCounts]:
        documents = [self._documents[row] for row in rows]
        return [FieldCounts.of(documents, field) for field in range(FIELDS)]


def _field_texts(item: CatalogueItem) -> tuple[Iterable[str], ...]:
    facts = (f"{attribute.name} {attribute.text}" for attribute in item.attributes.values())
    return (item.title,), item.category, (item.brand or "",), (item.description,), facts


def _field_scores(counts: FieldCounts, field: int, statistics: Statistics) -> Scores:
    """BM25 of every term that occurs in one field of a document."""
    documents = max(1, len(counts.lengths))
    relative = counts.lengths[counts.keys % documents] / max(statistics.mean_lengths[field], 1e-9)
    scores: Scores = statistics.rarity(field, counts.terms) * counts.times
    return scores / (K1 * (1 - B + B * relative) + counts.times)
