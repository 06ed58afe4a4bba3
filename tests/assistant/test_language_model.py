from __future__ import annotations

import os
import subprocess
import sys

import pytest

from assistant.language_model import load_language_model
from assistant.language_model.stop_texts import StopTexts
from assistant.settings import load_settings


def passed_on(stop: StopTexts, pieces: list[str]) -> str:
    passed = ""
    for piece in pieces:
        passed += stop.pass_on(piece)
        if stop.met:
            return passed
    return passed + stop.rest()


@pytest.mark.parametrize(
    ("texts", "pieces", "expected"),
    [
        ((), ["a", "b"], "ab"),
        (("STOP",), ["a ST", "OP b"], "a "),
        (("STOP",), ["a ST", "ART"], "a START"),
        (("STOP",), ["S", "T", "O"], "STO"),
        (("b", "ab"), ["xab"], "x"),
        (("\n\n",), ["one\n", "two\n", "\nthree"], "one\ntwo"),
        (("aab",), ["a", "a", "a", "b", "c"], "a"),
    ],
)
def test_a_stop_text_ends_the_answer_however_it_is_cut(
    texts: tuple[str, ...], pieces: list[str], expected: str
) -> None:
    assert passed_on(StopTexts(texts), pieces) == expected


def test_what_cannot_begin_a_stop_text_is_passed_on_at_once() -> None:
    stop = StopTexts(["STOP"])
    assert stop.pass_on("hello S") == "hello "
    assert stop.pass_on("un") == "Sun"


def test_importing_the_protocol_loads_no_heavy_library() -> None:
    code = (
        "import sys, assistant.language_model; "
        "print([n for n in ('torch', 'transformers', 'bitsandbytes', 'httpx', 'llguidance') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_threads_are_told_not_to_spin_before_torch_is_loaded() -> None:
    code = "import os, sys, assistant.language_model; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == ["PASSIVE", "False"]


def test_no_model_is_a_choice() -> None:
    assert load_language_model(load_settings(language_model="none")) is None


def test_a_local_model_is_not_loaded_before_it_is_needed() -> None:
    model = load_language_model(load_settings(language_model="/no/such/folder"))
    assert model is not None
    assert model.name == "/no/such/folder"
