from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from retrieval.embedding import PACKAGED, Encoder
from retrieval.errors import SetupError


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(PACKAGED)


@pytest.mark.weights
def test_vectors_have_unit_length_and_keep_the_order_of_the_texts(encoder: Encoder) -> None:
    texts = ["a red desk lamp", "an ultralight laptop with a very long description " * 20, "kettle"]
    vectors = encoder.encode(texts)
    assert vectors.shape == (3, encoder.dimension) == (3, 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    alone = np.stack([encoder.encode([text])[0] for text in texts])
    assert vectors == pytest.approx(alone, abs=1e-4)


@pytest.mark.weights
def test_what_means_the_same_is_nearer_than_what_does_not(encoder: Encoder) -> None:
    query = encoder.encode_query("notebook computer")
    laptop, kettle = encoder.encode(["Zenbook 14 laptop, 16 GB RAM", "Steel kettle, 1.7 litres"])
    assert query @ laptop > query @ kettle + 0.2


@pytest.mark.weights
def test_no_text_gives_no_vectors(encoder: Encoder) -> None:
    assert encoder.encode([]).shape[0] == 0


@pytest.mark.weights
def test_an_encoder_from_a_folder_works_without_any_network(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(encoder.folder, tmp_path / "model"))

    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    copied = Encoder(str(folder))
    assert copied.encode_query("lamp") == pytest.approx(encoder.encode_query("lamp"), abs=1e-5)
    assert copied.fingerprint == encoder.fingerprint


def test_the_fingerprint_changes_with_the_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"one")
    before = Encoder(str(tmp_path)).fingerprint
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert Encoder(str(tmp_path)).fingerprint != before


def test_a_folder_that_is_no_model_is_explained(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(SetupError) as caught:
        Encoder(str(tmp_path)).encode(["text"])
    assert "ASSISTANT_ENCODER" in str(caught.value).splitlines()[-1]


@pytest.mark.parametrize("name", ["no/such/place/anywhere", "someone/a-model-that-is-not-cached"])
def test_a_model_that_is_not_there_is_explained(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(SetupError) as caught:
        Encoder(name)
    assert "ASSISTANT_ENCODER" in str(caught.value).splitlines()[-1]


def test_naming_an_encoder_loads_nothing_heavy() -> None:
    program = (
        "import sys; from retrieval.embedding import Encoder; Encoder().fingerprint; "
        "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'sentence_transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
