"""How a sequence model is built and trained: one frozen recipe, kept whole beside the weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

EncoderKind = Literal["gru", "lstm", "attention"]


@dataclass(frozen=True, slots=True)
class SequenceRecipe:
    """The settings of one training; the defaults were chosen by measurement (docs/log.md).

    Attributes:
        encoder: 'gru' and 'lstm' cost the same for every event; 'attention' (SASRec) reads its window again.
        width: of an item's place and of the hidden state.
        layers: of the encoder.
        longest: events that are learnt from at once, and the window of 'attention'.
        trust_at: interactions at which an item's own identifier counts half.
        cap: longest an identifier's delta can be, against a mean length of 1 of the texts' places.
        forget_identifier: share of items, drawn anew for each step, that are seen by their text alone.
        input_dropout, dropout: of the places that enter the encoder, of what leaves it.
        sharpness: factor of the scores at the start; learnt from then on.
        negatives: items drawn for each step against which the next one is told apart.
        popularity_power: they are drawn by this power of their interactions; corrected for in the loss.
        kind_weight: of the two losses about kinds, beside the next item's 1.
        batch: sequences of one step.
        epochs: passes over the log, at most.
        patience: passes without a better nDCG@10 before it stops.
        learning_rate: of AdamW, constant.
        identifier_rate: of the identifiers' deltas, as a multiple of `learning_rate`.
        weight_decay: of AdamW.
        seed: of the first weights, the order, the dropout and the negatives.
    """

    encoder: EncoderKind = "gru"
    width: int = 64
    layers: int = 1
    longest: int = 50
    trust_at: float = 2.0
    cap: float = 3.0
    forget_identifier: float = 0.1
    input_dropout: float = 0.4
    dropout: float = 0.4
    sharpness: float = 2.0
    negatives: int = 1024
    popularity_power: float = 0.5
    kind_weight: float = 0.2
    batch: int = 256
    epochs: int = 40
    patience: int = 4
    learning_rate: float = 3e-3
    identifier_rate: float = 1.0
    weight_decay: float = 0.0
    seed: int = 0


PRIVATE = SequenceRecipe(
    longest=20,
    input_dropout=0.0,
    dropout=0.0,
    negatives=256,
    batch=1024,
    epochs=10,
    learning_rate=1e-2,
)
"""How a model is trained under differential privacy: chosen on the demo shop's simulated log, which is nobody's."""
