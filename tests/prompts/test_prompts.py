from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import prompts


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(prompts, "_FOLDER", tmp_path)
    prompts._words.cache_clear()
    yield tmp_path
    prompts._words.cache_clear()


def test_a_prompt_is_rendered_with_its_slots(folder: Path) -> None:
    (folder / "greet.md").write_text("Hello $shopper, it costs $$5.\n", encoding="utf-8")
    assert prompts.render("greet", shopper="Ada") == "Hello Ada, it costs $5."


def test_a_slot_value_is_never_a_template_itself(folder: Path) -> None:
    (folder / "greet.md").write_text("$first $second", encoding="utf-8")
    assert prompts.render("greet", first="$second ${second}", second="x") == "$second ${second} x"


@pytest.mark.parametrize("slots", [{}, {"shopper": "Ada", "age": "3"}])
def test_missing_and_unknown_slots_are_a_mistake(folder: Path, slots: dict[str, str]) -> None:
    (folder / "greet.md").write_text("Hello $shopper", encoding="utf-8")
    with pytest.raises(TypeError, match="greet"):
        prompts.render("greet", **slots)


@pytest.mark.parametrize("name", ["absent", "../pyproject", "a/b", ""])
def test_an_unknown_prompt_is_a_lookup_error(folder: Path, name: str) -> None:
    with pytest.raises(LookupError):
        prompts.render(name)


def test_the_digest_follows_the_words(folder: Path) -> None:
    (folder / "greet.md").write_text("Hello", encoding="utf-8")
    assert prompts.digest("greet") == hashlib.sha256(b"Hello").hexdigest()[:12]
    (folder / "greet.md").write_text("Hello!", encoding="utf-8")
    prompts._words.cache_clear()
    assert prompts.digest("greet") == hashlib.sha256(b"Hello!").hexdigest()[:12]


def test_every_prompt_in_the_package_is_a_valid_template() -> None:
    for file in Path(prompts.__file__).parent.glob("*.md"):
        assert prompts.digest(file.stem)
        assert prompts.Template(prompts._words(file.stem)).is_valid(), file.name
