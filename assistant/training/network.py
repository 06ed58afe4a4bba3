"""The network that is trained: loaded for this machine, with low-rank matrices beside its linear layers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model, prepare_model_for_kbit_training
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from assistant.language_model.loading import loading_options
from assistant.training.recipe import Recipe


def trainable(where: str, recipe: Recipe, *, cuda: bool) -> Any:
    """The network with the weights that the recipe trains.

    LoRA on a CPU in float32; QLoRA on a GPU: the base in NF4, the low-rank matrices in float32. All weights: float32 on
    a CPU, bfloat16 on a GPU.

    Args:
        where: folder or hub id, see `assistant.language_model.loading.locate`.
        recipe: what to train.
        cuda: whether there is a GPU.
    """
    quantized = cuda and not recipe.full
    options = loading_options("nf4" if quantized else "bf16" if cuda else "none", cuda=cuda)
    network = AutoModelForCausalLM.from_pretrained(where, **options)
    network.config.use_cache = False
    if recipe.full:
        return network
    if quantized:
        network = prepare_model_for_kbit_training(network)
    return get_peft_model(network, low_rank(network, recipe))


def low_rank(network: Any, recipe: Recipe) -> LoraConfig:
    """Low-rank matrices beside every linear layer of the upper decoder layers; the output layer stays as it is."""
    layers = network.config.get_text_config(decoder=True).num_hidden_layers
    linear = {name.rpartition(".")[2] for name, part in network.named_modules() if isinstance(part, torch.nn.Linear)}
    head = {n.rpartition(".")[2] for n, part in network.named_modules() if part is network.get_output_embeddings()}
    return LoraConfig(
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        lora_dropout=0.0,
        target_modules=sorted(linear - head),
        layers_to_transform=list(range(layers - round(recipe.upper * layers), layers)),
        task_type=TaskType.CAUSAL_LM,
    )


def causal(network: Any) -> Any:
    """The causal language model itself, its low-rank matrices in place."""
    return network.get_base_model() if isinstance(network, PeftModel) else network


def save(network: Any, tokenizer: Any, folder: Path, model: str) -> None:
    """Write the adapter in float16, or, where every weight was trained, the whole model with its tokenizer.

    Args:
        network: trained.
        tokenizer: of the model.
        folder: to write to; see `assistant.language_model.adapter` for how it is read.
        model: name of the base model, for the adapter's own record.
    """
    if not isinstance(network, PeftModel):
        network.config.use_cache = True
        network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return
    network.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)  # peft's empty model card
    weights = folder / "adapter_model.safetensors"
    save_file({name: part.half() for name, part in load_file(weights).items()}, weights, {"format": "pt"})
    settings = folder / "adapter_config.json"
    held = {**json.loads(settings.read_text("utf-8")), "base_model_name_or_path": model}
    settings.write_text(json.dumps(held, indent=1, sort_keys=True) + "\n", "utf-8")
