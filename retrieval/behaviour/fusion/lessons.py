"""Questions with a known answer out of training events alone: what a fusion learns from.

Each lesson hides events, has everything counted without them, and asks for them. Validation and test targets are no
training events, so they can be in no lesson.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import Events, Histories, histories_before

LONGEST = 50  # events of a history that features look at
_CALENDAR_SHARE = 0.9  # of the events before the date of a calendar lesson
_HELD_OUT_SHARE = 0.12  # of the items that are taken out of all counts


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """q questions and the events that may be counted to answer them.

    Attributes:
        counted: the events left.
        histories: of q shoppers.
        target: int32 (q,), rows of `Items`; never one that the history holds.
    """

    counted: Events
    histories: Histories
    target: NDArray[np.int32]

    def sampled(self, most: int, seed: int) -> Lesson:
        """The lesson with at most this many questions, drawn by the seed."""
        if len(self.target) <= most:
            return self
        drawn = np.sort(np.random.default_rng(seed).choice(len(self.target), size=most, replace=False))
        return Lesson(self.counted, self.histories.where(drawn), self.target[drawn])


def last_events(events: Events) -> Lesson:
    """Each shopper's last new item is asked for and, with all that follows it, counted for nothing."""
    first = _first_touch(events)
    places = np.flatnonzero(first & _has_before(events))
    last = places[np.append(np.diff(events.shopper[places]) != 0, True)] if len(places) else places
    cut = np.full(len(events.starts()) - 1, len(events))
    cut[events.shopper[last]] = last
    return _lesson(events, events.where(np.arange(len(events)) < cut[events.shopper]), last)


def after_date(events: Events) -> Lesson:
    """The last tenth of the time is asked for; a history is all that the shopper did at an earlier time."""
    date = np.sort(events.at)[int(_CALENDAR_SHARE * (len(events) - 1))]
    places = np.flatnonzero(_first_touch(events) & (events.at > date))
    key = (events.shopper.astype(np.int64) << 37) | events.at  # seconds below 1e11 take 37 bits
    ends = np.searchsorted(key, key[places]).astype(np.int64)
    some = ends > events.starts()[events.shopper[places]]
    return _lesson(events, events.where(events.at <= date), places[some], ends[some])


def held_out_items(events: Events, n: int, seed: int) -> Lesson:
    """Some items are taken out of all counts and histories, and each event of theirs is asked for.

    Items without any event are no answer; the share is taken of those that have some.
    """
    known = np.unique(events.item)
    drawn = np.random.default_rng(seed).choice(known, size=round(_HELD_OUT_SHARE * len(known)), replace=False)
    out: NDArray[np.bool_] = np.zeros(n, dtype=np.bool_)
    out[drawn] = True
    hidden = out[events.item]
    warm = events.where(~hidden)
    before = np.concatenate([[0], np.cumsum(~hidden)])  # place among all events -> place among the warm ones
    places = np.flatnonzero(_first_touch(events) & hidden)
    starts = before[events.starts()[events.shopper[places]]]
    some = before[places] > starts
    places, starts = places[some], starts[some]
    histories = histories_before(warm, starts, before[places], events.at[places], LONGEST)
    return Lesson(warm, histories, events.item[places])


def _lesson(
    events: Events, counted: Events, places: NDArray[np.int64], ends: NDArray[np.int64] | None = None
) -> Lesson:
    starts = events.starts()[events.shopper[places]]
    histories = histories_before(events, starts, places if ends is None else ends, events.at[places], LONGEST)
    return Lesson(counted, histories, events.item[places])


def _first_touch(events: Events) -> NDArray[np.bool_]:
    """bool (m,): whether an event is its shopper's first with its item."""
    pairs = (events.shopper.astype(np.int64) << 32) | events.item
    first: NDArray[np.bool_] = np.zeros(len(events), dtype=np.bool_)
    first[np.unique(pairs, return_index=True)[1]] = True
    return first


def _has_before(events: Events) -> NDArray[np.bool_]:
    return np.arange(len(events)) > events.starts()[events.shopper]
