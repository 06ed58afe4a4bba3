"""The report: figures of one or more systems on the same examples, as text and as JSON."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from assistant.evaluation.measures import INTENTS, STATISTICS, Scored, Table
from assistant.evaluation.own_labels import HeadResult
from retrieval.metrics import Interval


@dataclass(frozen=True, slots=True)
class SlotReport:
    """F1 of one slot over its values: by meaning and as written; `n` examples have it."""

    normalised: Interval | None
    exact: Interval | None
    n: int


@dataclass(frozen=True, slots=True)
class Suite:
    """One robustness suite: the same examples with and without the disturbance.

    Attributes:
        drop: intent accuracy lost, paired, in shares (0.05: five points); None for injections, where refusing is right.
        slots_drop: all-slots-exact lost; None for injections, and where no example labels slots.
        obeyed: of the injections: how many orders changed what is done; else None.
    """

    n: int
    intent_accuracy: float
    drop: Interval | None
    slots_drop: Interval | None
    obeyed: int | None = None


@dataclass(frozen=True, slots=True)
class SystemReport:
    """What one system did.

    Attributes:
        statistics: by the names of `measures.STATISTICS`; None where a figure is not defined.
        latency: milliseconds, p50 and p95 of understanding one utterance.
        tokens: mean of a language model's prompt, cached and completion tokens an utterance; empty without one.
        memory_mb: most memory the process has held up to the end of this system's run.
        difference: of the compared system: its statistics less the main one's, paired.
        bars: reliability bins: examples, accuracy, mean confidence.
    """

    name: str
    n: int
    statistics: Mapping[str, Interval | None]
    slots: Mapping[str, SlotReport]
    per_intent: Mapping[str, Mapping[str, float]]
    confusion: Sequence[Sequence[int]]
    bars: Sequence[tuple[int, float, float]]
    rungs: Mapping[str, float]
    latency: Mapping[str, float]
    tokens: Mapping[str, float]
    memory_mb: float
    slices: Mapping[str, Mapping[str, float]]
    difference: Mapping[str, Interval | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; an undefined figure is null."""
        return {
            "system": self.name,
            "n": self.n,
            **{name: as_json(value) for name, value in self.statistics.items()},
            "slot_f1": {
                name: {**(as_json(slot.normalised) or {}), "exact": as_json(slot.exact), "n": slot.n}
                for name, slot in self.slots.items()
            },
            "per_intent": {name: dict(row) for name, row in self.per_intent.items()},
            "confusion": {"intents": list(INTENTS), "counts": [list(row) for row in self.confusion]},
            "reliability": [{"n": n, "accuracy": right, "confidence": sure} for n, right, sure in self.bars],
            "rungs": dict(self.rungs),
            "latency_ms": dict(self.latency),
            "tokens": dict(self.tokens),
            "memory_mb": self.memory_mb,
            "slices": {name: dict(row) for name, row in self.slices.items()},
            **({"difference": {n: as_json(v) for n, v in self.difference.items()}} if self.difference else {}),
        }


@dataclass(frozen=True, slots=True)
class Report:
    """The whole evaluation.

    Attributes:
        main: the system that was asked for.
        others: baselines and the compared system, each beside it.
        suites: robustness of the main system.
        worst: the errors it was surest of, most sure first.
        heads: by data set, in its own labels.
        notes: what a reader has to know: which vocabulary, what was sampled, what was left out.
    """

    main: SystemReport
    others: Sequence[SystemReport]
    suites: Mapping[str, Suite]
    worst: Sequence[Scored]
    heads: Mapping[str, Sequence[HeadResult]]
    notes: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """One object: the main system's figures at its top."""
        return {
            **self.main.as_json(),
            "others": {other.name: other.as_json() for other in self.others},
            "robustness": {
                name: {
                    "n": suite.n,
                    "intent_accuracy": suite.intent_accuracy,
                    "intent_accuracy_drop": as_json(suite.drop),
                    "all_slots_exact_drop": as_json(suite.slots_drop),
                    **({} if suite.obeyed is None else {"obeyed": suite.obeyed}),
                }
                for name, suite in self.suites.items()
            },
            "own_labels": {name: {h.head: h.as_json() for h in heads} for name, heads in self.heads.items()},
            "worst": [prediction_json(scored) for scored in self.worst],
            "notes": list(self.notes),
        }


def as_json(interval: Interval | None) -> dict[str, float] | None:
    """An interval as JSON values."""
    return None if interval is None else {"value": interval.value, "low": interval.low, "high": interval.high}


def prediction_json(scored: Scored) -> dict[str, Any]:
    """One utterance with gold and predicted act, for `--predictions`."""
    example, prediction = scored.example, scored.prediction
    return {
        "id": example.example_id,
        "text": example.text,
        "history": list(example.history),
        "tags": sorted(example.tags),
        "gold": {
            "intent": example.intent.value,
            "slots": None if example.slots is None else example.slots.as_json(),
        },
        "predicted": {
            "intent": prediction.intent,
            "slots": prediction.act.slots.as_json(),
            "dropped": list(prediction.act.dropped),
            "confidence": prediction.confidence,
            "rung": prediction.act.rung.value,
        },
        "intent_right": scored.intent_right,
        "slots_right": None if example.slots is None else scored.slots_right,
    }


def latency(scored: Sequence[Scored]) -> dict[str, float]:
    """Milliseconds an utterance, p50 and p95."""
    seconds = [one.prediction.seconds for one in scored]
    return {f"p{q}": round(1000 * float(np.percentile(seconds, q)), 3) for q in (50, 95)}


def tokens(scored: Sequence[Scored]) -> dict[str, float]:
    """Mean tokens an utterance of those where a language model was asked, and their share; empty when never."""
    asked = [one.prediction.usage for one in scored if one.prediction.usage]
    if not asked:
        return {}
    names = ("prompt_tokens", "cached_tokens", "completion_tokens")
    means = {name: sum(sum(getattr(u, name) for u in usage) for usage in asked) / len(asked) for name in names}
    return {**means, "asked": len(asked) / len(scored)}


def rungs(scored: Sequence[Scored]) -> dict[str, float]:
    """Share of the utterances that each rung answered."""
    counted = Counter(one.prediction.act.rung.value for one in scored)
    return {rung: count / len(scored) for rung, count in sorted(counted.items())}


def slices(scored: Sequence[Scored], whole: Table) -> dict[str, dict[str, float]]:
    """Accuracy of parts of the examples: by turn, length, slots, tag and file; parts under ten are left out."""
    members: dict[str, list[int]] = {}
    for row, one in enumerate(scored):
        for name in _parts(one):
            members.setdefault(name, []).append(row)
    result = {}
    for name, rows in sorted(members.items()):
        if len(rows) >= 10:
            part = whole.take(np.array(rows))
            figures = {n: STATISTICS[n](part) for n in ("intent_accuracy", "all_slots_exact")}
            result[name] = {"n": len(rows), **{n: v for n, v in figures.items() if math.isfinite(v)}}
    return result


def _parts(one: Scored) -> list[str]:
    example = one.example
    words = len(example.text.split())
    parts = ["multi-turn" if example.history else "first turn"]
    parts.append("length: up to 4 words" if words <= 4 else "length: 5 to 12" if words <= 12 else "length: over 12")
    slots = example.slots
    if slots is not None:
        if slots.price_min is not None or slots.price_max is not None:
            parts.append("price")
        if slots.excluded_brands or slots.excluded_attributes:
            parts.append("negation")
    return [*parts, *(f"tag: {tag}" for tag in example.tags), f"file: {example.source}"]
