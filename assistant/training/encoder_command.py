"""`python -m assistant train encoder`."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from assistant.command_line import explained, print_json, progress
from assistant.settings import load_settings
from retrieval.errors import SetupError


def train_encoder(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of items.csv and interactions.csv (.gz or not); without it, the shop's own log."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the encoder, its result card, logs and checkpoints.")] = Path(
        "var/training/encoder"
    ),
    pairs: Annotated[int, typer.Option(min=1, help="Pairs to learn from, at most.")] = 20_000,
    held: Annotated[
        int, typer.Option(min=50, help="Pairs held out to stop by, and as many to decide by, at most.")
    ] = 1_000,
    pool: Annotated[int, typer.Option(min=50, help="Items that a held-out pair's item is ranked among.")] = 2_000,
    evaluations: Annotated[int, typer.Option(min=1, help="On the pairs to stop by, in all.")] = 5,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over them.")] = 1,
    batch: Annotated[int, typer.Option(min=2, help="Pairs of one step.")] = 64,
    learning_rate: Annotated[
        float | None, typer.Option(min=0.0, help="Default: 5e-4; 3e-5 where every weight is trained.")
    ] = None,
    rank: Annotated[int, typer.Option(min=1, help="Of the low-rank matrices.")] = 16,
    full: Annotated[
        bool | None, typer.Option("--full/--low-rank", help="Train every weight; by default on a GPU only.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in --out.")] = False,
) -> None:
    """Fine-tune the item encoder on what shoppers did; kept only if it wins on what was held out."""
    with explained():
        missing = [name for name in ("peft", "tensorboard") if find_spec(name) is None]
        if missing:
            raise SetupError(f"Training needs {' and '.join(missing)}.", "pip install 'shop-assistant[training]'")
        from assistant.training.encoder import train_encoder as start
        from assistant.training.encoder_trainer import EncoderRecipe

        recipe = EncoderRecipe(
            pairs=pairs,
            held=held,
            pool=pool,
            evaluations=evaluations,
            epochs=epochs,
            batch=batch,
            learning_rate=learning_rate,
            rank=rank,
            full=full,
            seed=seed,
        )
        card = start(load_settings(), recipe, out, data, resume=resume, say=progress)
        if card["kept"]:
            progress(f"To use it: ASSISTANT_ENCODER={out / 'encoder'} python -m assistant rebuild")
        print_json(card)
