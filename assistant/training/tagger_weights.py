"""The trained weights of the tagger: put beside the encoder's, written to a file, read to go on from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from assistant.tagger.network import Heads
from retrieval.errors import SetupError


def with_low_rank(folder: Path, rank: int) -> Any:
    """The encoder with low-rank matrices beside its linear layers; nothing else of it is trained."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModel

    settings = LoraConfig(
        r=rank,
        lora_alpha=2 * rank,
        target_modules=["query", "key", "value", "dense"],
        exclude_modules=".*pooler.*",
    )
    network = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    return get_peft_model(network, settings)


def parts_of(network: Any, heads: Heads) -> dict[str, torch.Tensor]:
    """The trained weights by the names that `assistant.tagger.tagger` reads: each product is up @ down."""
    held = {f"heads.{name}": part for name, part in heads.state_dict().items()}
    for name, module in network.base_model.model.named_modules():
        if hasattr(module, "lora_A"):
            scale = module.scaling["default"]
            held[f"{name}.down"] = module.lora_A["default"].weight.detach()
            held[f"{name}.up"] = module.lora_B["default"].weight.detach() * scale
    return held


def go_on_from(file: Path, network: Any, heads: Heads, encoder: str) -> None:
    """Put written weights into a network that `with_low_rank` gave, and into heads.

    Args:
        file: that `write` wrote.
        network, heads: to be filled.
        encoder: fingerprint of the encoder that the network is.

    Raises:
        SetupError: the file was made for another encoder, or has another rank.
    """
    from safetensors import safe_open

    with safe_open(file, "pt") as held:
        made_for = (held.metadata() or {}).get("encoder")
        parts = {name: held.get_tensor(name).float() for name in held.keys()}  # noqa: SIM118  # no mapping
    if made_for != encoder:
        raise SetupError(f"{file} was made for another encoder.", "Leave --start out.")
    try:
        for name, module in network.base_model.model.named_modules():
            if hasattr(module, "lora_A"):
                module.lora_A["default"].load_state_dict({"weight": parts[f"{name}.down"]})
                up = parts[f"{name}.up"] / module.scaling["default"]
                module.lora_B["default"].load_state_dict({"weight": up})
        heads.load_state_dict({n.removeprefix("heads."): p for n, p in parts.items() if n.startswith("heads.")})
    except (KeyError, RuntimeError) as error:
        raise SetupError(f"{file} has other parts than this network: {error}", "Leave --start out.") from error


def write(parts: Mapping[str, torch.Tensor], temperature: float, out: Path, encoder: str) -> Path:
    """Write `tagger.safetensors` in half precision, as `assistant.tagger.tagger` reads it.

    Args:
        parts: as `parts_of` gives them.
        temperature: that the intents' scores are divided by.
        out: folder, made where it is missing.
        encoder: fingerprint of the encoder.
    """
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    file = out / "tagger.safetensors"
    halved = {name: part.half().contiguous() for name, part in parts.items()}
    save_file(halved, file, {"encoder": encoder, "temperature": json.dumps(round(temperature, 3))})
    return file
