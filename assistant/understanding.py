"""Understanding: from an utterance to a dialogue act, down a ladder of rungs.

    the model under a JSON schema -> pydantic -> checks -> one repair -> the tagger -> the rules

Each act says which rung made it. A model that fails its probe is not asked at all, and `status` says so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from assistant.dialogue import ABOUT_ITEMS, DialogueAct, DialogueState, Edit, Intent, Need, Rung
from assistant.language_model import LanguageModel, LanguageModelBusy, LanguageModelUnavailable
from assistant.rules import answered, understand_by_rules
from assistant.rules.corrections import without_corrected
from assistant.rules.named import insisted, says_brand, says_nothing, with_named
from assistant.rules.orders import is_injection, without_orders
from assistant.rules.slots import read
from assistant.tagger.act import act_of
from assistant.tagger.tagger import Tagger
from assistant.understanding_answer import ModelAnswer, contradictions, findings, to_slots
from assistant.understanding_probe import Result, Results, run
from assistant.understanding_trained import Trained
from assistant.understanding_wording import FewShot, Question, Wording, Wrong
from prompts import digest
from retrieval.catalogue import CatalogueItem
from retrieval.vocabulary import Vocabulary

Mode = Literal["auto", "model", "rules"]

_MAX_TOKENS = 160
_ORDERS = "orders to the assistant itself were set aside"
_UNSURE = 0.6  # the tagger's confidence below which its intent counts only where the rules read no wish
_PAUSE = 30.0  # seconds in which a model that was unavailable is not asked again: nobody waits for its timeout


class Understanding:
    """Understands utterances; holds nothing of any conversation.

    Args:
        language_model: None when the service runs on rules alone.
        vocabulary: gives the shop's words as they are now.
        mode: "auto": the model if it passes its probe; "model": the model unprobed; "rules": never the model.
        probe_folder: where probe results are kept; None: nowhere.
        trained: the fingerprint of the adapter with which the model was fine-tuned for this (see
            `assistant.language_model.adapter`): it is asked in the short form of its lessons; None: examples are shown.
        tagger: reads where the model does not; None: the rules do.
        clock: seconds, monotonic.
    """

    def __init__(
        self,
        language_model: LanguageModel | None,
        vocabulary: Callable[[], Vocabulary],
        *,
        mode: Mode = "auto",
        probe_folder: Path | None = None,
        trained: str | None = None,
        tagger: Tagger | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = None if mode == "rules" else language_model
        self._vocabulary = vocabulary
        self._mode = mode
        self._trained = trained
        self._tagger = None if mode == "rules" else tagger
        self._wording: Wording = Trained() if trained else FewShot()
        self._results = Results(probe_folder)
        self._result: Result | None = None
        self._probing = threading.Lock()
        self._clock = clock
        self._unavailable_until = float("-inf")

    @property
    def prompts(self) -> Mapping[str, str]:
        """Digest of each prompt by name."""
        return {name: digest(name) for name in self._wording.prompts}

    @property
    def status(self) -> str:
        """Which rung is in service and why, for people. The first call runs the probe where there is one to run."""
        lower = "rules" if self._tagger is None else "tagger"
        if self._model is None:
            return f"{lower}: " + ("chosen in the settings" if self._mode == "rules" else "no language model is loaded")
        trusted = self._is_trusted()
        called = f"the model {self._model.name}" if self._model.name != "packaged" else "the packaged model"
        called += ", fine-tuned," if self._trained else ""
        if self._clock() < self._unavailable_until:
            return f"{lower}: {called} cannot be reached now"
        if self._result is None:
            return f"model: {called}, chosen in the settings"
        return f"{'model' if trusted else lower}: {called} {self._result}"

    def understand(self, utterance: str, state: DialogueState, shown: Sequence[CatalogueItem]) -> DialogueAct:
        """The dialogue act of an utterance.

        A yes or a no to what the last turn asked is compared, not understood, and an attempt to give orders is out of
        scope whatever a model thinks of it: both are the rules' on every rung. Where such orders stand beside other
        sentences, those alone are understood; what she corrects in the same breath is not.

        Args:
            utterance: cleaned words of the shopper.
            state: before the turn.
            shown: items on the page, in their order.
        """
        vocabulary = self._vocabulary()
        ordered = without_orders(utterance) or utterance
        said = without_corrected(ordered, vocabulary)
        act = self._understand(said, state, shown, vocabulary)
        notes = [_ORDERS] if ordered != utterance else []
        notes += [f"she corrected herself: read as “{said}”"] if said != ordered else []
        return replace(act, notes=(*act.notes, *notes)) if notes else act

    def _understand(
        self, utterance: str, state: DialogueState, shown: Sequence[CatalogueItem], vocabulary: Vocabulary
    ) -> DialogueAct:
        ruled = understand_by_rules(utterance, state, shown, vocabulary)
        if is_injection(utterance) or answered(utterance, state):
            return ruled
        if self._tagger is not None:
            tagged = act_of(self._tagger.read(utterance, state, shown, vocabulary, ruled), state, vocabulary)
            if not _is_doubtful(tagged, ruled, utterance):
                ruled = replace(tagged, notes=ruled.notes)
        ruled = insisted(with_named(ruled, utterance, shown, vocabulary), utterance, state)
        if not self._is_trusted():
            return ruled
        try:
            act = self._ask(utterance, state, shown, ruled, vocabulary)
        except LanguageModelBusy:
            return replace(ruled, notes=(*ruled.notes, "the model was busy"))
        except LanguageModelUnavailable as error:
            self._unavailable_until = self._clock() + _PAUSE
            return replace(ruled, notes=(*ruled.notes, f"the model was unavailable: {error}"))
        return act

    def _is_trusted(self) -> bool:
        """Whether the model is to be asked now."""
        if self._model is None or self._clock() < self._unavailable_until:
            return False
        if self._mode == "model":
            return True
        with self._probing:
            if self._result is None:
                self._result = self._probe(self._model)
        return self._result is not None and self._result.passed

    def _probe(self, model: LanguageModel) -> Result | None:
        """The model's result, remembered or measured now; None when the model cannot be reached."""
        below = None if self._tagger is None else self._tagger.fingerprint
        wording = " ".join([*self.prompts.values(), *filter(None, (self._trained, below))])
        result = self._results.get(model.name, wording)
        if result is None:
            try:
                result = run(self._ask_alone, 0 if self._tagger is None else run(self._tag_alone).right)
            except LanguageModelUnavailable:
                self._unavailable_until = self._clock() + _PAUSE
                return None
            self._results.put(model.name, wording, result)
        return result

    def _tag_alone(self, utterance: str, state: DialogueState, shown: Sequence[CatalogueItem]) -> DialogueAct:
        """The act by the tagger: what is read where the model does not."""
        assert self._tagger is not None
        vocabulary = Vocabulary()
        return act_of(self._tagger.read(utterance, state, shown, vocabulary), state, vocabulary)

    def _ask_alone(self, utterance: str, state: DialogueState, shown: Sequence[CatalogueItem]) -> DialogueAct | None:
        """The act by the model's own first answer or its repair; None where the rules would have had to help out."""
        vocabulary = Vocabulary()
        ruled = understand_by_rules(utterance, state, shown, vocabulary)
        act = self._ask(utterance, state, shown, ruled, vocabulary)
        return None if act.rung is Rung.RULES else act

    def _ask(
        self,
        utterance: str,
        state: DialogueState,
        shown: Sequence[CatalogueItem],
        ruled: DialogueAct,
        vocabulary: Vocabulary,
    ) -> DialogueAct:
        """Down the ladder: the model, its repair, the rules' act with a note of what was wrong."""
        assert self._model is not None
        reading = read(utterance, vocabulary, shown)
        question = Question(reading, findings(reading, ruled, state.need), state, shown)
        wrong: Wrong | None = None
        for rung in (Rung.MODEL, Rung.REPAIR):
            prompt, form = self._wording.ask(question, wrong)
            text = self._model.generate(prompt, max_tokens=_MAX_TOKENS, schema=form).text()
            answer = self._wording.read(text, question, vocabulary)
            problems = answer if isinstance(answer, tuple) else contradictions(answer, reading)
            if isinstance(answer, ModelAnswer) and not problems:
                act = DialogueAct(answer.i, to_slots(answer, reading), answer.d, rung=rung, notes=ruled.notes)
                return _completed(act, ruled, state)
            wrong = Wrong(text, problems)
        return replace(ruled, notes=(*ruled.notes, f"the model's answer was set aside: {'; '.join(problems)}"))


