"""The libraries of the `evaluation` extra, imported when they are needed."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from retrieval.errors import SetupError

_FIX = "Run 'pip install \"shop-assistant[evaluation]\"'."


def sklearn() -> Any:
    """scikit-learn, with the parts that evaluation uses.

    Raises:
        SetupError: it is not installed.
    """
    try:
        for part in ("linear_model", "pipeline", "feature_extraction.text", "metrics"):
            import_module(f"sklearn.{part}")
        return import_module("sklearn")
    except ModuleNotFoundError as error:
        raise SetupError("Evaluating intents needs scikit-learn.", _FIX) from error


def pyplot() -> Any:
    """matplotlib's pyplot, drawing without a screen.

    Raises:
        SetupError: it is not installed.
    """
    try:
        import_module("matplotlib").use("svg")
        return import_module("matplotlib.pyplot")
    except ModuleNotFoundError as error:
        raise SetupError("The HTML report needs matplotlib.", _FIX) from error
