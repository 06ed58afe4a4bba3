"""transformers' Trainer with the loss on the answer only, and what watches it: saving, stopping, progress."""

from __future__ import annotations

import time
from typing import Any

import torch
from torch.nn import functional
from transformers import EvalPrediction, Trainer, TrainerCallback

from assistant.language_model.packaged import Report
from assistant.training.lessons import IGNORED
from assistant.training.network import causal


class AnswerTrainer(Trainer):  # type: ignore[misc]  # transformers is not followed
    """Computes logits for the answers' tokens alone: most of a lesson is prompt, and the output layer is costly."""

    loss_is_scaled_for_ga = False  # a mean over the batch

    def compute_loss(
        self, model: Any, inputs: dict[str, torch.Tensor], return_outputs: bool = False, **_: Any
    ) -> torch.Tensor | tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """The mean cross-entropy of the answers' tokens; as outputs, by lesson, whether every token was likeliest."""
        network = causal(self.accelerator.unwrap_model(model))
        stream = network.get_decoder()(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
        ).last_hidden_state
        labels = inputs["labels"][:, 1:]
        counted = labels != IGNORED
        logits = network.get_output_embeddings()(stream[:, :-1][counted]).float()
        loss = functional.cross_entropy(logits, labels[counted])
        if not return_outputs:
            return loss
        missed = torch.zeros_like(labels, dtype=torch.bool)
        missed[counted] = logits.argmax(-1) != labels[counted]
        return loss, {"loss": loss, "exact": ~missed.any(dim=1)}


def exact_match(prediction: EvalPrediction) -> dict[str, float]:
    """The share of answers that greedy decoding would give token for token: each token is the likeliest after those
    before it."""
    return {"exact": float(prediction.predictions.mean())}


class SaveOften(TrainerCallback):  # type: ignore[misc]
    """Saves a checkpoint when the last one is older than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._saved = time.monotonic()

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Ask for a checkpoint."""
        control.should_save = control.should_save or time.monotonic() - self._saved > self._seconds

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """A checkpoint was written."""
        self._saved = time.monotonic()


class StopWhenFlat(TrainerCallback):  # type: ignore[misc]
    """Stops after `patience` evaluations in a row that improved neither the loss nor the exact-match."""

    def __init__(self, patience: int) -> None:
        self._patience = patience

    def on_evaluate(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Look at all evaluations so far: a resumed training counts those before the interruption too."""
        seen = [entry for entry in state.log_history if "eval_loss" in entry]
        best_loss = min(range(len(seen)), key=lambda n: seen[n]["eval_loss"])
        best_exact = max(range(len(seen)), key=lambda n: seen[n]["eval_exact"])
        control.should_training_stop |= len(seen) - 1 - max(best_loss, best_exact) >= self._patience


class Progress(TrainerCallback):  # type: ignore[misc]
    """Says how it goes, in lines."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._began = time.monotonic()
        self._from = 0

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Note where it starts: a resumed training does not start at 0."""
        self._began, self._from = time.monotonic(), state.global_step

    def on_log(self, args: Any, state: Any, control: Any, logs: dict[str, float], **_: Any) -> None:
        """One line for losses, one for evaluations."""
        if "eval_loss" in logs:
            self._report(f"  validation: loss {logs['eval_loss']:.3f}, exact {logs['eval_exact']:.3f}")
        elif "loss" in logs:
            done = max(state.global_step - self._from, 1)
            left = (time.monotonic() - self._began) / done * (state.max_steps - state.global_step)
            self._report(
                f"step {state.global_step}/{state.max_steps}: loss {logs['loss']:.3f}, {left / 60:.0f} min left"
            )
