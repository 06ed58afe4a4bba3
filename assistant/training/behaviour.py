"""Trains the sequence model: on a folder of two CSV files, or on the shop's own records."""

from __future__ import annotations

import json
import time
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant.language_model.packaged import default_cache
from assistant.progress import Say
from assistant.settings import Settings
from assistant.store import open_store
from assistant.store.history import learnable
from retrieval.behaviour.events import Events, Items
from retrieval.behaviour.item_vectors import item_vectors
from retrieval.behaviour.own_log import own_log
from retrieval.behaviour.sequence.lessons import Questions, hold_out
from retrieval.behaviour.sequence.model import SequenceRanker
from retrieval.behaviour.sequence.private import train_privately
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.behaviour.sequence.training import Trained, measure, train
from retrieval.embedding import TextEncoder
from retrieval.errors import SetupError
from retrieval.ranking_evaluation.folder import read_folder
from retrieval.ranking_evaluation.splits import leave_one_out, sampled
from retrieval.records import Records
from retrieval.shop import categorised

_ASKED = 4000  # shoppers whose held-out item is asked for after each pass


def train_behaviour(
    settings: Settings,
    encoder: TextEncoder,
    recipe: SequenceRecipe,
    out: Path,
    data: Path | None,
    *,
    resume: bool = False,
    private: float | None = None,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Train, and write the model with its result card.

    Args:
        settings: its data folder and database hold the shop's own log.
        encoder: makes the vectors of the items' texts.
        recipe: how.
        out: folder for model.safetensors, config.json, card.json, TensorBoard's `logs` and the `checkpoint`.
        data: see `retrieval.ranking_evaluation.folder`: trained on the training part of its leave-one-out split,
            measured on the validation part; its test part is never looked at. None: the shop's own items and
            interactions, the last new item of some shoppers held out to measure on.
        resume: go on from the checkpoint in `out`; not with `private`, which keeps none.
        private: epsilon of differential privacy, by `retrieval.behaviour.sequence.private`; None: without.
        say: receives progress lines.

    Returns:
        The card.

    Raises:
        SetupError: the data cannot be read or is too little; `out` holds a training already and `resume` is not asked.
    """
    if (out / "card.json").is_file() or ((out / "checkpoint").is_dir() and not resume):
        raise SetupError(f"{out} holds a training already.", "Name another --out, or --resume one that was broken off.")
    if private is not None and resume:
        raise SetupError("A private training keeps nothing to go on from.", "Leave out --resume.")
    began = time.monotonic()
    items, events, questions = _own(settings, encoder, say) if data is None else _folder(data, encoder, say)
    say(f"{len(events):,} events of {len(items):,} items to learn from; {len(questions.target):,} held out")
    if private is None:
        trained = train(
            items,
            events,
            questions,
            recipe,
            report=say,
            checkpoint=out / "checkpoint",
            resume=resume,
            logs=out / "logs",
        )
        told: dict[str, Any] = {}
    else:
        model, promised = train_privately(items, events, recipe, private, say)
        figures = measure(SequenceRanker(model, items), questions)
        trained = Trained(model, recipe.epochs, (figures,), calibration={})
        told = {"privacy": asdict(promised)}
    trained.model.save(out)
    card = _card(trained, events, questions, encoder, recipe) | told | {"seconds": round(time.monotonic() - began)}
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
    say(f"written to {out}")
    return card


def _folder(data: Path, encoder: TextEncoder, say: Say) -> tuple[Items, Events, Questions]:
    split = leave_one_out(read_folder(data, encoder, default_cache(), say))
    cases = sampled(split.valid, _ASKED, seed=0)
    return split.items, split.train, Questions(cases.histories(slice(None)), cases.target)


def _own(settings: Settings, encoder: TextEncoder, say: Say) -> tuple[Items, Events, Questions]:
    with Records(settings.data_folder) as records:
        catalogue = categorised(list(records.items()))
        seen = list(records.interactions())
    with closing(open_store(settings)) as store:
        seen += learnable(store)
    vectors = item_vectors([item.text() for item in catalogue], encoder, default_cache(), say)
    items, events = own_log(catalogue, seen, vectors)
    return items, *hold_out(events, _ASKED, seed=0)


def _card(
    trained: Trained, events: Events, questions: Questions, encoder: TextEncoder, recipe: SequenceRecipe
) -> dict[str, Any]:
    return {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "recipe": asdict(recipe),
        "encoder": encoder.fingerprint,
        "events": len(events),
        "trained_until": int(events.at.max()),
        "held_out": len(questions.target),
        "best_pass": trained.best_pass,
        "passes": list(trained.history),
        "calibration": dict(trained.calibration),
    }
