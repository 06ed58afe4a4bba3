"""The overview's figures as tables: what is drawn, read out and exported is one and the same."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from assistant.console.charts import Series
from assistant.console.wording import LADDER, rung_words, words
from assistant.store import Store, figures
from assistant.store.figures import Period
from retrieval.interactions import InteractionKind

Cell = str | int | float | None
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Table:
    """Figures with a name for each column.

    Attributes:
        name: in addresses and file names.
        title: above it.
        unit: of the numbers that are drawn: "%", " s", "".
        drawn: which columns are lines over time; none: the table is shown as it stands.
        note: how the figures are counted, where the title does not say it.
    """

    name: str
    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    unit: str = ""
    drawn: tuple[int, ...] = ()
    note: str = ""

    @property
    def series(self) -> tuple[Series, ...]:
        """The drawn columns."""
        return tuple(
            Series(self.header[column], tuple(_number(row[column]) for row in self.rows)) for column in self.drawn
        )


@dataclass(frozen=True, slots=True)
class Overview:
    """All figures of a period.

    Attributes:
        headline: label, value and where it is plotted, for the top of the page.
        tables: over time, each drawn.
        kinds: turns by intent and by rung: name, turns, share in %, and the turns of each bucket.
        ranks: click-through and purchases by rank.
    """

    period: Period
    headline: tuple[tuple[str, str, str], ...]
    tables: tuple[Table, ...]
    kinds: Mapping[str, tuple[tuple[str, int, float, tuple[int, ...]], ...]]
    ranks: Table

    def table(self, name: str) -> Table | None:
        """A table by its name, those by intent and rung too; None when there is none."""
        return {table.name: table for table in (*self.tables, self.ranks, *self._kind_tables())}.get(name)

    def _kind_tables(self) -> Iterable[Table]:
        for name, rows in self.kinds.items():
            header = (name, "turns", "share in %", *self.period.buckets())
            yield Table(
                f"{name}s", f"Turns by {name}", header, tuple((kind, n, share, *each) for kind, n, share, each in rows)
            )


def overview(store: Store, period: Period) -> Overview:
    """Count everything that the overview shows of a period."""
    turns = figures.turn_counts(store, period)
    shown = figures.impression_counts(store, period)
    ranks = _ranks(shown, figures.outcomes(store, period))
    latency, latencies = figures.latencies(store, period)
    tables = (*_turn_tables(period, turns), _verdicts(store, period), _cold(period, shown), *_waits(period, latencies))
    kinds = {
        "intent": _by_kind(period, turns, lambda one: words(one.intent)),
        "rung": _by_kind(period, turns, lambda one: rung_words(one.rung)),
    }
    headline = _headline(figures.conversation_count(store, period), tables, ranks, latency)
    return Overview(period, headline, tables, kinds, ranks)


def _turn_tables(period: Period, turns: Sequence[figures.TurnCount]) -> tuple[Table, ...]:
    best = min((LADDER.index(one.rung) for one in turns if one.rung in LADDER), default=0)
    said, searched, empty, understood, lower = (Counter[str]() for _ in range(5))
    for one in turns:
        said[one.bucket] += one.turns
        searched[one.bucket] += one.turns if one.intent in figures.SEARCHING else 0
        empty[one.bucket] += one.turns if one.empty else 0
        understood[one.bucket] += one.turns if one.rung in LADDER else 0
        lower[one.bucket] += one.turns if one.rung in LADDER[best + 1 :] else 0
    buckets = period.buckets()
    return (
        Table("turns", "Turns", ("time", "turns"), tuple((b, said[b]) for b in buckets), drawn=(1,)),
        Table(
            "empty",
            "Searches that found nothing",
            ("time", "searches", "found nothing", "share in %"),
            tuple((b, searched[b], empty[b], _share(empty[b], searched[b])) for b in buckets),
            "%",
            (3,),
            "Of the turns that asked for items: no item satisfied the constraints.",
        ),
        Table(
            "lower",
            "Understood on a lower rung",
            ("time", "typed turns", "on a lower rung", "share in %"),
            tuple((b, understood[b], lower[b], _share(lower[b], understood[b])) for b in buckets),
            "%",
            (3,),
            f"Lower than {rung_words(LADDER[best])}, the best that answered in this period. Buttons do not count.",
        ),
    )


def _verdicts(store: Store, period: Period) -> Table:
    given = {(one.bucket, one.verdict): one.given for one in figures.verdict_counts(store, period)}
    rows = tuple((b, given.get((b, "like"), 0), given.get((b, "dislike"), 0)) for b in period.buckets())
    return Table("verdicts", "Likes and dislikes", ("time", "likes", "dislikes"), rows, drawn=(1, 2))


def _cold(period: Period, shown: Sequence[figures.ImpressionCount]) -> Table:
    known, cold = Counter[str](), Counter[str]()
    for one in shown:
        if one.cold_start is not None:
            known[one.bucket] += one.impressions
            cold[one.bucket] += one.impressions if one.cold_start else 0
    rows = tuple((b, known[b], cold[b], _share(cold[b], known[b])) for b in period.buckets())
    note = "Of the impressions: items that nobody had touched or rated when they were shown."
    return Table("cold", "Cold-start share", ("time", "impressions", "cold start", "share in %"), rows, "%", (3,), note)


def _waits(period: Period, latencies: Sequence[figures.Latency]) -> tuple[Table, Table]:
    by = {one.bucket: one for one in latencies}
    buckets = period.buckets()
    header = ("time", "turns", "median", "95th percentile")

    def rows(pick: Callable[[figures.Latency], tuple[float, float]]) -> tuple[tuple[Cell, ...], ...]:
        return tuple((b, by[b].turns, *pick(by[b])) if b in by else (b, 0, None, None) for b in buckets)

    cards = rows(lambda one: (round(one.cards_p50, 3), round(one.cards_p95, 3)))
    whole = rows(lambda one: (round(one.turn_p50, 3), round(one.turn_p95, 3)))
    return (
        Table("cards", "Seconds until the cards", header, cards, " s", (2, 3)),
        Table("latency", "Seconds for the whole turn", header, whole, " s", (2, 3)),
    )


def _by_kind(
    period: Period, turns: Sequence[figures.TurnCount], kind_of: Callable[[figures.TurnCount], str]
) -> tuple[tuple[str, int, float, tuple[int, ...]], ...]:
    """Turns by kind, the most frequent first, each with its turns by bucket."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for one in turns:
        counts[kind_of(one)][one.bucket] += one.turns
    whole, buckets = sum(one.turns for one in turns), period.buckets()
    ordered = sorted(counts.items(), key=lambda entry: (-entry[1].total(), entry[0]))
    return tuple(
        (kind, each.total(), round(100 * each.total() / whole, 1), tuple(each[b] for b in buckets))
        for kind, each in ordered
    )


