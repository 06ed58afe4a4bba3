"""Training: the tagger, and the language model for its two tasks, understanding shoppers and explaining picks.

`python -m assistant train language-model` is `assistant.training.run.train`. What comes out is a folder that
`assistant.language_model.adapter` reads: low-rank matrices, how they were made (`card.json`, `card.md`) and the curves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from retrieval.errors import SetupError


def train_language_model(options: Mapping[str, Any], out: Path, *, resume: bool, report: Callable[[str], None]) -> Path:
    """What the command line starts: see `assistant.training.run.train`; `options` are a `Recipe`'s.

    Raises:
        SetupError: the libraries for training are not installed; see also `train`.
    """
    missing = [name for name in ("peft", "tensorboard") if find_spec(name) is None]
    if missing:
        raise SetupError(f"Training needs {' and '.join(missing)}.", "pip install 'shop-assistant[training]'")
    from assistant.training.recipe import Recipe
    from assistant.training.run import train

    return train(Recipe(**options), out, resume=resume, report=report)


def train_tagger(
    options: Mapping[str, Any], out: Path, *, start: Path | None, report: Callable[[str], None]
) -> Mapping[str, Any]:
    """What the command line starts: see `assistant.training.tagger`; `options` are a `TaggerRecipe`'s.

    Returns:
        The result card.

    Raises:
        SetupError: peft is not installed, or nobody can read `start`.
    """
    if find_spec("peft") is None:
        raise SetupError("Training the tagger needs peft.", "pip install 'shop-assistant[training]'")
    if start is not None and not start.is_file():
        raise SetupError(f"There is no file {start}.", "Name the tagger.safetensors of an earlier training.")
    from assistant.training.tagger import TaggerRecipe
    from assistant.training.tagger import train_tagger as train

    return train(out, TaggerRecipe(**options), start=start, report=report)
