"""A log cut three ways: leave-one-out, by the calendar, and by items held out.

loo    Each shopper's last new item is the test, the last but one the validation; what came before both is training.
time   Training ends at one date, validation at a later one; every new item after that is a case. Its history is all
       that the shopper did at an earlier time, after the dates too.
cold   Some items are held out of training whole. Cases are the events of held-out items (cold), and beside them the
       leave-one-out targets among the items trained on (warm); histories hold warm items only, two at least.

An item is new to a shopper at her first event with it: what she has touched before is never a target, since seen items
are filtered from every ranking. Where the folder names splits or cases, those are used; otherwise they are cut here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import Events, Histories, Items, histories_before
from retrieval.ranking_evaluation.folder import TEST, TRAIN, VALID, Log, NamedCases, Part, first_seen

SPLITS = ("loo", "time", "cold")
LONGEST = 200  # events of a history that a model is given; what is seen is filtered over all of it
_CALENDAR = (0.8, 0.9)  # share of the events before each date
_FEWEST_WARM = 2
_ALIKE = 20

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """c questions: what does this shopper turn to next?

    Attributes:
        events: what histories are cut from.
        starts, ends: int64 (c,), the history of a case is events starts:ends.
        now: int64 (c,), unix seconds of the target event.
        target: int32 (c,), rows of `Items`.
        shopper: int32 (c,), running numbers.
        place: int64 (c,), of the target event among the events of the log.
    """

    events: Events
    starts: Places
    ends: Places
    now: NDArray[np.int64]
    target: NDArray[np.int32]
    shopper: NDArray[np.int32]
    place: Places

    def __len__(self) -> int:
        return len(self.target)

    @property
    def lengths(self) -> Places:
        """int64 (c,): events of each history."""
        return self.ends - self.starts

    def histories(self, rows: slice | NDArray[np.integer], longest: int = LONGEST) -> Histories:
        """The histories of these cases, their last `longest` events at most."""
        return histories_before(self.events, self.starts[rows], self.ends[rows], self.now[rows], longest)

    def where(self, chosen: NDArray[np.bool_]) -> Cases:
        """The cases for which `chosen` (c,) holds."""
        return Cases(
            self.events,
            self.starts[chosen],
            self.ends[chosen],
            self.now[chosen],
            self.target[chosen],
            self.shopper[chosen],
            self.place[chosen],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """What models are fitted on, tuned on and asked.

    Attributes:
        name: one of `SPLITS`.
        items: with `first_seen` over the training events.
        train, valid, test: see the module.
        warm: bool (n,), whether an item has a training event.
        counts: int64 (n,), training events of each item.
        given: whether the folder names the split; otherwise it was cut here.
    """

    name: str
    items: Items
    train: Events
    valid: Cases
    test: Cases
    warm: NDArray[np.bool_]
    counts: Places
    given: bool


def leave_one_out(log: Log) -> Split:
    """See the module."""
    part = _own_loo(log.events) if log.loo is None else log.loo
    first = _first_touch(log.events)
    valid, test = (np.flatnonzero(first & (part == wanted)) for wanted in (VALID, TEST))
    cases = (_cases(log.events, targets) for targets in (valid, test))
    return _split("loo", log, log.events.where(part == TRAIN), *cases, given=log.loo is not None)


def calendar(log: Log) -> Split:
    """See the module."""
    events = log.events
    part = calendar_parts(log)
    first = _first_touch(events)
    if log.time_cases is not None:
        first &= _named(events, log.time_cases)
    found = []
    for wanted in (VALID, TEST):
        cases = _cases(events, np.flatnonzero(first & (part == wanted)))
        found.append(replace(cases, ends=_before(events, cases)))
    return _split("time", log, events.where(part == TRAIN), *found, given=log.time is not None)


def calendar_parts(log: Log) -> Part:
    """int8 (m,): TRAIN, VALID or TEST for each event by its time."""
    if log.time is not None:
        return log.time
    ordered = np.sort(log.events.at)
    dates = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in _CALENDAR]
    return np.searchsorted(dates, log.events.at, side="right").astype(np.int8)


def held_out_items(log: Log, seed: int = 2024) -> Split:
    """See the module. `seed` draws the items that are held out where the folder doesn't name them."""
    events = log.events
    held = _own_held_out(events, len(log.items), seed) if log.held_out is None else log.held_out
    loo = _own_loo(events) if log.loo is None else log.loo
    warm_event = held[events.item] == TRAIN
    warm_before = np.concatenate([[0], np.cumsum(warm_event)])  # place in `events` -> place among the warm ones
    first = _first_touch(events)
    cold_first = first & ~warm_event
    if log.cold_cases is not None:
        cold_first &= _named(events, log.cold_cases)
    train = events.where(warm_event & (loo == TRAIN))
    warm_first = first & warm_event & np.isin(events.item, train.item)
    found = []
    for wanted in (VALID, TEST):
        chosen = (cold_first & (held[events.item] == wanted)) | (warm_first & (loo == wanted))
        cases = _cases(events, np.flatnonzero(chosen))
        cases = replace(
            cases, events=events.where(warm_event), starts=warm_before[cases.starts], ends=warm_before[cases.ends]
        )
        found.append(cases.where(cases.lengths >= _FEWEST_WARM))
    return _split("cold", log, train, *found, given=log.held_out is not None)


