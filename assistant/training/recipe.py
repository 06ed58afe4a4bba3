"""How a model is trained: one frozen recipe, written into the result card as it is."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.labelled.generate import SEED
from assistant.settings import PACKAGED


@dataclass(frozen=True, slots=True)
class Recipe:
    """The settings of one training.

    Attributes:
        model: 'packaged', a hub id, a local folder or a .gguf file.
        full: train every weight; False: low-rank matrices beside the linear layers (LoRA; QLoRA on a GPU).
        rank: of the low-rank matrices; their scale is twice the rank over the rank.
        upper: the share of layers, from the top, that is adapted. The gradient stops below them.
        epochs: passes over the lessons; may be a fraction.
        batch: lessons of one step.
        learning_rate: after the first twentieth of the steps, which warm up; falls to zero in a straight line.
        understand, explain: generated lessons of each task.
        validation: lessons of the validation split, of both tasks in the same proportion.
        evaluate_every: steps between two evaluations.
        patience: evaluations without a better loss or exact-match before it stops.
        seed: of the data, the order and the first weights.
    """

    model: str = PACKAGED
    full: bool = False
    rank: int = 16
    upper: float = 0.67
    epochs: float = 2.0
    batch: int = 8
    learning_rate: float = 6e-4
    understand: int = 9000
    explain: int = 2000
    validation: int = 120
    evaluate_every: int = 125
    patience: int = 5
    seed: int = SEED
