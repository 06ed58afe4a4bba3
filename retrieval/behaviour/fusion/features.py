"""What is known of every candidate: the columns that the LambdaMART decides by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import NO_ITEM, Floats, Histories, Items
from retrieval.behaviour.fusion.candidates import Candidates
from retrieval.behaviour.log_counts import LogCounts

_DAY = 86_400
_NO_SCORE_RANK = 999.0  # rank of a candidate that a part says nothing of
_COMPARED = 5  # last items of a history whose texts a candidate is compared with one by one
UNKNOWN = np.float32(np.nan)  # LightGBM's own word for a missing value

FACTS = (
    "times",  # events of the item
    "cold",  # 1 when it has none
    "times_of_last",  # events of the history's last item
    "length",  # events of the history
    "recent_month",  # events of the item in the 30 days up to the history's end
    "recent_half_year",
    "age_days",  # from the item's first event to the history's end
    "idle_days",  # from its last event; negative when it goes on after
    "pause_days",  # between the history's last two events
    "meaning_most",  # greatest likeness to one of the last items
    "price_ratio",  # log of its price over the mean of the history's
)


def names(parts: Iterable[str]) -> tuple[str, ...]:
    """The columns in their order, for parts in theirs."""
    of_parts = tuple(f"{name}{view}" for name in parts for view in ("", "/greatest", "#"))
    return (*of_parts, *FACTS)


def features(
    parts: Mapping[str, Floats], candidates: Candidates, histories: Histories, items: Items, counts: LogCounts
) -> Floats:
    """float32 (k, columns), as `names` has them.

    Args:
        parts: float32 (k,) each, scores of the candidates; each becomes three columns: itself, its share of the
            history's greatest, and its rank in the history.
        candidates: k of them, for b histories.
        histories, items, counts: what facts are read from.
    """
    columns = [*part_columns(parts, candidates).T, *_facts(candidates, histories, items, counts)]
    return np.stack(columns, axis=1).astype(np.float32)


def part_columns(parts: Mapping[str, Floats], candidates: Candidates) -> Floats:
    """float32 (k, 3 parts): the first of `features`, those alone that depend on which other candidates there are."""
    columns: list[NDArray[np.floating]] = []
    for scores in parts.values():
        values = scores.clip(min=0.0)
        greatest = np.maximum(candidates.greatest(values), 1e-9)[candidates.case]
        ranks = np.where(values > 0, candidates.ranks(values), np.float32(_NO_SCORE_RANK))
        columns += [values, values / greatest, ranks]
    return np.stack(columns, axis=1).astype(np.float32)


def _facts(
    candidates: Candidates, histories: Histories, items: Items, counts: LogCounts
) -> list[NDArray[np.floating] | NDArray[np.integer]]:
    case, item = candidates.case, candidates.item
    last, ended = histories.item[:, -1], histories.at[:, -1]
    end = ended[case]
    times = counts.times[item]
    first, newest = counts.first_and_last(item)
    return [
        times,
        times == 0,
        counts.times[last][case],
        histories.lengths[case],
        counts.recent(item, end, 30),
        counts.recent(item, end, 180),
        np.where(times > 0, (end - first) / _DAY, UNKNOWN),
        np.where(times > 0, (end - newest) / _DAY, UNKNOWN),
        _pauses(histories)[case],
        _greatest_likeness(candidates, histories, items),
        _price_ratio(candidates, histories, items),
    ]


def _pauses(histories: Histories) -> Floats:
    """float32 (b,): days between the last two events; `UNKNOWN` for a history of one."""
    if histories.item.shape[1] < 2:
        return np.full(len(histories), UNKNOWN)
    days = (histories.at[:, -1] - histories.at[:, -2]) / _DAY
    return np.where(histories.item[:, -2] == NO_ITEM, UNKNOWN, days).astype(np.float32)


def _greatest_likeness(candidates: Candidates, histories: Histories, items: Items) -> Floats:
    """float32 (k,): the greatest cosine of a candidate's text to one of the history's last items."""
    found = np.full(len(candidates.item), -1.0, dtype=np.float32)
    vectors = items.vectors[candidates.item]
    for column in range(max(0, histories.item.shape[1] - _COMPARED), histories.item.shape[1]):
        other = histories.item[candidates.case, column]
        some = other != NO_ITEM
        likeness = np.einsum("ij,ij->i", vectors[some], items.vectors[other[some]])
        found[some] = np.maximum(found[some], likeness)
    return found


def _price_ratio(candidates: Candidates, histories: Histories, items: Items) -> Floats:
    """float32 (k,): `UNKNOWN` where the candidate's or all of the history's prices are."""
    held = np.where(histories.item == NO_ITEM, np.nan, _log(items.prices[histories.item]))
    known = ~np.isnan(held)
    means = np.where(known, held, 0.0).sum(axis=1) / np.where(known.any(axis=1), known.sum(axis=1), np.nan)
    return np.asarray(_log(items.prices[candidates.item]) - means[candidates.case], dtype=np.float32)


def _log(prices: NDArray[np.float64]) -> NDArray[np.float64]:
    """Their logarithms; nan for one that is unknown or not above 0."""
    return np.log(prices, out=np.full(prices.shape, np.nan), where=prices > 0)
