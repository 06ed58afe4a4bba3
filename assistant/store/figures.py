"""What the overview counts: turns, what they showed, what came of it, and how long they took, over time.

Times are compared as the store writes them, ISO 8601 in UTC; a bucket is the beginning of such a time: "2026-11-24" or
"2026-11-24T05".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import KeyedColumnElement

from assistant.dialogue import Intent
from assistant.store import Store
from assistant.store.consents import consenting
from assistant.store.database import days, unindexed
from assistant.store.schema import (
    CARDS_SECONDS,
    TURN_SECONDS,
    conversations,
    feedback,
    impressions,
    interactions,
    turns,
)
from retrieval.interactions import InteractionKind

ATTRIBUTED_DAYS = 7  # how long after it was shown an item's click or purchase counts for its rank
_BY_HOUR = timedelta(days=2)  # a period up to this long is drawn by the hour
_DAY, _HOUR = len("2026-11-24"), len("2026-11-24T05")
SEARCHING = (Intent.FIND.value, Intent.REFINE.value)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start`, inclusive, to `end`, exclusive; both in UTC."""

    start: datetime
    end: datetime

    @classmethod
    def up_to(cls, end: datetime, length: timedelta) -> Period:
        """So many hours or days up to a moment, the last of them not over yet and all others whole."""
        hour = end.replace(minute=0, second=0, microsecond=0)
        if length <= _BY_HOUR:
            return cls(hour + timedelta(hours=1) - length, end)
        return cls(hour.replace(hour=0) + timedelta(days=1) - length, end)

    @property
    def by_hour(self) -> bool:
        """Whether its buckets are hours; days otherwise."""
        return self.end - self.start <= _BY_HOUR

    def buckets(self) -> tuple[str, ...]:
        """Every bucket of the period in order, those without any turn too."""
        step, width = (timedelta(hours=1), _HOUR) if self.by_hour else (timedelta(days=1), _DAY)
        at = self.start.replace(minute=0, second=0, microsecond=0)
        at = at if self.by_hour else at.replace(hour=0)
        found = []
        while at < self.end:
            found.append(at.isoformat()[:width])
            at += step
        return tuple(found)

    def holds(self, column: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
        """The condition that a stored time lies in the period."""
        return sa.and_(column >= _text(self.start), column < _text(self.end))

    def bucket(self, column: sa.ColumnElement[str]) -> sa.Label[str]:
        """The bucket of a stored time."""
        return sa.func.substr(column, 1, _HOUR if self.by_hour else _DAY).label("bucket")


@dataclass(frozen=True, slots=True)
class TurnCount:
    """Turns of one bucket, intent and rung; `empty`: items were asked for and none satisfied the constraints."""

    bucket: str
    intent: str
    rung: str
    empty: bool
    turns: int


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """Likes or dislikes of one bucket."""

    bucket: str
    verdict: str
    given: int


@dataclass(frozen=True, slots=True)
class ImpressionCount:
    """Impressions of one bucket and rank.

    Attributes:
        cold_start: of items without any interaction or rating; None: it was not noted then.
        followed: shown to a shopper who consents, so that a click on it would be known.
    """

    bucket: str
    rank: int
    cold_start: bool | None
    followed: bool
    impressions: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many impressions at a rank were clicked or bought."""

    rank: int
    kind: InteractionKind
    impressions: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds until the cards stood there and until the turn was over: median and 95th percentile of one bucket."""

    bucket: str
    turns: int
    cards_p50: float
    cards_p95: float
    turn_p50: float
    turn_p95: float


def conversation_count(store: Store, period: Period) -> int:
    """Conversations with a turn in the period."""
    query = sa.select(sa.func.count(turns.c.conversation_id.distinct())).where(period.holds(turns.c.at))
    with store.connect() as connection:
        return int(connection.scalar(query) or 0)


def turn_counts(store: Store, period: Period) -> tuple[TurnCount, ...]:
    """Turns by bucket, intent, rung and whether they came out empty."""
    empty = sa.and_(turns.c.matching == 0, turns.c.intent.in_(SEARCHING)).label("empty")
    keys = (period.bucket(turns.c.at), turns.c.intent, turns.c.rung, empty)
    rows = _grouped(store, keys, sa.select(*keys, sa.func.count()).where(period.holds(turns.c.at)))
    return tuple(TurnCount(bucket, intent, rung, bool(none), n) for bucket, intent, rung, none, n in rows)


def verdict_counts(store: Store, period: Period) -> tuple[VerdictCount, ...]:
    """Likes and dislikes by bucket, as they stand now: one that was taken back does not count."""
    keys = (period.bucket(feedback.c.at), feedback.c.verdict)
    rows = _grouped(store, keys, sa.select(*keys, sa.func.count()).where(period.holds(feedback.c.at)))
    return tuple(VerdictCount(*row) for row in rows)


def impression_counts(store: Store, period: Period) -> tuple[ImpressionCount, ...]:
    """What was shown, by bucket, rank, cold start, and whether clicks on it would be known."""
    followed = sa.func.coalesce(conversations.c.shopper_id.in_(consenting()), False).label("followed")
    keys = (period.bucket(turns.c.at), impressions.c.rank, impressions.c.cold_start, followed)
    query = (
        sa.select(*keys, sa.func.count())
        .select_from(turns)
        .join(impressions, _of_turn())
        .join(conversations, conversations.c.conversation_id == turns.c.conversation_id)
        .where(period.holds(turns.c.at))
    )
    return tuple(
        ImpressionCount(bucket, rank, cold, bool(known), n)
        for bucket, rank, cold, known, n in _grouped(store, keys, query)
    )


def outcomes(store: Store, period: Period) -> tuple[Outcome, ...]:
    """How many of the period's impressions to consenting shoppers were clicked and bought, by rank.

    An event counts for the last time the item was shown to the same shopper, at most `ATTRIBUTED_DAYS` before it.
    """
    kinds = (InteractionKind.CLICK.value, InteractionKind.PURCHASE.value)
    days_after = days(interactions.c.at) - days(turns.c.at)
    until = Period(period.start, period.end + timedelta(days=ATTRIBUTED_DAYS))
    back = sa.func.row_number().over(partition_by=interactions.c.id, order_by=turns.c.at.desc())
    place = (impressions.c.conversation_id, impressions.c.turn, impressions.c.rank)
    shown = (
        sa.select(interactions.c.kind, turns.c.at, *place, back.label("back"))
        .select_from(interactions)
        .join(conversations, conversations.c.shopper_id == interactions.c.shopper_id)
        .join(
            impressions,
            (impressions.c.conversation_id == conversations.c.conversation_id)
            & (unindexed(impressions.c.item_id) == interactions.c.item_id),
        )
        .join(turns, _of_turn())
        .where(interactions.c.kind.in_(kinds), until.holds(interactions.c.at))
        .where(interactions.c.shopper_id.in_(consenting()))
        .where(turns.c.at <= interactions.c.at, days_after <= ATTRIBUTED_DAYS)
        .subquery()
    )
    last = (
        sa.select(shown.c.rank, shown.c.kind, shown.c.conversation_id, shown.c.turn)
        .where(shown.c.back == 1, period.holds(shown.c.at))
        .distinct()
        .subquery()
    )
    keys = (last.c.rank, last.c.kind)
    rows = _grouped(store, keys, sa.select(*keys, sa.func.count()))
    return tuple(Outcome(rank, InteractionKind(kind), n) for rank, kind, n in rows)


def latencies(store: Store, period: Period) -> tuple[Latency | None, tuple[Latency, ...]]:
    """Waiting times over the turns that noted both: of the whole period (bucket ""; None without a turn), by bucket."""
    query = sa.select(period.bucket(turns.c.at), CARDS_SECONDS, TURN_SECONDS).where(period.holds(turns.c.at))
    found: defaultdict[str, list[tuple[float, float]]] = defaultdict(list)
    with store.connect() as connection:
        for bucket, cards, whole in connection.execute(query):
            if cards is not None and whole is not None:
                found[bucket].append((cards, whole))
    every = [seconds for each in found.values() for seconds in each]
    by_bucket = tuple(_latency(bucket, seconds) for bucket, seconds in sorted(found.items()))
    return (_latency("", every) if every else None), by_bucket


def _latency(bucket: str, seconds: Sequence[tuple[float, float]]) -> Latency:
    cards, whole = (sorted(column) for column in zip(*seconds, strict=True))
    return Latency(
        bucket,
        len(seconds),
        percentile(cards, 50),
        percentile(cards, 95),
        percentile(whole, 50),
        percentile(whole, 95),
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile of ascending values: the least one that `percent` % of them do not exceed."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def _of_turn() -> sa.ColumnElement[bool]:
    return (impressions.c.conversation_id == turns.c.conversation_id) & (impressions.c.turn == turns.c.number)


def _grouped(store: Store, keys: Sequence[KeyedColumnElement[Any]], query: sa.Select[Any]) -> Sequence[Any]:
    """The rows of a count, grouped and ordered by its keys, which are named so that each is computed once a row."""
    names = [key.key for key in keys]
    with store.connect() as connection:
        return connection.execute(query.group_by(*names).order_by(*names)).all()


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
