"""The words of every prompt: Markdown files with `string.Template` slots.

`prompts/explain.md` is rendered by `render("explain", need="...", records="...")`. A dollar sign is written `$$`.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from string import Template

_FOLDER = files(__name__)


def render(name: str, **slots: str) -> str:
    """The prompt `name` with its slots filled, without surrounding white space.

    Slot values are put in as they are: a `$name` inside a value is never filled in turn.

    Raises:
        LookupError: there is no such prompt.
        TypeError: a slot is missing, or one is given that the prompt does not have.
    """
    template = Template(_words(name))
    expected, given = set(template.get_identifiers()), set(slots)
    if expected != given:
        missing, unknown = sorted(expected - given), sorted(given - expected)
        raise TypeError(f"prompt {name!r}: missing slots {missing}, unknown slots {unknown}")
    return template.substitute(slots).strip()


def digest(name: str) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of the prompt's file: which wording a stored turn was made with.

    Raises:
        LookupError: there is no such prompt.
    """
    return hashlib.sha256(_words(name).encode()).hexdigest()[:12]


@cache
def _words(name: str) -> str:
    file = _FOLDER / f"{name}.md"
    if not name.isidentifier() or not file.is_file():
        raise LookupError(f"there is no prompt {name!r}")
    return file.read_text(encoding="utf-8")
