"""The contract that every candidate source keeps, whatever it finds items by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from search_doubles import HashingEncoder, item

from retrieval.candidates import CandidateSource
from retrieval.catalogue import Catalogue
from retrieval.dense import DenseSource
from retrieval.index import VectorIndex
from retrieval.interactions import EMPTY_SESSION, Interaction, InteractionKind, Session
from retrieval.lexical import LexicalIndex
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.query import Query

START = datetime(2026, 1, 1, tzinfo=UTC)
NOUNS = ("lamp", "chair", "mouse", "cable", "printer")


def clicks(shopper_id: str, *item_ids: str) -> list[Interaction]:
    return [
        Interaction(shopper_id, item_id, InteractionKind.CLICK, START + timedelta(minutes=n))
        for n, item_id in enumerate(item_ids)
    ]


@pytest.fixture
def catalogue() -> Catalogue:
    items = [item(f"i{n}", f"{'red' if n % 2 else 'blue'} {NOUNS[n % 5]} {n}") for n in range(40)]
    catalogue = Catalogue(items)
    catalogue.remove(["i7"])
    return catalogue


@pytest.fixture
def log() -> list[Interaction]:
    return [c for s in range(12) for c in clicks(f"s{s}", f"i{s}", f"i{s + 1}", f"i{2 * s}", f"i{3 * s % 40}")]


def _dense(catalogue: Catalogue, log: list[Interaction], folder: Path) -> DenseSource:
    encoder = HashingEncoder()
    index = VectorIndex(catalogue, encoder, folder)
    index.synchronize()
    return DenseSource(index, encoder)


SOURCES: dict[str, Callable[[Catalogue, list[Interaction], Path], CandidateSource]] = {
    "dense": _dense,
    "lexical": lambda catalogue, log, folder: LexicalIndex(catalogue),
    "popularity": lambda catalogue, log, folder: Popularity(catalogue, log),
    "neighbours": lambda catalogue, log, folder: Neighbours(catalogue, log),
}


@pytest.fixture(params=SOURCES)
def source(
    request: pytest.FixtureRequest, catalogue: Catalogue, log: list[Interaction], tmp_path: Path
) -> CandidateSource:
    return SOURCES[request.param](catalogue, log, tmp_path)


QUERY = Query("red lamp")
SESSION = Session("me", tuple(clicks("me", "i4", "i6")))


def present(catalogue: Catalogue) -> np.ndarray:
    return np.array([row for row in range(catalogue.row_count) if catalogue.at(row)], dtype=np.int64)


def test_it_proposes_something(source: CandidateSource, catalogue: Catalogue) -> None:
    assert len(source.propose(QUERY, SESSION, present(catalogue), 10).rows) > 0


@pytest.mark.parametrize("step", [1, 3, 7])
def test_it_proposes_admitted_rows_only(source: CandidateSource, catalogue: Catalogue, step: int) -> None:
    admitted = present(catalogue)[::step]
    proposal = source.propose(QUERY, SESSION, admitted, 100)
    assert set(proposal.rows.tolist()) <= set(admitted.tolist())


def test_it_proposes_nothing_when_nothing_is_admitted(source: CandidateSource) -> None:
    proposal = source.propose(QUERY, SESSION, np.empty(0, dtype=np.int64), 10)
    assert len(proposal.rows) == len(proposal.scores) == 0


def test_its_rows_are_unique_and_best_first(source: CandidateSource, catalogue: Catalogue) -> None:
    proposal = source.propose(QUERY, SESSION, present(catalogue), 100)
    assert len(set(proposal.rows.tolist())) == len(proposal.rows)
    assert (np.diff(proposal.scores) <= 0).all()
    assert proposal.rows.dtype == np.int64


def test_it_proposes_no_more_than_asked_and_the_same_best_ones(source: CandidateSource, catalogue: Catalogue) -> None:
    many = source.propose(QUERY, SESSION, present(catalogue), 100)
    few = source.propose(QUERY, SESSION, present(catalogue), 3)
    assert few.rows.tolist() == many.rows[:3].tolist()


def test_it_scores_rows_in_any_order_in_the_scale_of_its_proposals(
    source: CandidateSource, catalogue: Catalogue
) -> None:
    proposal = source.propose(QUERY, SESSION, present(catalogue), 100)
    backwards = proposal.rows[::-1]
    assert source.score(QUERY, SESSION, backwards) == pytest.approx(proposal.scores[::-1], abs=1e-6)


def test_a_score_does_not_depend_on_what_else_is_scored(source: CandidateSource, catalogue: Catalogue) -> None:
    rows = present(catalogue)
    together = source.score(QUERY, SESSION, rows)
    alone = [float(source.score(QUERY, SESSION, rows[n : n + 1])[0]) for n in range(len(rows))]
    assert alone == pytest.approx(together, abs=1e-6)


def test_it_copes_with_no_words_and_no_history(source: CandidateSource, catalogue: Catalogue) -> None:
    rows = present(catalogue)
    proposal = source.propose(Query(""), EMPTY_SESSION, rows, 10)
    assert set(proposal.rows.tolist()) <= set(rows.tolist())
    assert np.isfinite(source.score(Query(""), EMPTY_SESSION, rows)).all()
    assert len(source.score(QUERY, SESSION, np.empty(0, dtype=np.int64))) == 0


def test_a_row_that_came_later_is_scored_as_unknown_and_not_an_error(
    source: CandidateSource, catalogue: Catalogue
) -> None:
    rows = np.array(catalogue.upsert([item("late", "quite another thing")]), dtype=np.int64)
    assert source.score(QUERY, SESSION, rows).tolist() == [0.0]
