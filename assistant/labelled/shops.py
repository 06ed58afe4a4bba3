"""The kinds of shops, one split of their words at a time."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from assistant.labelled.phrases import Split, listed, words

Kind = Literal["adjective", "noun", "material", "measure"]

_EVERY = 5  # a fifth of all categories, brands and properties is kept for validation
_LISTS: dict[Kind, str] = {"adjective": "adjectives", "noun": "nouns", "material": "materials", "measure": "measures"}


@dataclass(frozen=True, slots=True)
class Thing:
    """What a shop sells: "laptop" and "laptops"; a mass noun, a plural and what comes in pairs have one form.

    Attributes:
        kind: what comes in pairs, a mass and a plural have one form and no article.
        properties: words that suit it, by kind; measures are templates with choices.
        record: measures that its record states: name, unit, least, most and step.
        says: half-sentences of its description.
    """

    one: str
    many: str
    kind: Literal["counted", "pair", "mass", "plural"]
    properties: Mapping[Kind, tuple[str, ...]]
    record: tuple[str, ...]
    says: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShopWords:
    """The words of one kind of shop.

    Attributes:
        uses: what for, in words that no slot holds.
        prices: weights of small, middling and high amounts.
        colours: whether its things are asked for by colour.
    """

    name: str
    things: tuple[Thing, ...]
    brands: tuple[str, ...]
    uses: tuple[str, ...]
    prices: tuple[int, ...]
    colours: bool


@cache
def shops(split: Split) -> tuple[ShopWords, ...]:
    """All kinds of shops with the words of one split: no category, brand or property is in both."""
    found = []
    for name, held in words("shops").items():
        things = [
            _thing(entry, group, split) for group in held["groups"] for entry in kept(listed(group["things"]), split)
        ]
        brands, uses = kept(listed(held["brands"]), split), listed(held["uses"])
        found.append(ShopWords(name, tuple(things), brands, uses, tuple(held["prices"]), held["colours"]))
    return tuple(found)


def kept(entries: Iterable[str], split: Split) -> tuple[str, ...]:
    """The entries of one split: an entry falls to the same one wherever it stands."""
    return tuple(e for e in entries if (zlib.crc32(e.encode()) % _EVERY == 0) == (split == "validation"))


def _thing(entry: str, group: Mapping[str, str], split: Split) -> Thing:
    properties = {
        kind: kept(listed(group[key], ";" if kind == "measure" else ","), split) for kind, key in _LISTS.items()
    }
    record, says = listed(group["record"], ";"), listed(group["says"], ";")
    one, _, many = entry.removeprefix("pair of ").rstrip("~*").partition("/")
    if entry.endswith("~"):
        return Thing(one, one, "mass", properties, record, says)
    if entry.endswith("*"):
        return Thing(one, one, "plural", properties, record, says)
    kind: Literal["pair", "counted"] = "pair" if entry.startswith("pair of ") else "counted"
    return Thing(one, many or plural(one), kind, properties, record, says)


def plural(noun: str) -> str:
    """The regular plural of a noun."""
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "sh", "ch", "x", "z")) else f"{noun}s"
