"""Quantities in the words of shops and shoppers: "1.4 kg", "15.6-inch", "32GB", "1,5 l".

Every quantity is held in its dimension's canonical unit, so that a feed's pounds and a shopper's kilograms compare as
numbers: mass g, length mm, data GB, volume ml, time h, short time ms, frequency Hz, power W, energy Wh, charge mAh,
resolution MP, and the rest of `_UNITS`. Seconds and milliseconds (response times) are kept apart from minutes and
hours (battery life, warranty): no shop compares them, and in hours a millisecond would drown in rounding.
Conversion factors come from pint, asked once for each unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pint


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number in a canonical unit; `unit` is None for a plain number."""

    number: float
    unit: str | None


@dataclass(frozen=True, slots=True)
class QuantityMention:
    """A quantity found in a text, at `text[start:end]`."""

    quantity: Quantity
    start: int
    end: int


# canonical unit -> {pint's name: spellings, case-folded}; the first name is pint's name for the canonical unit itself
_UNITS: dict[str, dict[str, str]] = {
    "g": {
        "gram": "g gr gram grams gramme grammes",
        "milligram": "mg milligram milligrams",
        "kilogram": "kg kgs kilo kilos kilogram kilograms kilogramme kilogrammes",
        "pound": "lb lbs pound pounds",
        "ounce": "oz ounce ounces",
        "metric_ton": "tonne tonnes",
    },
    "mm": {
        "millimeter": "mm millimeter millimeters millimetre millimetres",
        "centimeter": "cm cms centimeter centimeters centimetre centimetres",
        "meter": "m meter meters metre metres",
        "kilometer": "km kilometer kilometers kilometre kilometres",
        "inch": "in inch inches \" ″ ” “ ''",
        "foot": "ft foot feet ′",
        "yard": "yd yard yards",
        "mile": "mile miles",
        "micrometer": "µm um micron microns",
        "nanometer": "nm",
    },
    "GB": {
        "gigabyte": "gb gig gigs gigabyte gigabytes gib",
        "megabyte": "mb meg megabyte megabytes mib",
        "kilobyte": "kb kilobyte kilobytes",
        "terabyte": "tb terabyte terabytes tib",
    },
    "Mbit/s": {
        "megabit/second": "mbit/s mbps",
        "gigabit/second": "gbit/s gbps gb/s",
        "kilobit/second": "kbps",
        "megabyte/second": "mb/s",
    },
    "ml": {
        "milliliter": "ml milliliter milliliters millilitre millilitres",
        "centiliter": "cl",
        "liter": "l lt ltr liter liters litre litres",
        "fluid_ounce": "floz fluidounce fluidounces",
        "gallon": "gal gallon gallons",
        "quart": "qt quart quarts",
        "pint": "pint pints",
    },
    "h": {
        "hour": "h hr hrs hour hours",
        "minute": "min mins minute minutes",
        "day": "day days",
        "week": "week weeks",
        "month": "month months mo",
        "year": "year years yr yrs",
    },
    "ms": {
        "millisecond": "ms millisecond milliseconds",
        "second": "s sec secs second seconds",
        "microsecond": "µs",
    },
    "Hz": {"hertz": "hz hertz", "kilohertz": "khz", "megahertz": "mhz", "gigahertz": "ghz gigahertz"},
    "W": {"watt": "w watt watts", "kilowatt": "kw kilowatt kilowatts", "milliwatt": "mw"},
    "Wh": {"watt_hour": "wh watthour watthours", "kilowatt_hour": "kwh"},
    "mAh": {"milliampere*hour": "mah", "ampere*hour": "ah"},
    "A": {"ampere": "amp amps ampere amperes", "milliampere": "ma"},
    "V": {"volt": "v volt volts", "kilovolt": "kv"},
    "°C": {"degree_Celsius": "°c ℃ celsius", "degree_Fahrenheit": "°f ℉ fahrenheit"},
    "bar": {"bar": "bar bars", "psi": "psi", "pascal": "pa"},
    "lm": {"lumen": "lm lumen lumens"},
}

# units pint has no notion of: each is its own canonical unit
_COUNTED: dict[str, str] = {
    "MP": "mp megapixel megapixels mpx mpix",
    "dB": "db db(a) decibel decibels",
    "nit": "nit nits cd/m² cd/m2",
    "rpm": "rpm",
    "dpi": "dpi",
    "ppm": "ppm",
    "%": "% percent",
    "persons": "person persons people",
    "cups": "cup cups",
    "pages": "page pages",
    "sheets": "sheet sheets",
    "pieces": "pc pcs pc(s) piece pieces",
}

_ALIASES: dict[str, tuple[str, str | None]] = {
    alias.casefold(): (canonical, pint_name)
    for canonical, units in _UNITS.items()
    for pint_name, aliases in units.items()
    for alias in aliases.split()
} | {alias.casefold(): (canonical, None) for canonical, aliases in _COUNTED.items() for alias in aliases.split()}

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:[.,]\d+)?|\.\d+"
_UNIT = "|".join(re.escape(alias) for alias in sorted(_ALIASES, key=len, reverse=True))
_QUANTITY = re.compile(
    rf"(?<![\w.,$€£¥])(?:(?P<sides>(?:{_NUMBER})\s*[x×]\s*)*)(?P<number>{_NUMBER})"
    rf"(?:(?P<gap>\+?[\s-]*)(?P<unit>fl\.?\s*oz|fluid\s+ounces?|{_UNIT})\.?(?![\w²³/]))?(?![\w$€£]|[.,]\d)",
    re.IGNORECASE,
)
# "15 in blue" speaks of no inches, "15 in screen" does
_INCHES_FOLLOW = re.compile(
    r"\s*(?:$|[^\w\s]|or\b|and\b|to\b|by\b|x\b|wide|tall|long|deep|high|thick|screen|display|monitor|laptop|notebook|tv"
    r"|tablet|phone|diagonal|diameter|pan\b|pot\b|blade|wheel|rack)",
    re.IGNORECASE,
)


