"""Phrases by hand: templates of the TOML files, one of several chosen, their slots filled."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Split = Literal["train", "validation"]

_CHOICE = re.compile(r"\(([^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")
_HELD_BACK = 6  # every sixth phrase of a list is kept for validation
_SHORTEST = 6  # shorter lists serve both


@cache
def words(name: str) -> Mapping[str, Any]:
    """The contents of `name`.toml in this folder."""
    return tomllib.loads((files(__package__) / f"{name}.toml").read_text(encoding="utf-8"))


def listed(text: str, by: str = ",") -> tuple[str, ...]:
    """The entries of a list in one string."""
    return tuple(" ".join(entry.split()) for entry in text.split(by) if entry.strip())


def part(entries: Sequence[str], split: Split) -> Sequence[str]:
    """The entries of one split: disjoint for the two, unless the list is too short to be parted."""
    if len(entries) < _SHORTEST:
        return entries
    return [entry for n, entry in enumerate(entries) if (n % _HELD_BACK == _HELD_BACK - 1) == (split == "validation")]


def choose(rng: random.Random, template: str) -> str:
    """A template with one of each "(a|b|)" chosen, the innermost first."""
    while match := _CHOICE.search(template):
        template = template[: match.start()] + rng.choice(match[1].split("|")) + template[match.end() :]
    return " ".join(template.split())


def slots_of(template: str) -> tuple[str, ...]:
    """The names of a template's slots."""
    return tuple(dict.fromkeys(_SLOT.findall(template)))


def fill(template: str, **values: str) -> str:
    """A template with its slots filled.

    Raises:
        KeyError: a slot that is given no value.
    """
    return _SLOT.sub(lambda match: values[match[1]], template)
