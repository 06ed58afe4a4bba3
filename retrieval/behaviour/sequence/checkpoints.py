"""Where a training stands, on disk after every pass. A process killed at any time leaves a whole checkpoint or none."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from retrieval.behaviour.sequence.network import SequenceNetwork
from retrieval.behaviour.sequence.recipe import SequenceRecipe
from retrieval.errors import SetupError

if TYPE_CHECKING:
    from accelerate import Accelerator  # type: ignore[import-untyped]

_PROGRESS = "progress.json"
_BEST = "best.safetensors"
_FIX = "Name another --out, or leave out --resume."


@dataclass(slots=True)
class Progress:
    """How far a training has come.

    Attributes:
        recipe: of the training.
        passes: over the log, so far.
        best_pass: the one of the best nDCG@10, counted from 1; 0: none yet.
        history: figures of each pass.
        best_weights: the network's after `best_pass`.
    """

    recipe: SequenceRecipe
    passes: int = 0
    best_pass: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best_weights: dict[str, Tensor] = field(default_factory=dict)

    def note(self, figures: dict[str, float], network: SequenceNetwork) -> None:
        """Take down one more pass."""
        self.passes += 1
        self.history.append(figures)
        if not self.best_pass or figures["ndcg@10"] > self.history[self.best_pass - 1]["ndcg@10"]:
            self.best_pass = self.passes
            self.best_weights = {name: part.detach().cpu().clone() for name, part in network.state_dict().items()}


def keep(folder: Path, progress: Progress, accelerator: Accelerator) -> None:
    """Write a checkpoint in place of the one before it."""
    new = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    accelerator.save_state(str(new))
    save_file(progress.best_weights, new / _BEST)
    told = {"recipe": asdict(progress.recipe), "best_pass": progress.best_pass, "history": progress.history}
    (new / _PROGRESS).write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    new.rename(folder)


def take_up(folder: Path, recipe: SequenceRecipe, accelerator: Accelerator) -> Progress:
    """Put the network, the optimizer and the random numbers back to where `keep` left them.

    Raises:
        SetupError: the checkpoint is damaged, or of another recipe (another number of passes may be asked for).
    """
    try:
        told = json.loads((folder / _PROGRESS).read_text(encoding="utf-8"))
        theirs = replace(SequenceRecipe(**told["recipe"]), epochs=recipe.epochs, patience=recipe.patience)
        if theirs != recipe:
            raise SetupError(f"{folder} is the checkpoint of another recipe.", f"Give the same options again. {_FIX}")
        accelerator.load_state(str(folder))
        history: list[dict[str, float]] = told["history"]
        return Progress(recipe, len(history), told["best_pass"], history, load_file(folder / _BEST))
    except (OSError, KeyError, TypeError, ValueError, RuntimeError, SafetensorError) as error:
        raise SetupError(f"The checkpoint {folder} cannot be read: {error}", _FIX) from error
