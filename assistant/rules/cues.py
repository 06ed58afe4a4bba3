"""The cue phrases of `cues.toml`, compiled."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads((files("assistant.rules") / "cues.toml").read_text("utf-8"))


@cache
def alternatives(name: str) -> str:
    """The phrases of a list ("service", "edit.undo") as one group of a regular expression."""
    found: Any = _lists()
    for part in name.split("."):
        found = found[part]
    return f"(?:{'|'.join(found)})"


@cache
def cue(name: str) -> re.Pattern[str]:
    """Matches any phrase of a list as whole words."""
    return re.compile(rf"(?<!\w){alternatives(name)}(?!\w)")


@cache
def words(name: str) -> frozenset[str]:
    """The words of a list that holds plain words, several to an entry."""
    section, key = name.split(".")
    return frozenset(word for line in _lists()[section][key] for word in line.split())


def names(section: str) -> tuple[str, ...]:
    """The lists of a section, in the order of the file."""
    return tuple(_lists()[section])
