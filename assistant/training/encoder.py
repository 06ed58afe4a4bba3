"""Fine-tunes the item encoder on what shoppers did, and keeps the result only if it wins on what was held out."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import set_seed
from transformers.trainer_utils import get_last_checkpoint

from assistant.language_model.packaged import sha256
from assistant.progress import Say
from assistant.settings import Settings
from assistant.training.encoder_pairs import (
    NO_SOURCE,
    Pair,
    Pairs,
    batches,
    pairs_of_folder,
    pairs_of_shop,
    word_pairs,
)
from assistant.training.encoder_trainer import EncoderRecipe, Questions, train_pairs
from retrieval.embedding import Encoder, load_model
from retrieval.errors import SetupError
from retrieval.ranking_evaluation.measures import Estimate, Means

_STATE = "training.json"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of the held-out pairs before and after the training.

    Attributes:
        difference: after less before, pair by pair, with its 95 % bootstrap interval over shoppers.
    """

    before: float
    after: float
    difference: Estimate

    @classmethod
    def of(cls, before: NDArray[np.float64], after: NDArray[np.float64], shoppers: Sequence[str]) -> Compared:
        """Of one value for each pair, (c,), and whose pair it is."""
        means = Means(np.unique(list(shoppers), return_inverse=True)[1].astype(np.int32), seed=0)
        key = ("mixed", ("difference", None))
        means.over_cases(key, after - before, np.ones(len(after), dtype=np.bool_))
        return cls(float(before.mean()), float(after.mean()), means.estimates()[key])


def train_encoder(
    settings: Settings,
    recipe: EncoderRecipe,
    out: Path,
    data: Path | None,
    *,
    resume: bool = False,
    say: Say = lambda line: None,
) -> dict[str, Any]:
    """Train the encoder that the settings name.

    Args:
        settings: name the encoder, the data folder and the database.
        recipe: how.
        out: folder for card.json, for TensorBoard's `logs` and the `checkpoints`; and for `encoder`, in
            sentence-transformers layout with the low-rank matrices added to its weights, if it is kept.
        data: see `encoder_pairs.pairs_of_folder`; None: the shop's own log.
        resume: go on from the last checkpoint in `out`.
        say: receives progress lines.

    Returns:
        The card.

    Raises:
        SetupError: there is too little to learn from, or `out` holds a training (another one, when resuming).
    """
    began = time.monotonic()
    encoder = Encoder(settings.encoder)
    if data is None:
        pairs = pairs_of_shop(settings, recipe.pairs, recipe.held, recipe.seed)
    else:
        pairs = pairs_of_folder(data, recipe.pairs, recipe.held, recipe.seed)
    mine = {"recipe": asdict(recipe), "from": encoder.fingerprint, "data": pairs.digest()}
    _claim(out, mine, resume=resume)
    say(f"{len(pairs.train):,} pairs to learn from, {len(pairs.valid):,} to stop by, {len(pairs.test):,} to decide by")
    model = load_model(encoder.folder)
    test = Questions.drawn(pairs.texts, pairs.test, recipe.pool, recipe.seed)
    words = Questions(pairs.texts, word_pairs(_some(test), len(pairs.test), random.Random(recipe.seed + 1)), test.pool)
    before = test.ranks(model), words.ranks(model)
    evaluations, full = _train(model, pairs, recipe, out, resume=resume, say=say)
    compared = _compare(before, (test.ranks(model), words.ranks(model)), [pair.shopper for pair in pairs.test])
    kept, reason = verdict(compared)
    say(reason)
    if kept:
        model.save_pretrained(str(out / "encoder"))
    card = mine | {
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "kept": kept,
        "reason": reason,
        "compared": {name: asdict(figure) for name, figure in compared.items()},
        "pairs": {part: len(getattr(pairs, part)) for part in ("train", "valid", "test")},
        "trained": "every weight" if full else "low-rank matrices",
        "evaluations": evaluations,
        "encoder": Encoder(str(out / "encoder")).fingerprint if kept else None,
        "weights": sha256(out / "encoder" / "model.safetensors") if kept else None,
        "versions": {name: version(name) for name in ("torch", "transformers", "sentence-transformers", "peft")},
        "seconds": round(time.monotonic() - began),
    }
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    return card


