"""Which files of a model's folder may be read: safetensors and GGUF hold numbers, a pickle can hold a program."""

from __future__ import annotations

from pathlib import Path

from retrieval.errors import SetupError

PICKLES = frozenset({".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})


def refuse_pickles(folder: Path, fix: str) -> None:
    """Refuse a folder of which a part has its weights in nothing but a pickle.

    Args:
        folder: of a model; its parts may lie in folders of their own.
        fix: what to do about it, see `SetupError`.

    Raises:
        SetupError: there is such a part.
    """
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() in PICKLES and not any(file.parent.glob("*.safetensors")):
            raise SetupError(f"{file} is a pickle, which could run any program; it was not opened.", fix)
