"""The log as lessons: windows of events with what came after each of them, in batches of like length."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from retrieval.behaviour.events import KINDS, NO_ITEM, Events, Histories, histories_before
from retrieval.behaviour.sequence.network import gap_places

NOT_ASKED = -1  # fills targets that carry no loss
_CALIBRATING = 0.05  # of the windows


class Batch(NamedTuple):
    """b windows, padded on the right to l events; what pads them is never a target.

    Attributes:
        item, kind, gap: int64 (b, l), rows of `Items`, places in `KINDS`, `gap_places` since the event before.
        target: int64 (b, l), row of the next event's item where that is new to the shopper, else `NOT_ASKED`.
        next_kind: int64 (b, l), of the next event, or `NOT_ASKED`.
        pause: int64 (b, l), `gap_places` until the next event.
        deeds: float32 (b, l, kinds), 1 for what she does with the target, then or later.
    """

    item: Tensor
    kind: Tensor
    gap: Tensor
    target: Tensor
    next_kind: Tensor
    pause: Tensor
    deeds: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """What a model is measured on as it is trained.

    Attributes:
        histories: b of them; their items are filtered from the ranking.
        target: int32 (b,), rows of `Items`: what each shopper turned to next.
    """

    histories: Histories
    target: NDArray[np.int32]


class Lessons:
    """The windows of a log, and of every event what came after it.

    One window in twenty teaches no kinds: their probabilities are calibrated on it afterwards.

    Args:
        events: the log.
        longest: events of a window. A longer history is cut into windows that each start anew.
        seed: draws the windows that teach no kinds.

    Attributes:
        windows: int64 (w, 2): first event of each, and the one after the last that is read.
        calibrating: int64 (c, 2), those that teach no kinds.
    """

    def __init__(self, events: Events, longest: int, seed: int) -> None:
        self.events = events
        self.windows = _windows(events.starts(), longest)
        drawn = np.random.default_rng(seed).permutation(len(self.windows))[
            : math.ceil(_CALIBRATING * len(self.windows))
        ]
        self.calibrating = self.windows[np.sort(drawn)]
        self._silent = np.zeros(len(events), dtype=np.bool_)
        self._silent[self.calibrating[:, 0]] = True
        same = np.zeros(len(events), dtype=np.bool_)
        same[:-1] = events.shopper[1:] == events.shopper[:-1]
        between = np.diff(events.at, append=events.at[-1:])
        self.pause = gap_places(np.where(same, between, -1))
        self.gap = np.concatenate([gap_places(np.array([-1])), self.pause[:-1]])
        first, deeds = _touches(events)
        self.target = np.where(same & np.roll(first, -1), np.roll(events.item, -1), NOT_ASKED)
        self.next_kind = np.where(same, np.roll(events.kind, -1), NOT_ASKED)
        self.deeds = np.roll(deeds, -1, axis=0)

    def batches(self, size: int, generator: np.random.Generator) -> Iterator[Batch]:
        """All windows once, those of like length together, the batches in random order; to learn from."""
        length = self.windows[:, 1] - self.windows[:, 0] + generator.random(len(self.windows)) * 1.5
        order = np.argsort(length)
        groups = [order[start : start + size] for start in range(0, len(order), size)]
        for place in generator.permutation(len(groups)):
            windows = self.windows[groups[place]]
            batch = self.batch(windows)
            batch.next_kind[torch.from_numpy(self._silent[windows[:, 0]])] = NOT_ASKED
            yield batch

    def batch(self, windows: NDArray[np.int64]) -> Batch:
        """These windows (b, 2) as one batch, all targets in it."""
        starts, ends = windows[:, :1], windows[:, 1:]
        places = starts + np.arange(int((ends - starts).max()))
        outside = places >= ends
        places = np.where(outside, starts, places)

        def taken(column: NDArray[np.integer], fill: int) -> Tensor:
            return torch.from_numpy(np.where(outside, fill, column[places]).astype(np.int64))

        return Batch(
            item=taken(self.events.item, 0),
            kind=taken(self.events.kind, 0),
            gap=taken(self.gap, 0),
            target=taken(self.target, NOT_ASKED),
            next_kind=taken(self.next_kind, NOT_ASKED),
            pause=taken(self.pause, 0),
            deeds=torch.from_numpy(self.deeds[places]),
        )


def hold_out(events: Events, shoppers: int, seed: int) -> tuple[Events, Questions]:
    """Hold back the last new item of some shoppers, and all they did from then on.

    Args:
        events: the log.
        shoppers: how many are asked about, at most; those who touched fewer than three items are not.
        seed: draws them.

    Returns:
        What is left to learn from, and the questions; there may be none.
    """
    first = np.flatnonzero(_touches(events)[0])
    owner = events.shopper[first]
    last = np.flatnonzero(np.append(owner[1:] != owner[:-1], True)) if len(first) else first
    last = last[last >= 2]
    last = last[owner[last] == owner[last - 2]]
    drawn = np.sort(np.random.default_rng(seed).permutation(last)[:shoppers])
    asked = first[drawn]
    starts = events.starts()
    begins, ends = starts[events.shopper[asked]], starts[events.shopper[asked] + 1]
    kept = np.ones(len(events), dtype=np.bool_)
    for start, end in zip(asked, ends, strict=True):
        kept[start:end] = False
    histories = histories_before(events, begins, asked, events.at[asked], int((asked - begins).max(initial=0)))
    return events.where(kept), Questions(histories, events.item[asked])


def left_aligned(histories: Histories, longest: int) -> tuple[Batch, Tensor]:
    """The last events of histories as a batch without targets.

    Args:
        histories: b of them.
        longest: events kept of each.

    Returns:
        The batch, and the place in it of each history's last event (b,), -1 where there is none.
    """
    here = histories.item != NO_ITEM
    before = np.pad(here[:, :-1], ((0, 0), (1, 0)))
    gaps = gap_places(np.where(before, np.diff(histories.at, axis=1, prepend=0), -1))
    lengths = np.minimum(histories.lengths, longest)
    width = here.shape[1]
    kept = int(lengths.max(initial=0))
    places = np.minimum(np.arange(kept) + (width - lengths)[:, None], width - 1)

    def taken(column: NDArray[np.integer]) -> Tensor:
        return torch.from_numpy(np.take_along_axis(column, places, axis=1).astype(np.int64))

    item = taken(histories.item).clamp_min(0)
    nothing = torch.full_like(item, NOT_ASKED)
    batch = Batch(
        item=item,
        kind=taken(histories.kind),
        gap=taken(gaps),
        target=nothing,
        next_kind=nothing,
        pause=torch.zeros_like(item),
        deeds=torch.zeros(*item.shape, len(KINDS)),
    )
    return batch, torch.from_numpy(lengths - 1)


def _windows(starts: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
    found = [
        (begin, min(begin + longest, end - 1))
        for start, end in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)
        for begin in range(start, end - 1, longest)
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def _touches(events: Events) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Of each event: whether it is its shopper's first with its item (m,), and all she does with it (m, kinds)."""
    pairs = (events.shopper.astype(np.int64) << 32) | events.item
    _, places, pair = np.unique(pairs, return_index=True, return_inverse=True)
    first = np.zeros(len(events), dtype=np.bool_)
    first[places] = True
    done = np.zeros((len(places), len(KINDS)), dtype=np.float32)
    done[pair, events.kind] = 1.0
    return first, done[pair]
