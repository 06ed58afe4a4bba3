"""The catalogue doctor: what in the items will mislead a shopper, a filter or a language model."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from retrieval.catalogue import CatalogueItem
from retrieval.quality.catalogue_checks import check_catalogue
from retrieval.quality.findings import Finding, Kind, Severity
from retrieval.quality.item_checks import check_item

_ORDER = list(Severity)
_EXAMPLES = 2
_OWN_FIELDS = frozenset({"title", "description", "brand", "category", "price", "image", "url", "attributes"})

Group = tuple[Severity, Kind, str]


@dataclass(frozen=True, slots=True)
class QualityReport:
    """What was found, the worst first.

    Attributes:
        items: how many were inspected.
    """

    items: int
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """1 when there is an error among the findings, else 0: warnings and notes don't fail a build."""
        return int(any(finding.severity is Severity.ERROR for finding in self.findings))

    def counts(self) -> Counter[Group]:
        """Findings by severity, kind and field, where all attributes are one field."""
        return Counter(map(_group, self.findings))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "items": self.items,
            "exit_code": self.exit_code,
            "counts": [
                {"severity": severity, "kind": kind, "field": name, "count": count}
                for (severity, kind, name), count in _worst_first(self.counts())
            ],
            "findings": [
                {"item_id": f.item_id, "severity": f.severity, "kind": f.kind, "field": f.field, "message": f.message}
                for f in self.findings
            ],
        }

    def __str__(self) -> str:
        examples: defaultdict[Group, list[Finding]] = defaultdict(list)
        for finding in self.findings:
            if len(alike := examples[_group(finding)]) < _EXAMPLES:
                alike.append(finding)
        lines = [f"{self.items:,} items inspected" + ("" if self.findings else ": nothing found")]
        for group, count in _worst_first(self.counts()):
            severity, kind, name = group
            lines.append(f"{severity}: {kind}, {name}: {count:,}")
            lines += [f"  {f.item_id}: {f.field} {f.message}" for f in examples[group]]
        return "\n".join(lines)


def inspect(items: Iterable[CatalogueItem]) -> QualityReport:
    """Look at every item alone and beside the others. Nothing is changed."""
    items = list(items)
    findings = [finding for item in items for finding in check_item(item)]
    told = {(finding.item_id, finding.kind, finding.field) for finding in findings}
    findings += [f for f in check_catalogue(items) if (f.item_id, f.kind, f.field) not in told]
    return QualityReport(len(items), tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity))))


def _group(finding: Finding) -> Group:
    name = finding.field if finding.field in _OWN_FIELDS else "attributes"
    return finding.severity, finding.kind, name


def _worst_first(counts: Counter[Group]) -> list[tuple[Group, int]]:
    return sorted(counts.items(), key=lambda counted: (_ORDER.index(counted[0][0]), -counted[1]))
