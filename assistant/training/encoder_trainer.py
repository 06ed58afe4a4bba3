"""transformers' Trainer over batches of pairs: each text is told apart from all others of its batch."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from transformers import EarlyStoppingCallback, PrinterCallback, Trainer, TrainerCallback, TrainingArguments

from assistant.training.encoder_pairs import NO_SOURCE, Pair

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_ROUNDING = 1e-6  # scores nearer than this tie, and a tie counts against the item
_ENCODED_AT_ONCE = 64
_LOGGED_EVERY = 10

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EncoderRecipe:
    """The settings of one training.

    Attributes:
        pairs: to learn from, at most; drawn from all there are.
        words: pairs of some words of an item and the item, as a share of those.
        held: pairs to stop by, and as many others to decide by, at most.
        pool: items that a held-out pair's item is ranked among, its own and drawn ones.
        epochs: passes over the pairs.
        batch: pairs of one step; each is told apart from the others.
        learning_rate: of the low-rank matrices; None: 5e-4, and 3e-5 where every weight is trained.
        rank: of the low-rank matrices.
        full: train every weight; None: on a GPU, low-rank matrices on a CPU.
        evaluations: on the pairs to stop by, in all; as many are between two checkpoints.
        patience: evaluations without a better reciprocal rank before it stops.
        seed: of all that is drawn.
    """

    pairs: int = 20_000
    words: float = 0.2
    held: int = 1_000
    pool: int = 2_000
    epochs: int = 1
    batch: int = 64
    learning_rate: float | None = None
    rank: int = 16
    full: bool | None = None
    evaluations: int = 5
    patience: int = 2
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """Held-out pairs, and the items that each one's item is ranked among.

    Attributes:
        texts: of all items, by row.
        pairs: c of them.
        pool: int64 (p,), rows of items; those of the pairs are among them.
    """

    texts: Sequence[str]
    pairs: Sequence[Pair]
    pool: NDArray[np.int64]

    @classmethod
    def drawn(cls, texts: Sequence[str], pairs: Sequence[Pair], pool: int, seed: int) -> Questions:
        """With a pool of `pool` items, or of as many as the pairs have."""
        own = {pair.item for pair in pairs}
        others = np.setdiff1d(np.arange(len(texts)), list(own))
        more = np.random.default_rng(seed).permutation(others)[: max(0, pool - len(own))]
        return cls(texts, pairs, np.sort([*own, *more.tolist()]).astype(np.int64))

    def ranks(self, model: SentenceTransformer) -> NDArray[np.int64]:
        """int64 (c,), the place of each pair's item from 1; ties count against it, the item before it is no rival."""
        options = {"batch_size": _ENCODED_AT_ONCE, "normalize_embeddings": True, "show_progress_bar": False}
        items = model.encode_document([self.texts[row] for row in self.pool], **options)
        place = {row: n for n, row in enumerate(self.pool.tolist())}
        asked = np.empty((len(self.pairs), items.shape[1]), dtype=np.float32)
        words = np.array([pair.source == NO_SOURCE for pair in self.pairs], dtype=np.bool_)
        for encode, chosen in ((model.encode_query, words), (model.encode_document, ~words)):
            if chosen.any():
                asked[chosen] = encode([self.pairs[n].asked for n in np.flatnonzero(chosen).tolist()], **options)
        scores = asked @ items.T
        for n, pair in enumerate(self.pairs):
            if pair.source in place:
                scores[n, place[pair.source]] = -np.inf
        own = scores[np.arange(len(scores)), [place[pair.item] for pair in self.pairs]]
        found: NDArray[np.int64] = (scores >= own[:, None] - _ROUNDING).sum(axis=1)
        return found


class PairTrainer(Trainer):  # type: ignore[misc]  # transformers is not followed
    """Trains on whole batches, in the order given, and evaluates by ranking held-out pairs."""

    def __init__(self, questions: Questions, **options: Any) -> None:
        super().__init__(**options)
        self._questions = questions
        self._loss = MultipleNegativesRankingLoss(self.model)

    def compute_loss(self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, **_: Any) -> Any:
        """The mean cross-entropy of each pair's item among all items of the batch."""
        loss = self._loss([inputs["asked"], inputs["items"]], None)
        return (loss, {}) if return_outputs else loss

    def evaluate(self, *_: Any, **__: Any) -> dict[str, float]:
        """MRR and recall@10 of the held-out pairs."""
        ranks = self._questions.ranks(self.model)
        found = {"eval_mrr": float((1 / ranks).mean()), "eval_recall@10": float((ranks <= 10).mean())}
        self.log(dict(found))
        self.control: Any = self.callback_handler.on_evaluate(self.args, self.state, self.control, found)
        return found


