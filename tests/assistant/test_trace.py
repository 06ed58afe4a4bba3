"""What is noted of a language model's calls, and for whom."""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from assistant.evaluation.systems import Meter
from assistant.language_model import Generation, LanguageModelUnavailable, Prompt, Usage
from assistant.trace import ModelCall, Recording, Trace, recorded, recording
from retrieval.candidates import Stage

PROMPT = Prompt("You are a shop.", "A kettle?")


class EchoModel:
    """Answers with its prompt, a word at a time; breaks off where it is told to."""

    name = "echo"

    def __init__(self, breaks_after: int | None = None, gate: threading.Barrier | None = None) -> None:
        self.breaks_after = breaks_after
        self.gate = gate

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
        usage = Usage(prompt_tokens=7)
        return Generation(self._pieces(prompt, usage), usage)

    def _pieces(self, prompt: Prompt, usage: Usage) -> Iterator[str]:
        for number, word in enumerate(prompt.asked.split()):
            if number == self.breaks_after:
                raise LanguageModelUnavailable("the line is cut")
            if self.gate is not None:
                self.gate.wait(10)
            usage.completion_tokens += 1
            yield f"{word} "
        usage.seconds, usage.stopped_by = 0.25, "end"


def test_a_call_is_noted_with_its_prompt_its_answer_and_what_it_cost() -> None:
    calls: list[ModelCall] = []
    with recording("understand", calls):
        assert Recording(EchoModel()).generate(PROMPT, max_tokens=9).text() == "A kettle? "
    assert calls == [ModelCall("understand", "You are a shop.\n\nA kettle?", "A kettle? ", 0.25, 7, 2, "end")]


def test_nothing_is_noted_where_nobody_records() -> None:
    calls: list[ModelCall] = []
    with recording("explain", calls):
        pass
    assert Recording(EchoModel()).generate(PROMPT, max_tokens=9).text()
    assert calls == []


def test_a_call_that_breaks_off_is_noted_as_far_as_it_came() -> None:
    calls: list[ModelCall] = []
    with recording("explain", calls), pytest.raises(LanguageModelUnavailable):
        Recording(EchoModel(breaks_after=1)).generate(PROMPT, max_tokens=9).text()
    assert [(call.answer, call.stopped_by) for call in calls] == [("A ", "unavailable")]


def test_an_answer_that_nobody_reads_to_its_end_is_noted_as_far_as_it_was_read() -> None:
    calls: list[ModelCall] = []
    with recording("explain", calls):
        pieces = iter(Recording(EchoModel()).generate(PROMPT, max_tokens=9))
        next(pieces)
        del pieces
    assert [(call.answer, call.stopped_by) for call in calls] == [("A ", "")]


def test_turns_at_the_same_time_never_mix() -> None:
    """Both are halfway through their answers before either goes on."""
    model = Recording(EchoModel(gate=threading.Barrier(2)))

    def turn(words: str) -> list[ModelCall]:
        calls: list[ModelCall] = []

        def sentences() -> Iterator[str]:
            for number in range(20):
                yield model.generate(Prompt("", f"{words} {number}"), max_tokens=9).text()

        assert len(list(recorded("explain", calls, sentences()))) == 20
        return calls

    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(turn, ("one", "other"))
    assert [call.answer for call in one] == [f"one {number} " for number in range(20)]
    assert [call.answer for call in other] == [f"other {number} " for number in range(20)]


def test_turns_that_take_steps_in_turn_never_mix() -> None:
    model = Recording(EchoModel())

    def sentences(words: str) -> Iterator[str]:
        for number in range(3):
            yield model.generate(Prompt("", f"{words} {number}"), max_tokens=9).text()

    mine: list[ModelCall] = []
    hers: list[ModelCall] = []
    both = zip(recorded("explain", mine, sentences("my")), recorded("explain", hers, sentences("her")), strict=True)
    assert len(list(both)) == 3
    assert {call.answer.split()[0] for call in mine} == {"my"}
    assert {call.answer.split()[0] for call in hers} == {"her"}


def test_a_stream_that_every_step_reads_in_another_context_is_noted_all_the_same() -> None:
    """So a web server reads it: each step runs in a thread with a copy of the request's context."""
    model = Recording(EchoModel())
    calls: list[ModelCall] = []
    stream = recorded("explain", calls, (model.generate(PROMPT, max_tokens=9).text() for _ in range(3)))
    for _ in range(3):
        contextvars.copy_context().run(next, stream)
    assert len(calls) == 3
    with pytest.raises(StopIteration):
        contextvars.copy_context().run(next, stream)


def test_what_values_are_recorded_are_passed_on_as_they_are() -> None:
    assert list(recorded("explain", [], iter([1, 2, 3]))) == [1, 2, 3]


def test_a_meter_keeps_what_every_generation_cost_and_passes_the_answer_on() -> None:
    meter = Meter(EchoModel())
    assert [meter.generate(Prompt("", words), max_tokens=9).text() for words in ("one", "two words")]
    assert [(usage.completion_tokens, usage.stopped_by) for usage in meter.usages] == [(1, "end"), (2, "end")]
    assert meter.name == "echo"


def test_a_trace_is_plain_json() -> None:
    trace = Trace(
        (Stage("admitted", 7), Stage("shown", 1, (("lamp-1", 0.12345678),))),
        (ModelCall("explain", "p", "a", 0.25, 7, 2, "end"),),
        ("lamp-2",),
        "busy",
    )
    assert trace.as_json() == {
        "stages": [
            {"stage": "admitted", "count": 7, "items": []},
            {"stage": "shown", "count": 1, "items": [{"item_id": "lamp-1", "score": 0.123457}]},
        ],
        "model_calls": [
            {
                "task": "explain",
                "prompt": "p",
                "answer": "a",
                "seconds": 0.25,
                "tokens_in": 7,
                "tokens_out": 2,
                "stopped_by": "end",
            }
        ],
        "blocked": ["lamp-2"],
        "without_model": "busy",
    }
