"""How a turn came about, for staff: the stages of its search, what was asked of the language model, what was left out.

The calls of a model are noted by `Recording`, which wraps it; whose they are is told by `recorded`, in a context
variable, so that turns that run at the same time never mix.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from assistant.language_model import Generation, LanguageModelUnavailable, Prompt
from assistant.language_model.wrapped import Wrapped
from retrieval.candidates import Stage

Task = Literal["understand", "explain"]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One generation of the language model.

    Attributes:
        prompt: system and user message, an empty line between them.
        answer: as far as it was read.
        stopped_by: see `assistant.language_model.Usage`; "unavailable": it broke off, "": the reader did.
    """

    task: Task
    prompt: str
    answer: str
    seconds: float
    tokens_in: int
    tokens_out: int
    stopped_by: str


@dataclass(frozen=True, slots=True)
class Trace:
    """How a turn came about.

    Attributes:
        stages: of its search, from "admitted" to "shown"; () when it searched nothing.
        blocked: ids of the items that satisfy the constraints and were left out because staff block them.
        without_model: why the model did not write all that it was to write; None: it did.
    """

    stages: tuple[Stage, ...] = ()
    model_calls: tuple[ModelCall, ...] = ()
    blocked: tuple[str, ...] = ()
    without_model: str | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, as the store keeps it."""
        return {
            "stages": [
                {
                    "stage": stage.name,
                    "count": stage.count,
                    "items": [{"item_id": item_id, "score": round(score, 6)} for item_id, score in stage.items],
                }
                for stage in self.stages
            ],
            "model_calls": [
                {
                    "task": call.task,
                    "prompt": call.prompt,
                    "answer": call.answer,
                    "seconds": round(call.seconds, 4),
                    "tokens_in": call.tokens_in,
                    "tokens_out": call.tokens_out,
                    "stopped_by": call.stopped_by,
                }
                for call in self.model_calls
            ],
            "blocked": list(self.blocked),
            "without_model": self.without_model,
        }


@dataclass(frozen=True, slots=True)
class _Notes:
    """Where the calls of a turn are noted, and what they are for."""

    task: Task
    calls: list[ModelCall]


_notes: ContextVar[_Notes | None] = ContextVar("notes", default=None)


@contextmanager
def recording(task: Task, calls: list[ModelCall]) -> Iterator[None]:
    """Note here the calls that are made within; not for use around a `yield`: see `recorded`."""
    token = _notes.set(_Notes(task, calls))
    try:
        yield
    finally:
        _notes.reset(token)


def recorded(task: Task, calls: list[ModelCall], values: Iterable[Value]) -> Iterator[Value]:
    """The values, the calls noted that are made while each is produced.

    A stream may be read by another thread, or in another context, at every step, and between two steps other turns
    run: so the notes are set for the length of a step and no longer.
    """
    iterator = iter(values)
    while True:
        with recording(task, calls):
            try:
                value = next(iterator)
            except StopIteration:
                return
        yield value


class Recording(Wrapped):
    """A language model that notes what is asked of it, where somebody is recording."""

    def begun(self, prompt: Prompt, running: Generation) -> Generation:
        """The generation, noted once it ends."""
        notes = _notes.get()
        return running if notes is None else Generation(_noted(running, prompt, notes), running.usage)


def _noted(running: Generation, prompt: Prompt, notes: _Notes) -> Iterator[str]:
    """The pieces of an answer; once they end, or nobody reads on, the call is noted."""
    pieces: list[str] = []
    broken = ""
    try:
        for piece in running:
            pieces.append(piece)
            yield piece
    except LanguageModelUnavailable:
        broken = "unavailable"
        raise
    finally:
        usage = running.usage
        notes.calls.append(
            ModelCall(
                notes.task,
                f"{prompt.fixed}\n\n{prompt.asked}",
                "".join(pieces),
                usage.seconds,
                usage.prompt_tokens,
                usage.completion_tokens,
                broken or usage.stopped_by,
            )
        )
