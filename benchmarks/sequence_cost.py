"""What one more event of a shopper costs, and what reading her whole history again would.

    python -m benchmarks.sequence_cost

A sequence model of the shipped recipe over 12,101 items (weights as they start: the time doesn't depend on them). After
a history of 10 and of 200 events, one event is taken in and 500 candidates are scored: with the state that is kept, and
by encoding the whole history. The four are timed in turn, in one process and in its own processor time, so that the
ratios hold on a busy machine too. Prints JSON.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from retrieval.behaviour.events import Histories
from retrieval.behaviour.sequence.lessons import left_aligned
from retrieval.behaviour.sequence.model import SequenceModel, SequenceState
from retrieval.behaviour.sequence.network import SequenceNetwork
from retrieval.behaviour.sequence.recipe import SequenceRecipe

ITEMS, DIMENSION, CANDIDATES, ROUNDS = 12_101, 384, 500, 400
SHORT, LONG = 10, 200
HOUR = 3600


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(ITEMS, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    network = SequenceNetwork(DIMENSION, np.full(ITEMS, 10), SequenceRecipe())
    network.items.start_at(torch.from_numpy(vectors))
    model = SequenceModel(network, [str(row) for row in range(ITEMS)])
    matrix = model.item_matrix(model.item_ids, vectors)
    candidates = matrix[:CANDIDATES]

    ways: dict[str, Callable[[], np.ndarray]] = {}
    for length in (SHORT, LONG):
        history = generator.integers(ITEMS, size=length)
        state = model.start()
        for item in history:
            state = model.step(state, matrix[item], 0, HOUR)
        ways[f"event_{length}"] = lambda state=state: one_more(model, state, matrix, candidates)
        ways[f"again_{length}"] = lambda history=history: from_the_start(model, history, matrix, candidates)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            began = time.thread_time()
            way()
            taken[name].append((time.thread_time() - began) * 1e6)
    median = {name: statistics.median(times) for name, times in taken.items()}
    result = {
        "candidates": CANDIDATES,
        "rounds": ROUNDS,
        "microseconds_p50": {name: round(value, 1) for name, value in median.items()},
        "microseconds_p95": {name: round(float(np.percentile(times, 95)), 1) for name, times in taken.items()},
        "event_at_200_against_10": round(median["event_200"] / median["event_10"], 2),
        "again_at_200_against_10": round(median["again_200"] / median["again_10"], 2),
        "again_against_event_at_200": round(median["again_200"] / median["event_200"], 2),
    }
    print(json.dumps(result, indent=1))


def one_more(model: SequenceModel, state: SequenceState, matrix: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Take in an event with the state that is kept, and score."""
    return model.scores(model.step(state, matrix[7], 1, HOUR), candidates)


def from_the_start(model: SequenceModel, history: np.ndarray, matrix: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Take in an event by encoding everything, and score."""
    item = np.append(history, 7)[None].astype(np.int32)
    at = np.arange(item.shape[1], dtype=np.int64)[None] * HOUR
    batch, last = left_aligned(Histories(item, at, np.zeros(item.shape, dtype=np.int8), at[:, -1]), item.shape[1])
    with torch.inference_mode():
        _, wanted, _ = model.network(torch.from_numpy(matrix)[batch.item], batch.kind, batch.gap)
        return (torch.from_numpy(candidates) @ wanted[0, last[0]]).numpy()


if __name__ == "__main__":
    main()
