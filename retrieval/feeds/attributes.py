"""Attributes from what a feed states: names in words, values to compare, numbers with the units that the feed names.

A unit is never guessed: it comes from the value ("1.4 kg"), from the name ("weight_g", "Weight (kg)"), from a separate
key ({"value": 1.4, "unit": "kg"}) or from the operator ("--map 'weight [g]=n_weight'").
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from retrieval.catalogue import Attribute
from retrieval.feeds.cleaning import Notes, clean_text, is_missing
from retrieval.units import parse_quantity

MOST_ATTRIBUTES = 500
_TYPED = re.compile(r"[tnbsifd]_(?=\w)")  # "t_colour", "n_weight", "b_touchscreen": a letter for the value's type
_UNIT_IN_BRACKETS = re.compile(r"[\[(]\s*([^\])]+?)\s*[\])]\s*$")
_LAST_WORD = re.compile(r"[\s_]([A-Za-zµ]+)_*$")
# the units that the bare last word of a name is trusted to be: "h", "w" and "min" there are height, width and minimum
_SYMBOLS = frozenset(
    {"g", "kg", "mg", "lb", "lbs", "oz", "mm", "cm", "km", "inch", "inches", "ft", "ml", "cl", "l", "gb", "mb", "tb"}
    | {"hz", "khz", "mhz", "ghz", "wh", "kwh", "mah", "mp", "dpi", "rpm", "kw", "mbps"}
)
_YES, _NO = frozenset({"yes", "true", "y"}), frozenset({"no", "false", "n"})
_LIST_BREAK = re.compile(r"\s*(?:[;|•\n]|,(?!\d))(?![^()]*\))\s*")
_BULLET = re.compile(r"^[-*]\s+")
_GENERATION = re.compile(r"[1-6]G")  # of a mobile network: no grams
_LETTER_CODES = re.compile(r"\b(?:gender|sex|size|class|grade|type)\b")


def attributes_of(stated: Mapping[str, Any], names: Mapping[str, str], notes: Notes) -> dict[str, Attribute]:
    """The attributes of one item by name, in the feed's order.

    Args:
        stated: raw values by raw name; nested objects are read as "outer inner".
        names: names that the operator gave, by raw name; a unit in brackets is the column's.
        notes: what was repaired or set aside.
    """
    typed = bool(stated) and all(_TYPED.match(name) for name in stated)
    attributes: dict[str, Attribute] = {}
    for raw_name, value in _flat(stated, ""):
        if is_missing(value):
            continue
        given = names.get(raw_name)
        name, unit = _name_and_unit(given or (raw_name[2:] if typed else raw_name), numeric=_is_numeric(value))
        if not name:
            notes.cannot_use("attributes", "an attribute without a name", value)
            continue
        attribute = _attribute(name, value, unit, notes)
        if attribute is None or attributes.get(name) == attribute:
            continue
        if name in attributes:  # "t_size" and "n_size": both are kept, the second one under its own kind
            attribute = _renamed(attribute, attributes)
        if len(attributes) == MOST_ATTRIBUTES:
            notes.cannot_use(name, f"more than {MOST_ATTRIBUTES} attributes", value)
            continue
        attributes[attribute.name] = attribute
    return attributes


def stated_attributes(value: object, notes: Notes) -> dict[str, Any]:
    """The raw attributes of a field that holds them all: an object, its JSON text, a list of name and value, or lines.

    Google Merchant's `product_detail` and lists such as [{"name": "Colour", "value": "Red"}] are read alike.
    """
    if isinstance(value, str):
        value = _parsed(value)
    if isinstance(value, dict) and _pair(value) is None:
        return value
    stated: dict[str, Any] = {}
    for part in value if isinstance(value, list) else [value]:
        pair = _pair(part)
        if pair is not None:
            stated[pair[0]] = pair[1]
        elif not is_missing(part):
            stated.setdefault("features", []).append(part)
    if isinstance(stated.get("features"), list):
        stated["features"] = [clean_text(part, "features", notes) for part in stated["features"]]
    return stated


def _parsed(text: str) -> Any:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return [part for part in re.split(r"\s*[;\n|]\s*", text) if part]


def _pair(part: object) -> tuple[str, Any] | None:
    if isinstance(part, str) and (match := re.match(r"\s*([^:]{1,60}?)\s*:\s+(.+)", part, re.DOTALL)):
        return match[1], match[2]
    if not isinstance(part, dict):
        return None
    name = part.get("attribute_name") or part.get("name") or part.get("key")
    value = part.get("attribute_value", part.get("value"))
    if not isinstance(name, str) or value is None:
        return None
    return name, {"value": value, "unit": part["unit"]} if part.get("unit") else value


def _flat(stated: Mapping[str, Any], outer: str) -> Iterator[tuple[str, Any]]:
    for key, value in stated.items():
        name = f"{outer} {key}".strip()
        if isinstance(value, dict) and not value.keys() <= {"value", "unit"} and outer.count(" ") < 4:
            yield from _flat(value, name)
        else:
            yield name, value


def _is_numeric(value: object) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"\s*-?\d+(?:[.,]\d+)*\s*", value) is not None
    return isinstance(value, int | float) and not isinstance(value, bool)


@lru_cache(maxsize=2**14)
def _name_and_unit(raw: str, numeric: bool) -> tuple[str, str | None]:
    """The name in lower-case words and the unit its end names: "n_weight__g_" is ("weight", "g")."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", raw)
    unit = None
    if numeric and (match := _UNIT_IN_BRACKETS.search(text)):
        is_unit = match[1] != "min" and (len(match[1]) > 1 or match[1].islower()) and _is_unit(match[1])
    elif numeric and (match := _LAST_WORD.search(text)):
        is_unit = match[1].casefold() in _SYMBOLS
    else:
        is_unit = False
    if is_unit and match is not None:
        unit, text = match[1], text[: match.start()]
    name = re.sub(r"[\s_]+", " ", clean_text(text, "name", Notes())).strip(" :.-").casefold()
    return name[:100], unit