class _Progress(TrainerCallback):  # type: ignore[misc]
    """Says how it goes, in lines."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._began, self._from = time.monotonic(), 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Note where it starts: a resumed training does not start at 0."""
        self._began, self._from = time.monotonic(), state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        """One line for losses, one for evaluations."""
        if "eval_mrr" in logs:
            self._report(f"  held-out pairs: MRR {logs['eval_mrr']:.4f}, recall@10 {logs['eval_recall@10']:.4f}")
        elif "loss" in logs:
            done = max(state.global_step - self._from, 1)
            left = (time.monotonic() - self._began) / done * (state.max_steps - state.global_step)
            self._report(
                f"step {state.global_step}/{state.max_steps}: loss {logs['loss']:.3f}, {left / 60:.0f} min left"
            )


def train_pairs(
    model: SentenceTransformer,
    taught: Sequence[list[tuple[str, str]]],
    questions: Questions,
    recipe: EncoderRecipe,
    out: Path,
    *,
    full: bool,
    checkpoint: str | None,
    report: Report,
) -> list[dict[str, float]]:
    """Train a model in place; it has the weights of the best evaluation afterwards.

    Args:
        model: an encoder; where it holds low-rank matrices, they alone are trained.
        taught: batches, in the order they are taught in.
        questions: to stop by.
        recipe: how.
        out: folder for `checkpoints` and TensorBoard's `logs`.
        full: whether every weight is trained.
        checkpoint: a checkpoint of the same training to go on from.
        report: receives progress lines.

    Returns:
        Of each evaluation: step, mrr, recall@10.
    """

    def collate(batch: list[list[tuple[str, str]]]) -> dict[str, Any]:
        asked, items = zip(*batch[0], strict=True)
        return {"asked": model.preprocess(list(asked)), "items": model.preprocess(list(items))}

    trainer = PairTrainer(
        questions,
        model=model,
        args=_arguments(recipe, out, len(taught), full=full),
        train_dataset=list(taught),
        eval_dataset=[],
        data_collator=collate,
        callbacks=[EarlyStoppingCallback(recipe.patience), _Progress(report)],
    )
    trainer.remove_callback(PrinterCallback)  # it writes to standard output, which is the card's
    trainer.train(resume_from_checkpoint=checkpoint)
    return [
        {"step": entry["step"], "mrr": entry["eval_mrr"], "recall@10": entry["eval_recall@10"]}
        for entry in trainer.state.log_history
        if "eval_mrr" in entry
    ]


def _arguments(recipe: EncoderRecipe, out: Path, steps: int, *, full: bool) -> TrainingArguments:
    os.environ["TENSORBOARD_LOGGING_DIR"] = str(out / "logs")
    cuda = torch.cuda.is_available()
    every = max(1, steps // recipe.evaluations)
    return TrainingArguments(
        output_dir=str(out / "checkpoints"),
        max_steps=steps,
        per_device_train_batch_size=1,  # a batch of pairs is one example here
        train_sampling_strategy="sequential",
        learning_rate=recipe.learning_rate or (3e-5 if full else 5e-4),
        lr_scheduler_type="linear",
        warmup_steps=0.1,
        weight_decay=0.01,
        max_grad_norm=1.0,
        eval_strategy="steps",
        eval_steps=every,
        save_strategy="steps",
        save_steps=every,
        save_total_limit=2,
        load_best_model_at_end=True,
        metric_for_best_model="mrr",
        greater_is_better=True,
        logging_steps=_LOGGED_EVERY,
        report_to=["tensorboard"],
        disable_tqdm=True,
        use_cpu=not cuda,
        bf16=cuda,
        remove_unused_columns=False,
        dataloader_pin_memory=cuda,
        seed=recipe.seed,
        data_seed=recipe.seed,
    )
