"""A behaviour scorer on what came last: the same questions to the one in service and to the one that may replace it.

The log is cut in time. What came before is what may be learnt from; each first touch of an item after it is a case: all
items are ranked for the shopper's session as it was then, the ones she had touched already left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import KINDS, NO_ITEM, Histories
from retrieval.catalogue import Catalogue
from retrieval.interactions import Interaction, Session, by_shopper
from retrieval.reranking import BehaviourScorer

RECENT = 0.1  # share of the interactions that is held out, the last ones
MOST_CASES = 1_000  # of each half
LONGEST = 200  # interactions of a session that are read
DEEPEST = 10
PARTS = ("popularity", "neighbours", "sequence", "fusion")
# shares of the parts that are tried: of the fusion, of the sequence in the rest, and of popularity in what that leaves
_FUSION_SHARES, _SEQUENCE_SHARES, _POPULARITY_SHARES = (
    (0.0, 0.25, 0.5, 0.75, 1.0),
    (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    (0.05, 0.2, 0.5),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A session as it was, and the item its shopper turned to next."""

    session: Session
    target: str


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A log cut in time.

    Attributes:
        until: when what may be learnt from ends.
        before: what may be learnt from, in time order.
        tuning, test: cases after it, of different shoppers.
    """

    until: datetime
    before: tuple[Interaction, ...]
    tuning: tuple[Case, ...]
    test: tuple[Case, ...]


def hold_out_recent(interactions: Sequence[Interaction], catalogue: Catalogue, seed: int = 0) -> HeldOut:
    """Cut a log.

    Args:
        interactions: at least one, in any order.
        catalogue: items that are not in it are no targets.
        seed: draws which shoppers tune and which test, and of too many cases those that are asked.
    """
    ordered = sorted(interactions, key=lambda i: i.at)
    until = ordered[min(len(ordered) - 1, int(len(ordered) * (1 - RECENT)))].at
    before = tuple(i for i in ordered if i.at < until)
    draw = np.random.default_rng(seed)
    halves: tuple[list[Case], list[Case]] = ([], [])
    for shopper, history in by_shopper(ordered).items():
        halves[int(draw.integers(2))].extend(_cases(shopper, history, until, catalogue))
    tuning, test = (
        tuple(half[n] for n in np.sort(draw.permutation(len(half))[:MOST_CASES]).tolist()) for half in halves
    )
    return HeldOut(until, before, tuning, test)


def _cases(shopper: str, history: Sequence[Interaction], until: datetime, catalogue: Catalogue) -> list[Case]:
    """The first touches of items after the cut, by a shopper of whom something was known."""
    seen: set[str] = set()
    cases = []
    for place, event in enumerate(history):
        if place and event.at >= until and event.item_id not in seen and event.item_id in catalogue:
            session = Session(shopper, tuple(history[max(0, place - LONGEST) : place]))
            cases.append(Case(session, event.item_id))
        seen.add(event.item_id)
    return cases


def gains(scorer: BehaviourScorer, catalogue: Catalogue, cases: Sequence[Case]) -> NDArray[np.float64]:
    """nDCG@10 of each case (c,) by the part "behaviour"; of equal scores the target's comes last."""
    rows = _rows(catalogue)
    return np.array(
        [_gains(scorer.score(case.session, rows)["behaviour"][None], rows, catalogue, case)[0] for case in cases]
    )


def best_mixture(
    scorer: BehaviourScorer, catalogue: Catalogue, cases: Sequence[Case], *, fused: bool = False
) -> Mapping[str, float]:
    """The shares of `PARTS` that rank these cases best, of equals the one with the least of the models.

    Args:
        scorer: asked for the parts.
        catalogue: all of its items are ranked.
        cases: what is to be ranked first.
        fused: whether the fusion may have a share.
    """
    rows = _rows(catalogue)
    mixtures = _mixtures(fused)
    shares = np.array([[mixture[part] for part in PARTS] for mixture in mixtures])
    total = np.zeros(len(shares))
    for case in cases:
        parts = scorer.score(case.session, rows)
        missing = np.zeros(len(rows))
        total += _gains(shares @ np.stack([parts.get(part, missing) for part in PARTS]), rows, catalogue, case)
    return {part: share for part, share in mixtures[int(np.argmax(total))].items() if share > 0}


def _mixtures(fused: bool) -> list[dict[str, float]]:
    tried = product(_FUSION_SHARES if fused else (0.0,), _SEQUENCE_SHARES, _POPULARITY_SHARES)
    return [
        {
            "popularity": (1 - fusion) * (1 - sequence) * popularity,
            "neighbours": (1 - fusion) * (1 - sequence) * (1 - popularity),
            "sequence": (1 - fusion) * sequence,
            "fusion": fusion,
        }
        for fusion, sequence, popularity in tried
    ]


def as_questions(cases: Sequence[Case], catalogue: Catalogue) -> tuple[Histories, NDArray[np.int32]]:
    """The cases by rows of a catalogue without gaps: what models over arrays are asked, and the rows of the targets."""
    longest = max((len(case.session.interactions) for case in cases), default=0)
    item = np.full((len(cases), longest), NO_ITEM, dtype=np.int32)
    at, kind = np.zeros(item.shape, dtype=np.int64), np.zeros(item.shape, dtype=np.int8)
    for place, case in enumerate(cases):
        known = [i for i in case.session.interactions if i.item_id in catalogue]
        if known:
            item[place, -len(known) :] = [catalogue.row(i.item_id) for i in known]
            at[place, -len(known) :] = [int(i.at.timestamp()) for i in known]
            kind[place, -len(known) :] = [KINDS.index(i.kind) for i in known]
    targets = np.array([catalogue.row(case.target) for case in cases], dtype=np.int32)
    return Histories(item, at, kind, at.max(axis=1, initial=0)), targets


def _rows(catalogue: Catalogue) -> NDArray[np.int64]:
    return np.array([row for row in range(catalogue.row_count) if catalogue.at(row) is not None], dtype=np.int64)


def _gains(
    scores: NDArray[np.float64], rows: NDArray[np.int64], catalogue: Catalogue, case: Case
) -> NDArray[np.float64]:
    """nDCG@10 (k,) of a case by k rankings: scores (k, n) of the rows (n,)."""
    seen = [catalogue.row(i) for i in set(case.session.item_ids) if i in catalogue]
    open_ = ~np.isin(rows, seen)
    target = np.searchsorted(rows, catalogue.row(case.target))
    ranks = ((scores >= scores[:, target][:, None]) & open_).sum(axis=1)
    return np.where(ranks <= DEEPEST, 1 / np.log2(ranks + 1.0), 0.0)