def _is_unit(word: str) -> bool:
    quantity = parse_quantity(f"1 {word}")
    return quantity is not None and quantity.unit is not None


def _attribute(name: str, value: object, unit: str | None, notes: Notes) -> Attribute | None:
    if isinstance(value, dict):
        unit = clean_text(value.get("unit"), name, notes) or None
        value = value.get("value")
    if isinstance(value, bool):
        word = "yes" if value else "no"
        return Attribute(name, word, (word,))
    if isinstance(value, list):
        parts = [clean_text(part, name, notes) for part in value]
        parts = [part for part in dict.fromkeys(parts) if part]
        if len(parts) != 1:
            text = clean_text(", ".join(parts), name, notes)
            return Attribute(name, text, tuple(dict.fromkeys(p.casefold() for p in parts))) if parts else None
        value = parts[0]
    if isinstance(value, int | float):
        return _numeric(name, float(value), unit) if abs(value) < 1e300 else None
    text = clean_text(value, name, notes, lines=True)
    if not text:
        return None
    return _worded(name, text, unit)


def _numeric(name: str, number: float, unit: str | None) -> Attribute:
    shown = f"{number:.10g}"
    return _worded(name, f"{shown} {unit}" if unit else shown, None)


@lru_cache(maxsize=2**16)
def _worded(name: str, text: str, unit: str | None) -> Attribute:
    """An attribute from its cleaned text; cached, for most values of a catalogue recur."""
    folded = text.casefold()
    if folded in _YES or folded in _NO:
        if len(folded) > 1 or not _LETTER_CODES.search(name):
            return Attribute(name, text, ("yes" if folded in _YES else "no",))
        return Attribute(name, text, (folded,))
    quantity = parse_quantity(f"{text} {unit}" if unit else text) if text[0] in "-−+.0123456789" else None
    if _GENERATION.fullmatch(text):
        quantity = None
    shown = " ".join(text.split("\n"))
    if quantity is not None:
        return Attribute(name, f"{shown} {unit}" if unit else shown, (folded,), quantity.number, quantity.unit)
    breaks = re.compile(_LIST_BREAK.pattern + r"|\s*/\s*") if "colo" in name else _LIST_BREAK
    values = tuple(dict.fromkeys(part for part in (_BULLET.sub("", p).strip() for p in breaks.split(folded)) if part))
    text = ", ".join(_BULLET.sub("", line) for line in text.split("\n"))
    return Attribute(name, text, values or (folded,))


def _renamed(attribute: Attribute, taken: Mapping[str, Attribute]) -> Attribute:
    kind = (
        "number" if attribute.number is not None else "yes or no" if set(attribute.values) <= {"yes", "no"} else "words"
    )
    name = f"{attribute.name} ({kind})"
    number = 2
    while name in taken:
        name, number = f"{attribute.name} ({number})", number + 1
    return Attribute(name, attribute.text, attribute.values, attribute.number, attribute.unit)
