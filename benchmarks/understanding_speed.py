"""What reading one utterance costs: the packaged model with examples in its prompt, and fine-tuned in the short form.

    python benchmarks/understanding_speed.py [--count 40] [--adapter packaged]

The same weights answer the same utterances, in turns, so ratios hold on a machine that is not idle: with the long
prompt and no cached prefix (the baseline), with the prefix cached, and fine-tuned with the short prompt. The tagger
reads them too. The utterances are those that were held back from training; `intent` and `all_slots` are shares of them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from assistant.dialogue import DialogueAct
from assistant.evaluation.comparing import as_meant, counts
from assistant.evaluation.open_shop import open_shop
from assistant.labelled.examples import Example
from assistant.labelled.generate import by_hand
from assistant.language_model import Generation, LanguageModel, Prompt, load_language_model
from assistant.language_model.adapter import adapter_fingerprint
from assistant.language_model.wrapped import Wrapped
from assistant.settings import Settings
from assistant.tagger.tagger import Tagger
from assistant.training.tagger_lessons import state_of
from assistant.understanding import Understanding
from retrieval.vocabulary import Vocabulary


class Uncached(Wrapped):
    """A model whose prompts never have a beginning that was seen before."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__(model)
        self._asked = count()

    def generate(self, prompt: Prompt, **how: Any) -> Generation:
        """See `LanguageModel.generate`."""
        return super().generate(Prompt(f"{next(self._asked)}\n{prompt.fixed}", prompt.asked), **how)


@dataclass(slots=True)
class Way:
    """One way of reading, and what came of it."""

    name: str
    understanding: Understanding
    seconds: list[float] = field(default_factory=list)
    intents: list[bool] = field(default_factory=list)
    slots: list[bool] = field(default_factory=list)

    def read(self, example: Example, vocabulary: Vocabulary) -> None:
        """Read one utterance; the clock stops before it is judged."""
        state, page = state_of(example)
        began = time.perf_counter()
        act: DialogueAct = self.understanding.understand(example.text, state, page)
        self.seconds.append(time.perf_counter() - began)
        self.intents.append(act.intent is example.intent)
        found = counts(as_meant(example.slots, vocabulary, page), as_meant(act.slots, vocabulary, page))
        self.slots.append(not any(slot["fp"] or slot["fn"] for slot in found.values()))


def ways(adapter: str, vocabulary: Vocabulary) -> list[Way]:
    """The long prompt without and with its prefix cached, the short one, the tagger."""
    raw, tuned = Settings(adapter="none"), Settings(adapter=adapter)
    plain, trained = load_language_model(raw), load_language_model(tuned)
    assert plain is not None
    assert trained is not None

    def reads(model: LanguageModel, fingerprint: str | None = None) -> Understanding:
        return Understanding(model, lambda: vocabulary, mode="model", trained=fingerprint)

    return [
        Way("examples in the prompt, no cached prefix", reads(Uncached(plain))),
        Way("examples in the prompt, prefix cached", reads(plain)),
        Way("fine-tuned, short prompt", reads(trained, adapter_fingerprint(tuned))),
        Way("tagger", Understanding(None, lambda: vocabulary, tagger=Tagger())),
    ]


def measure(adapter: str, utterances: int) -> dict[str, Any]:
    """Seconds and shares by way; ratios are medians of those of the same utterance."""
    vocabulary = Vocabulary.learn(open_shop())
    compared = ways(adapter, vocabulary)
    held = by_hand("validation")
    step = max(len(held) // utterances, 1)
    for way in compared:
        way.read(held[0], vocabulary)  # loads the weights, fills the cache
        way.seconds.clear(), way.intents.clear(), way.slots.clear()
    for example in held[::step][:utterances]:
        for way in compared:
            way.read(example, vocabulary)
    base = compared[0].seconds
    rows = [
        {
            "way": way.name,
            "p50_s": round(statistics.median(way.seconds), 3),
            "against the first": round(statistics.median(a / b for a, b in zip(way.seconds, base, strict=True)), 3),
            "intent": round(statistics.mean(way.intents), 3),
            "all_slots": round(statistics.mean(way.slots), 3),
        }
        for way in compared
    ]
    return {"utterances": len(base), "ways": rows}


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=40)
    arguments.add_argument("--adapter", default="packaged")
    chosen = arguments.parse_args()
    print(json.dumps(measure(chosen.adapter, chosen.count), indent=1))
