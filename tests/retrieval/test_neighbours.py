import time
from datetime import UTC, datetime, timedelta
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.interactions import EMPTY_SESSION, Interaction, InteractionKind, Session
from retrieval.neighbours import Neighbours
from retrieval.query import Query

START = datetime(2026, 1, 1, tzinfo=UTC)
QUERY = Query("anything")
ITEMS = "abcdef"


def viewed(shopper: str, item: str, minute: int) -> Interaction:
    return Interaction(shopper, item, InteractionKind.VIEW, START + timedelta(minutes=minute))


def catalogue() -> Catalogue:
    return Catalogue(CatalogueItem(i, f"item {i}") for i in ITEMS)


def session(*items: str) -> Session:
    return Session("me", tuple(viewed("me", item, n) for n, item in enumerate(items)))


logs = st.lists(st.builds(viewed, st.sampled_from("xyz"), st.sampled_from(ITEMS), st.integers(0, 30)), max_size=40)


def all_scores(neighbours: Neighbours) -> list[bytes]:
    rows = np.arange(len(ITEMS))
    return [neighbours.score(QUERY, session(item), rows).tobytes() for item in ITEMS]


@given(logs)
def test_a_forgotten_shopper_leaves_no_trace(log: list[Interaction]) -> None:
    forgetful = Neighbours(catalogue(), log)
    forgetful.forget(i for i in log if i.shopper_id == "x")
    never = Neighbours(catalogue(), [i for i in log if i.shopper_id != "x"])
    assert all_scores(forgetful) == all_scores(never)
    assert forgetful.__dict__["_pairs"] == never.__dict__["_pairs"]
    assert forgetful.__dict__["_visits"] == never.__dict__["_visits"]


@given(logs)
def test_interactions_one_by_one_count_as_the_whole_log_does(log: list[Interaction]) -> None:
    at_once = Neighbours(catalogue(), log)
    one_by_one = Neighbours(catalogue())
    for interaction in log:
        one_by_one.add(interaction)
    assert all_scores(one_by_one) == all_scores(at_once)


@given(st.lists(st.sampled_from(ITEMS), min_size=30, max_size=60))
def test_a_long_history_may_be_added_to_in_the_middle(items: list[str]) -> None:
    log = [viewed("x", item, n) for n, item in enumerate(items)]
    late = Neighbours(catalogue(), log[:20] + log[21:])
    late.add(log[20])
    assert all_scores(late) == all_scores(Neighbours(catalogue(), log))


def test_what_was_touched_together_is_proposed_nearest_first() -> None:
    neighbours = Neighbours(catalogue(), [viewed("x", i, n) for n, i in enumerate("abc")])
    proposal = neighbours.propose(QUERY, session("a"), np.arange(len(ITEMS)), 10)
    assert proposal.rows.tolist() == [1, 2]
    assert proposal.scores[0] == pytest.approx(2 * proposal.scores[1])


def test_only_admitted_rows_are_proposed() -> None:
    neighbours = Neighbours(catalogue(), [viewed("x", i, n) for n, i in enumerate("abc")])
    assert neighbours.propose(QUERY, session("a"), np.array([2, 4]), 10).rows.tolist() == [2]


def test_a_new_shopper_gets_no_neighbours() -> None:
    neighbours = Neighbours(catalogue(), [viewed("x", i, n) for n, i in enumerate("abc")])
    assert neighbours.propose(QUERY, EMPTY_SESSION, np.arange(len(ITEMS)), 10).rows.tolist() == []


def test_the_last_item_of_the_session_counts_most() -> None:
    log = [viewed("x", i, n) for n, i in enumerate("ab")] + [viewed("y", i, n) for n, i in enumerate("cd")]
    neighbours = Neighbours(catalogue(), log)
    assert neighbours.propose(QUERY, session("a", "c"), np.array([1, 3]), 10).rows.tolist() == [3, 1]


def test_taking_back_what_was_never_counted_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in list"):
        Neighbours(catalogue()).forget([viewed("x", "a", 0)])


@pytest.mark.slow
def test_a_log_of_150000_interactions_is_counted_in_seconds() -> None:
    draw = Random(1)
    log = [viewed(f"s{n // 7}", f"i{int(draw.paretovariate(0.7)) % 12_000}", n) for n in range(150_000)]
    start = time.process_time()
    Neighbours(catalogue(), log)
    assert time.process_time() - start < 4
