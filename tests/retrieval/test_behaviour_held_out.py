"""What is asked of a behaviour scorer, and its figures, worked by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np
import pytest
from behaviour_doubles import START, did

from retrieval.behaviour.held_out import Case, best_mixture, gains, hold_out_recent
from retrieval.candidates import Rows, Scores
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.interactions import Session

CATALOGUE = Catalogue(CatalogueItem(i, "thing") for i in "abcdef")


class Stating:
    """Says the same of every session: scores of the rows by part."""

    def __init__(self, **parts: list[float]) -> None:
        self._parts = {name: np.array(values) for name, values in parts.items()}

    def score(self, session: Session, rows: Rows) -> Mapping[str, Scores]:
        return {name: values[rows] for name, values in self._parts.items()}


def asked(seen: str, target: str) -> Case:
    return Case(Session("me", did("me", seen)), target)


@pytest.mark.parametrize(
    ("seen", "target", "gain"),
    [
        ("f", "a", 1.0),
        ("f", "c", 0.5),  # third: 1 / log2(4)
        ("ab", "c", 1.0),  # what she touched is left out
        ("f", "d", 1 / np.log2(6)),  # d and e are equal: it counts as the fifth
    ],
)
def test_a_case_gains_by_the_rank_of_its_target_among_what_she_has_not_touched(
    seen: str, target: str, gain: float
) -> None:
    scorer = Stating(behaviour=[0.9, 0.8, 0.7, 0.3, 0.3, 0.1])
    assert gains(scorer, CATALOGUE, [asked(seen, target)])[0] == pytest.approx(gain)


def test_an_item_that_left_the_shop_takes_no_rank() -> None:
    catalogue = Catalogue(CatalogueItem(i, "thing") for i in "abcdef")
    catalogue.remove(["a"])
    scorer = Stating(behaviour=[0.9, 0.8, 0.7, 0.3, 0.3, 0.1])
    assert gains(scorer, catalogue, [asked("af", "b")])[0] == 1.0


def test_the_shares_go_to_the_part_that_knows() -> None:
    wrong, right = [0.9, 0.5, 0.5, 0.1, 0.1, 0.1], [0.0, 0.0, 0.1, 0.2, 0.3, 1.0]
    cases = [asked("a", "f")]
    learned = best_mixture(Stating(popularity=wrong, neighbours=wrong, sequence=right), CATALOGUE, cases)
    counted = best_mixture(Stating(popularity=wrong, neighbours=right, sequence=wrong), CATALOGUE, cases)
    assert learned["sequence"] > 0
    assert "sequence" not in counted
    assert sum(learned.values()) == pytest.approx(1)


def test_only_first_touches_after_the_cut_are_asked_and_the_halves_share_no_shopper() -> None:
    early = [event for n in range(30) for event in did(f"s{n}", "abc", start=START + timedelta(hours=n))]
    late = [event for n in range(30) for event in did(f"s{n}", "ad"[n % 2], start=START + timedelta(days=9, hours=n))]
    held = hold_out_recent([*late, *early], CATALOGUE)
    assert max(event.at for event in held.before) < held.until <= late[-1].at
    assert {case.target for case in (*held.tuning, *held.test)} == {"d"}
    assert all(case.session.interactions[-1].at < START + timedelta(days=9, hours=30) for case in held.test)
    tuning, test = ({case.session.shopper_id for case in half} for half in (held.tuning, held.test))
    assert tuning
    assert test
    assert not tuning & test
