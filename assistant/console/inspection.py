"""The doctor's findings of a running shop: inspected in the background, and anew for an item that was corrected."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import structlog

from retrieval.catalogue import CatalogueItem
from retrieval.corrections import values_of
from retrieval.quality import QualityReport
from retrieval.quality.apart import inspect_apart
from retrieval.quality.findings import Finding, Kind, Severity
from retrieval.quality.item_checks import check_item
from retrieval.shop import Shop

AGES = timedelta(minutes=10)  # findings of a catalogue that has changed since are renewed after this
_WORST_FIRST = list(Severity)
_TEXTS = frozenset({"title", "description"})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Inspected:
    """Findings, and of when and which catalogue they are.

    Attributes:
        version: of the catalogue that was inspected, each correction since counted as accounted for.
        seconds: the inspection took.
    """

    findings: tuple[Finding, ...]
    at: datetime
    version: int
    seconds: float


class Inspection:
    """The findings of one shop. Safe to use from several threads.

    Attributes:
        problem: why the last inspection failed; "" when it did not.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._lock = threading.Lock()
        self._inspected: Inspected | None = None
        self._thread: threading.Thread | None = None
        self._corrected: dict[str, frozenset[str]] = {}
        self.problem = ""

    @property
    def under_way(self) -> bool:
        """Whether somebody inspects just now."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    @property
    def is_outdated(self) -> bool:
        """Whether the catalogue has changed since by more than corrections."""
        inspected = self._inspected
        return inspected is not None and inspected.version != self._shop.catalogue.version

    def latest(self) -> Inspected | None:
        """What was found last; starts an inspection where there is none yet, or it is outdated and old."""
        inspected = self._inspected
        old = self.is_outdated and inspected is not None and datetime.now(UTC) - inspected.at > AGES
        if not self.problem and (inspected is None or old):
            self.start()
        return inspected

    def start(self) -> None:
        """Inspect the whole catalogue again, unless that is under way."""
        with self._lock:
            if not self.under_way:
                self._thread = threading.Thread(target=self._inspect, name="inspection", daemon=True)
                self._thread.start()

    def wait(self, seconds: float) -> bool:
        """Wait for what is under way; whether it ended in that time."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return not self.under_way

    def recheck(self, item: CatalogueItem, changed: Collection[str]) -> None:
        """Look at one item again after some of its fields ("price", "attributes.ram") changed.

        What only a comparison with other items shows stays as it was found where the field is untouched, and waits for
        the next inspection where it is not.
        """
        with self._lock:
            self._corrected[item.item_id] = self._corrected.get(item.item_id, frozenset()) | frozenset(changed)
            inspected = self._inspected
            if inspected is not None:
                findings = _rechecked(inspected.findings, item, frozenset(changed))
                self._inspected = replace(inspected, findings=findings, version=inspected.version + 1)

    def _inspect(self) -> None:
        began, version = datetime.now(UTC), self._shop.catalogue.version
        with self._lock:
            self._corrected.clear()
            self.problem = ""
        try:
            report = inspect_apart(self._shop.records.path.parent)
        except ChildProcessError as error:
            self.problem = str(error)
            log.error("the catalogue could not be inspected", problem=self.problem)
            return
        seconds = (datetime.now(UTC) - began).total_seconds()
        with self._lock:
            self._inspected = Inspected(self._with_corrected(report), datetime.now(UTC), version, seconds)

    def _with_corrected(self, report: QualityReport) -> tuple[Finding, ...]:
        """The findings as they are after what was corrected while they were looked for."""
        findings = report.findings
        for item_id, changed in self._corrected.items():
            item = self._shop.records.get(item_id)
            if item is not None:
                findings = _rechecked(findings, item, changed)
        return findings


def _rechecked(findings: tuple[Finding, ...], item: CatalogueItem, changed: frozenset[str]) -> tuple[Finding, ...]:
    fields = {name.removeprefix("attributes.") for name in changed}
    now = list(check_item(item))
    told = {(finding.kind, finding.field) for finding in now}
    kept = [
        finding
        for finding in findings
        if finding.item_id != item.item_id or ((finding.kind, finding.field) not in told and _stands(finding, fields))
    ]
    return tuple(sorted((*now, *kept), key=lambda finding: _WORST_FIRST.index(finding.severity)))


def _stands(finding: Finding, changed: set[str]) -> bool:
    """Whether a finding that the item alone does not show may still be so."""
    if finding.kind in (Kind.MISSING, Kind.INSTRUCTION, Kind.MARKUP, Kind.ADDRESS):
        return False  # the item alone would show it
    return finding.field not in changed and not (finding.kind is Kind.CONTRADICTION and _TEXTS & changed)


def check_of(finding: Finding, item: CatalogueItem) -> str:
    """Tells a finding from the item's others, and from the same one about another value: that one is open again."""
    values = values_of(item)
    value = values.get(finding.field, values.get(f"attributes.{finding.field}"))
    digest = hashlib.sha256(repr(value).encode()).hexdigest()[:12]
    return f"{finding.kind.value}|{finding.field}|{digest}"
