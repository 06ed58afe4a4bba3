"""`python -m assistant train behaviour`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from assistant.command_line import explained, print_json, progress
from assistant.settings import load_settings
from retrieval.behaviour.sequence.recipe import PRIVATE, EncoderKind, SequenceRecipe

_DEFAULT = SequenceRecipe()


def train_behaviour(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of items.csv and interactions.csv (.gz or not); without it, the shop's own log."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the model, its result card, logs and checkpoint.")] = Path(
        "var/training/behaviour"
    ),
    encoder: Annotated[EncoderKind, typer.Option(help="What reads the sequence.")] = _DEFAULT.encoder,
    width: Annotated[int, typer.Option(min=2, help="Of an item's place and of the hidden state.")] = _DEFAULT.width,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1, help=f"Passes over the log, at most {_DEFAULT.epochs}; private: exactly, {PRIVATE.epochs}."
        ),
    ] = None,
    patience: Annotated[
        int, typer.Option(min=1, help="Passes without a better nDCG@10 before it stops.")
    ] = _DEFAULT.patience,
    learning_rate: Annotated[
        float | None, typer.Option(min=0.0, help=f"{_DEFAULT.learning_rate:g}; private: {PRIVATE.learning_rate:g}.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the first weights, the order and all that is drawn.")] = _DEFAULT.seed,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint in --out.")] = False,
    private: Annotated[
        float | None,
        typer.Option(
            metavar="EPSILON",
            min=0.01,
            max=1000.0,
            help="Train under differential privacy: 1 is strict, 8 is usual; what it means is in docs/privacy.md.",
        ),
    ] = None,
) -> None:
    """Train the sequence model: what a shopper turns to next, and what she will do with it."""
    with explained():
        from assistant.training.behaviour import train_behaviour as start
        from retrieval.embedding import Encoder

        settings = load_settings()
        usual = _DEFAULT if private is None else PRIVATE
        recipe = replace(
            usual,
            encoder=encoder,
            width=width,
            epochs=usual.epochs if epochs is None else epochs,
            patience=patience,
            learning_rate=usual.learning_rate if learning_rate is None else learning_rate,
            seed=seed,
        )
        shop_encoder = Encoder(settings.encoder)
        card = start(settings, shop_encoder, recipe, out, data, resume=resume, private=private, say=progress)
        print_json(card)
