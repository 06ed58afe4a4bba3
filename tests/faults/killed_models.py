"""Swaps of models, killed: python killed_models.py FOLDER. Prints what each start found, a line of JSON each."""

from __future__ import annotations

import sys
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

sys.path += [str(Path(__file__).parents[1] / "retrieval")]

import chromadb  # noqa: F401
from behaviour_doubles import did, put_in_service, small_model
from killing import Acknowledged, Tell, die_before, ended
from search_doubles import HashingEncoder, item

from retrieval.behaviour.bundle import Bundles
from retrieval.interactions import Session
from retrieval.query import Query
from retrieval.shop import Shop

LAMPS = tuple("abcdefgh")


def found_of_models(shop: Shop, known: Acknowledged) -> dict[str, Any]:
    """Which model answers, whether one that came later was acknowledged, and what a cut off swap left behind."""
    shop.behaviour.look()
    name = shop.behaviour.bundles.in_service()
    mine = Session("me", did("me", LAMPS[:2]))
    scores = shop.search(Query("lamp", limit=8), mine).candidates[0].scores
    folder = shop.behaviour.bundles.folder
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    return {
        "acknowledged": len(known.models),
        "lost": name in known.models[:-1] or (name is None and bool(known.models)),
        "answers": shop.behaviour.status.startswith(f"model {name}: ") and "sequence" in scores,
        "left behind": len(there - {*known.models, "in-service"}),
    }


def swap_model(folder: Path, known: Acknowledged, tell: Tell, step: int | None = None) -> None:
    """A new model into service, as `learn` puts it there; killed before a step of that."""
    model = small_model(LAMPS, seed=len(known.models))
    with Shop.open(folder, encoder=HashingEncoder()) as shop:
        shop.upsert(item(i, f"lamp {i}") for i in LAMPS)
        tell("found", found_of_models(shop, known))
    if step is not None:
        die_before(step)
    tell("models", put_in_service(folder, model))
    Bundles(folder).tidy()


def kill_models(folder: Path) -> None:
    """One swap after the other is killed, each a step later than the one before, until there is no such step."""
    known = Acknowledged()
    for _ in range(2):  # what the first replaced is deleted by the third
        assert not ended(swap_model, folder, known)
    for step in count(1):
        if not ended(partial(swap_model, step=step), folder, known):
            break
    assert not ended(swap_model, folder, known)


if __name__ == "__main__":
    kill_models(Path(sys.argv[1]))
