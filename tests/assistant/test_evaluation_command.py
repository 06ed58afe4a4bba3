"""The whole evaluation on a handful of utterances, by the rules and the classifiers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from assistant.evaluation.command import pairs, run_intent
from assistant.evaluation.extras import pyplot, sklearn
from assistant.evaluation.intent import Options
from assistant.settings import load_settings
from retrieval.errors import SetupError

GOLDEN = Path(__file__).parents[1] / "data" / "golden_intents.jsonl"
TIMED = ("latency_ms", "memory_mb")


def quiet(line: str) -> None:
    del line


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    """Every tenth golden utterance; the classifiers learn from some of the others."""
    folder = tmp_path_factory.mktemp("labelled")
    lines = GOLDEN.read_text("utf-8").splitlines()
    (folder / "scored.jsonl").write_text("\n".join(lines[::10]), "utf-8")
    (folder / "learnt.jsonl").write_text("\n".join(lines[1::8]), "utf-8")
    return Options((folder / "scored.jsonl",), {}, "rules", train=(folder / "learnt.jsonl",), raw_sample=0)


def run(options: Options, **files: Any) -> tuple[dict[str, Any], bool]:
    printed: list[dict[str, Any]] = []
    reached = run_intent(options, load_settings(), quiet, print_json=printed.append, **files)
    return json.loads(json.dumps(printed[0], allow_nan=False)), reached


def untimed(report: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in report.items() if name not in TIMED}
    others = {name: {k: v for k, v in one.items() if k not in TIMED} for name, one in report["others"].items()}
    return {**kept, "others": others}


@pytest.mark.weights
@pytest.mark.slow
def test_one_run_writes_everything_and_another_gives_the_same_figures(options: Options, tmp_path: Path) -> None:
    html, lines = tmp_path / "report.html", tmp_path / "predictions.jsonl"
    report, reached = run(options, html=html, predictions=lines, fail_under=["intent=0.2"])
    assert reached
    assert report["n"] == 50
    for name in ("intent_accuracy", "intent_macro_f1", "all_slots_exact", "oos_recall", "oos_auroc", "ece"):
        assert report[name]["low"] <= report[name]["value"] <= report[name]["high"], name
    assert set(report["others"]) == {"tfidf + lr", "embeddings + lr"}
    assert report["rungs"] == {"rules": 1.0}
    assert report["slot_f1"]["category"]["n"] >= 10
    assert report["robustness"]["injections"]["intent_accuracy_drop"] is None
    assert 0 <= report["robustness"]["injections"]["obeyed"] <= report["robustness"]["injections"]["n"]
    assert report["robustness"]["casing"]["intent_accuracy_drop"]["value"] <= 1
    rows = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
    assert len(rows) == 50
    assert sum(row["intent_right"] for row in rows) / 50 == pytest.approx(report["intent_accuracy"]["value"])
    page = html.read_text("utf-8")
    assert page.count("<svg") == 5
    assert "<script" not in page
    assert "src=" not in page
    again, _ = run(options)
    assert untimed(again) == untimed(report)


@pytest.mark.weights
@pytest.mark.slow
def test_a_least_value_that_is_not_reached_is_told(options: Options) -> None:
    said: list[str] = []
    bounds = ["intent=1.0", "oos=0.0"]
    assert not run_intent(options, load_settings(), said.append, fail_under=bounds, print_json=lambda value: None)
    assert any(line.startswith("intent_accuracy is 0.") for line in said)


@pytest.mark.parametrize("entry", ["intent", "intent=", "=0.9", "nothing=0.9", "intent=high"])
def test_a_least_value_of_another_form_is_refused_before_anything_runs(entry: str) -> None:
    with pytest.raises(SetupError):
        run_intent(Options((Path("nowhere.jsonl"),), {}), load_settings(), quiet, fail_under=[entry])


def test_pairs_are_read_at_the_first_equals_sign() -> None:
    assert pairs(["a=b=c"], "x=y") == {"a": "b=c"}


@pytest.mark.parametrize(("module", "needs"), [("sklearn.metrics", sklearn), ("matplotlib", pyplot)])
def test_without_the_extra_the_error_names_it(module: str, needs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(SetupError, match=r"shop-assistant\[evaluation\]"):
        needs()