@cache
def _conversion(pint_name: str, canonical: str) -> tuple[float, float]:
    """Factor and offset that take a number of this unit to the canonical one."""
    zero, one = (_registry_convert(x, pint_name, next(iter(_UNITS[canonical]))) for x in (0.0, 1.0))
    return one - zero, zero


def _registry_convert(number: float, unit: str, target: str) -> float:
    converted: float = _registry().Quantity(number, unit).to(target).magnitude
    return converted


@cache
def _registry() -> pint.UnitRegistry[Any]:
    import pint  # half a second: only when a quantity is met

    return pint.UnitRegistry()


def _number(text: str) -> float:
    """A number as shops write it: "1,400" is 1400 and "1,5" is 1.5."""
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        return float(text.replace(",", ""))
    return float(text.replace(",", "."))


@cache
def _canonical(unit: str) -> tuple[str, float, float]:
    """Canonical unit, factor and offset of a unit's spelling."""
    spelling = re.sub(r"[\s.]", "", unit.casefold())
    canonical, pint_name = _ALIASES[spelling]
    factor, offset = (1.0, 0.0) if pint_name is None else _conversion(pint_name, canonical)
    return canonical, factor, offset


def _rounded(number: float) -> float:
    return float(f"{number:.10g}")


def _quantity(match: re.Match[str], free_text: bool) -> tuple[Quantity, int]:
    """The quantity of a match, and where it ends: before a unit that the sentence does not mean as one."""
    number, spelling = _number(match["number"]), match["unit"]
    if spelling is None:
        return Quantity(number, None), match.end("number")
    preposition = spelling.casefold() == "in" and match["gap"].isspace()
    if free_text and preposition and not _INCHES_FOLLOW.match(match.string, match.end("unit")):
        return Quantity(number, None), match.end("number")
    canonical, factor, offset = _canonical(spelling)
    return Quantity(_rounded(number * factor + offset), canonical), match.end("unit")


def parse_quantity(text: str) -> Quantity | None:
    """Read a whole text as one quantity, as a feed's field states it.

    A restatement in brackets is passed over: `39.6 cm (15.6")`. Several sides ("30 x 20 cm"), ranges and anything
    with other words are no quantity: None.
    """
    text = re.sub(r"\s*\([^()]*\d[^()]*\)\s*$", "", text.strip())
    negative = text.startswith(("-", "−")) and text[1:2].isdigit()
    body = text[1:] if negative else text
    match = _QUANTITY.match(body)
    if match is None or match["sides"]:
        return None
    quantity, end = _quantity(match, free_text=False)
    if body[end:].strip(" ."):
        return None
    return Quantity(-quantity.number, quantity.unit) if negative else quantity


def find_quantities(text: str) -> tuple[QuantityMention, ...]:
    """Every quantity in a sentence, plain numbers included, amounts of money with a sign ("$40") not.

    "in" counts as inches only where the next word allows it: "15 in screen", not "2 in blue".
    """
    found = []
    for match in _QUANTITY.finditer(text):
        if not match["sides"]:
            quantity, end = _quantity(match, free_text=True)
            found.append(QuantityMention(quantity, match.start("number"), end))
    return tuple(found)


# canonical unit -> (least number, divisor, shown unit), largest first; the last entry is for everything smaller
_SHOWN: dict[str, tuple[tuple[float, float, str], ...]] = {
    "g": ((1000, 1000, "kg"), (0, 1, "g")),
    "mm": ((1000, 1000, "m"), (10, 10, "cm"), (0, 1, "mm")),
    "GB": ((1000, 1000, "TB"), (1, 1, "GB"), (0, 0.001, "MB")),
    "Mbit/s": ((1000, 1000, "Gbit/s"), (0, 1, "Mbit/s")),
    "ml": ((1000, 1000, "l"), (0, 1, "ml")),
    "h": ((8766, 8766, "years"), (96, 24, "days"), (1, 1, "h"), (0, 1 / 60, "min")),
    "ms": ((1000, 1000, "s"), (0, 1, "ms")),
    "Hz": ((1e9, 1e9, "GHz"), (1e6, 1e6, "MHz"), (1000, 1000, "kHz"), (0, 1, "Hz")),
    "W": ((10_000, 1000, "kW"), (0, 1, "W")),
    "Wh": ((1000, 1000, "kWh"), (0, 1, "Wh")),
}


def format_quantity(number: float, unit: str | None) -> str:
    """A canonical number in the unit people read it in, four digits at most: (1400, "g") is "1.4 kg"."""
    if unit is None:
        return f"{number:.4g}" if abs(number) < 10_000 else f"{number:.0f}"
    for least, divisor, shown in _SHOWN.get(unit, ((0, 1, unit),)):
        if abs(number) >= least:
            shown = "year" if shown == "years" and number == divisor else shown
            space = "" if shown == "%" else " "
            value = number / divisor
            return f"{value:.4g}{space}{shown}" if abs(value) < 10_000 else f"{value:.0f}{space}{shown}"
    raise AssertionError("every list ends with 0")
