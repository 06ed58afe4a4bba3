"""What only a CUDA device can show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from tiny_model import save_tiny_model

from assistant.language_model import LanguageModelUnavailable, Prompt
from assistant.language_model.local import LocalModel

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")]
PROMPT = Prompt("You help shoppers.", "a light laptop")
SCHEMA = {
    "type": "object",
    "properties": {"a": {"enum": ["hp", "dell"]}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_model(tmp_path_factory.mktemp("tiny"))


def test_a_gpu_model_is_nf4_and_answers_on_the_device(folder: Path) -> None:
    model = LocalModel(str(folder))
    assert json.loads(model.generate(PROMPT, max_tokens=30, schema=SCHEMA).text())["a"] in {"hp", "dell"}
    network = model.load()._decoder._model
    assert type(network.model.layers[0].self_attn.q_proj).__name__ == "Linear4bit"
    assert network.device.type == "cuda"


@pytest.mark.parametrize("quantization", ["nf4", "int8", "none", "bf16"])
def test_a_cached_prefix_changes_no_token_on_a_gpu(folder: Path, quantization: str) -> None:
    model = LocalModel(str(folder), quantization)
    first, second = model.generate(PROMPT, max_tokens=16), model.generate(PROMPT, max_tokens=16)
    assert first.text() == second.text()
    assert second.usage.cached_tokens > 0


def test_a_full_gpu_is_unavailable_and_recovers(folder: Path) -> None:
    model = LocalModel(str(folder))
    model.generate(PROMPT, max_tokens=2).text()
    torch.cuda.set_per_process_memory_fraction(1e-6)
    try:
        with pytest.raises(LanguageModelUnavailable, match="memory"):
            model.generate(Prompt("another task", "laptop " * 200), max_tokens=2).text()
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert model.generate(PROMPT, max_tokens=2).text()
