"""Units of number columns that name none, read from the feed's own texts.

A feed that says `internal_memory: 4` and, in the same item's title, "4 GB" has stated the unit, only elsewhere. It is
taken when many items agree: `UnitEvidence` counts, over a whole feed, how often the texts state an attribute's very
number in a unit. Where a column mixes two ("GB or MB"), each item's own text decides, or nothing does. What was read is
kept in `units.json` in the data folder, where an operator can correct it; an entry there is never overwritten, so that
a later, smaller feed is read the same way.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

from retrieval.catalogue import CatalogueItem
from retrieval.errors import SetupError
from retrieval.units import parse_quantity

FILE_NAME = "units.json"
# the units that a column's numbers may be in, and as which the texts' quantities are compared
CANDIDATES = (
    *("g", "kg", "lb", "oz", "mm", "cm", "m", "inch", "ft", "GB", "MB", "TB", "ml", "l", "MHz", "GHz", "Hz"),
    *("W", "kW", "Wh", "mAh", "Ah", "V", "A", "h", "min", "MP", "dpi", "ppm", "rpm", "dB", "lm", "Mbit/s"),
    *("sheets", "pages", "pieces"),
)
_LEAST_ITEMS = 20
_LEAST_NUMBERS = 8
_LEAST_SHARE = 0.05  # of the items whose texts hold a quantity of the unit's dimension; chance gives 0.02 at most
_LEAST_LEAD = 0.85  # of all agreements, over every candidate unit
_OR = " or "
_SLACK = 0.006  # 43.2 cm and 17 in are stated as one
_STATED = re.compile(r"(?<![\w.,])(\d+(?:[.,]\d+)?)[\s-]?([^\W\d_]+(?:/s)?|[\"″])(?![\w²³/])")


class UnitEvidence:
    """Counts, item by item, which unit the texts give the numbers of each attribute."""

    def __init__(self) -> None:
        self._agreed: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._compared: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._numbers: defaultdict[tuple[str, str], set[float]] = defaultdict(set)

    def add(self, item: CatalogueItem) -> None:
        """Add one item: its texts, and its numbers without a unit."""
        numbers = {a.name: a.number for a in item.attributes.values() if a.number is not None and a.unit is None}
        stated = _stated_amounts(item) if numbers else {}
        for name, number in numbers.items() if stated else ():
            if number in (0, 1):
                continue  # too often the same by chance
            for dimension, amounts in stated.items():
                self._compared[name][dimension] += 1
                for unit in _agreeing(number, _candidates(dimension), amounts):
                    self._agreed[name][unit] += 1
                    self._numbers[name, unit].add(number)

    def units(self) -> dict[str, str]:
        """The unit of each attribute for which the evidence is clear; "GB or MB" where a column mixes two."""
        found = {}
        for name, agreed in self._agreed.items():
            if name.split()[-1] in agreed:
                continue  # "pieces: 500" has its unit in its name
            clear = [unit for unit, items in agreed.most_common(2) if self._is_clear(name, unit, items)]
            one_dimension = len(clear) == 2 and _unit(clear[0])[1] == _unit(clear[1])[1]
            if clear and agreed[clear[0]] >= _LEAST_LEAD * agreed.total():
                found[name] = clear[0]
            elif one_dimension and sum(agreed[unit] for unit in clear) >= _LEAST_LEAD * agreed.total():
                found[name] = _OR.join(clear)
        return found

    def _is_clear(self, name: str, unit: str, items: int) -> bool:
        share = items / self._compared[name][str(_unit(unit)[1])]
        return items >= _LEAST_ITEMS and share >= _LEAST_SHARE and len(self._numbers[name, unit]) >= _LEAST_NUMBERS


def with_units(item: CatalogueItem, units: Mapping[str, str]) -> CatalogueItem:
    """The item with its numbers in the units found for their columns; where a column mixes two, as its texts say."""
    attributes = dict(item.attributes)
    for name in attributes.keys() & units.keys():
        attribute = attributes[name]
        if attribute.number is None or attribute.unit is not None:
            continue
        choices = units[name].split(_OR)
        if len(choices) > 1:
            amounts = _stated_amounts(item).get(str(_unit(choices[0])[1]), set())
            choices = _agreeing(attribute.number, choices, amounts)
        if len(choices) == 1:
            factor, canonical = _unit(choices[0])
            number = float(f"{attribute.number * factor:.10g}")
            attributes[name] = replace(attribute, text=f"{attribute.text} {choices[0]}", number=number, unit=canonical)
    return replace(item, attributes=attributes) if attributes != item.attributes else item


def _stated_amounts(item: CatalogueItem) -> dict[str, set[float]]:
    """The canonical amounts that an item's texts state, by dimension."""
    stated: defaultdict[str, set[float]] = defaultdict(set)
    for number, word in _STATED.findall(f"{item.title} . {item.description}"):
        factor, dimension = _unit(word)
        if dimension is not None:
            stated[dimension].add(float(number.replace(",", ".")) * factor)
    return stated


def _agreeing(number: float, units: Iterable[str], amounts: Iterable[float]) -> list[str]:
    """The units in which the number is one of the amounts."""
    expected = ((unit, number * _unit(unit)[0]) for unit in units)
    return [unit for unit, value in expected if any(abs(a - value) <= _SLACK * abs(value) for a in amounts)]


def load_units(folder: Path) -> dict[str, str]:
    """The units kept in a data folder, by attribute name; none where there is no file yet.

    Raises:
        SetupError: the file isn't an object of texts, or holds an unknown unit.
    """
    path = folder / FILE_NAME
    try:
        units = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SetupError(f"{path} cannot be read: {error}.", f"Correct it, or remove it: rm {path}") from error
    wrong = (
        [n for n, u in units.items() if not isinstance(u, str) or not all(_unit(w)[1] for w in u.split(_OR))]
        if isinstance(units, dict)
        else ["?"]
    )
    if wrong:
        raise SetupError(
            f"{path} gives no known unit for {wrong[0]!r}.", f'Write it as {{"weight": "g"}}, or remove it: rm {path}'
        )
    return dict(units)


def save_units(folder: Path, units: Mapping[str, str]) -> None:
    """Keep the units in a data folder.

    Raises:
        SetupError: the folder cannot be written.
    """
    path = folder / FILE_NAME
    try:
        replacement = path.with_suffix(".new")
        replacement.write_text(json.dumps(units, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")
        replacement.replace(path)
    except OSError as error:
        raise SetupError(f"{path} cannot be written: {error}.", "Free some space, then run this again.") from error


@cache
def _unit(word: str) -> tuple[float, str | None]:
    """Canonical amount of one such unit, and its dimension's canonical unit; None when the word is no unit."""
    quantity = parse_quantity(f"1 {word}") if word.casefold() != "in" else None  # "2 in 1"
    return (quantity.number, quantity.unit) if quantity else (0.0, None)


@cache
def _candidates(dimension: str) -> tuple[str, ...]:
    return tuple(unit for unit in CANDIDATES if _unit(unit)[1] == dimension)


def describe_units(units: Mapping[str, str]) -> str:
    """The units in one line: "display diagonal (inch), weight (g) and 8 more"."""
    pairs = sorted(units.items())
    return ", ".join(f"{name} ({unit})" for name, unit in pairs[:8]) + (
        f" and {len(pairs) - 8} more" if len(pairs) > 8 else ""
    )
