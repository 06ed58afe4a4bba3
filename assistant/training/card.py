"""The result card: what was trained, on what, how long, and how well it then did; as JSON, Markdown and a plot."""

from __future__ import annotations

import importlib.util
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assistant.language_model.packaged import sha256
from assistant.training.recipe import Recipe


def write_card(
    result: Path, recipe: Recipe, data: Mapping[str, object], state: Any, *, seconds: float, where: Path
) -> None:
    """Write `card.json` and `card.md` into `result`, and `curves.png` into `where`.

    Args:
        result: folder of the weights.
        recipe: how they were trained.
        data: digests and counts of the lessons.
        state: the trainer's.
        seconds: that it took, since it was last started.
        where: the training's folder.
    """
    steps = [entry for entry in state.log_history if "loss" in entry]
    evaluations = [entry for entry in state.log_history if "eval_loss" in entry]
    best: Mapping[str, Any] = max(evaluations, key=lambda entry: entry["eval_exact"], default={})
    card = {
        "recipe": asdict(recipe),
        "command": " ".join(["python -m assistant", *sys.argv[1:]]),
        "data": dict(data),
        "weights": {file.name: sha256(file) for file in sorted(result.glob("*.safetensors"))},
        "steps": state.global_step,
        "epochs": round(state.epoch or 0.0, 3),
        "minutes": round(seconds / 60, 1),
        "machine": f"{platform.machine()}, {platform.python_implementation()} {platform.python_version()}",
        "versions": {name: version(name) for name in ("torch", "transformers", "peft", "accelerate")},
        "best": {"step": best.get("step"), "loss": best.get("eval_loss"), "exact": best.get("eval_exact")},
        "validation": [{"step": e["step"], "loss": e["eval_loss"], "exact": e["eval_exact"]} for e in evaluations],
        "training": [{"step": e["step"], "loss": e["loss"]} for e in steps],
    }
    (result / "card.json").write_text(json.dumps(card, indent=1) + "\n", "utf-8")
    (result / "card.md").write_text(_markdown(card), "utf-8")
    if importlib.util.find_spec("matplotlib") is not None:
        _plot(card, where / "curves.png")


def _markdown(card: Mapping[str, Any]) -> str:
    facts = {
        "base model": card["recipe"]["model"],
        "command": f"`{card['command']}`",
        "lessons": f"{card['data']['lessons']:,} ({card['data']['tokens']:,} tokens an epoch)",
        "data": f"train `{card['data']['train']}`, validation `{card['data']['validation']}`",
        "steps": f"{card['steps']} ({card['epochs']} epochs)",
        "time": f"{card['minutes']} minutes on {card['machine']}",
        "best": f"step {card['best']['step']}: loss {card['best']['loss']}, exact-match {card['best']['exact']}",
        "weights": "; ".join(f"`{name}` {digest}" for name, digest in card["weights"].items()),
    }
    rows = "".join(f"| {name} | {value} |\n" for name, value in facts.items())
    curve = "".join(f"| {v['step']} | {v['loss']:.4f} | {v['exact']:.3f} |\n" for v in card["validation"])
    return (
        f"# Result card\n\n| | |\n|---|---|\n{rows}\n"
        "Validation, on lessons whose words and phrases are not trained on. Exact: answers that greedy decoding gives\n"
        f"token for token.\n\n| step | loss | exact |\n|---|---|---|\n{curve}"
    )


def _plot(card: Mapping[str, Any], file: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    losses, shares = figure.subplots(1, 2)
    for name in ("training", "validation"):
        losses.plot([e["step"] for e in card[name]], [e["loss"] for e in card[name]], label=name)
    losses.set(xlabel="step", ylabel="loss", yscale="log")
    losses.legend()
    shares.plot([e["step"] for e in card["validation"]], [e["exact"] for e in card["validation"]])
    shares.set(xlabel="step", ylabel="exact-match on validation", ylim=(0, 1))
    figure.savefig(file, dpi=120)
