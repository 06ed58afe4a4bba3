"""What shoppers who touched this item touched too: co-occurrence counts over their histories.

Two items of one history count the more, the fewer steps and the less time lie between them. All counts are integers
(fixed point) and each shopper's share is a function of her own interactions alone, so that forgetting her is exact:
what remains is bit for bit what had been counted without her.
"""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable
from functools import cache
from operator import attrgetter

import numpy as np

from retrieval.candidates import Proposal, Rows, Scores
from retrieval.catalogue import Catalogue
from retrieval.interactions import Interaction, Session
from retrieval.query import Query

# tuned on the validation items of Amazon Beauty 5-core (docs/log.md)
_WINDOW = 10  # steps of a history over which two items still count as together
_HISTORY = 10  # items of the session that are asked for their neighbours
_HISTORY_DECAY = 0.7  # weight of an item against the one after it
_POPULARITY_POWER = 0.3  # how much a neighbour's own popularity is divided out
_HALF_LIFE_DAYS = 180  # of the time between two items
_ONE = 1 << 20  # fixed point: two items in a row on one day

_Counts = defaultdict[str, dict[str, int]]


class Neighbours:
    """Co-occurrence counts as a candidate source for sessions that have interactions."""

    name = "neighbours"

    def __init__(self, catalogue: Catalogue, interactions: Iterable[Interaction] = ()) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._histories: dict[str, list[Interaction]] = {}
        self._pairs: _Counts = defaultdict(dict)
        self._visits: dict[str, int] = {}
        self.add_all(interactions)

    def add(self, interaction: Interaction) -> None:
        """Count one interaction."""
        self.add_all((interaction,))

    def add_all(self, interactions: Iterable[Interaction]) -> None:
        """Count interactions, in any order; of two at the same time the one given first came first."""
        arrived: defaultdict[str, list[Interaction]] = defaultdict(list)
        for interaction in interactions:
            arrived[interaction.shopper_id].append(interaction)
        with self._lock:
            for shopper_id, new in arrived.items():
                history = self._histories.setdefault(shopper_id, [])
                first = bisect_right(history, min(i.at for i in new), key=attrgetter("at"))
                start = _reach(history, first)
                self._count(history[start:], -1)
                for interaction in new:
                    insort(history, interaction, key=attrgetter("at"))
                self._count(history[start:], +1)

    def history(self, shopper_id: str) -> tuple[Interaction, ...]:
        """All interactions of a shopper that are counted, in time order."""
        with self._lock:
            return tuple(self._histories.get(shopper_id, ()))

    def histories(self) -> dict[str, tuple[Interaction, ...]]:
        """All interactions that are counted, by shopper, in time order."""
        with self._lock:
            return {shopper_id: tuple(history) for shopper_id, history in self._histories.items()}

    def forget(self, interactions: Iterable[Interaction]) -> None:
        """Take interactions back, as if they had never been added.

        Raises:
            ValueError: one of them was not counted; then nothing of that shopper is taken back.
        """
        leaving: defaultdict[str, list[Interaction]] = defaultdict(list)
        for interaction in interactions:
            leaving[interaction.shopper_id].append(interaction)
        with self._lock:
            for shopper_id, gone in leaving.items():
                history = self._histories.get(shopper_id, [])
                remaining = list(history)
                for interaction in gone:
                    remaining.remove(interaction)
                self._count(history, -1)
                self._count(remaining, +1)
                self._histories[shopper_id] = remaining
                if not remaining:
                    del self._histories[shopper_id]

    def _count(self, history: list[Interaction], sign: int) -> None:
        """Add (+1) or subtract (-1) a history's share."""
        items, days = _steps(history)
        pairs, visits = self._pairs, self._visits
        for place, item_id in enumerate(items):
            visits[item_id] = visits.get(item_id, 0) + sign
            for distance in range(1, min(_WINDOW, place) + 1):
                earlier = items[place - distance]
                if earlier != item_id:
                    weight = sign * _weight(distance, days[place] - days[place - distance])
                    own = pairs[item_id]
                    own[earlier] = own.get(earlier, 0) + weight
                    theirs = pairs[earlier]
                    theirs[item_id] = theirs.get(item_id, 0) + weight
        if sign < 0:
            self._drop_zeros(items)

    def _drop_zeros(self, items: list[str]) -> None:
        """A count of zero is no entry: what was subtracted leaves no trace."""
        for place, item_id in enumerate(items):
            for other in items[max(0, place - _WINDOW) : place]:
                for own, partner in ((item_id, other), (other, item_id)):
                    if self._pairs.get(own, {}).get(partner) == 0:
                        del self._pairs[own][partner]
        for item_id in set(items):
            if not self._pairs.get(item_id, True):
                del self._pairs[item_id]
            if not self._visits[item_id]:
                del self._visits[item_id]

    def propose(self, query: Query, session: Session, admitted: Rows, limit: int) -> Proposal:
        """The nearest neighbours of the session's last items among the admitted rows."""
        scores = self.score(query, session, admitted)
        known = scores > 0
        return Proposal.best_of(admitted[known], scores[known], limit)

    def score(self, query: Query, session: Session, rows: Rows) -> Scores:
        """How strongly each row goes with the session's last items; 0.0 for a row, or a session, without neighbours."""
        column = np.zeros(self._catalogue.row_count)
        with self._lock:
            for item_id, score in self._strengths(session).items():
                if item_id in self._catalogue:
                    column[self._catalogue.row(item_id)] = score
        return column[rows]

    def _strengths(self, session: Session) -> dict[str, float]:
        strengths: dict[str, float] = {}
        weight = 1.0 / _ONE
        for item_id in list(dict.fromkeys(reversed(session.item_ids)))[:_HISTORY]:
            for neighbour, count in self._pairs.get(item_id, {}).items():
                share = weight * count / float(self._visits[neighbour]) ** _POPULARITY_POWER
                strengths[neighbour] = strengths.get(neighbour, 0.0) + share
            weight *= _HISTORY_DECAY
        return strengths


def _steps(history: list[Interaction]) -> tuple[list[str], list[int]]:
    """The items of a history in order with their days; an item that follows itself (view, cart, purchase) once."""
    items: list[str] = []
    days: list[int] = []
    for interaction in history:
        if not items or items[-1] != interaction.item_id:
            items.append(interaction.item_id)
            days.append(interaction.at.toordinal())
    return items, days


@cache
def _weight(distance: int, days: int) -> int:
    """What one pair adds: less for every step between the two, and for the time between them."""
    return int(_ONE / distance * 0.5 ** (days / _HALF_LIFE_DAYS))


def _reach(history: list[Interaction], place: int) -> int:
    """Where the part of a history begins whose counts an insertion at `place` can change."""
    steps = 0
    while place > 0 and steps <= _WINDOW:
        place -= 1
        steps += place == 0 or history[place - 1].item_id != history[place].item_id
    return place
