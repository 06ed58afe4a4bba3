"""Ways to have the fine-tuned packaged model read an utterance, side by side on what was held back from training.

    python -m benchmarks.reading_variants [--count 60]

Held to a grammar (as in service) and free; the intent by the likelihood of its labels, without writing anything; in
int8 after the adapter was merged; what looking the next words up in the prompt would save; and a cascade: the tagger,
the model where the tagger is unsure. `alone` is the share that the model answered without help from a lower rung.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from assistant.dialogue import DialogueAct, Intent, Rung
from assistant.evaluation.comparing import as_meant, counts
from assistant.evaluation.open_shop import open_shop
from assistant.labelled.examples import Example
from assistant.labelled.generate import by_hand
from assistant.labelled.serialisation import asked
from assistant.language_model import Generation, LanguageModel, Prompt, load_language_model
from assistant.language_model.adapter import adapter_fingerprint, adapter_folder
from assistant.language_model.chat_words import chat_words, encode
from assistant.language_model.decoders import GeneralDecoder
from assistant.language_model.loading import LoadedModel, load_model
from assistant.language_model.local import Runner
from assistant.language_model.wrapped import Wrapped
from assistant.settings import PACKAGED, Settings
from assistant.tagger.tagger import Tagger
from assistant.training.tagger_lessons import state_of
from assistant.understanding import Understanding
from prompts import render
from retrieval.vocabulary import Vocabulary

_UNSURE = (0.5, 0.7, 0.8, 0.9, 0.95)  # the tagger's confidence below which the cascade asks the model
_LOOKED_UP, _MATCH = 5, 1  # tokens proposed at once, tokens that must have stood before them


class Free(Wrapped):
    """A model that is not held to any grammar."""

    def generate(self, prompt: Prompt, **how: Any) -> Generation:
        """See `LanguageModel.generate`."""
        return super().generate(prompt, **(how | {"schema": None}))


class Kept(Wrapped):
    """A model whose last answer can be looked at."""

    prompt: Prompt
    answer: str = ""

    def begun(self, prompt: Prompt, running: Generation) -> Generation:
        """See `Wrapped.begun`."""
        self.prompt, self.answer = prompt, running.text()
        return Generation(iter([self.answer]), running.usage)


@dataclass(slots=True)
class Read:
    """What one way made of the utterances, in their order."""

    seconds: list[float] = field(default_factory=list)
    intents: list[bool] = field(default_factory=list)
    slots: list[bool] = field(default_factory=list)
    acts: list[DialogueAct] = field(default_factory=list)

    def row(self, name: str) -> dict[str, Any]:
        """Shares and the median time."""
        return {
            "way": name,
            "intent": round(statistics.mean(self.intents), 3),
            "all_slots": round(statistics.mean(self.slots), 3),
            "alone": round(statistics.mean(act.rung in (Rung.MODEL, Rung.REPAIR) for act in self.acts), 3),
            "p50_s": round(statistics.median(self.seconds), 3),
        }


def measure(utterances: int) -> dict[str, Any]:
    """Rows by way, the lookup's saving, the cascade by threshold."""
    vocabulary = Vocabulary.learn(open_shop())
    held = by_hand("validation")
    examples = held[:: max(len(held) // utterances, 1)][:utterances]
    settings = Settings()
    model, fingerprint = load_language_model(settings), adapter_fingerprint(settings)
    assert model is not None
    kept = Kept(model)
    answers: list[tuple[Prompt, str]] = []

    def reads(asked_model: LanguageModel | None, tagger: Tagger | None = None) -> Callable[[Example], DialogueAct]:
        understanding = Understanding(asked_model, lambda: vocabulary, mode="model", trained=fingerprint, tagger=tagger)
        return lambda example: understanding.understand(example.text, *state_of(example))

    def read(way: Callable[[Example], DialogueAct], after: Callable[[], None] = lambda: None) -> Read:
        way(held[-1])  # loads the weights, fills the cache
        found = Read()
        for example in examples:
            began = time.perf_counter()
            act = way(example)
            found.seconds.append(time.perf_counter() - began)
            after()
            found.acts.append(act)
            found.intents.append(act.intent is example.intent)
            found.slots.append(_slots_right(example, act, vocabulary))
        return found

    constrained = read(reads(kept), lambda: answers.append((kept.prompt, kept.answer)))
    tagged = read(reads(None, Tagger()))
    int8 = Eight(settings)
    return {
        "utterances": len(examples),
        "ways": [
            constrained.row("held to a grammar"),
            read(reads(Free(model))).row("free"),
            read(reads(int8)).row("int8 after merging, held to a grammar"),
            tagged.row("tagger"),
        ],
        "intent_by_likelihood": labels_scored(examples, settings),
        "prompt_lookup": looked_up(answers, settings),
        "cascade": [cascade(tagged, constrained, unsure) for unsure in _UNSURE],
    }


def _slots_right(example: Example, act: DialogueAct, vocabulary: Vocabulary) -> bool:
    page = state_of(example)[1]
    found = counts(as_meant(example.slots, vocabulary, page), as_meant(act.slots, vocabulary, page))
    return not any(slot["fp"] or slot["fn"] for slot in found.values())


def _loaded(settings: Settings, quantization: str = "auto") -> LoadedModel:
    return load_model(PACKAGED, quantization, adapter=adapter_folder(settings))


class Eight:
    """The packaged model with its adapter merged, its linear layers in dynamic int8."""

    name = "packaged"

    def __init__(self, settings: Settings) -> None:
        from transformers import AutoModelForCausalLM

        from assistant.language_model.adapter import add_low_rank
        from assistant.language_model.packaged import packaged_folder

        self._loaded = _loaded(settings)
        network = AutoModelForCausalLM.from_pretrained(packaged_folder(), dtype=torch.float32, local_files_only=True)
        folder = adapter_folder(settings)
        assert folder is not None
        add_low_rank(network, folder)
        halved = torch.ao.quantization.quantize_dynamic(network.eval(), {torch.nn.Linear}, dtype=torch.qint8)
        one = self._loaded
        self._runner = Runner(
            LoadedModel(GeneralDecoder(halved), one.tokenizer, "int8 dynamic", one.ends, one.vocabulary, one.limit)
        )

    def load(self) -> object:
        """Nothing more to load."""
        return self._runner

    def generate(
        self, prompt: Prompt, *, max_tokens: int, schema: Mapping[str, Any] | None = None, **_: Any
    ) -> Generation:
        """See `LanguageModel.generate`; greedy."""
        from assistant.language_model import Usage
        from assistant.language_model.local import Chooser
        from assistant.language_model.stop_texts import StopTexts

        usage = Usage()
        stream = self._runner.stream(prompt, max_tokens, schema, StopTexts(()), Chooser(0.0, 0), lambda: False, usage)
        return Generation(stream, usage)


def labels_scored(examples: Sequence[Example], settings: Settings) -> dict[str, Any]:
    """The intent whose label is the likeliest beginning of the answer: accuracy and the median time."""
    loaded = _loaded(settings)
    labels = {intent: encode(loaded.tokenizer, f'{intent.value}"') for intent in Intent}
    right, seconds = [], []
    for example in examples:
        state = example.situation
        words = asked(example.text.lower(), state.need, len(state.page), state.offered)
        prompt = encode(loaded.tokenizer, chat_words(loaded.tokenizer, render("understand_trained"), words) + '{"i":"')
        began = time.perf_counter()
        cache = loaded.decoder.fresh(len(prompt))
        first = torch.log_softmax(loaded.decoder.advance(prompt, cache), dim=-1)
        scores = {}
        for intent, tokens in labels.items():
            score, one, logits = 0.0, loaded.decoder.copy(cache, len(tokens)), first
            for place, token in enumerate(tokens):
                score += float(logits[token])
                if place + 1 < len(tokens):
                    logits = torch.log_softmax(loaded.decoder.advance([token], one), dim=-1)
            scores[intent] = score
        seconds.append(time.perf_counter() - began)
        right.append(max(scores, key=lambda intent: scores[intent]) is example.intent)
    return {"intent": round(statistics.mean(right), 3), "p50_s": round(statistics.median(seconds), 3)}


def looked_up(answers: Sequence[tuple[Prompt, str]], settings: Settings) -> dict[str, float]:
    """Passes through the network that proposing the prompt's own next words would leave, and what a pass costs.

    The answers are greedy, so what would have been accepted follows from them.
    """
    loaded = _loaded(settings)
    written = passes = 0
    for prompt, answer in answers:
        before = encode(loaded.tokenizer, chat_words(loaded.tokenizer, prompt.fixed, prompt.asked))
        made = encode(loaded.tokenizer, answer)
        place = 0
        while place < len(made):
            place += 1 + _accepted(before + made[: place + 1], made[place + 1 :])
            passes += 1
        written += len(made)
    cache = loaded.decoder.fresh(400)
    loaded.decoder.advance(list(range(100, 200)), cache)
    one = _seconds(lambda: loaded.decoder.advance([100], loaded.decoder.copy(cache, 10)))
    many = _seconds(lambda: loaded.decoder.advance([100] * (_LOOKED_UP + 1), loaded.decoder.copy(cache, 10)))
    return {
        "passes_against_tokens": round(passes / written, 3),
        "pass_of_six_against_pass_of_one": round(many / one, 3),
        "time_against_one_by_one": round(passes / written * many / one, 3),
    }


def _accepted(context: Sequence[int], following: Sequence[int]) -> int:
    """How many of the looked-up tokens are the ones that follow."""
    end = tuple(context[-_MATCH:])
    for start in range(len(context) - _MATCH - 1, -1, -1):
        if tuple(context[start : start + _MATCH]) == end:
            proposed = context[start + _MATCH : start + _MATCH + _LOOKED_UP]
            same = 0
            while same < min(len(proposed), len(following)) and proposed[same] == following[same]:
                same += 1
            return same
    return 0


def _seconds(run: Callable[[], object]) -> float:
    taken = []
    for _ in range(15):
        began = time.perf_counter()
        run()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def cascade(tagged: Read, asked_model: Read, unsure: float) -> dict[str, Any]:
    """The tagger's acts, the model's in place of those below a confidence."""
    asks = [act.confidence < unsure for act in tagged.acts]

    def chosen(first: list[bool], second: list[bool]) -> float:
        return round(statistics.mean(b if ask else a for ask, a, b in zip(asks, first, second, strict=True)), 3)

    seconds = [a + (b if ask else 0) for ask, a, b in zip(asks, tagged.seconds, asked_model.seconds, strict=True)]
    return {
        "asked below": unsure,
        "asked": round(statistics.mean(asks), 3),
        "intent": chosen(tagged.intents, asked_model.intents),
        "all_slots": chosen(tagged.slots, asked_model.slots),
        "mean_s": round(statistics.mean(seconds), 3),
    }


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--count", type=int, default=60)
    print(json.dumps(measure(arguments.parse_args().count), indent=1))
