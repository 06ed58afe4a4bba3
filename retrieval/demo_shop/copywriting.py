"""Titles and descriptions, put together from hand-written phrases that fit the item's own attributes.

A phrase may carry a condition and slots: `weight<1.3 | At {weight} you will check twice that you packed it.` It is used
only where the condition holds and every slot is stated, so a description cannot contradict its item. `{screen size-}`
is the form that stands before a noun: "14-inch".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from string import Formatter

from retrieval.demo_shop.blueprints import Brand, ItemType, Line
from retrieval.demo_shop.draws import Draws

_CONDITION = re.compile(r"(?P<name>[^=<>]+)(?P<operator>[=<>])(?P<value>.+)")
_IN_WORDS = {"h": "hours", "min": "minutes", "lm": "lumens", "in": "inches"}
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeio]|8|11\b|18)")


def holds(condition: str, attributes: Mapping[str, str]) -> bool:
    """Whether a written condition ("waterproof=yes", "weight<1.3") is true of the attributes.

    Numbers are compared in the unit in which the attribute is stated.
    """
    match = _CONDITION.fullmatch(condition)
    if match is None:
        raise ValueError(f"not a condition: {condition!r}")
    stated = attributes.get(match["name"])
    if stated is None:
        return False
    if match["operator"] == "=":
        return stated == match["value"]
    number, bound = float(stated.split()[0]), float(match["value"])
    return number < bound if match["operator"] == "<" else number > bound


def fits(phrase: str, attributes: Mapping[str, str]) -> bool:
    """Whether a phrase may be said of an item: its condition holds and its slots are stated."""
    condition, text = _parts(phrase)
    return (condition is None or holds(condition, attributes)) and _slots(text) <= attributes.keys() | {"model"}


def describe(
    item_type: ItemType, line: Line, brand: Brand, model: str, attributes: Mapping[str, str], draws: Draws
) -> str:
    """Three sentences or so: an opening, a fact, and a second fact, a closing or the brand's own voice."""
    openings = _fitting(line.openings, attributes)
    details = draws.shuffled(_fitting((*line.details, *item_type.details), attributes))
    ending = draws.unit()
    last = details[1:2]
    if ending < 0.4 or not last:
        last = [draws.pick(_fitting(item_type.closings, attributes))]
    elif ending < 0.65:
        last = [draws.pick(brand.says)]
    phrases = [draws.pick(openings), details[0], *last]
    return " ".join(say(phrase, {**attributes, "model": model}) for phrase in phrases)


def say(phrase: str, values: Mapping[str, str]) -> str:
    """A phrase with its slots filled, as a sentence."""
    _, text = _parts(phrase)
    filled = text.format_map({f"{name}{form}": v for name, v in values.items() for form, v in _forms(v)})
    filled = _ARTICLE.sub(r"\1n ", filled)
    return filled[0].upper() + filled[1:]


def title(brand: Brand, model: str, line: Line, suffix: str, attributes: Mapping[str, str]) -> str:
    """ "Quillon Airleaf Ultralight Laptop, 14-inch, 16 GB RAM, 512 GB SSD, silver"."""
    slots = {**attributes, **{f"{name}-": _before_a_noun(value) for name, value in attributes.items()}}
    return f"{brand.name} {model} {line.title}, {suffix.format_map(slots)}"


def _fitting(phrases: Sequence[str], attributes: Mapping[str, str]) -> list[str]:
    return [phrase for phrase in phrases if fits(phrase, attributes)]


def _forms(value: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("", _in_words(value)), ("-", _before_a_noun(value))


def _in_words(value: str) -> str:
    number, _, unit = value.rpartition(" ")
    return f"{number} {_IN_WORDS[unit]}" if unit in _IN_WORDS and number[:1].isdigit() else value


def _before_a_noun(value: str) -> str:
    return f"{value.removesuffix(' in')}-inch" if value.endswith(" in") else value


@cache
def _parts(phrase: str) -> tuple[str | None, str]:
    condition, bar, text = phrase.partition(" | ")
    return (condition, text) if bar else (None, phrase)


@cache
def _slots(text: str) -> frozenset[str]:
    return frozenset(name.removesuffix("-") for _, name, _, _ in Formatter().parse(text) if name)
