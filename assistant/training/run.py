"""One training from the recipe to the result card."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, TrainingArguments, set_seed
from transformers.trainer_utils import get_last_checkpoint

from assistant.language_model.loading import locate
from assistant.language_model.packaged import SMOLLM2, Report, say
from assistant.settings import PACKAGED
from assistant.training.card import write_card
from assistant.training.lessons import Collate, Lesson, Tokens, digest, lessons
from assistant.training.network import save, trainable
from assistant.training.recipe import Recipe
from assistant.training.trainer import AnswerTrainer, Progress, SaveOften, StopWhenFlat, exact_match
from retrieval.errors import SetupError

_SAVE_SECONDS = 180.0


def train(recipe: Recipe, out: Path, *, resume: bool = False, cache: Path | None = None, report: Report = say) -> Path:
    """Train a model for both tasks.

    Args:
        recipe: how.
        out: folder for all that comes of it: `adapter` (or `model`, when every weight is trained), `card.json`,
            `card.md`, `curves.png`, TensorBoard's `logs`, `checkpoints`.
        resume: go on from the last checkpoint in `out`.
        cache: folder for models that are converted; None: see `packaged_model.default_cache`.
        report: receives progress lines.

    Returns:
        The folder of the adapter or the model.

    Raises:
        SetupError: the model cannot be found, or `out` holds the training of another recipe.
    """
    _claim(out, recipe, resume)
    report("Writing the lessons ...")
    told = lessons("train", understand=recipe.understand, explain=recipe.explain, seed=recipe.seed)
    held = _validation(recipe)
    return train_on(told, held, recipe, out, resume=resume, cache=cache, report=report)


def train_on(
    told: list[Lesson],
    held: list[Lesson],
    recipe: Recipe,
    out: Path,
    *,
    resume: bool = False,
    cache: Path | None = None,
    report: Report = say,
) -> Path:
    """`train` with lessons of one's own: `told` to learn from, `held` to validate with."""
    began = time.time()
    cuda = torch.cuda.is_available()
    where = locate(recipe.model, cache=cache, report=report)
    tokenizer = AutoTokenizer.from_pretrained(where)
    learning, validating = Tokens(told, tokenizer), Tokens(held, tokenizer)
    report(
        f"{len(learning):,} lessons, {learning.total:,} tokens; {learning.left_out} too long; {len(validating)} held"
    )
    set_seed(recipe.seed)
    network = trainable(where, recipe, cuda=cuda)
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
    trainer = AnswerTrainer(
        model=network,
        args=_arguments(recipe, out, cuda=cuda),
        train_dataset=learning,
        eval_dataset=validating,
        data_collator=Collate(padding),
        compute_metrics=exact_match,
        callbacks=[SaveOften(_SAVE_SECONDS), StopWhenFlat(recipe.patience), Progress(report)],
    )
    last = get_last_checkpoint(str(out / "checkpoints")) if resume else None
    trainer.train(resume_from_checkpoint=last)
    result = out / ("model" if recipe.full else "adapter")
    name = SMOLLM2.name if recipe.model == PACKAGED else recipe.model
    save(trainer.model, tokenizer, result, name)
    data = {"train": digest(told), "validation": digest(held), "lessons": len(learning), "tokens": learning.total}
    write_card(result, recipe, data, trainer.state, seconds=time.time() - began, where=out)
    report(f"Written to {result}.")
    return result


def _validation(recipe: Recipe) -> list[Lesson]:
    """Held-out lessons, both tasks in the proportion that they are learnt in; those written by hand come first."""
    explain = round(recipe.validation * recipe.explain / max(recipe.explain + recipe.understand, 1))
    told = lessons("validation", understand=recipe.validation, explain=explain, seed=recipe.seed)
    understand = [lesson for lesson in told if lesson.task == "understand"][: recipe.validation - explain]
    return understand + told[len(told) - explain :]


def _arguments(recipe: Recipe, out: Path, *, cuda: bool) -> TrainingArguments:
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(out / "logs")
    return TrainingArguments(
        output_dir=str(out / "checkpoints"),
        num_train_epochs=recipe.epochs,
        per_device_train_batch_size=recipe.batch,
        per_device_eval_batch_size=recipe.batch,
        train_sampling_strategy="group_by_length",
        learning_rate=recipe.learning_rate,
        lr_scheduler_type="linear",
        warmup_steps=0.05,
        weight_decay=0.0,
        max_grad_norm=1.0,
        eval_strategy="steps",
        eval_steps=recipe.evaluate_every,
        save_strategy="steps",
        save_steps=recipe.evaluate_every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="exact",
        greater_is_better=True,
        logging_steps=10,
        report_to=["tensorboard"],
        disable_tqdm=True,
        use_cpu=not cuda,
        bf16=cuda,
        label_names=["labels"],
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        seed=recipe.seed,
        data_seed=recipe.seed,
    )


def _claim(out: Path, recipe: Recipe, resume: bool) -> None:
    """Note the recipe in `out`; refuse to go on with another one's checkpoints, or to overwrite what is there."""
    note = out / "recipe.json"
    mine: dict[str, Any] = asdict(recipe)
    if note.is_file():
        if not resume:
            raise SetupError(
                f"{out} holds a training already.", "Add --resume to go on with it, or name another --out."
            )
        if json.loads(note.read_text("utf-8")) != mine:
            raise SetupError(
                f"{out} holds the training of another recipe: {note}.",
                "Give --resume the options that the training was started with, or name another --out.",
            )
        return
    out.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(mine, indent=1) + "\n", "utf-8")
