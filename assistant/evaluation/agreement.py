"""How well two people agree who labelled the same utterances: Cohen's kappa of the intents, F1 of the slots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.dialogue import Slots
from assistant.evaluation.comparing import as_meant, as_written, counts
from assistant.evaluation.examples import Example
from assistant.evaluation.extras import sklearn
from retrieval.errors import SetupError
from retrieval.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two raters on the utterances that both labelled.

    Attributes:
        agreed: share of equal intents.
        kappa: Cohen's, of the intents: agreement beyond chance; 1.0 is perfect, 0.0 chance. NaN when both used one and
            the same label throughout.
        slot_f1: of all slot values as written, one rater against the other.
        all_slots: share of utterances whose slots all mean the same (see `comparing.as_meant`; references as written).
        disagreements: id, first and second intent.
    """

    n: int
    agreed: float
    kappa: float
    slot_f1: float
    all_slots: float
    disagreements: tuple[tuple[str, str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "n": self.n,
            "agreed": self.agreed,
            "kappa": self.kappa,
            "slot_f1": self.slot_f1,
            "all_slots": self.all_slots,
            "disagreements": [list(one) for one in self.disagreements],
        }

    def __str__(self) -> str:
        head = f"{self.n} utterances: intents agree on {self.agreed:.3f}, kappa {self.kappa:.3f};"
        head += f" all slots by meaning on {self.all_slots:.3f}, slot F1 as written {self.slot_f1:.3f}"
        return "\n".join([head, *(f"  {name}: {one} / {other}" for name, one, other in self.disagreements)])


def agreement(first: Sequence[Example], second: Sequence[Example], vocabulary: Vocabulary) -> Agreement:
    """Compare two raters by the ids that both have.

    Args:
        first, second: their labels.
        vocabulary: what words mean the same by.

    Raises:
        SetupError: they share no id, or scikit-learn is not installed.
    """
    by_id = {example.example_id: example for example in second}
    pairs = [(one, by_id[one.example_id]) for one in first if one.example_id in by_id]
    if not pairs:
        raise SetupError("The two files share no id.", 'Give both raters the same file, with an "id" on every line.')
    intents = [[example.intent.value for example in rater] for rater in zip(*pairs, strict=True)]
    total, alike = Counter[str](), 0
    for one, other in pairs:
        meant = [as_meant(rater.slots or Slots(), vocabulary, ()) for rater in (one, other)]
        alike += not any(counted["fp"] or counted["fn"] for counted in counts(*meant).values())
        for counted in counts(as_written(one.slots or Slots()), as_written(other.slots or Slots())).values():
            total.update(counted)
    values = 2 * total["tp"] + total["fp"] + total["fn"]
    differing = [(a.example_id, a.intent.value, b.intent.value) for a, b in pairs if a.intent is not b.intent]
    return Agreement(
        len(pairs),
        1 - len(differing) / len(pairs),
        float(sklearn().metrics.cohen_kappa_score(*intents)),
        2 * total["tp"] / values if values else 1.0,
        alike / len(pairs),
        tuple(differing),
    )
