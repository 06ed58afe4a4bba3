"""How a model is asked what an utterance means, and its answer read: shown examples, for a model that was not trained.

`assistant.understanding_trained` is the other way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from assistant.dialogue import DialogueState, Need
from assistant.language_model import Prompt
from assistant.rules.slots import Reading
from assistant.understanding_answer import ModelAnswer, parse, schema, strangers
from prompts import render
from retrieval.catalogue import CatalogueItem
from retrieval.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be understood.

    Attributes:
        reading: the utterance with what was found in it.
        found: see `assistant.understanding_answer.findings`.
        state, shown: before the turn.
    """

    reading: Reading
    found: Mapping[str, tuple[Any, ...]]
    state: DialogueState
    shown: Sequence[CatalogueItem]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A first answer that cannot stand, and why."""

    text: str
    problems: tuple[str, ...]


class Wording(Protocol):
    """A way of asking."""

    @property
    def prompts(self) -> tuple[str, ...]:
        """Names of the prompts it uses."""
        ...

    def ask(self, question: Question, wrong: Wrong | None) -> tuple[Prompt, Mapping[str, Any]]:
        """The prompt and the JSON schema of its answer; for the second try, with what was wrong at the first."""
        ...

    def read(self, text: str, question: Question, vocabulary: Vocabulary) -> ModelAnswer | tuple[str, ...]:
        """The answer, or what is wrong with its form and values."""
        ...


class FewShot:
    """Instructions and examples; the answer may only assign what the vocabulary and the money grammar found."""

    prompts = ("understand", "understand_asked", "understand_repair")

    def ask(self, question: Question, wrong: Wrong | None) -> tuple[Prompt, Mapping[str, Any]]:
        """See `Wording.ask`. The second try is shown its first answer."""
        asked = {
            "need": _in_words(question.state.need),
            "page": _page(question.shown),
            "utterance": question.reading.said,
        }
        if wrong is None:
            words = render("understand_asked", **asked)
        else:
            words = render("understand_repair", **asked, answer=wrong.text, problems="; ".join(wrong.problems))
        return Prompt(render("understand"), words), schema(question.found)

    def read(self, text: str, question: Question, vocabulary: Vocabulary) -> ModelAnswer | tuple[str, ...]:
        """See `Wording.read`."""
        answer = parse(text)
        return (answer,) if isinstance(answer, str) else strangers(answer, question.found) or answer


def _in_words(need: Need) -> str:
    """The need in force, for the prompt."""
    held = [f"{name}={value}" for name, value in need.slots.as_json().items()]
    return ", ".join([*held, *([need.topic] if need.topic else [])]) or "none"


def _page(shown: Sequence[CatalogueItem]) -> str:
    """The items on the page, for the prompt; titles are cut, so that a feed cannot flood it."""
    return ", ".join(f"{rank} {item.title[:60]}" for rank, item in enumerate(shown, start=1)) or "empty"
