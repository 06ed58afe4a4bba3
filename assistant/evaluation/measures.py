"""Every figure of the report from examples and predictions, each with its bootstrap interval where it has one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.dialogue import Intent, Slots
from assistant.evaluation.comparing import SLOT_NAMES, as_meant, as_written, counts
from assistant.evaluation.examples import OUT_OF_SCOPE, Example
from assistant.evaluation.extras import sklearn
from assistant.evaluation.systems import Prediction
from retrieval.metrics import Interval
from retrieval.vocabulary import Vocabulary

INTENTS = tuple(intent.value for intent in Intent)
RESAMPLES = 1000
BINS = 10

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scored:
    """One example with its prediction, compared.

    Attributes:
        written, meant: counts of true and false values by slot; empty where the example labels no slots.
    """

    example: Example
    prediction: Prediction
    intent_right: bool
    written: Mapping[str, Counter[str]]
    meant: Mapping[str, Counter[str]]

    @property
    def slots_right(self) -> bool:
        """Whether all slots mean what they should."""
        return _all_right(self.meant)

    @property
    def slots_as_written(self) -> bool:
        """Whether all slots are the very words."""
        return _all_right(self.written)


def _all_right(counted: Mapping[str, Counter[str]]) -> bool:
    return all(not c["fp"] and not c["fn"] for c in counted.values())


def compare(example: Example, prediction: Prediction, vocabulary: Vocabulary) -> Scored:
    """Compare a prediction with its example."""
    right = prediction.intent == example.intent.value
    if example.slots is None:
        return Scored(example, prediction, right, {}, {})
    got, page = prediction.act.slots, prediction.context.page

    def meant(slots: Slots) -> dict[str, frozenset[str]]:
        return as_meant(slots, vocabulary, page)

    return Scored(
        example,
        prediction,
        right,
        counts(as_written(example.slots), as_written(got)),
        counts(meant(example.slots), meant(got)),
    )


@dataclass(frozen=True, slots=True)
class Table:
    """What the resampled statistics need, one row an example; `take` draws rows.

    Attributes:
        gold, predicted: places in `INTENTS`.
        confidence, outside: of the predictions.
        slots_right, as_written: 1.0 or 0.0; NaN where the example labels no slots.
        slots: true positives, false positives and false negatives by slot, meant and written: (n, 2, slots, 3).
    """

    gold: Integers
    predicted: Integers
    confidence: Floats
    outside: Floats
    slots_right: Floats
    as_written: Floats
    slots: Floats

    def take(self, rows: Integers | NDArray[np.bool_]) -> Table:
        """These rows."""
        return Table(*(getattr(self, name)[rows] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.gold)


def table(scored: Sequence[Scored]) -> Table:
    """The table of scored examples."""
    place = {intent: n for n, intent in enumerate(INTENTS)}
    counted = np.zeros((len(scored), 2, len(SLOT_NAMES), 3))
    for row, one in enumerate(scored):
        for kind, by_slot in enumerate((one.meant, one.written)):
            for name, c in by_slot.items():
                counted[row, kind, SLOT_NAMES.index(name)] = c["tp"], c["fp"], c["fn"]
    labelled = np.array([one.example.slots is not None for one in scored], dtype=bool)
    return Table(
        np.array([place[one.example.intent.value] for one in scored], dtype=np.int64),
        np.array([place[one.prediction.intent] for one in scored], dtype=np.int64),
        np.array([one.prediction.confidence for one in scored], dtype=float),
        np.array([one.prediction.out_of_scope for one in scored], dtype=float),
        np.where(labelled, [float(one.slots_right) for one in scored], np.nan),
        np.where(labelled, [float(one.slots_as_written) for one in scored], np.nan),
        counted,
    )


Statistic = Callable[[Table], float]


def intent_accuracy(t: Table) -> float:
    """Share of examples whose intent is right."""
    return float((t.gold == t.predicted).mean()) if len(t) else float("nan")


def intent_macro_f1(t: Table) -> float:
    """Mean F1 over the intents that the examples have."""
    matrix = confusion(t)
    right = np.diag(matrix)
    total = matrix.sum(axis=0) + matrix.sum(axis=1)
    f1 = np.divide(2 * right, total, out=np.zeros(len(total)), where=total > 0)
    present = matrix.sum(axis=1) > 0
    return float(f1[present].mean()) if present.any() else float("nan")


def confusion(t: Table) -> Integers:
    """Examples by gold (rows) and predicted intent (columns), in the order of `INTENTS`."""
    size = len(INTENTS)
    return np.bincount(t.gold * size + t.predicted, minlength=size * size).reshape(size, size)


def all_slots_exact(t: Table) -> float:
    """Share of examples whose slots are all right in meaning, none missing and none too many."""
    return float(np.nanmean(t.slots_right)) if np.isfinite(t.slots_right).any() else float("nan")


def all_slots_as_written(t: Table) -> float:
    """The same, word for word."""
    return float(np.nanmean(t.as_written)) if np.isfinite(t.as_written).any() else float("nan")


def oos_recall(t: Table) -> float:
    """Share of the out-of-scope examples that are recognised."""
    outside = t.gold == _OUTSIDE
    return float((t.predicted[outside] == _OUTSIDE).mean()) if outside.any() else float("nan")


def false_rejects(t: Table) -> float:
    """Share of the other examples that are taken for out of scope."""
    inside = t.gold != _OUTSIDE
    return float((t.predicted[inside] == _OUTSIDE).mean()) if inside.any() else float("nan")


def oos_auroc(t: Table) -> float:
    """How well the out-of-scope score separates: area under the ROC curve."""
    outside = t.gold == _OUTSIDE
    if outside.all() or not outside.any():
        return float("nan")
    return float(sklearn().metrics.roc_auc_score(outside, t.outside))


def ece(t: Table) -> float:
    """Expected calibration error of the intent's confidence, ten bins of equal width."""
    return float(sum(count * abs(right - sure) for count, right, sure in reliability(t)) / max(len(t), 1))


