from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from assistant.__main__ import app

TITLES = ("Red cup", "Blue cup", "Green bowl", "Steel jug", "Glass jug", "Tea pot", "Coffee pot", "Milk can")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "items.csv").write_text("item_id,title\n" + "".join(f"{n},{title}\n" for n, title in enumerate(TITLES)))
    events = [f"u{u},{(u + step) % 8},{1000 + 100 * u + step}\n" for u in range(12) for step in range(5)]
    (tmp_path / "interactions.csv").write_text("user_id,item_id,timestamp\n" + "".join(events))
    return tmp_path


@pytest.mark.weights
def test_the_command_prints_one_json_object_and_writes_the_page(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSISTANT_CACHE", str(log / "cache"))
    page = log / "ranking.html"
    models = ("markov", "full system")  # on so small a log the second says in the log which rule it takes
    options = ["--data", str(log), "--models", ",".join(models), "--splits", "loo", "--json", "--html", str(page)]
    done = CliRunner().invoke(app, ["evaluate", "ranking", *options])
    assert done.exit_code == 0, done.stderr
    report = json.loads(done.stdout)
    assert set(report) == {"protocol", "rows"}
    assert {row["model"] for row in report["rows"]} == set(models)
    assert "markov" in page.read_text()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--html", "nowhere/report.html"], "nowhere is no folder"),
        ([], "holds no items.csv"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_loaded(tmp_path: Path, options: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["evaluate", "ranking", "--data", str(tmp_path), *options])
    assert done.exit_code == 2
    assert said in done.stderr
