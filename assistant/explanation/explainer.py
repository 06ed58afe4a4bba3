"""From the outcome of a turn to the reply: sentence by sentence, each claim checked before it is said."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from assistant.dialogue import Edit, Intent, Need
from assistant.events import Claim, Outcome, Pick, Sentence, WithoutModel
from assistant.explanation import cart_replies, replies
from assistant.explanation.facts import facts_for
from assistant.explanation.kinds import is_weak, missing_kind, of_kind
from assistant.explanation.pick_writer import PickWriter
from assistant.explanation.replies import from_facts, say
from assistant.explanation.wording import bold, count_words
from assistant.language_model import LanguageModel, LanguageModelBusy, LanguageModelUnavailable
from assistant.language_model.adapter import adapter_folder
from assistant.language_model.fair_queue import FairQueue, Place
from assistant.plain_text import plain
from assistant.rules.relative import NOTHING_BEYOND
from assistant.settings import PACKAGED, Settings

PATIENCE = 6.0  # seconds that the model may write on one reply
_FACTS = 3  # said of a pick when the record speaks for itself
_REASONS = {
    WithoutModel.BUSY: "the language model is writing for other shoppers",
    WithoutModel.SLOW: "the language model took too long",
    WithoutModel.STOPPED: "the writing was stopped",
    WithoutModel.UNAVAILABLE: "the language model cannot be reached",
}
_REFUSED = {Place.LEFT: WithoutModel.STOPPED, Place.BUSY: WithoutModel.BUSY}
Clock = Callable[[], float]


class Explainer:
    """Writes the reply of a turn.

    Attributes:
        writer: the language model's part; None: there is no model.
        queue: where replies wait for the model, one place for each that it writes at a time.
    """

    def __init__(
        self,
        language_model: LanguageModel | None,
        settings: Settings,
        display: Callable[[str], str] = lambda label: label.title() if len(label) > 3 else label.upper(),
        clock: Clock = time.monotonic,
    ) -> None:
        """An explainer.

        Args:
            language_model: says why a pick fits; None: the records' own facts are said instead.
            settings: the shop's name and contact, and which model it is.
            display: the shop's spelling of a case-folded category or brand.
            clock: seconds, monotonic.
        """
        packaged = settings.language_model == PACKAGED and settings.language_model_url is None
        trained = adapter_folder(settings) is not None
        prose = trained or not packaged
        self.writer = None if language_model is None else PickWriter(language_model, prose=prose, trained=trained)
        self.queue = FairQueue(
            settings.replies_at_once,
            most_waiting=settings.language_model_queue,
            patience=settings.language_model_queue_seconds,
        )
        self._settings = settings
        self._display = display
        self._clock = clock
        self._away = False  # the model, when it was last asked

    @property
    def prompts(self) -> Mapping[str, str]:
        """Digest of each prompt in use, by name."""
        return {} if self.writer is None else self.writer.prompts

    @property
    def status(self) -> str:
        """Which rung writes the explanations and why, for the page and `/healthz`."""
        if self.writer is None:
            return "records: no language model is loaded"
        name = self.writer.model.name
        if self._away:
            return f"records: {name} could not be reached when it was last asked"
        if self.writer.prose:
            tuned = ", fine-tuned for it," if self.writer.trained else ""
            return f"model: {name}{tuned} writes why a pick fits; each claim is checked"
        return f"choice: {name} chooses which facts of the record are said; its own prose is not used"

    def reply(
        self, outcome: Outcome, cancelled: Callable[[], bool] = lambda: False, asker: str = ""
    ) -> Iterator[Sentence]:
        """The reply, sentence by sentence, checked.

        Args:
            outcome: what was asked and what came of it.
            cancelled: asked before anything is generated; True: what is left is said from the records.
            asker: who waits for the model where others do too: a shopper, or a conversation.
        """
        act = outcome.act
        if act.edit is not None or act.intent is Intent.PRIVACY:
            yield from replies.edited(outcome)
            over = act.edit is Edit.RESTART or (act.edit is Edit.OTHERS and not outcome.picks)
            if over or not outcome.searched or outcome.after.need == Need():
                return
        elif outcome.cart is not None:
            yield from cart_replies.told(outcome, self._settings)
            return
        elif outcome.unresolved:
            yield replies.which(outcome)
            return
        elif not outcome.searched:
            yield from self._talk(outcome)
            return
        yield from self._found(outcome, cancelled, asker)

    def _talk(self, outcome: Outcome) -> Iterator[Sentence]:
        """Turns that searched nothing."""
        match outcome.act.intent:
            case Intent.ASK:
                yield from replies.answered(outcome)
            case Intent.COMPARE:
                yield from replies.compared(outcome)
            case Intent.EXPLAIN:
                yield from replies.ordered(outcome)
            case Intent.SELECT:
                yield replies.which(outcome)
            case Intent.SERVICE:
                yield say("service", service_contact=self._settings.service_contact)
            case Intent.CHITCHAT:
                yield replies.chitchat(outcome, self._settings)
            case Intent.OUT_OF_SCOPE:
                yield say("out_of_scope", shop_name=self._settings.shop_name)
            case _ if outcome.picks and NOTHING_BEYOND in outcome.act.notes:
                yield say("nothing_beyond")
            case _ if outcome.picks:
                yield say("unchanged", count=count_words(len(outcome.picks)))
            case _:
                yield say("abilities")

    def _found(self, outcome: Outcome, cancelled: Callable[[], bool], asker: str) -> Iterator[Sentence]:
        """The outcome of a search."""
        if outcome.after.need == Need():
            yield say("abilities", "\n\n")
        if outcome.corrected is not None:
            yield say("corrected", words=plain(outcome.corrected))
        for notice in outcome.notices:
            yield Sentence(plain(notice) + " ")
        if not outcome.picks:
            yield from replies.nothing_fits(outcome, self._display)
            return
        yield replies.opening(outcome, self._display)
        writer = self.writer if _fits(outcome) else None
        with self._place(writer, asker, cancelled) as refused:
            missing = yield from self._picks(writer, outcome, cancelled, refused)
        if _all_new(outcome):
            news = say("all_new")
            claims = tuple(Claim(news.text.strip(), p.item.item_id, "interactions", True) for p in outcome.picks)
            yield Sentence(f"\n{news.text}", claims)
        if missing is not None:
            yield Sentence("\n" + say("without_model", reason=_REASONS[missing]).text, without_model=missing)

    @contextmanager
    def _place(
        self, writer: PickWriter | None, asker: str, cancelled: Callable[[], bool]
    ) -> Iterator[WithoutModel | None]:
        """A place at the model, where there is one; yields why it was refused, None when it is held or not needed."""
        if writer is None:
            yield None
            return
        with self.queue.place(asker, cancelled) as place:
            yield _REFUSED.get(place)

    def _picks(
        self,
        writer: PickWriter | None,
        outcome: Outcome,
        cancelled: Callable[[], bool],
        missing: WithoutModel | None,
    ) -> Generator[Sentence, None, WithoutModel | None]:
        """Why each pick fits, in its order; from the records once the model is too slow, stopped or away.

        Args:
            writer: None: all of it is said from the records, and nothing is missing then.
            outcome, cancelled: see `reply`.
            missing: why the model is not asked at all; None: it is.

        Returns:
            Why the model did not write all of it.
        """
        until, all_new = self._clock() + PATIENCE, _all_new(outcome)

        def stop() -> WithoutModel | None:
            late = WithoutModel.SLOW if self._clock() > until else None
            return WithoutModel.STOPPED if cancelled() else late

        for pick in outcome.picks:
            said = None
            if writer is not None and not (missing := missing or stop()):
                try:
                    said = yield from _by_model(writer, pick, outcome, lambda: bool(stop()))
                    self._away = False
                except LanguageModelBusy:
                    missing = WithoutModel.BUSY
                except LanguageModelUnavailable:
                    self._away = True
                    missing = WithoutModel.UNAVAILABLE
                missing = missing or (None if said else stop())
            sentence = said or _from_record(pick, outcome)
            yield replace(sentence, text=f"{sentence.text}\n") if all_new else _with_news(sentence, pick)
        return missing


def _all_new(outcome: Outcome) -> bool:
    """Whether nobody has touched any of several picks: it is said once, of all of them."""
    return len(outcome.picks) > 1 and all(pick.cold_start for pick in outcome.picks)


def _fits(outcome: Outcome) -> bool:
    """Whether some pick is the kind of thing that was asked for: only then there is a reason why it fits."""
    asked = missing_kind(outcome)
    return not is_weak(outcome) if asked is None else bool(of_kind(asked, outcome.picks))


def _by_model(
    writer: PickWriter, pick: Pick, outcome: Outcome, stop: Callable[[], bool]
) -> Generator[Sentence, None, Sentence | None]:
    """The model's sentence once it holds; what does not hold is withheld, its unsupported claims kept for staff."""
    for text, claims in writer.tries(pick, outcome, stop):
        if all(claim.supported for claim in claims):
            return Sentence(f"{pick.rank}. {bold(pick.item)}: {text}", claims, "model")
        yield Sentence("", tuple(claim for claim in claims if not claim.supported), "model")
    return None


def _from_record(pick: Pick, outcome: Outcome) -> Sentence:
    """Why a pick fits, in its record's own facts."""
    facts = facts_for(pick.item, outcome.after.need, outcome.constraints, _FACTS)
    subject = f"{pick.rank}. {bold(pick.item)}"
    return from_facts(subject, pick, facts, "") if facts else Sentence(f"{subject}.", (), "record")


def _with_news(sentence: Sentence, pick: Pick) -> Sentence:
    """The sentence and, for an item nobody has touched yet, that it is new."""
    if not pick.cold_start:
        return replace(sentence, text=f"{sentence.text}\n")
    news = say("new_item", "")
    claim = Claim(news.text, pick.item.item_id, "interactions", True)
    return replace(sentence, text=f"{sentence.text} {news.text}\n", claims=(*sentence.claims, claim))
