"""What a trained model says of a session, and that a shopper's state follows her session exactly."""

from __future__ import annotations

import numpy as np
import pytest
from behaviour_doubles import did, small_model
from hypothesis import given, settings
from hypothesis import strategies as st
from search_doubles import HashingEncoder, item

from retrieval.behaviour import scorer as scorer_module
from retrieval.behaviour.scorer import LearnedBehaviour
from retrieval.behaviour.sequence.model import SequenceModel, SequenceState
from retrieval.candidates import Rows
from retrieval.catalogue import Catalogue
from retrieval.interactions import EMPTY_SESSION, Interaction, InteractionKind, Session
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.reranking import CountedBehaviour

IDS = tuple("abcdefgh")
LOG = [*did("s1", "abcd"), *did("s2", "abce"), *did("s3", "cdef")]
WEIGHTS = {"popularity": 0.2, "neighbours": 0.3, "sequence": 0.5}


class CountingModel(SequenceModel):
    """Counts its steps."""

    steps = 0

    def step(self, state: SequenceState, place, kind: int, gap: float | None = None) -> SequenceState:
        self.steps += 1
        return super().step(state, place, kind, gap)


def scorer(ids: tuple[str, ...] = IDS) -> tuple[LearnedBehaviour, CountingModel, Catalogue]:
    catalogue = Catalogue(item(i, f"lamp {i}") for i in ids)
    counted = CountedBehaviour(Popularity(catalogue, LOG), Neighbours(catalogue, LOG))
    small = small_model(IDS)
    model = CountingModel(small.network, small.item_ids)

    def vectors(rows: Rows):
        items = (catalogue.at(int(row)) for row in rows)
        return HashingEncoder().encode([i.text() if i else "" for i in items])

    return LearnedBehaviour(counted, model, WEIGHTS, catalogue, vectors), model, catalogue


def session(*events: Interaction) -> Session:
    return Session(events[0].shopper_id, events)


def fresh(asked: Session, rows: Rows) -> dict[str, np.ndarray]:
    return dict(scorer()[0].score(asked, rows))


ROWS = np.arange(len(IDS))


def test_one_more_event_costs_one_more_step() -> None:
    learned, model, _ = scorer()
    events = did("me", "abcdefgh" * 25)
    learned.score(session(*events[:199]), ROWS)
    before = model.steps
    learned.score(session(*events), ROWS)
    learned.score(session(*events), ROWS)
    assert (before, model.steps) == (199, 200)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 7), st.integers(1, 5)), min_size=1, max_size=8))
def test_whatever_was_asked_before_each_shopper_is_scored_by_her_own_session_alone(
    asked: list[tuple[str, int, int]],
) -> None:
    learned, _, _ = scorer()
    for shopper, first, count in asked:
        mine = session(*did(shopper, [IDS[(first + n) % len(IDS)] for n in range(count)]))
        scores, alone = learned.score(mine, ROWS), fresh(mine, ROWS)
        for part, values in alone.items():
            np.testing.assert_array_equal(scores[part], values, err_msg=part)


def test_a_state_that_was_dropped_is_made_anew() -> None:
    learned, model, _ = scorer()
    mine = session(*did("me", "abc"))
    learned.score(mine, ROWS)
    learned.drop("me")
    learned.score(mine, ROWS)
    assert model.steps == 6


def test_no_more_states_are_kept_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scorer_module, "REMEMBERED", 2)
    learned, model, _ = scorer()
    for shopper in ("x", "y", "z", "z", "y", "x"):
        learned.score(session(*did(shopper, "a")), ROWS)
    assert model.steps == 4


def test_what_was_done_moves_the_scores_at_once_and_the_kind_and_the_pause_count() -> None:
    seen = did("me", "ab")
    bought = (seen[0], Interaction("me", "b", InteractionKind.PURCHASE, seen[1].at))
    later = (seen[0], Interaction("me", "b", InteractionKind.VIEW, seen[1].at.replace(month=6)))
    scores = [fresh(session(*events), ROWS)["sequence"] for events in (seen[:1], seen, bought, later)]
    for n, one in enumerate(scores):
        assert all(not np.allclose(one, other) for other in scores[n + 1 :])


def test_every_part_is_there_and_in_bounds_and_the_weights_make_the_score() -> None:
    parts = fresh(session(*did("me", "ab")), ROWS)
    names = {"popularity", "neighbours", "sequence", "p_click", "p_purchase", "p_review", "behaviour"}
    assert parts.keys() == names
    assert all(values.min() >= 0 and values.max() <= 1 for values in parts.values())
    np.testing.assert_allclose(parts["behaviour"], sum(w * parts[n] for n, w in WEIGHTS.items()))


def test_a_new_shopper_gets_what_counts_say() -> None:
    learned, model, _ = scorer()
    mine, counted = learned.score(EMPTY_SESSION, ROWS), learned.counted.score(EMPTY_SESSION, ROWS)
    assert mine.keys() == counted.keys() == {"popularity", "behaviour"}
    np.testing.assert_array_equal(mine["behaviour"], counted["behaviour"])
    assert model.steps == 0


def test_an_item_that_no_model_was_trained_on_has_a_place_by_its_text() -> None:
    learned, _, catalogue = scorer()
    catalogue.upsert([item("new", "lamp c"), item("other", "hammer drill")])
    rows = np.array([catalogue.row(i) for i in ("new", "other")])
    sequence = learned.score(session(*did("me", "ab")), rows)["sequence"]
    assert sequence.max() == 1
    assert sequence.min() < 1


def test_what_she_did_with_an_item_that_left_the_shop_is_passed_over() -> None:
    learned, _, catalogue = scorer()
    catalogue.remove(["b"])
    gone = learned.score(session(*did("me", "b")), ROWS[2:])
    assert "sequence" not in gone
    assert np.isfinite(learned.score(session(*did("you", "bc")), ROWS[2:])["sequence"]).all()
