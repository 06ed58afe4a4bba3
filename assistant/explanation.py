"""From the outcome of a turn to the reply: sentence by sentence, each claim checked before it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from assistant import replies
from assistant.dialogue import Edit, Intent, Need
from assistant.events import Claim, Outcome, Pick, Sentence
from assistant.facts import facts_for
from assistant.language_model import LanguageModel
from assistant.plain_text import plain
from assistant.replies import from_facts, say
from assistant.settings import Settings
from assistant.wording import bold, count_words, lead


class Explainer:
    """Writes the reply of a turn."""

    def __init__(
        self,
        language_model: LanguageModel | None,
        settings: Settings,
        display: Callable[[str], str] = lambda label: label.title() if len(label) > 3 else label.upper(),
    ) -> None:
        """An explainer.

        Args:
            language_model: writes why a pick fits; None: the records' own facts are said instead.
            settings: the shop's name and contact.
            display: the shop's spelling of a case-folded category or brand.
        """
        self._language_model = language_model
        self._settings = settings
        self._display = display

    @property
    def prompts(self) -> Mapping[str, str]:
        """Digest of each prompt in use, by name."""
        return {}

    @property
    def status(self) -> str:
        """Which rung writes the explanations, for the page and `/healthz`."""
        return "records: no language model is in use"

    def reply(self, outcome: Outcome, cancelled: Callable[[], bool] = lambda: False) -> Iterator[Sentence]:
        """The reply, sentence by sentence, checked.

        Args:
            outcome: what was asked and what came of it.
            cancelled: asked before anything is generated; True: what is left is said from the records.
        """
        act = outcome.act
        if act.edit is not None or act.intent is Intent.PRIVACY:
            yield from replies.edited(outcome)
            if not outcome.searched or act.edit is Edit.RESTART or outcome.after.need == Need():
                return
        elif outcome.unresolved:
            yield replies.which(outcome)
            return
        elif not outcome.searched:
            yield from self._talk(outcome)
            return
        yield from self._found(outcome, cancelled)

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
                yield from replies.selected(outcome)
            case Intent.SERVICE:
                yield say("service", service_contact=self._settings.service_contact)
            case Intent.CHITCHAT:
                yield replies.chitchat(outcome, self._settings)
            case Intent.OUT_OF_SCOPE:
                yield say("out_of_scope", shop_name=self._settings.shop_name)
            case _ if outcome.picks:
                yield say("unchanged", count=count_words(len(outcome.picks)))
            case _:
                yield say("abilities")

    def _found(self, outcome: Outcome, cancelled: Callable[[], bool]) -> Iterator[Sentence]:
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
        yield Sentence(lead(outcome, self._display) + "\n\n")
        for pick in outcome.picks:
            yield self._from_record(pick, outcome)

    def _from_record(self, pick: Pick, outcome: Outcome) -> Sentence:
        """Why a pick fits, in its record's own facts."""
        facts = facts_for(pick.item, outcome.after.need, outcome.constraints)
        subject = f"{pick.rank}. {bold(pick.item)}"
        if not facts:
            return Sentence(f"{subject}\n", (), "record")
        sentence = from_facts(subject, pick, facts, "")
        return Sentence(*_with_news(sentence, pick), "record")


def _with_news(sentence: Sentence, pick: Pick) -> tuple[str, tuple[Claim, ...]]:
    """The sentence and, for an item nobody has touched yet, that it is new."""
    if pick.candidate.interaction_count > 0:
        return f"{sentence.text}\n", sentence.claims
    news = say("new_item", "")
    claim = Claim(news.text, pick.item.item_id, "interactions", True)
    return f"{sentence.text} {news.text}\n", (*sentence.claims, claim)