CUTS = {"loo": leave_one_out, "time": calendar, "cold": held_out_items}


def sampled(cases: Cases, shoppers: int, seed: int) -> Cases:
    """The cases of this many shoppers, drawn by the seed; all of them when there are no more."""
    known = np.unique(cases.shopper)
    if len(known) <= shoppers:
        return cases
    drawn = np.random.default_rng(seed).choice(known, size=shoppers, replace=False)
    return cases.where(np.isin(cases.shopper, drawn))


def _split(name: str, log: Log, train: Events, valid: Cases, test: Cases, *, given: bool) -> Split:
    counts = np.bincount(train.item, minlength=len(log.items)).astype(np.int64)
    items = replace(log.items, first_seen=first_seen(train, len(log.items)))
    return Split(name, items, train, valid, test, counts > 0, counts, given)


def _cases(events: Events, targets: NDArray[np.intp]) -> Cases:
    """Cases whose targets are the events at these places; histories are all that came before in order."""
    shopper, place = events.shopper[targets], targets.astype(np.int64)
    starts = events.starts()[shopper]
    return Cases(events, starts, place, events.at[targets], events.item[targets], shopper, place)


def _before(events: Events, cases: Cases) -> Places:
    """Where the events of each case's shopper end that are of an earlier time than the target."""
    key = (events.shopper.astype(np.int64) << 37) | events.at  # seconds below 1e11 take 37 bits
    return np.searchsorted(key, (cases.shopper.astype(np.int64) << 37) | cases.now).astype(np.int64)


def _first_touch(events: Events) -> NDArray[np.bool_]:
    """bool (m,): whether an event is its shopper's first with its item."""
    first = np.zeros(len(events), dtype=np.bool_)
    first[np.unique(_pairs(events.shopper, events.item), return_index=True)[1]] = True
    return first


def _pairs(shopper: NDArray[np.int32], item: NDArray[np.int32]) -> Places:
    return (shopper.astype(np.int64) << 32) | item


def _named(events: Events, cases: NamedCases) -> NDArray[np.bool_]:
    return np.isin(_pairs(events.shopper, events.item), _pairs(cases.shopper, cases.item))


def _own_loo(events: Events) -> Part:
    """TEST from each shopper's last new item on, VALID from the last but one; a shopper of fewer than three: TRAIN."""
    first = np.flatnonzero(_first_touch(events))
    shopper = events.shopper[first]
    last = np.flatnonzero(np.append(shopper[1:] != shopper[:-1], True))
    last = last[last >= 2]
    last = last[shopper[last] == shopper[last - 2]]
    part = np.full(len(events), TRAIN, dtype=np.int8)
    ends = events.starts()[1:]
    for test, valid in zip(first[last], first[last - 1], strict=True):
        part[valid:test] = VALID
        part[test : ends[events.shopper[test]]] = TEST
    return part


def _own_held_out(events: Events, items: int, seed: int) -> Part:
    """Of every twenty items alike in popularity two are held out for the test and one for validation."""
    generator = np.random.default_rng(seed)
    counts = np.bincount(events.item, minlength=items)
    by_popularity = np.lexsort((generator.random(items), counts))
    part = np.full(items, TRAIN, dtype=np.int8)
    for start in range(0, items, _ALIKE):
        drawn = generator.permutation(by_popularity[start : start + _ALIKE])
        part[drawn[:2]] = TEST
        part[drawn[2:3]] = VALID
    return part
