"""Small trainings of the packaged model side by side: ranks, layers, all weights, keys and their order.

    python -m benchmarks.training_variants [--lessons 640] [--held 100] [--only NAME]

Each learns the same utterances (written by hand; one pass) and is asked the same held ones: `exact` is the share of
answers of which greedy decoding gives every token. Far too short to be good: it tells variants apart, not how good a
long training is. `answer_tokens` is what an answer costs; losses compare within one form of the answer only.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

from transformers import AutoTokenizer

from assistant.labelled import serialisation
from assistant.labelled.generate import by_hand
from assistant.labelled.serialisation import understanding_pair
from assistant.language_model.loading import locate
from assistant.settings import PACKAGED
from assistant.training import network
from assistant.training.lessons import Lesson
from assistant.training.recipe import Recipe
from assistant.training.run import train_on
from prompts import render

_SHORT = serialisation.KEYS
_LONG = {name: name for name in _SHORT.values()}
_TURNED = dict(reversed(list(_SHORT.items())))
_RECIPE = Recipe(epochs=1.0, understand=0, explain=0, evaluate_every=10_000)
_ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
# name: recipe, keys of the answer, modules that are adapted (None: all linear ones)
_VARIANTS: dict[str, tuple[Recipe, Mapping[str, str], list[str] | None]] = {
    "rank 16, upper two thirds, short keys": (_RECIPE, _SHORT, None),
    "rank 4": (replace(_RECIPE, rank=4), _SHORT, None),
    "rank 64": (replace(_RECIPE, rank=64), _SHORT, None),
    "attention alone": (_RECIPE, _SHORT, _ATTENTION),
    "all layers": (replace(_RECIPE, upper=1.0), _SHORT, None),
    "all weights": (replace(_RECIPE, full=True, learning_rate=1e-4), _SHORT, None),
    "long keys": (_RECIPE, _LONG, None),
    "keys in the other order": (_RECIPE, _TURNED, None),
}


def measure(lessons: int, held: int, names: list[str]) -> dict[str, Any]:
    """One row for each variant."""
    tokenizer = AutoTokenizer.from_pretrained(locate(PACKAGED, report=lambda line: None))
    drawn = random.Random(_RECIPE.seed)
    told, asked = (drawn.sample(by_hand(split), count) for split, count in (("train", lessons), ("validation", held)))
    rows = []
    for name in names:
        recipe, keys, modules = _VARIANTS[name]
        serialisation.KEYS = dict(keys)  # a variant of the one place that decides the form
        fixed = render("understand_trained")
        learning, holding = (
            [Lesson("understand", fixed, *understanding_pair(example)) for example in part] for part in (told, asked)
        )
        spent = [len(tokenizer.encode(lesson.answer)) for lesson in holding]
        began = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder, adapted(modules), redirect_stdout(sys.stderr):
            trained = train_on(learning, holding, recipe, Path(folder), report=lambda line: None)
            last = json.loads((trained / "card.json").read_text("utf-8"))["validation"][-1]
        rows.append(
            {
                "variant": name,
                "exact": round(last["exact"], 3),
                "loss": round(last["loss"], 3),
                "answer_tokens": round(statistics.mean(spent), 1),
                "minutes": round((time.perf_counter() - began) / 60, 1),
            }
        )
    return {"lessons": lessons, "held": held, "rows": rows}


@contextmanager
def adapted(modules: list[str] | None) -> Iterator[None]:
    """While it lasts, only these modules get low-rank matrices; None: all that the recipe means."""
    plain: Callable[..., Any] = network.low_rank

    def chosen(model: Any, recipe: Recipe) -> Any:
        settings = plain(model, recipe)
        settings.target_modules = set(modules) if modules else settings.target_modules
        return settings

    network.low_rank = chosen
    try:
        yield
    finally:
        network.low_rank = plain


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--lessons", type=int, default=640)
    arguments.add_argument("--held", type=int, default=100)
    arguments.add_argument("--only", choices=list(_VARIANTS), action="append")
    chosen = arguments.parse_args()
    print(json.dumps(measure(chosen.lessons, chosen.held, chosen.only or list(_VARIANTS)), indent=1))
