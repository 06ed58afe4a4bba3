"""A few inputs of every fuzzer, and defects planted for each: what is broken would be reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from benchmarks import fuzz, fuzz_targets
from benchmarks.fuzz import CURRENT, TooSlow, keep, put_in, run_seed
from benchmarks.fuzz_targets import TARGETS, Target

INPUTS = {"feeds": 30, "answers": 30, "claims": 15}  # a second or two each


@pytest.mark.parametrize("name", TARGETS)
def test_broken_input_has_no_outcome_that_is_not_documented(name: str) -> None:
    run_seed(TARGETS[name], 7, INPUTS[name])


def raising(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("planted")


def nothing_claimed(*_: Any) -> Sequence[Any]:
    return ()


@pytest.mark.parametrize(
    ("name", "planted_in", "defect", "reported"),
    [
        ("feeds", "ingest", raising, ZeroDivisionError),
        ("answers", "to_query", raising, ZeroDivisionError),
        ("claims", "check_claims", nothing_claimed, AssertionError),
    ],
)
def test_a_defect_planted_in_the_product_is_reported(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    planted_in: str,
    defect: Callable[..., Any],
    reported: type[Exception],
) -> None:
    monkeypatch.setattr(fuzz_targets, planted_in, defect)
    with pytest.raises(reported):
        run_seed(TARGETS[name], 7, INPUTS[name])


def crash(data: bytes) -> None:
    if len(data) > 20:
        raise ZeroDivisionError(f"{len(data)} bytes")


def test_the_input_that_crashes_is_kept_and_crashes_again(tmp_path: Path) -> None:
    target = Target(st.binary(), crash)
    with pytest.raises(ZeroDivisionError) as raised:
        run_seed(target, 7, 100, tmp_path)
    finding = keep(
        "planted", (tmp_path / CURRENT).read_bytes(), f"ZeroDivisionError: {raised.value}\n", tmp_path / "found"
    )
    assert finding["kind"] == f"ZeroDivisionError: {raised.value}"
    with pytest.raises(ZeroDivisionError):
        put_in(target, Path(finding["file"]).read_bytes())


def test_an_input_without_an_end_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(data: bytes) -> None:
        while data:
            pass

    monkeypatch.setattr(fuzz, "SECONDS", 0.05)
    with pytest.raises(TooSlow):
        put_in(Target(st.just(b"x"), hang), b"x")
