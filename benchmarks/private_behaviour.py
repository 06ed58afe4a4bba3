"""What differential privacy costs the sequence model.

    python -m benchmarks.private_behaviour [--epsilons inf,8,2] [--shoppers 3200] [--data FOLDER] [--epochs 10]

On the demo shop's simulated log, or on a folder of two CSV files. Leave-one-out: trained on all but the last two items
of each shopper, measured on the last but one (all items ranked, seen ones filtered). Compared are popularity, the
sequence model as `train behaviour` makes it, the same without identifiers of items, and the one of `--private EPSILON`;
infinity is the private one without its noise. The private ones are drawn from the system's entropy: run it again, and
the figures differ. Adds to docs/results/private_behaviour.json what was measured, by the log's name.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from assistant.language_model.packaged import default_cache
from benchmarks.ranking_demo import write_demo_log
from retrieval.behaviour.events import Events, Floats, Histories
from retrieval.behaviour.sequence.lessons import Questions
from retrieval.behaviour.sequence.model import SequenceModel, SequenceRanker
from retrieval.behaviour.sequence.private import train_privately
from retrieval.behaviour.sequence.recipe import PRIVATE, SequenceRecipe
from retrieval.behaviour.sequence.training import measure, train
from retrieval.embedding import Encoder
from retrieval.ranking_evaluation.folder import read_folder
from retrieval.ranking_evaluation.splits import leave_one_out, sampled

ROOT = Path(__file__).parents[1]
RESULT = ROOT / "docs" / "results" / "private_behaviour.json"
MOST_ASKED = 4000
LEARNT_PASSES = 15


class ByCount:
    """The popularity baseline."""

    def __init__(self, events: Events, items: int) -> None:
        self._counts = np.bincount(events.item, minlength=items).astype(np.float32)

    def score(self, histories: Histories) -> Floats:
        """float32 (b, n)."""
        return np.repeat(self._counts[None], len(histories), axis=0)


def measured(folder: Path, epsilons: list[float], epochs: int) -> dict[str, Any]:
    """All the figures of one log."""
    split = leave_one_out(read_folder(folder, Encoder(), default_cache(), print))
    cases = sampled(split.valid, MOST_ASKED, seed=0)
    questions = Questions(cases.histories(slice(None)), cases.target)
    items, events = split.items, split.train
    rows = []

    def add(name: str, make: Callable[[], tuple[Any, dict[str, Any]]]) -> None:
        began = time.process_time()
        ranker, told = make()
        seconds = round(time.process_time() - began, 1)
        rows.append({"model": name, **measure(ranker, questions), "cpu_seconds": seconds, **told})
        print(json.dumps(rows[-1]), flush=True)

    def learnt(recipe: SequenceRecipe) -> tuple[SequenceRanker, dict[str, Any]]:
        found = train(items, events, questions, recipe, report=print)
        return SequenceRanker(found.model, items), {"passes": len(found.history), "best_pass": found.best_pass}

    def private(epsilon: float) -> tuple[SequenceRanker, dict[str, Any]]:
        model: SequenceModel
        model, promised = train_privately(items, events, replace(PRIVATE, epochs=epochs), epsilon, print)
        told = asdict(promised)
        return SequenceRanker(model, items), told | {"epsilon": "inf" if epsilon == float("inf") else told["epsilon"]}

    full = SequenceRecipe(epochs=LEARNT_PASSES)
    add("popularity", lambda: (ByCount(events, len(items)), {}))
    for epsilon in epsilons:
        add(f"private, epsilon {epsilon:g}", lambda epsilon=epsilon: private(epsilon))
    add("not private", lambda: learnt(full))
    add("not private, texts alone", lambda: learnt(replace(full, forget_identifier=1.0)))
    return {
        "items": len(items),
        "events": len(events),
        "asked": len(questions.target),
        "private_recipe": asdict(replace(PRIVATE, epochs=epochs)),
        "models": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what differential privacy costs the sequence model.")
    parser.add_argument("--epsilons", default="inf,8,2")
    parser.add_argument("--shoppers", type=int, default=3200, help="Of the demo shop's log.")
    parser.add_argument("--data", type=Path, help="A folder to measure on instead.")
    parser.add_argument("--epochs", type=int, default=PRIVATE.epochs, help="Passes of private training.")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    epsilons = [float(words) for words in chosen.epsilons.split(",")]
    results = json.loads(RESULT.read_text()) if RESULT.is_file() else {}
    if chosen.data is not None:
        results[chosen.data.name] = measured(chosen.data, epsilons, chosen.epochs)
    else:
        with tempfile.TemporaryDirectory() as folder:
            log = write_demo_log(Path(folder) / "demo", chosen.shoppers)
            results[f"demo, {chosen.shoppers:,} shoppers"] = measured(log, epsilons, chosen.epochs)
    RESULT.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