def _ranks(shown: Sequence[figures.ImpressionCount], outcomes: Sequence[figures.Outcome]) -> Table:
    every, followed = Counter[int](), Counter[int]()
    for one in shown:
        every[one.rank] += one.impressions
        followed[one.rank] += one.impressions if one.followed else 0
    done = {(one.rank, one.kind): one.impressions for one in outcomes}
    rows = []
    for rank in sorted(every):
        clicks, bought = (done.get((rank, kind), 0) for kind in (InteractionKind.CLICK, InteractionKind.PURCHASE))
        of = followed[rank]
        rows.append((rank, every[rank], of, clicks, _share(clicks, of), bought, _share(bought, of)))
    header = ("rank", "shown", "followed", "clicked", "clicked %", "bought", "bought %")
    note = (
        "Followed: shown to a shopper who consents, so that a click is known. It counts for the last time the item was "
        f"shown to her, up to {figures.ATTRIBUTED_DAYS} days before."
    )
    return Table("ranks", "Clicks and purchases by rank", header, tuple(rows), note=note)


def _headline(
    conversations: int, tables: Sequence[Table], ranks: Table, latency: figures.Latency | None
) -> tuple[tuple[str, str, str], ...]:
    rows = {table.name: table.rows for table in (*tables, ranks)}

    def share(name: str, part: int, whole: int) -> str:
        value = _share(_sum(rows[name], part), _sum(rows[name], whole))
        return "–" if value is None else f"{value:g} %"

    seconds = "–" if latency is None else f"{latency.turn_p50:.2f} / {latency.turn_p95:.2f} s"
    return (
        ("Conversations", f"{conversations:,}", "turns"),
        ("Turns", f"{_sum(rows['turns'], 1):,}", "turns"),
        ("Found nothing", share("empty", 2, 1), "empty"),
        ("Lower rung", share("lower", 2, 1), "lower"),
        ("Likes / dislikes", f"{_sum(rows['verdicts'], 1):,} / {_sum(rows['verdicts'], 2):,}", "verdicts"),
        ("Clicked", share("ranks", 3, 2), "ranks"),
        ("Cold-start share", share("cold", 2, 1), "cold"),
        ("Turn, median / p95", seconds, "latency"),
    )


def as_csv(table: Table) -> str:
    """A table as CSV that no spreadsheet takes for formulas: text that could begin one gets an apostrophe before it."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([_harmless(cell) for cell in table.header])
    writer.writerows([_harmless(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def _harmless(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(_FORMULA) else cell
    return "" if cell is None else cell


def _number(cell: Cell) -> float | None:
    return None if cell is None or isinstance(cell, str) else float(cell)


def _share(part: float, whole: float) -> float | None:
    """In per cent; None of nothing."""
    return None if not whole else round(100 * part / whole, 1)


def _sum(rows: Sequence[Sequence[Cell]], column: int) -> int:
    return sum(int(row[column] or 0) for row in rows)
