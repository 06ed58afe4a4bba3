"""What one more event of a shopper costs, and what reading her whole history again would.

    python -m benchmarks.sequence_cost

A sequence model of the shipped recipe over 12,101 items (weights as they start: the time doesn't depend on them). After
a history of 10 and of 200 events, one event is taken in and 500 candidates are scored: with the state that is kept, and
by encoding the whole history. Then the fusion over a drawn log of 12,000 shoppers: the event is counted, and the same
number of candidates scored. All ways are timed in turn, in one process and in its own processor time, so that the
ratios hold on a busy machine too. Prints JSON.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np
import torch

from retrieval.behaviour.events import Histories
from retrieval.behaviour.fusion.lambdamart import TreeRecipe
from retrieval.behaviour.fusion.lessons import last_events
from retrieval.behaviour.fusion.online import OnlineFusion
from retrieval.behaviour.fusion.ranker import FusedRanker, FusionRecipe
from retrieval.behaviour.own_log import own_log
from retrieval.behaviour.sequence.lessons import left_aligned
from retrieval.behaviour.sequence.model import SequenceModel, SequenceState
from retrieval.behaviour.sequence.network import SequenceNetwork
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.interactions import Interaction, InteractionKind, by_shopper

ITEMS, DIMENSION, CANDIDATES, ROUNDS = 12_101, 384, 500, 400
SHORT, LONG = 10, 200
HOUR = 3600
SHOPPERS, ASKERS, STEMS = 12_000, 100, 3_000  # of the fusion's log; ASKERS of each length, each with one event more
START = datetime(2026, 1, 1, tzinfo=UTC)

Ways = dict[str, Callable[[int], object]]
"""What is timed, by name; it is told the number of the round."""


def main() -> None:
    """Measure and print."""
    torch.set_num_threads(1)
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(ITEMS, DIMENSION)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    median, high = timed(sequence_ways(generator, vectors), ROUNDS)
    fusion, fusion_high = timed(fusion_ways(generator, vectors), ASKERS)
    both = {length: fusion[f"event_{length}"] + fusion[f"scores_{length}"] for length in (SHORT, LONG)}
    result = {
        "candidates": CANDIDATES,
        "rounds": ROUNDS,
        "microseconds_p50": median,
        "microseconds_p95": high,
        "event_at_200_against_10": round(median["event_200"] / median["event_10"], 2),
        "again_at_200_against_10": round(median["again_200"] / median["again_10"], 2),
        "again_against_event_at_200": round(median["again_200"] / median["event_200"], 2),
        "fusion_rounds": ASKERS,
        "fusion_microseconds_p50": fusion,
        "fusion_microseconds_p95": fusion_high,
        "fusion_event_at_200_against_10": round(fusion["event_200"] / fusion["event_10"], 2),
        "fusion_event_and_scores_at_200_against_10": round(both[LONG] / both[SHORT], 2),
    }
    print(json.dumps(result, indent=1))


def timed(ways: Ways, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Median and 95 % quantile of the microseconds of processor time that each way takes."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            began = time.thread_time()
            way(number)
            taken[name].append((time.thread_time() - began) * 1e6)
    median = {name: round(statistics.median(times), 1) for name, times in taken.items()}
    return median, {name: round(float(np.percentile(times, 95)), 1) for name, times in taken.items()}


def sequence_ways(generator: np.random.Generator, vectors: np.ndarray) -> Ways:
    """One event and the scores after it: with the state that is kept, and from the whole history."""
    network = SequenceNetwork(DIMENSION, np.full(ITEMS, 10), SequenceRecipe())
    network.items.start_at(torch.from_numpy(vectors))
    model = SequenceModel(network, [str(row) for row in range(ITEMS)])
    matrix = model.item_matrix(model.item_ids, vectors)
    candidates = matrix[:CANDIDATES]
    ways: Ways = {}
    for length in (SHORT, LONG):
        history = generator.integers(ITEMS, size=length)
        state = model.start()
        for item in history:
            state = model.step(state, matrix[item], 0, HOUR)
        ways[f"event_{length}"] = lambda _, state=state: one_more(model, state, matrix, candidates)
        ways[f"again_{length}"] = lambda _, history=history: from_the_start(model, history, matrix, candidates)
    return ways


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


def fusion_ways(generator: np.random.Generator, vectors: np.ndarray) -> Ways:
    """The event of the round's asker counted, and the scores after it, by a fusion learnt from 400 questions."""
    titles = (" ".join(f"stem{stem}" for stem in generator.integers(STEMS, size=6)) for _ in range(ITEMS))
    catalogue = Catalogue(CatalogueItem(item_id=str(row), title=title) for row, title in enumerate(titles))
    lengths = generator.integers(3, 14, size=SHOPPERS)
    log = [event for number, length in enumerate(lengths) for event in drawn(generator, f"shopper{number}", length)]
    askers = {
        length: [drawn(generator, f"asker{length}-{number}", length + 1) for number in range(ASKERS)]
        for length in (SHORT, LONG)
    }
    log += [event for histories in askers.values() for history in histories for event in history[:-1]]
    items, events = own_log(list(catalogue), log, vectors)
    lesson = last_events(events).sampled(400, 0)
    recipe = FusionRecipe(trees=TreeRecipe(trees=100, fewest_in_leaf=10))
    ranker = FusedRanker.fit([lesson], events, items, lesson.histories, lesson.target, recipe)
    fusion = OnlineFusion(ranker, catalogue, lambda rows: vectors[rows])
    fusion.put_all(by_shopper(log))
    rows = np.arange(CANDIDATES, dtype=np.int64)
    ways: Ways = {}
    for length, histories in askers.items():
        ways[f"event_{length}"] = lambda number, histories=histories: fusion.add(histories[number][-1])
        ways[f"scores_{length}"] = lambda number, histories=histories: fusion.score(histories[number], rows)
    return ways


def drawn(generator: np.random.Generator, shopper_id: str, length: int) -> list[Interaction]:
    """A history by the hour; few items are drawn often, as in a shop."""
    rows = (ITEMS * generator.random(length) ** 3).astype(int)
    start = START + timedelta(hours=int(generator.integers(10_000)))
    return [
        Interaction(shopper_id, str(row), InteractionKind.CLICK, start + timedelta(hours=step))
        for step, row in enumerate(rows)
    ]


if __name__ == "__main__":
    main()