def verdict(compared: Mapping[str, Compared]) -> tuple[bool, str]:
    """Whether a trained encoder is kept, and why.

    Args:
        compared: "mrr" of what shoppers turned to; "mrr of words", if any, of items asked for by some of their words.
    """
    gain, words = compared["mrr"].difference, None
    told = f"MRR of what shoppers turned to {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
    if "mrr of words" in compared:
        words = compared["mrr of words"].difference
        told += f", of items by some of their words {words.value:+.4f} [{words.low:+.4f}, {words.high:+.4f}]"
    if gain.low <= 0:
        return False, f"Not kept, for it is not better: {told}."
    if words is not None and words.high < 0:
        return False, f"Not kept, for it finds items worse by their words: {told}."
    return True, f"Kept: {told}."


def _compare(
    before: tuple[NDArray[np.int64], ...], after: tuple[NDArray[np.int64], ...], shoppers: Sequence[str]
) -> dict[str, Compared]:
    """Of ranks of the pairs and ranks by words: the figures that are told and decided by."""
    found = {
        "mrr": Compared.of(1 / before[0], 1 / after[0], shoppers),
        "recall@10": Compared.of((before[0] <= 10).astype(float), (after[0] <= 10).astype(float), shoppers),
    }
    if len(before[1]):  # titles may be too short to ask with some of their words
        found["mrr of words"] = Compared.of(1 / before[1], 1 / after[1], [str(n) for n in range(len(before[1]))])
    return found


def _some(questions: Questions) -> list[str]:
    """The texts of the pool in their rows; all others blank, so that none of them is asked for."""
    wanted = set(questions.pool.tolist())
    return [text if row in wanted else "" for row, text in enumerate(questions.texts)]


def _train(
    model: Any, pairs: Pairs, recipe: EncoderRecipe, out: Path, *, resume: bool, say: Say
) -> tuple[list[dict[str, float]], bool]:
    """Train in place; the evaluations, and whether every weight was trained."""
    full = torch.cuda.is_available() if recipe.full is None else recipe.full
    set_seed(recipe.seed)
    low_rank = None if full else _low_rank(model, recipe.rank)
    last = get_last_checkpoint(str(out / "checkpoints")) if resume else None
    found = train_pairs(
        model,
        _taught(model, pairs, recipe),
        Questions.drawn(pairs.texts, pairs.valid, recipe.pool // 2, recipe.seed),
        recipe,
        out,
        full=full,
        checkpoint=last,
        report=say,
    )
    if low_rank is not None:
        low_rank.merge_and_unload()
    return found, full


def _low_rank(model: Any, rank: int) -> Any:
    """Low-rank matrices beside the linear layers of the model, put there in place; nothing else of it is trained."""
    from peft import LoraConfig, get_peft_model

    settings = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", exclude_modules=".*pooler.*")
    return get_peft_model(model.transformers_model, settings)


def _taught(model: Any, pairs: Pairs, recipe: EncoderRecipe) -> list[list[tuple[str, str]]]:
    """The batches of all epochs; of two items, either may be asked with; new words are drawn in each epoch."""
    rng = random.Random(recipe.seed)
    prompts = {name: model.prompts.get(name) or "" for name in ("query", "document")}

    def texts(pair: Pair) -> tuple[str, str]:
        item = prompts["document"] + pairs.texts[pair.item]
        if pair.source == NO_SOURCE:
            return prompts["query"] + pair.asked, item
        both = prompts["document"] + pair.asked, item
        return both if rng.random() < 0.5 else (both[1], both[0])

    taught: list[list[tuple[str, str]]] = []
    for _ in range(recipe.epochs):
        told = [*pairs.train, *word_pairs(pairs.texts, round(recipe.words * len(pairs.train)), rng)]
        rng.shuffle(told)
        taught += batches([texts(pair) for pair in told], recipe.batch)
    return taught


def _claim(out: Path, mine: Mapping[str, Any], *, resume: bool) -> None:
    """Note in `out` what is trained there; refuse to mix it with another training."""
    note = out / _STATE
    if not note.is_file():
        out.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(mine, indent=1) + "\n", "utf-8")
        return
    if not resume or (out / "card.json").is_file():
        raise SetupError(f"{out} holds a training already.", "Name another --out, or --resume one that was broken off.")
    if json.loads(note.read_text("utf-8")) != mine:
        raise SetupError(
            f"{out} holds a training with other options, of another encoder or on other data: {note}.",
            "Give --resume the options that the training was started with, or name another --out.",
        )
