"""A language model around another one, for what wants to know of its generations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assistant.language_model import Generation, LanguageModel, Prompt


class Wrapped:
    """A language model that answers as another does. Override `begun` to know of every generation."""

    def __init__(self, model: LanguageModel) -> None:
        self.name = model.name
        self._model = model

    def load(self) -> object:
        """See `LanguageModel.load`."""
        return self._model.load()

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
        """See `LanguageModel.generate`."""
        running = self._model.generate(
            prompt,
            max_tokens=max_tokens,
            schema=schema,
            stop=stop,
            temperature=temperature,
            seed=seed,
            cancelled=cancelled,
        )
        return self.begun(prompt, running)

    def begun(self, prompt: Prompt, running: Generation) -> Generation:
        """What the caller is given of a generation that has just begun."""
        return running
