"""A language model that says the same of every item, and conversations that it explains."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from assistant.conversation import Conversations
from assistant.explanation.explainer import Explainer
from assistant.language_model import Generation, LanguageModel, Prompt, Usage
from assistant.service import Service
from assistant.turn import Assistant

CLAIM = json.dumps({"why": "It weighs 1.1 kg."})


class ClaimingModel:
    """Says the same of every item, wrong about most of them."""

    name = "claiming"

    def load(self) -> object:
        return self

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
        return Generation(self.pieces(cancelled), Usage(prompt_tokens=40, completion_tokens=9))

    def pieces(self, cancelled: Callable[[], bool]) -> Iterator[str]:
        """What it writes, until it has ended or sees that it is cancelled."""
        yield CLAIM


def explained_by(model: LanguageModel, service: Service) -> Conversations:
    """The service's conversations, explained by this model."""
    explainer = Explainer(model, service.settings.model_copy(update={"language_model": model.name}))
    old = service.assistant
    return Conversations(Assistant(old.shop, old.understanding, explainer, money=old.money), service.store)
