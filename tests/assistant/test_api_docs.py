"""docs/api.md, run: each example with the shell's curl against a served API, its answer held against the one shown."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from api_doubles import open_doubles, served, with_key

from assistant.api.problems import KINDS
from assistant.store.keys import Scope

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
BLOCK = re.compile(r"^```(sh|json|text|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY = "…"


@dataclass(frozen=True)
class Example:
    """Commands, and the answer that the page shows below them."""

    commands: str
    shown_as: str
    shown: str


def examples() -> list[Example]:
    blocks = [match.groups() for match in BLOCK.finditer(PAGE)]
    after = [*blocks[1:], ("", "")]
    return [
        Example(text, *(following if following[0] in ("json", "text") else ("", "")))
        for (language, text), following in zip(blocks, after, strict=True)
        if language == "sh"
    ]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with open_doubles(tmp_path_factory.mktemp("docs")) as service, served(service) as address:
        yield {
            "SHOP": address,
            "KEY": with_key(service)["Authorization"].removeprefix("Bearer "),
            "PATH": "/usr/bin:/bin",
        }


def last_answer(output: str) -> Any:
    """The last of the JSON values that several commands printed."""
    decoder, at, value = json.JSONDecoder(), 0, None
    output = output.strip()
    while at < len(output):
        value, at = decoder.raw_decode(output, at)
        at += len(output[at:]) - len(output[at:].lstrip())
    return value


def differences(shown: Any, answered: Any, where: str = "") -> list[str]:
    """What the page shows and the answer does not hold; the answer may hold more, but for empty lists."""
    if shown == ANY:
        return []
    if isinstance(shown, dict) and isinstance(answered, dict):
        missing = [f"{where}/{name} is missing" for name in shown.keys() - answered.keys()]
        held = [n for n in shown if n in answered]
        return missing + [d for name in held for d in differences(shown[name], answered[name], f"{where}/{name}")]
    if isinstance(shown, list) and isinstance(answered, list) and shown and len(answered) >= len(shown):
        return [d for n, part in enumerate(shown) for d in differences(part, answered[n], f"{where}/{n}")]
    return [] if shown == answered else [f"{where}: {shown!r} is shown, {answered!r} was answered"]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the examples are for curl")
def test_every_example_runs_and_is_answered_as_shown(environment: dict[str, str]) -> None:
    found = examples()
    assert len(found) == PAGE.count("```sh\n") > 10
    for example in found:
        done = subprocess.run(
            ["/bin/sh", "-ec", example.commands],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{example.commands}\n{done.stderr}"
        if example.shown_as == "json":
            answered = last_answer(done.stdout)
            assert differences(json.loads(example.shown), answered) == [], f"{example.commands}\n{done.stdout}"
        for line in example.shown.splitlines() if example.shown_as == "text" else ():
            assert line in done.stdout, example.commands


def test_the_python_example_runs(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    (program,) = [text for language, text in BLOCK.findall(PAGE) if language == "python"]
    exec(program, {"SHOP": environment["SHOP"], "KEY": environment["KEY"]})
    assert capsys.readouterr().out.strip()


def test_a_difference_would_be_seen() -> None:
    answer = {"a": [{"b": 1, "c": 2}], "d": []}
    assert differences({"a": [{"b": 1}], "d": []}, answer) == []
    assert differences({"a": [{"b": ANY}]}, answer) == []
    for wrong in ({"a": [{"b": 2}]}, {"a": []}, {"e": 1}, {"d": [1]}, {"a": [{"b": 1}, {}]}):
        assert differences(wrong, answer), wrong


def test_every_kind_of_problem_has_its_paragraph_where_its_type_leads() -> None:
    headings = set(re.findall(r"^### ([a-z-]+)$", PAGE, re.MULTILINE))
    assert headings == KINDS.keys()
    for name, kind in KINDS.items():
        assert f"### {name}\n\n{kind.status}: {kind.title}. {kind.advice}\n" in PAGE


def test_every_scope_is_described() -> None:
    assert set(re.findall(r"^\| `([a-z:]+)` \|", PAGE, re.MULTILINE)) == set(Scope)
