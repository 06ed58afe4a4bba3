"""The catalogue doctor: what in the items will mislead a shopper, a filter or a language model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from retrieval.catalogue import CatalogueItem
from retrieval.catalogue_checks import check_catalogue
from retrieval.findings import Finding, Severity
from retrieval.item_checks import check_item

_ORDER = list(Severity)


def inspect(items: Iterable[CatalogueItem]) -> tuple[Finding, ...]:
    """Every finding, the worst first. Nothing is changed."""
    items = list(items)
    findings = [finding for item in items for finding in check_item(item)]
    told = {(finding.item_id, finding.kind, finding.field) for finding in findings}
    findings += [f for f in check_catalogue(items) if (f.item_id, f.kind, f.field) not in told]
    return tuple(sorted(findings, key=lambda finding: _ORDER.index(finding.severity)))


def exit_code(findings: Iterable[Finding]) -> int:
    """1 when there is an error among them, else 0: warnings and notes don't fail a build."""
    return int(any(finding.severity is Severity.ERROR for finding in findings))


def summary(findings: Iterable[Finding], examples: int = 2) -> str:
    """The findings counted by severity, kind and field, each with a few examples."""
    findings = list(findings)
    counts = Counter((f.severity, f.kind, _group(f)) for f in findings)
    lines = []
    for (severity, kind, group), count in sorted(counts.items(), key=lambda c: (_ORDER.index(c[0][0]), -c[1])):
        lines.append(f"{severity}: {kind} in {group}: {count:,}")
        alike = [f for f in findings if (f.severity, f.kind, _group(f)) == (severity, kind, group)]
        lines += [f"  {f.item_id}: {f.field} {f.message}" for f in alike[:examples]]
    return "\n".join(lines) or "nothing found"


def _group(finding: Finding) -> str:
    own = ("title", "description", "brand", "category", "price", "image", "url")
    return finding.field if finding.field in own else "attributes"
