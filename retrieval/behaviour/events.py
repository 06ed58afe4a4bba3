"""A log as arrays: what the models over behaviour are fitted on and asked with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.interactions import InteractionKind

KINDS = tuple(InteractionKind)
NO_ITEM = -1  # fills a history that is shorter than the longest of its batch

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Items:
    """The n items of a log; row r of every array is one item.

    Attributes:
        ids: the shop's ids.
        texts: title, brand and category of each in one line.
        prices: float64 (n,), in the log's one currency; nan where unknown.
        first_seen: int64 (n,), unix seconds of the first training event; -1 for an item without any.
        vectors: float32 (n, d), unit vectors of the texts by the shop's encoder (`retrieval.embedding.Encoder`).
    """

    ids: tuple[str, ...]
    texts: tuple[str, ...]
    prices: NDArray[np.float64]
    first_seen: NDArray[np.int64]
    vectors: Floats

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True, eq=False)
class Events:
    """m events, sorted by shopper, then time, then order in the log.

    Attributes:
        shopper: int32 (m,), running numbers.
        item: int32 (m,), rows of `Items`.
        at: int64 (m,), unix seconds.
        kind: int8 (m,), places in `KINDS`.
    """

    shopper: NDArray[np.int32]
    item: NDArray[np.int32]
    at: NDArray[np.int64]
    kind: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.item)

    def starts(self) -> NDArray[np.int64]:
        """int64 (shoppers + 1,): the events of shopper s are starts[s]:starts[s + 1]; none for a number unused."""
        shoppers = int(self.shopper[-1]) + 1 if len(self.shopper) else 0
        return np.searchsorted(self.shopper, np.arange(shoppers + 1)).astype(np.int64)

    def where(self, chosen: NDArray[np.bool_]) -> Events:
        """The events for which `chosen` (m,) holds, in the same order and with the same numbers."""
        return Events(self.shopper[chosen], self.item[chosen], self.at[chosen], self.kind[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """What b shoppers did before the moment they are asked about; right-aligned, the last column is the newest.

    Attributes:
        item: int32 (b, longest), rows of `Items`; `NO_ITEM` where there is none (padding on the left).
        at: int64 (b, longest), unix seconds; 0 where there is no item.
        kind: int8 (b, longest), places in `KINDS`; 0 where there is no item.
        now: int64 (b,), unix seconds of the moment.
    """

    item: NDArray[np.int32]
    at: NDArray[np.int64]
    kind: NDArray[np.int8]
    now: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.item)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64 (b,): events of each history."""
        return np.asarray((self.item != NO_ITEM).sum(axis=1), dtype=np.int64)

    def where(self, rows: NDArray[np.bool_] | NDArray[np.integer] | slice) -> Histories:
        """The histories of these rows of the batch, cut to the longest of them."""
        item = self.item[rows]
        used = np.flatnonzero((item != NO_ITEM).any(axis=0))
        first = int(used[0]) if len(used) else item.shape[1]
        return Histories(item[:, first:], self.at[rows][:, first:], self.kind[rows][:, first:], self.now[rows])


def histories_before(
    events: Events, starts: NDArray[np.int64], ends: NDArray[np.int64], now: NDArray[np.int64], longest: int
) -> Histories:
    """The histories made of the events starts[i]:ends[i], their last `longest` events at most.

    Args:
        events: the log.
        starts, ends: int64 (b,), places in `events`; each pair within one shopper.
        now: int64 (b,), unix seconds.
        longest: events kept of a longer history.
    """
    width = min(longest, int((ends - starts).max(initial=0)))
    places = ends[:, None] - np.arange(width, 0, -1)
    missing = places < starts[:, None]
    places = np.where(missing, 0, places)
    return Histories(
        np.where(missing, NO_ITEM, events.item[places]).astype(np.int32),
        np.where(missing, 0, events.at[places]).astype(np.int64),
        np.where(missing, 0, events.kind[places]).astype(np.int8),
        now,
    )


class Ranker(Protocol):
    """What scores every item for a batch of histories: a count model, the sequence model, the full system."""

    @property
    def name(self) -> str:
        """As it stands in the tables."""
        ...

    def score(self, histories: Histories) -> Floats:
        """Float32 (b, n), higher is better; 0.0 where it knows nothing about an item; seen items are not filtered."""
        ...
