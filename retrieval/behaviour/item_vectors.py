"""Vectors of item texts, kept between runs text by text: a catalogue of which one item changed costs one encoding."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from retrieval.behaviour.events import Floats
from retrieval.embedding import TextEncoder
from retrieval.errors import SetupError

_AT_ONCE = 256  # texts between two lines of progress
_KEPT = 8  # catalogues of one encoder whose vectors are kept, the latest
_DIGEST = 16  # bytes of a text's


def item_vectors(texts: Sequence[str], encoder: TextEncoder, cache: Path, say: Callable[[str], None]) -> Floats:
    """Unit vectors of the texts, float32 (n, d): those that the cache has of any catalogue are not made again.

    Raises:
        SetupError: the cache cannot be written, or the encoder not be loaded.
    """
    folder = cache / "item-vectors" / hashlib.sha256(encoder.fingerprint.encode()).hexdigest()[:32]
    digests = [hashlib.sha256(text.encode()).digest()[:_DIGEST] for text in texts]
    known = _known(folder, set(digests))
    missing = [place for place, digest in enumerate(digests) if digest not in known]
    for start in range(0, len(missing), _AT_ONCE):
        say(f"encoding item texts: {start:,} of {len(missing):,}")
        places = missing[start : start + _AT_ONCE]
        vectors = encoder.encode([texts[place] for place in places])
        known |= {digests[place]: vector for place, vector in zip(places, vectors, strict=True)}
    found = np.stack([known[digest] for digest in digests])
    if missing:
        _keep(folder, digests, found)
    return found


def _known(folder: Path, wanted: set[bytes]) -> dict[bytes, Floats]:
    """The vectors of those texts that are there, by digest; a file that is damaged has none."""
    known: dict[bytes, Floats] = {}
    for file in sorted(folder.glob("*.safetensors"), key=_age):
        try:
            kept = load_file(file)
            names, vectors = kept["digest"], kept["vector"]
        except (OSError, SafetensorError, KeyError):
            continue
        for name, vector in zip(names, vectors, strict=True):
            digest = name.tobytes()
            if digest in wanted:
                known[digest] = vector
        if len(known) == len(wanted):
            break
    return known


def _keep(folder: Path, digests: Sequence[bytes], vectors: Floats) -> None:
    """Write the vectors of a catalogue, and delete those of all but the latest few."""
    file = folder / f"{hashlib.sha256(b''.join(digests)).hexdigest()[:32]}.safetensors"
    unfinished = file.with_suffix(f".{os.getpid()}")
    names = np.frombuffer(b"".join(digests), dtype=np.uint8).reshape(-1, _DIGEST)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"digest": names, "vector": vectors}, unfinished)
        unfinished.replace(file)
        for old in sorted(folder.glob("*.safetensors"), key=_age)[_KEPT:]:
            old.unlink(missing_ok=True)
    except OSError as error:
        raise SetupError(
            f"The cache cannot be written: {error}.", "Set ASSISTANT_CACHE to a writable folder."
        ) from error


def _age(file: Path) -> float:
    """Less for what was written later."""
    return -file.stat().st_mtime
