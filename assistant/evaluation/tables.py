"""The report as plain text: aligned columns for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.evaluation.comparing import SLOT_NAMES
from assistant.evaluation.measures import STATISTICS, Scored
from assistant.evaluation.own_labels import HeadResult
from assistant.evaluation.report import Report, Suite, SystemReport
from retrieval.metrics import Interval


def as_text(report: Report) -> str:
    """All tables of a report, the notes last."""
    parts = [_systems_table([report.main, *report.others]), _main_tables(report.main)]
    if report.suites:
        parts.append(_suites_table(report.suites))
    parts.extend(_heads_table(name, heads) for name, heads in report.heads.items())
    if report.worst:
        parts.append("Surest errors\n" + "\n".join(map(error_line, report.worst)))
    return "\n\n".join([*parts, "\n".join(f"Note: {note}" for note in report.notes)])


def _figure(value: Interval | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value.value:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(r, widths, strict=True)).rstrip() for r in rows)


def _systems_table(systems: Sequence[SystemReport]) -> str:
    rows = [["", *(system.name for system in systems)], ["n", *(str(system.n) for system in systems)]]
    rows += [[name, *(_figure(s.statistics[name]) for s in systems)] for name in STATISTICS]
    rows.append(["latency p50 / p95 ms", *(f"{s.latency['p50']:.0f} / {s.latency['p95']:.0f}" for s in systems)])
    rows.append(["rungs", *(", ".join(f"{r} {share:.2f}" for r, share in s.rungs.items()) for s in systems)])
    for system in systems:
        if system.difference:
            rows += [
                [f"{name}: {system.name} less {systems[0].name}", _figure(value)] + [""] * (len(systems) - 1)
                for name, value in system.difference.items()
            ]
    return _columns(rows)


def _main_tables(main: SystemReport) -> str:
    by_intent = [["intent", "precision", "recall", "F1", "n"]]
    by_intent += [
        [name, *(f"{row[c]:.3f}" for c in ("precision", "recall", "f1")), str(row["n"])]
        for name, row in main.per_intent.items()
    ]
    by_slot = [["slot", "F1 by meaning", "F1 as written", "n"]]
    by_slot += [
        [name, _figure(main.slots[name].normalised), _figure(main.slots[name].exact), str(main.slots[name].n)]
        for name in SLOT_NAMES
        if name in main.slots
    ]
    parts = [["part", "n", "intent accuracy", "all slots exact"]]
    parts += [
        [name, str(int(row["n"])), f"{row['intent_accuracy']:.3f}", _plain(row.get("all_slots_exact"))]
        for name, row in main.slices.items()
    ]
    return "\n\n".join(_columns(rows) for rows in (by_intent, by_slot, parts) if len(rows) > 1)


def _plain(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _suites_table(suites: Mapping[str, Suite]) -> str:
    rows = [["suite", "n", "intent accuracy", "drop", "all-slots-exact drop", "orders obeyed"]]
    rows += [
        [
            name,
            str(suite.n),
            f"{suite.intent_accuracy:.3f}",
            _figure(suite.drop),
            _figure(suite.slots_drop),
            "-" if suite.obeyed is None else str(suite.obeyed),
        ]
        for name, suite in suites.items()
    ]
    return _columns(rows)


def _heads_table(name: str, heads: Sequence[HeadResult]) -> str:
    rows = [[f"{name}, own labels", "accuracy", "macro-F1", "over tfidf", "out-of-scope AUROC"]]
    for head in heads:
        auroc = ", ".join(f"{scorer} {interval.value:.3f}" for scorer, interval in head.oos_auroc.items()) or "-"
        rows.append([head.head, _figure(head.accuracy), _figure(head.macro_f1), _figure(head.over_tfidf), auroc])
    return _columns(rows)


def error_line(scored: Scored) -> str:
    """What was wrong with one prediction."""
    example, prediction = scored.example, scored.prediction
    lead = f"  {example.example_id}: {example.text!r}: "
    if not scored.intent_right:
        return f"{lead}{example.intent.value} was taken for {prediction.intent} ({prediction.confidence:.2f})"
    gold = example.slots.as_json() if example.slots else {}
    return f"{lead}{gold} was read as {prediction.act.slots.as_json()}"