def _is_doubtful(tagged: DialogueAct, ruled: DialogueAct, utterance: str) -> bool:
    """Whether the rules' act is the better one: they read a wish where the tagger read none, or one of which it is not
    sure that it speaks of an item or of her data, or a brand that it takes for an item: "from Dell please"."""
    if ruled.intent not in (Intent.FIND, Intent.REFINE) or says_nothing(ruled):
        return False
    wished = replace(ruled, slots=replace(ruled.slots, excluded_attributes=()), topic="")  # refused words may be any
    elsewhere = tagged.intent in ABOUT_ITEMS or tagged.intent is Intent.PRIVACY
    unsure = elsewhere and tagged.confidence < _UNSURE and not says_nothing(wished)
    return says_nothing(tagged) or unsure or (tagged.intent is Intent.SELECT and says_brand(ruled, utterance))


def _completed(act: DialogueAct, ruled: DialogueAct, state: DialogueState) -> DialogueAct:
    """The model's act with what is not asked of it: the edit, the topic, and how sure it is.

    The model states no probability; it counts as .9 sure where the rules read the same intent, as .65 where they do
    not, and a repaired answer as .1 less.
    """
    if act.intent is Intent.REFINE and state.need == Need():
        act = replace(act, intent=Intent.FIND)  # there is nothing to change yet
    confidence = (0.9 if act.intent is ruled.intent else 0.65) - (0.1 if act.rung is Rung.REPAIR else 0.0)
    of_need = act.intent in (Intent.FIND, Intent.REFINE)
    edit = ruled.edit if act.intent is ruled.intent else None
    if act.intent is Intent.PRIVACY and edit is None:
        edit = Edit.SHOW_DATA  # the harmless one: it only tells
    return replace(
        act,
        dropped=act.dropped if act.intent is Intent.REFINE else (),
        edit=edit,
        topic=ruled.topic if of_need or act.intent is ruled.intent else "",
        confidence=round(confidence, 2),
    )
