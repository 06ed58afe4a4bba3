"""Feeds into the records: cleaned, accounted for row by row, in batches that are safe once they are written.

An ingest can be stopped at any point and run again: what is stored already is "unchanged" then. The sink (vectors and
indexes) may lag by one batch after a kill; opening the shop brings it in step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from retrieval.catalogue import CatalogueItem
from retrieval.feeds import Content, Feed, check_mapping, find_feeds, open_feed, unrecognised
from retrieval.feeds.cleaning import Note, Notes
from retrieval.feeds.formats import RawRow
from retrieval.feeds.rows import Unusable, item_id_of, read_interaction, read_item, shopper_id_of
from retrieval.feeds.units import FILE_NAME as UNITS_FILE
from retrieval.feeds.units import UnitEvidence, describe_units, load_units, save_units, with_units
from retrieval.ingest_report import FileReport, IngestReport
from retrieval.interactions import Interaction
from retrieval.record_encoding import item_digest
from retrieval.records import Records, chunks
from retrieval.set_aside import SetAside

BATCH = 500
_INTERACTION_BATCH = 5_000
_ROWS_OF_EVIDENCE = 20_000  # of each feed, read once more to find the units of its columns

Sink = Callable[[Sequence[CatalogueItem]], None]
Progress = Callable[[str, int, int], None]
Forgotten = Callable[[str, datetime | None], bool]


def nobody(shopper_id: str, at: datetime | None) -> bool:
    """Whom `ingest` takes to be forgotten when it is told of nobody."""
    return False


def ingest(
    path: Path,
    records: Records,
    *,
    mapping: Mapping[str, str] | None = None,
    sink: Sink | None = None,
    currency: str = "USD",
    progress: Progress | None = None,
    forgotten: Forgotten = nobody,
) -> IngestReport:
    """Read a feed, or every feed of a folder (items first), into the records.

    Args:
        path: a file or a folder.
        records: where the items and interactions go.
        mapping: the operator's columns, see `feed_columns.item_columns`.
        sink: called after each batch with the items that are new or changed, already stored.
        currency: of prices that name none, ISO 4217.
        progress: called with the file's name, the rows done and the rows in all.
        forgotten: whether a shopper was forgotten after a time (None: one that cannot be read); such interactions are
            counted and nothing of them is kept, not even set aside.

    Raises:
        FeedError: the path holds no feed, or one of its feeds is cut off, not text or not well-formed; nothing was
            stored then.
        SetupError: the disk is full or the records cannot be used; what was stored stays, and the same command
            goes on from there.
    """
    mapping = mapping or {}
    feeds = [open_feed(file, mapping) for file in find_feeds(path)]
    check_mapping(feeds, mapping)
    if all(feed.content is Content.OTHER for feed in feeds):
        raise unrecognised(feeds[0])
    order = [Content.ITEMS, Content.INTERACTIONS, Content.OTHER]
    feeds.sort(key=lambda feed: order.index(feed.content))
    with SetAside(records.path.parent, [_name(feed) for feed in feeds]) as set_aside:
        run = _Run(records, set_aside, sink, currency, progress, forgotten)
        run.items([feed for feed in feeds if feed.content is Content.ITEMS])
        run.interactions([feed for feed in feeds if feed.content is Content.INTERACTIONS])
        others = [_report(feed) for feed in feeds if feed.content is Content.OTHER]
        for report, feed in zip(others, feeds[len(run.reports) :], strict=True):
            report.notes.append(f"its columns: {', '.join(feed.names)}")
    return IngestReport((*run.reports, *others), set_aside.file if set_aside.count else None)


@dataclass(slots=True)
class _Run:
    """One ingest under way."""

    records: Records
    set_aside: SetAside
    sink: Sink | None
    currency: str
    progress: Progress | None
    forgotten: Forgotten
    units: dict[str, str] = field(default_factory=dict)
    reports: list[FileReport] = field(default_factory=list)
    held: dict[str, tuple[CatalogueItem, FileReport]] = field(default_factory=dict)

    def items(self, feeds: Sequence[Feed]) -> None:
        """Store the items of all feeds. Those whose id recurs wait for the end: only the last one is ever stored."""
        repeated, rows_in_all = self._survey(feeds)
        for feed in feeds:
            report = _report(feed)
            self.reports.append(report)
            started = time.perf_counter()
            for batch in chunks(feed.rows(), BATCH):
                usable = [item for row in batch if (item := self._item(row, feed, report)) is not None]
                self._store([(i, report) for i in usable if not self._hold(i, report, repeated)])
                self._advance(report, rows_in_all[feed.path])
            report.seconds = time.perf_counter() - started
            if self.units:
                report.notes.append(f"units not in the feed's columns, see {UNITS_FILE}: {describe_units(self.units)}")
        for last in chunks(self.held.values(), BATCH):
            self._store(last)
        self.held.clear()

    def interactions(self, feeds: Sequence[Feed]) -> None:
        """Store the interactions of all feeds; those of items the shop doesn't have are kept and noted."""
        known = self.records.digests().keys() if feeds else set()
        for feed in feeds:
            report = _report(feed)
            self.reports.append(report)
            started, unknown = time.perf_counter(), 0
            for batch in chunks(feed.rows(), _INTERACTION_BATCH):
                usable = [i for row in batch if (i := self._interaction(row, feed, report)) is not None]
                distinct = {(i.shopper_id, i.item_id, i.kind, i.at) for i in usable}
                new = self.records.add_interactions(usable)
                report.added += new
                report.duplicates += len(usable) - len(distinct)
                report.unchanged += len(distinct) - new
                unknown += sum(i.item_id not in known for i in usable)
                self._advance(report, 0)
            if "kind" not in feed.columns.fields:
                report.notes.append(
                    "no column says what kind of interaction each is: read as views (or reviews by "
                    "their stars); --map kind==purchase says otherwise"
                )
            if unknown:
                report.notes.append(f"{unknown:,} interactions are with items the shop doesn't have; kept")
            report.seconds = time.perf_counter() - started

    def _survey(self, feeds: Sequence[Feed]) -> tuple[set[str], dict[Path, int]]:
        """The ids that more than one row has over all feeds, and the rows of each; finds the units of their columns."""
        seen: set[str] = set()
        repeated: set[str] = set()
        rows_in_all = {feed.path: 0 for feed in feeds}
        evidence = UnitEvidence()
        for feed in feeds:
            for row in feed.rows():
                rows_in_all[feed.path] += 1
                item_id = item_id_of(row.fields, feed.columns)
                (repeated if item_id in seen else seen).add(item_id)
                if rows_in_all[feed.path] <= _ROWS_OF_EVIDENCE and row.problem is None and not row.merged:
                    item = read_item(row.fields, feed.columns, self.currency, Notes())
                    if isinstance(item, CatalogueItem):
                        evidence.add(item)
        folder = self.records.path.parent
        known = load_units(folder)
        self.units = {**evidence.units(), **known}
        if self.units != known:
            save_units(folder, self.units)
        return repeated, rows_in_all

    def _item(self, row: RawRow, feed: Feed, report: FileReport) -> CatalogueItem | None:
        report.read += 1
        if row.merged:
            report.merged += 1
            return None
        notes = Notes()
        if row.problem is not None:
            self._put_aside(row, feed, report, Note("", row.problem, row.raw))
            return None
        item = read_item(row.fields, feed.columns, self.currency, notes)
        if isinstance(item, Unusable):
            self._put_aside(row, feed, report, item.note)
            return None
        self._note(row, feed, report, notes)
        if item.price is not None:
            report.currencies[item.price.currency] += 1
        return with_units(item, self.units)

    def _interaction(self, row: RawRow, feed: Feed, report: FileReport) -> Interaction | None:
        report.read += 1
        if row.problem is not None:
            self._put_aside(row, feed, report, Note("", row.problem, row.raw))
            return None
        notes = Notes()
        interaction = read_interaction(row.fields, feed.columns, notes)
        if isinstance(interaction, Unusable):
            if self.forgotten(shopper_id_of(row.fields, feed.columns), None):
                report.forgotten += 1
            else:
                self._put_aside(row, feed, report, interaction.note)
            return None
        if self.forgotten(interaction.shopper_id, interaction.at):
            report.forgotten += 1
            return None
        self._note(row, feed, report, notes)
        return interaction

    def _put_aside(self, row: RawRow, feed: Feed, report: FileReport, note: Note) -> None:
        report.set_aside += 1
        report.reasons[note.field or "row", note.reason] += 1
        self.set_aside.add(_name(feed), row.line, note, row.fields or row.raw)

    def _note(self, row: RawRow, feed: Feed, report: FileReport, notes: Notes) -> None:
        for note in notes.repairs:
            report.repairs[note.field, note.reason] += 1
        for note in notes.set_aside:
            report.reasons[note.field, note.reason] += 1
            report.values_set_aside += 1
            self.set_aside.add(_name(feed), row.line, note, None)

    def _hold(self, item: CatalogueItem, report: FileReport, repeated: set[str]) -> bool:
        if item.item_id not in repeated:
            return False
        earlier = self.held.pop(item.item_id, None)
        if earlier is not None:
            earlier[1].duplicates += 1
            earlier[1].exact += item_digest(earlier[0]) == item_digest(item)
        self.held[item.item_id] = item, report
        return True

    def _store(self, items: Sequence[tuple[CatalogueItem, FileReport]]) -> None:
        if not items:
            return
        corrected = self.records.with_corrections([item for item, _ in items])
        items = [(item, report) for item, (_, report) in zip(corrected, items, strict=True)]
        changes = self.records.upsert(corrected)
        added, changed = set(changes.added), set(changes.changed)
        for item, report in items:
            report.added += item.item_id in added
            report.changed += item.item_id in changed
            report.unchanged += item.item_id not in added and item.item_id not in changed
        if self.sink is not None and (added or changed):
            self.sink([item for item, _ in items if item.item_id in added or item.item_id in changed])

    def _advance(self, report: FileReport, rows_in_all: int) -> None:
        self.set_aside.flush()
        if self.progress is not None:
            self.progress(report.file, report.read, max(rows_in_all, report.read))


def _name(feed: Feed) -> str:
    return str(feed.path.resolve())


def _report(feed: Feed) -> FileReport:
    report = FileReport(feed.path.name, feed.format, feed.content, feed.encoding, left_out=feed.columns.left_out)
    if feed.repaired_xml:
        report.notes.append("characters that XML doesn't allow were taken out")
    return report
