"""Systems that are evaluated: understanding on any rung, each with what it cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.dialogue import DialogueAct, Intent, Rung, Slots
from assistant.evaluation.examples import OUT_OF_SCOPE, Example
from assistant.evaluation.replay import Context, ShopDouble, Understands, replay
from assistant.language_model import Generation, LanguageModel, Prompt, Usage, load_language_model
from assistant.language_model.adapter import adapter_fingerprint
from assistant.language_model.wrapped import Wrapped
from assistant.settings import PACKAGED, Settings
from assistant.tagger.tagger import Tagger
from assistant.understanding import Understanding
from retrieval.vocabulary import Vocabulary

RULES, RAW = "rules", "raw"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a system made of an utterance.

    Attributes:
        act: slots empty where the system predicts none.
        confidence: 0 to 1, of the intent.
        out_of_scope: how much it looks out of scope; only the order of these scores counts.
        context: the state and page it was understood in.
        seconds: wall-clock time of understanding this one utterance.
        usage: of the language model for this utterance; empty when none was asked.
    """

    act: DialogueAct
    confidence: float
    out_of_scope: float
    context: Context
    seconds: float = 0.0
    usage: tuple[Usage, ...] = ()

    @property
    def intent(self) -> str:
        """The predicted intent."""
        return self.act.intent.value


class System(Protocol):
    """Anything that predicts intents, and slots if it can."""

    name: str

    def predict(self, example: Example) -> Prediction:
        """The prediction for one example; the same one every time, `seconds` apart."""
        ...


class UnderstandingSystem:
    """`Understanding` as the service runs it, each example's history replayed through it.

    Args:
        name: how the report calls it.
        understanding: what is evaluated.
        shop: gives the vocabulary and the pages.
        meter: of the language model in it; None when there is none.
    """

    def __init__(self, name: str, understanding: Understands, shop: ShopDouble, meter: Meter | None = None) -> None:
        self.name = name
        self.uses_model = meter is not None
        self._understanding = understanding
        self._shop = shop
        self._meter = meter
        self._contexts: dict[tuple[str, ...], Context] = {}

    def predict(self, example: Example) -> Prediction:
        """See `System`."""
        context = self._contexts.get(example.history)
        if context is None:
            context = self._contexts[example.history] = replay(example, self._understanding, self._shop)
        if self._meter is not None:
            self._meter.usages.clear()
        start = time.perf_counter()
        act = self._understanding.understand(example.text, context.state, context.page)
        seconds = time.perf_counter() - start
        stated = dict(act.likely).get(Intent.OUT_OF_SCOPE)
        likely = act.confidence if act.intent.value == OUT_OF_SCOPE else 1 - act.confidence
        outside = likely if stated is None else stated
        usage = tuple(self._meter.usages) if self._meter is not None else ()
        return Prediction(act, act.confidence, outside, context, seconds, usage)


class Meter(Wrapped):
    """A language model that notes the usage of every generation."""

    def __init__(self, model: LanguageModel) -> None:
        super().__init__(model)
        self.usages: list[Usage] = []

    def begun(self, prompt: Prompt, running: Generation) -> Generation:
        """The generation as it is."""
        self.usages.append(running.usage)
        return running


def rules_system(shop: ShopDouble) -> UnderstandingSystem:
    """The rules alone."""
    return UnderstandingSystem(RULES, Understanding(None, _words_of(shop), mode="rules"), shop)


def open_system(name: str | None, settings: Settings, shop: ShopDouble) -> UnderstandingSystem:
    """A system by name.

    Args:
        name: "rules"; "raw", the packaged model as it was published; "packaged"; or what `language_model` takes in the
            settings. A named model is asked without its probe. None: what the settings put into service, probe and all.
        settings: of the service; a named model replaces theirs, and keeps their adapter only where it is the same.
        shop: see `UnderstandingSystem`.

    Raises:
        SetupError: the model cannot be loaded.
    """
    if name == RULES:
        return rules_system(shop)
    if name == RAW:
        settings = settings.model_copy(
            update={"language_model": PACKAGED, "language_model_url": None, "adapter": "none"}
        )
    elif name is not None and name != settings.language_model:
        settings = settings.model_copy(update={"language_model": name, "adapter": PACKAGED})
    model = load_language_model(settings)
    meter = None if model is None else Meter(model)
    if meter is not None:
        meter.load()
    understanding = Understanding(
        meter,
        _words_of(shop),
        mode=settings.understanding if name is None else "model",
        probe_folder=settings.data_folder,
        trained=adapter_fingerprint(settings),
        tagger=Tagger() if name is None else None,
    )
    return UnderstandingSystem(name or f"in service: {understanding.status}", understanding, shop, meter)


def _words_of(shop: ShopDouble) -> Callable[[], Vocabulary]:
    return lambda: shop.vocabulary


def predictions(system: System, examples: Sequence[Example], say: Callable[[int, int], None]) -> list[Prediction]:
    """The predictions for all examples, in order; `say` is told how many are done."""

    def each() -> Iterator[Prediction]:
        for done, example in enumerate(examples, start=1):
            yield system.predict(example)
            say(done, len(examples))

    return list(each())


def intent_act(intent: str, slots: Slots, confidence: float) -> DialogueAct:
    """An act of a system that only classifies, with slots from elsewhere; for statistics it counts as the rules'."""
    return DialogueAct(Intent(intent), slots, confidence=confidence, rung=Rung.RULES)
