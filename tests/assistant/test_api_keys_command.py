"""`python -m assistant keys`."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assistant.__main__ import app
from assistant.store import Store
from assistant.store.keys import Scope, find


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASSISTANT_DATA_FOLDER", str(tmp_path))
    return tmp_path


def keys(*words: str) -> Result:
    return CliRunner().invoke(app, ["keys", *words])


def test_a_key_is_printed_once_and_good_until_it_is_revoked(folder: Path) -> None:
    made = keys("add", "till", "--scope", "items:write", "--scope", "events:write")
    key = made.stdout.strip()
    store = Store(folder)
    found = find(store, key)
    assert found is not None
    assert found.scopes == {Scope.ITEMS_WRITE, Scope.EVENTS_WRITE}
    listed = keys("list").stdout
    assert "till\tevents:write items:write\t" in listed
    assert key not in listed
    assert keys("revoke", "till").exit_code == 0
    assert find(store, key) is None
    assert "revoked" in keys("list").stdout
    store.close()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "till", "--scope", "everything"), "items:write"),
        (("revoke", "nobody"), "keys list"),
    ],
)
def test_what_cannot_be_done_is_explained(folder: Path, words: tuple[str, ...], told: str) -> None:
    result = keys(*words)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output


def test_a_key_without_a_scope_is_not_made(folder: Path) -> None:
    assert keys("add", "till").exit_code == 2
    assert keys("list").stdout == ""
