"""What an ingest read, repaired and set aside: per file and in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from retrieval.feeds import Content, Format


@dataclass(slots=True)
class FileReport:
    """One file's account. Every row read is in exactly one of the counts below it.

    Attributes:
        file: name within the path that was ingested.
        added, changed, unchanged: items (interactions: `added` and `unchanged` only).
        duplicates: rows that a later row of the same id, here or in a later file, replaced; `exact` of them said the
            very same. Interactions: repeated events.
        merged: rows that only add to the one before (further pictures).
        forgotten: interactions of shoppers who were forgotten since; nothing of them is stored.
        set_aside: rows that could not be used; each is in the set-aside file with its reason.
        values_set_aside: single values of used rows that could not be; they are in that file too.
        repairs: how often each repair was made, by (field, reason).
        currencies: prices by currency.
        left_out: columns that are a shop's bookkeeping, or that the operator left out.
        notes: what else an operator should know.
    """

    file: str
    format: Format
    content: Content
    encoding: str
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    duplicates: int = 0
    exact: int = 0
    merged: int = 0
    forgotten: int = 0
    set_aside: int = 0
    values_set_aside: int = 0
    repairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)
    currencies: Counter[str] = field(default_factory=Counter)
    left_out: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def accounted(self) -> int:
        """Rows with an outcome; equals `read` once the file is done."""
        counted = self.added + self.changed + self.unchanged + self.duplicates + self.merged
        return counted + self.forgotten + self.set_aside

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; counters as lists of field, reason and count."""
        return {
            "file": self.file,
            "format": self.format.value,
            "content": self.content.value,
            "encoding": self.encoding,
            **{name: getattr(self, name) for name in _COUNTS},
            "repairs": _listed(self.repairs),
            "reasons": _listed(self.reasons),
            "currencies": dict(self.currencies),
            "left_out": list(self.left_out),
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
        }


_COUNTS = (
    *("read", "added", "changed", "unchanged", "duplicates", "exact", "merged", "forgotten", "set_aside"),
    "values_set_aside",
)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The account of one ingest.

    Attributes:
        files: in the order in which they were read.
        set_aside_file: where the rows and values that could not be used are kept; None when there are none.
    """

    files: tuple[FileReport, ...]
    set_aside_file: str | None

    def total(self, count: str, content: Content | None = None) -> int:
        """The sum of one count ("read", "added", ...) over the files, or over those of one content."""
        return sum(getattr(f, count) for f in self.files if content in (None, f.content))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "files": [file.as_json() for file in self.files],
            "total": {name: self.total(name) for name in _COUNTS},
            "set_aside_file": self.set_aside_file,
        }

    def __str__(self) -> str:
        lines: list[str] = []
        for file in self.files:
            lines += _described(file)
        if self.set_aside_file is not None:
            lines.append(f"What was set aside is in {self.set_aside_file}, each with its line, field and reason.")
        return "\n".join(lines)


def _described(file: FileReport) -> list[str]:
    if file.content is Content.OTHER:
        return [f"{file.file}: not a feed, passed over", *(f"  {note}" for note in file.notes)]
    counts: list[tuple[str, int]] = [
        ("added", file.added),
        ("changed", file.changed),
        ("unchanged", file.unchanged),
        (f"duplicates ({file.exact:,} exact)", file.duplicates),
        ("merged", file.merged),
        ("of forgotten shoppers", file.forgotten),
        ("set aside", file.set_aside),
    ]
    head = f"{file.file}: {file.read:,} rows of {file.content.value} ({file.format.value}, {file.encoding})"
    lines = [f"{head} in {file.seconds:.1f} s", "  " + ", ".join(f"{n:,} {name}" for name, n in counts if n)]
    lines += _counted("repaired", file.repairs)
    lines += _counted("set aside", file.reasons)
    if len(file.currencies) > 1:
        lines.append("  prices in " + ", ".join(f"{c} ({n:,})" for c, n in file.currencies.most_common()))
    if file.left_out:
        lines.append(f"  columns left out: {', '.join(file.left_out)}")
    return lines + [f"  {note}" for note in file.notes]


def _counted(verb: str, counter: Counter[tuple[str, str]]) -> list[str]:
    """At most a dozen lines, fields with the same reason together."""
    by_reason: dict[str, Counter[str]] = {}
    for (name, reason), count in counter.items():
        by_reason.setdefault(reason, Counter())[name] += count
    total: Callable[[str], int] = lambda reason: by_reason[reason].total()  # noqa: E731
    lines = []
    for reason in sorted(by_reason, key=total, reverse=True)[:12]:
        names = [name for name, _ in by_reason[reason].most_common(4)]
        more = ", ..." if len(by_reason[reason]) > 4 else ""
        lines.append(f"  {verb}: {reason} ({total(reason):,} in {', '.join(names)}{more})")
    return lines


def _listed(counter: Counter[tuple[str, str]]) -> list[dict[str, object]]:
    return [{"field": name, "reason": reason, "count": n} for (name, reason), n in counter.most_common()]