def reliability(t: Table) -> list[tuple[int, float, float]]:
    """Examples, accuracy and mean confidence of each bin that is not empty."""
    bins = np.minimum((t.confidence * BINS).astype(int), BINS - 1)
    right = t.gold == t.predicted
    return [
        (int((bins == b).sum()), float(right[bins == b].mean()), float(t.confidence[bins == b].mean()))
        for b in range(BINS)
        if (bins == b).any()
    ]


def slot_f1(name: str, *, written: bool = False) -> Statistic:
    """F1 over the values of one slot (micro), by meaning or as written; NaN where nobody states any."""
    place, kind = SLOT_NAMES.index(name), int(written)

    def f1(t: Table) -> float:
        tp, fp, fn = t.slots[:, kind, place].sum(axis=0)
        return float(2 * tp / (2 * tp + fp + fn)) if tp + fp + fn else float("nan")

    return f1


STATISTICS: Mapping[str, Statistic] = {
    "intent_accuracy": intent_accuracy,
    "intent_macro_f1": intent_macro_f1,
    "all_slots_exact": all_slots_exact,
    "all_slots_as_written": all_slots_as_written,
    "oos_recall": oos_recall,
    "false_rejects": false_rejects,
    "oos_auroc": oos_auroc,
    "ece": ece,
}
_OUTSIDE = INTENTS.index(OUT_OF_SCOPE)


def with_interval(t: Table, statistic: Statistic, other: Table | None = None, seed: int = 0) -> Interval | None:
    """A statistic with its 95 % bootstrap interval; None where it is not defined.

    Args:
        t: the examples.
        statistic: of a table.
        other: another system on the same examples: then the difference `t - other`, resampled in pairs.
        seed: of the resampling.
    """
    value = statistic(t) - (statistic(other) if other is not None else 0.0)
    if not np.isfinite(value):
        return None
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(RESAMPLES):
        rows = generator.integers(0, len(t), size=len(t))
        drawn.append(statistic(t.take(rows)) - (statistic(other.take(rows)) if other is not None else 0.0))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))


def per_intent(t: Table) -> dict[str, dict[str, float]]:
    """Precision, recall, F1 and number of examples of each intent that occurs in gold or prediction."""
    labels = [n for n in range(len(INTENTS)) if (t.gold == n).any() or (t.predicted == n).any()]
    columns: tuple[Any, ...] = sklearn().metrics.precision_recall_fscore_support(
        t.gold, t.predicted, labels=labels, zero_division=0.0
    )
    return {
        INTENTS[label]: {
            "precision": float(columns[0][n]),
            "recall": float(columns[1][n]),
            "f1": float(columns[2][n]),
            "n": int(columns[3][n]),
        }
        for n, label in enumerate(labels)
    }
