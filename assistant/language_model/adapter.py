"""Adapters: low-rank matrices that a training wrote (`assistant.training`), added to a model's weights at loading.

A folder with `adapter_config.json` and `adapter_model.safetensors`, as peft writes it. Adding the matrices takes a
fraction of a second and needs nothing but torch; only a base that is itself quantized keeps them beside it, by peft.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.language_model.packaged import sha256
from assistant.settings import PACKAGED
from retrieval.errors import SetupError

if TYPE_CHECKING:
    from assistant.settings import Settings

_SHIPPED = Path(__file__).parents[1] / "adapters" / "smollm2"
_SETTINGS = "adapter_config.json"
_WEIGHTS = "adapter_model.safetensors"
_ANOTHER = "Set ASSISTANT_ADAPTER to the folder of an adapter made for this model, or to 'none'."


def adapter_folder(settings: Settings) -> Path | None:
    """The adapter that the settings name: 'packaged' is the shipped one, which fits the packaged model alone.

    Returns:
        None when there is none: 'none', an endpoint, or 'packaged' with another model.

    Raises:
        SetupError: the folder holds no adapter.
    """
    if settings.adapter == "none" or settings.language_model_url is not None or settings.language_model == "none":
        return None
    if settings.adapter == PACKAGED:
        shipped = settings.language_model == PACKAGED and (_SHIPPED / _SETTINGS).is_file()
        return _SHIPPED if shipped else None
    folder = Path(settings.adapter).expanduser()
    if not (folder / _SETTINGS).is_file() or not (folder / _WEIGHTS).is_file():
        raise SetupError(f"The folder {folder} holds no adapter: {_SETTINGS} or {_WEIGHTS} is missing.", _ANOTHER)
    return folder


def adapter_fingerprint(settings: Settings) -> str | None:
    """The first 12 digits of the SHA-256 of the adapter's weights; None where there is no adapter.

    Raises:
        SetupError: see `adapter_folder`.
    """
    folder = adapter_folder(settings)
    return None if folder is None else sha256(folder / _WEIGHTS)[:12]


def add_low_rank(network: Any, folder: Path) -> None:
    """Add an adapter to the weights of an unquantized network, in place: W + (alpha / r) B A for each of its layers.

    Raises:
        SetupError: the adapter is no plain LoRA, or was made for another model.
    """
    import torch
    from safetensors.torch import load_file

    held = json.loads((folder / _SETTINGS).read_text("utf-8"))
    plain = held.get("peft_type") == "LORA" and not held.get("use_dora") and held.get("bias", "none") == "none"
    if not plain or held.get("fan_in_fan_out") or held.get("modules_to_save"):
        raise SetupError(f"The adapter {folder} is no plain LoRA adapter.", _ANOTHER)
    root = held["r"] ** 0.5 if held.get("use_rslora") else held["r"]
    scale = held["lora_alpha"] / root
    parts = load_file(folder / _WEIGHTS)
    for name in sorted(name for name in parts if name.endswith(".lora_A.weight")):
        down, up = parts[name].float(), parts[name.replace(".lora_A.", ".lora_B.")].float()
        layer = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        try:
            weight = network.get_submodule(layer).weight
            with torch.no_grad():
                weight += (scale * (up @ down)).to(weight)
        except (AttributeError, RuntimeError) as error:
            raise SetupError(f"The adapter {folder} does not fit the model: {layer}: {error}", _ANOTHER) from error


def keep_beside(network: Any, folder: Path) -> Any:
    """A quantized network with an adapter beside its layers: low-rank sums cannot go into four-bit weights.

    Raises:
        SetupError: peft is not installed, or the adapter was made for another model.
    """
    try:
        from peft import PeftModel
    except ImportError as error:
        raise SetupError(
            "An adapter beside a quantized model needs peft.",
            "pip install 'shop-assistant[training]', or set ASSISTANT_QUANTIZATION=none.",
        ) from error
    try:
        return PeftModel.from_pretrained(network, folder)
    except (RuntimeError, ValueError) as error:
        raise SetupError(f"The adapter {folder} does not fit the model: {error}", _ANOTHER) from error
