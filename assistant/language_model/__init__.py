"""The language model: one protocol, two implementations."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from assistant.settings import Settings

# OpenMP's threads spin while they wait for each other; where another process wants the cores, that made decoding more
# than ten times slower. Read when torch is loaded, so set before.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in two parts, so that the first can be computed once.

    Attributes:
        fixed: the system message: the same for every call of one task; its key-value cache is kept.
        asked: the user message: what differs from call to call.
    """

    fixed: str
    asked: str


@dataclass(slots=True)
class Usage:
    """What one generation cost; filled in as it runs, final once the stream has ended."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    seconds_to_first_token: float = 0.0
    stopped_by: str = ""  # "end", "stop", "limit", "cancel"


@dataclass(slots=True)
class Generation:
    """A running generation: iterate over it for pieces of text; `usage` is complete afterwards."""

    pieces: Iterator[str]
    usage: Usage = field(default_factory=Usage)

    def __iter__(self) -> Iterator[str]:
        return self.pieces

    def text(self) -> str:
        """Run it to its end and return the whole text."""
        return "".join(self.pieces)


class LanguageModel(Protocol):
    """A causal language model that can be held to a JSON schema and streams its answer."""

    name: str

    def load(self) -> object:
        """Make it ready now rather than at the first generation; does nothing the second time.

        Raises:
            SetupError: it does not exist, cannot be read or does not fit.
        """
        ...

    def generate(
        self,
        prompt: Prompt,
        *,
        max_tokens: int,
        schema: Mapping[str, Any] | None = None,
        stop: Sequence[str] = (),
        temperature: float = 0.0,
        seed: int = 0,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Generation:
        """Generate an answer.

        Args:
            prompt: see `Prompt`.
            max_tokens: most tokens to generate.
            schema: JSON schema the answer must conform to; None: free text.
            stop: texts that end the answer; they are not part of it.
            temperature: 0 is greedy.
            seed: for temperatures above 0.
            cancelled: asked before every token; True ends the stream at once.

        Raises:
            LanguageModelUnavailable: the model cannot answer now; the caller falls to its next rung.
        """
        ...


class LanguageModelUnavailable(RuntimeError):
    """The model cannot answer now (endpoint down, out of memory, timeout). Expected; callers have a next rung."""


class LanguageModelBusy(LanguageModelUnavailable):
    """The model works, for others: this once it did not come to this caller in time."""


def load_language_model(settings: Settings) -> LanguageModel | None:
    """The model that the settings name, not loaded yet: that happens at its first generation, or by its `load()`.

    Returns:
        None when the settings say 'none': the assistant runs on rules and records alone.

    Raises:
        SetupError: the endpoint does not answer its canary, or the adapter's folder holds none.
    """
    if settings.language_model_url is not None:
        from assistant.language_model.endpoint import EndpointModel

        key = settings.language_model_key.get_secret_value() if settings.language_model_key else None
        return EndpointModel.connect(
            settings.language_model_url, settings.language_model, key=key, timeout=settings.language_model_timeout
        )
    if settings.language_model == "none":
        return None
    from assistant.language_model.adapter import adapter_folder
    from assistant.language_model.local import LocalModel

    return LocalModel(settings.language_model, settings.quantization, adapter=adapter_folder(settings))
