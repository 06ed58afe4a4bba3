from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ranking_doubles import LetterEncoder

from retrieval.behaviour import item_vectors as module
from retrieval.behaviour.item_vectors import item_vectors

TEXTS = ("lamp", "chair", "table")


def made(texts: tuple[str, ...], cache: Path) -> tuple[np.ndarray, list[str]]:
    encoder = LetterEncoder()
    return item_vectors(texts, encoder, cache, lambda line: None), encoder.encoded


def test_only_texts_that_no_catalogue_had_are_encoded(tmp_path: Path) -> None:
    vectors, encoded = made(TEXTS, tmp_path)
    assert encoded == list(TEXTS)
    again, encoded = made(("table", "sofa", "lamp"), tmp_path)
    assert encoded == ["sofa"]
    np.testing.assert_array_equal(again[[2, 0]], vectors[[0, 2]])
    np.testing.assert_array_equal(again, LetterEncoder().encode(("table", "sofa", "lamp")))


def test_vectors_of_another_encoder_are_not_taken(tmp_path: Path) -> None:
    made(TEXTS, tmp_path)
    other = LetterEncoder()
    other.fingerprint = "other"
    item_vectors(TEXTS, other, tmp_path, lambda line: None)
    assert other.encoded == list(TEXTS)


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    vectors, _ = made(TEXTS, tmp_path)
    file = next(tmp_path.rglob("*.safetensors"))
    file.write_bytes(file.read_bytes()[:30])
    again, encoded = made(TEXTS, tmp_path)
    assert encoded == list(TEXTS)
    np.testing.assert_array_equal(again, vectors)


def test_no_more_catalogues_are_kept_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 2)
    for text in "abcd":
        made((text,), tmp_path)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2
