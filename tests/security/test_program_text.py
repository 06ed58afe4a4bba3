"""What the packages' own text shows: no pickle, no evaluation, one home for what reaches other machines, no secret."""

from __future__ import annotations

import ast
import csv
import io
import json
import logging
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from assistant.console.overview_tables import Table, as_csv
from assistant.settings import Settings
from retrieval.errors import SetupError
from retrieval.model_files import PICKLES, refuse_pickles

ROOT = Path(__file__).parents[2]
PACKAGES = ("assistant", "retrieval", "prompts")
SOURCES = [ROOT / "app.py", *(file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))]
RUNS_PROGRAMS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal", "jsonpickle"}
LOADERS_OF_WEIGHTS = {"AutoModel", "AutoModelForCausalLM", "AutoModelForSequenceClassification"}
REACHES_OUT = {"httpx", "requests", "urllib.request", "aiohttp", "ftplib", "smtplib", "http.client"}
MAY_REACH_OUT = {
    "assistant/client.py": "the API's client, for the shop's own programs",
    "assistant/client_errors.py": "its errors",
    "assistant/language_model/endpoint.py": "the endpoint that the operator names",
    "assistant/language_model/completion_stream.py": "what the endpoint that the operator names answers",
    "retrieval/embedding.py": "the errors of the hub's client, for an encoder that the operator names",
    "retrieval/index.py": "the errors of the client of the Chroma server that the operator names",
}


def trees() -> list[tuple[str, ast.Module]]:
    return [(file.relative_to(ROOT).as_posix(), ast.parse(file.read_text("utf-8"))) for file in SOURCES]


def imported(tree: ast.Module) -> set[str]:
    found = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return found | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


def calls(tree: ast.Module) -> list[tuple[str, ast.Call]]:
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def keywords(call: ast.Call) -> dict[str | None, str]:
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}


def test_no_module_reads_pickles_or_runs_text() -> None:
    found = []
    for name, tree in trees():
        found += [f"{name}: import {each}" for each in imported(tree) if each.split(".")[0] in RUNS_PROGRAMS]
        for called, call in calls(tree):
            if called in ("eval", "exec", "torch.load", "yaml.load", "os.system", "os.popen"):
                found.append(f"{name}:{call.lineno}: {called}")
            if keywords(call).get("allow_pickle") == "True" or keywords(call).get("shell") == "True":
                found.append(f"{name}:{call.lineno}: {called}")
            if keywords(call).get("trust_remote_code") == "True":
                found.append(f"{name}:{call.lineno}: {called}")
    assert found == []


def test_weights_are_loaded_from_safetensors_or_gguf_alone() -> None:
    found = []
    for name, tree in trees():
        for called, call in calls(tree):
            owner, _, method = called.rpartition(".")
            given = keywords(call)
            safe = given.get("use_safetensors") == "True" or "gguf_file" in given or given.get(None) == "options"
            if method == "from_pretrained" and owner in LOADERS_OF_WEIGHTS and not safe:
                found.append(f"{name}:{call.lineno}")
    assert found == []


def test_only_named_modules_can_reach_another_machine() -> None:
    reaching = {name for name, tree in trees() if imported(tree) & REACHES_OUT}
    assert reaching - MAY_REACH_OUT.keys() == set()


