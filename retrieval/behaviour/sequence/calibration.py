"""Temperatures, so that a probability means what it says: fitted on windows whose kinds were not learnt from."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from retrieval.behaviour.events import KINDS
from retrieval.behaviour.fusion.calibration import calibration_error
from retrieval.behaviour.sequence.lessons import NOT_ASKED, Lessons
from retrieval.behaviour.sequence.network import SequenceNetwork

_AT_ONCE = 256
_TEMPERATURES = np.geomspace(0.25, 4.0, 81)


def calibrate(network: SequenceNetwork, vectors: Tensor, lessons: Lessons) -> dict[str, float]:
    """Set the network's temperatures.

    Args:
        network: trained, on the CPU, in evaluation mode.
        vectors: float32 (n, dimension), of the items' texts.
        lessons: their `calibrating` windows are used.

    Returns:
        events: next events it was fitted on; kind_accuracy: share whose likeliest kind was right; kind_error and, by
        kind, deed_error_<kind>: expected calibration error afterwards. Nothing where there was no event.
    """
    with torch.no_grad():
        kind_logits, kinds, deed_logits, deeds = _answers(network, vectors, lessons)
        if not len(kinds):
            return {}
        network.kind_temperature.fill_(_best(lambda t: functional.cross_entropy(kind_logits / t, kinds)))
        chances = functional.softmax(kind_logits / network.kind_temperature, dim=1)
        sure, likeliest = chances.max(dim=1)
        right = likeliest == kinds
        figures = {
            "events": float(len(kinds)),
            "kind_accuracy": float(right.float().mean()),
            "kind_error": calibration_error(sure.double().numpy(), right.numpy()),
        }
        for place, kind in enumerate(KINDS if len(deeds) else ()):
            logits, done = deed_logits[:, place], deeds[:, place]
            network.deed_temperature[place] = _best(_deed_loss(logits, done))
            chance = torch.sigmoid(logits / network.deed_temperature[place])
            figures[f"deed_error_{kind.value}"] = calibration_error(chance.double().numpy(), done.bool().numpy())
        return figures


def _answers(network: SequenceNetwork, vectors: Tensor, lessons: Lessons) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Logits and truth of the next kinds, and of the deeds with the next items that are new."""
    found: list[list[Tensor]] = [[], [], [], []]
    matrix = network.items(vectors, torch.arange(len(vectors)))
    for start in range(0, len(lessons.calibrating), _AT_ONCE):
        batch = lessons.batch(lessons.calibrating[start : start + _AT_ONCE])
        hidden, _, _ = network(matrix[batch.item], batch.kind, batch.gap)
        told, asked = batch.next_kind != NOT_ASKED, batch.target != NOT_ASKED
        found[0].append(network.kind_logits(hidden[told], batch.pause[told]))
        found[1].append(batch.next_kind[told])
        found[2].append(network.deed_logits(hidden[asked], matrix[batch.target[asked]]))
        found[3].append(batch.deeds[asked])
    kind_logits, kinds, deed_logits, deeds = (torch.cat(parts) for parts in found)
    return kind_logits, kinds, deed_logits, deeds


def _best(loss: Callable[[float], Tensor]) -> float:
    return float(min(_TEMPERATURES, key=lambda temperature: float(loss(float(temperature)))))


def _deed_loss(logits: Tensor, done: Tensor) -> Callable[[float], Tensor]:
    return lambda temperature: functional.binary_cross_entropy_with_logits(logits / temperature, done)
