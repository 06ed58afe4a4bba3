"""What shoppers took interest in lately: the popularity baseline, for new shoppers and as a prior.

Everything is counted in integers (interactions by item, kind and day; decay in fixed point), so that forgetting is
exact: the scores after `forget` are bit for bit those of a log that never held these interactions.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Proposal, Rows, Scores
from retrieval.catalogue import Catalogue
from retrieval.interactions import Interaction, InteractionKind, Session
from retrieval.query import Query

# how much one interaction tells of interest; a common choice, not tuned on any log
_WEIGHTS = {
    InteractionKind.VIEW: 1,
    InteractionKind.CLICK: 2,
    InteractionKind.CART: 5,
    InteractionKind.PURCHASE: 10,
    InteractionKind.REVIEW: 5,
}
_ONE = 1 << 60  # fixed point: the weight of a view today; five years of decay still count
_HALF_LIFE_DAYS = 90  # on Amazon Beauty cut by time, 60 to 365 days do alike for ten places, and 30 worse (docs/log.md)
Key = TypeVar("Key")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Popularity:
    """Decayed interaction counts as a candidate source. Ages are counted from the last day in the log."""

    name = "popularity"

    def __init__(self, catalogue: Catalogue, interactions: Iterable[Interaction] = ()) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._counts: defaultdict[str, Counter[tuple[InteractionKind, int]]] = defaultdict(Counter)
        self._days: Counter[int] = Counter()
        self._scores: dict[str, int] = {}
        self._stale: set[str] = set()
        self._scored_day: int | None = None
        self._column: NDArray[np.float64] = np.empty(0)
        self._column_version = -1
        self.add_all(interactions)

    def add(self, interaction: Interaction) -> None:
        """Count one interaction."""
        self.add_all((interaction,))

    def add_all(self, interactions: Iterable[Interaction]) -> None:
        """Count interactions, in any order."""
        with self._lock:
            for interaction in interactions:
                day = _day(interaction)
                self._counts[interaction.item_id][interaction.kind, day] += 1
                self._days[day] += 1
                self._stale.add(interaction.item_id)

    def forget(self, interactions: Iterable[Interaction]) -> None:
        """Take interactions back, as if they had never been added.

        Raises:
            KeyError: one of them was not counted; those before it are taken back.
        """
        with self._lock:
            for interaction in interactions:
                day = _day(interaction)
                counts = self._counts.get(interaction.item_id)
                if counts is None or not counts[interaction.kind, day]:
                    raise KeyError(f"never counted: {interaction}")
                _decrement(counts, (interaction.kind, day))
                _decrement(self._days, day)
                if not counts:
                    del self._counts[interaction.item_id]
                self._stale.add(interaction.item_id)

    def interaction_counts(self, rows: Rows) -> NDArray[np.int64]:
        """How many interactions the items of these rows have, of any kind and age; 0 is a cold start."""
        with self._lock:
            items = (self._catalogue.at(int(row)) for row in rows)
            known = (self._counts.get(item.item_id) if item else None for item in items)
            return np.array([counts.total() if counts else 0 for counts in known], dtype=np.int64)

    def propose(self, query: Query, session: Session, admitted: Rows, limit: int) -> Proposal:
        """The most popular of the admitted rows; items without interactions are not proposed."""
        scores = self.score(query, session, admitted)
        known = scores > 0
        return Proposal.best_of(admitted[known], scores[known], limit)

    def score(self, query: Query, session: Session, rows: Rows) -> Scores:
        """Decayed, weighted counts: 1.0 is one view today; 0.0 for what nobody touched."""
        with self._lock:
            self._refresh()
            return self._column[rows]

    def typical(self) -> float:
        """The median score of the items that have interactions; 1.0 without any."""
        with self._lock:
            self._refresh()
            positive = self._column[self._column > 0]
        return float(np.median(positive)) if len(positive) else 1.0

    def _refresh(self) -> None:
        """Bring scores and column up to date with the counts and the catalogue."""
        today = max(self._days, default=0)
        if today != self._scored_day:
            self._scored_day, self._scores = today, {}
            self._stale.update(self._counts)
            self._column_version = -1
        version = self._catalogue.version
        changed = self._stale if version == self._column_version else self._counts.keys() | self._stale
        if version != self._column_version:
            self._column = np.zeros(self._catalogue.row_count)
        for item_id in self._stale:
            self._scores[item_id] = self._decayed(item_id, today)
        for item_id in changed:
            if item_id in self._catalogue:
                self._column[self._catalogue.row(item_id)] = self._scores[item_id] / _ONE
        self._stale, self._column_version = set(), version

    def _decayed(self, item_id: str, today: int) -> int:
        counts = self._counts.get(item_id)
        if counts is None:
            return 0
        return sum(count * _WEIGHTS[kind] * _decay(today - day) for (kind, day), count in counts.items())


def _day(interaction: Interaction) -> int:
    return (interaction.at - _EPOCH).days


def _decay(age_days: int) -> int:
    return int(_ONE * 0.5 ** (age_days / _HALF_LIFE_DAYS))


def _decrement(counts: Counter[Key], key: Key) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