class Marked:
    """Unpickled, it leaves a file behind."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self._file,)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "weights.pkl", "1_Dense/pytorch_model.bin"])
def test_a_pickle_in_a_model_s_folder_is_refused_and_never_opened(tmp_path: Path, name: str) -> None:
    file, mark = tmp_path / "model" / name, tmp_path / "it ran"
    file.parent.mkdir(parents=True)
    file.write_bytes(pickle.dumps(Marked(mark)))
    (tmp_path / "model" / "config.json").write_text(json.dumps({"model_type": "llama", "architectures": ["X"]}))
    with pytest.raises(SetupError, match="is a pickle"):
        refuse_pickles(tmp_path / "model", "Name another.")
    pickle.loads(file.read_bytes())
    assert mark.exists()  # opened, it would have run


@pytest.mark.weights
@pytest.mark.parametrize("name", sorted(PICKLES))
def test_neither_the_encoder_nor_the_language_model_opens_one(tmp_path: Path, name: str) -> None:
    from assistant.language_model.loading import load_model
    from retrieval.embedding import Encoder

    mark, file = tmp_path / "it ran", tmp_path / "model" / f"pytorch_model{name}"
    file.parent.mkdir()
    (tmp_path / "model" / "config.json").write_text('{"model_type": "bert"}')
    file.write_bytes(pickle.dumps(Marked(mark)))
    with pytest.raises(SetupError, match="is a pickle"):
        Encoder(str(file.parent)).load()
    with pytest.raises(SetupError, match="is a pickle"):
        load_model(str(file.parent), "none", report=lambda line: None)
    assert not mark.exists()


FORMULAS = ('=HYPERLINK("http://evil.example")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=1+1")


@pytest.mark.parametrize("formula", FORMULAS)
def test_no_cell_of_an_export_is_a_formula(formula: str) -> None:
    table = Table("t", "T", (formula, "n"), ((formula, 1), ("lamp", None)))
    rows = list(csv.reader(io.StringIO(as_csv(table), newline="")))
    assert [cell[0] for row in rows for cell in row if cell and cell[0] in "=+-@\t\r"] == []
    assert formula in rows[0][0]


def test_every_csv_that_is_written_for_people_goes_through_that_function() -> None:
    writers = ("csv.writer", "csv.DictWriter")
    writing = {name for name, tree in trees() for called, _ in calls(tree) if called in writers}
    assert writing == {"assistant/console/overview_tables.py", "retrieval/demo_shop/__init__.py"}


SECRET = "the-secret-that-nobody-may-read-0123456789"


def test_no_secret_is_in_what_the_settings_say_of_themselves() -> None:
    settings = Settings(language_model_key=SECRET, shopper_secret=SECRET)
    shown = f"{settings!r} {settings} {settings.model_dump()!r} {settings.model_dump_json()}"
    assert SECRET not in shown


def test_a_secret_that_cannot_be_used_is_not_repeated_in_the_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from assistant.settings import load_settings

    monkeypatch.setenv("ASSISTANT_SHOPPER_SECRET", "too-short-secret")
    with pytest.raises(SetupError) as refused:
        load_settings()
    assert "too-short-secret" not in str(refused.value)


def test_no_secret_reaches_the_log_of_a_failing_endpoint(caplog: pytest.LogCaptureFixture) -> None:
    from assistant.language_model import LanguageModelUnavailable, Prompt
    from assistant.language_model.endpoint import EndpointModel

    caplog.set_level(logging.DEBUG)
    model = EndpointModel("http://127.0.0.1:9/v1", "m", key=SECRET, timeout=1.0)
    with pytest.raises(LanguageModelUnavailable) as failed:
        model.generate(Prompt("fixed", "asked"), max_tokens=1).text()
    assert SECRET not in caplog.text + str(failed.value) + repr(model)


# Every finding that bandit may make, and why it is none. One of another kind, or in another file, fails.
ACCEPTED = {
    "B101": (".*", "assert tells mypy what a line above has made sure of"),
    "B106": ("retrieval/behaviour/single_signals.py", "a pattern of tokens is no password"),
    "B311": (".*", "seeded draws of demo data, samples and exploration: to be repeated, not to be secret"),
    "B404": (
        "assistant/language_model/packaged.py|retrieval/damaged_folder.py",
        "pip is asked for the packaged model; a damaged folder is tried out in a process of its own",
    ),
    "B405": ("retrieval/feeds/formats.py", "a type; what parses is defusedxml"),
    "B603": (
        "assistant/language_model/packaged.py|retrieval/damaged_folder.py",
        "a fixed list of arguments, no shell, nothing of a shopper's",
    ),
    "B615": (
        "assistant/.*|retrieval/embedding.py",
        "a folder or hub id that the operator named; safetensors only",
    ),
    "B704": ("assistant/ui/.*", "Markup around our own words; test_scripts_never_run.py runs every field in a browser"),
}


@pytest.mark.slow
def test_bandit_finds_nothing_that_has_no_reason() -> None:
    pytest.importorskip("bandit", reason="bandit is not installed: pip install bandit")
    command = [sys.executable, "-m", "bandit", "-q", "-f", "json", "-r", "assistant", "retrieval", "prompts", "app.py"]
    report = json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=False).stdout)
    assert report["errors"] == []
    unexplained = [
        f"{found['filename']}:{found['line_number']}: {found['test_id']} {found['issue_text']}"
        for found in report["results"]
        if not re.fullmatch(ACCEPTED.get(found["test_id"], ("", ""))[0], found["filename"].removeprefix("./"))
    ]
    assert unexplained == []
