"""Amounts of money as people write and say them."""

from __future__ import annotations

import random
from collections.abc import Sequence

from assistant.labelled.phrases import listed

_ONES = listed(
    "zero, one, two, three, four, five, six, seven, eight, nine, ten, eleven, twelve, thirteen, fourteen, fifteen, "
    "sixteen, seventeen, eighteen, nineteen"
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_NAMES = {
    "USD": ("dollars", "bucks", "dollar", "usd", "USD"),
    "EUR": ("euros", "euro", "eur", "EUR"),
    "GBP": ("pounds", "quid", "gbp", "GBP"),
}
_PRICES = (
    (5, 8, 10, 12, 15, 18, 20, 25, 30, 35, 40, 45, 50, 55, 60, 70, 75, 80, 90, 99, 100),
    (100, 110, 120, 125, 130, 140, 150, 175, 180, 199, 200, 220, 240, 250, 275, 300, 320, 350, 380, 400, 450, 499, 500),
    (550, 600, 650, 700, 750, 800, 850, 900, 950, 999, 1000, 1100, 1200, 1250, 1300, 1400, 1500, 1800, 2000, 2500),
)


def draw(rng: random.Random, weights: Sequence[int]) -> float:
    """A price somebody would name, in major units; `weights` of small, middling and high ones."""
    prices = rng.choices(_PRICES, weights)[0]
    if rng.random() < 0.06:
        return rng.randrange(3, 90) + rng.choice((0.99, 0.5, 0.95))
    if rng.random() < 0.12:
        return float(rng.randrange(prices[0] + 1, prices[-1]))
    return float(rng.choice(prices))


def draw_currency(rng: random.Random) -> str | None:
    """A currency to name; None for a bare number."""
    return rng.choices((None, "USD", "EUR", "GBP"), (9, 6, 3, 4))[0]


def plain(value: float) -> str:
    """A number as a label: "600", "19.99"."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def write(rng: random.Random, value: float, currency: str | None) -> str:
    """An amount as somebody writes it: "$1,200", "1.2k", "six hundred bucks", "40 quid", "EUR 50"."""
    number = _number(rng, value)
    if currency is None:
        return number
    if number[0].isdigit() and rng.random() < 0.6:
        if rng.random() < 0.12:
            return f"{number}{_SIGNS[currency]}"
        if rng.random() < 0.06:
            return f"{rng.choice((currency, currency.lower()))} {number}"
        return f"{_SIGNS[currency]}{number}"
    names = [name for name in _NAMES[currency] if number[0].isdigit() or name.islower()]
    return f"{number} {rng.choice(names[:-1] if len(names) > 3 else names)}"


def write_range(rng: random.Random, low: float, high: float, currency: str | None) -> tuple[str, str]:
    """Both ends of a range in one manner: "$50", "$80"; "50", "80 dollars"; "fifty", "eighty"."""
    if low.is_integer() and high.is_integer() and high % 10 == low % 10 == 0 and rng.random() < 0.1:
        low_said, high_said = in_words(rng, int(low)), in_words(rng, int(high))
    else:
        low_said, high_said = plain(low), plain(high)
    match rng.choice(("both", "low", "name", "name", "high")) if currency else "bare":
        case "both" if low_said[0].isdigit():
            return f"{_SIGNS[currency or 'USD']}{low_said}", f"{_SIGNS[currency or 'USD']}{high_said}"
        case "low" if low_said[0].isdigit():
            return f"{_SIGNS[currency or 'USD']}{low_said}", high_said
        case "high" if low_said[0].isdigit():
            return low_said, f"{high_said}{_SIGNS[currency or 'USD']}"
        case "bare":
            return low_said, high_said
    return low_said, f"{high_said} {rng.choice(_NAMES[currency or 'USD'][:2])}"


def _number(rng: random.Random, value: float) -> str:
    whole = value.is_integer()
    style = rng.random()
    if whole and style < 0.16 and (value < 100 or value % 10 == 0):
        return in_words(rng, int(value))
    if value >= 1000 and value % 100 == 0 and style < 0.45:
        return f"{plain(value / 1000)}k"
    if value >= 1000 and whole and style < 0.7:
        return f"{int(value):,}"
    return f"{value:.2f}" if not whole else str(int(value))


def in_words(rng: random.Random, value: int) -> str:
    """A whole number as it is spoken: "six hundred", "a hundred and fifty", "two fifty", "a grand"."""
    thousands, rest = divmod(value, 1000)
    if thousands and not rest:
        scale = rng.choice(("grand", "thousand"))
        return f"{'a' if thousands == 1 and rng.random() < 0.8 else _below_hundred(thousands)} {scale}"
    if thousands:
        if value % 100 == 0 and value < 2000:
            return f"{_below_hundred(value // 100)} hundred"
        return f"{_below_hundred(thousands)} thousand {_below_thousand(rng, rest)}"
    return _below_thousand(rng, value)


def _below_thousand(rng: random.Random, value: int) -> str:
    hundreds, rest = divmod(value, 100)
    if not hundreds:
        return _below_hundred(rest)
    if not rest:
        return f"{'a' if hundreds == 1 and rng.random() < 0.6 else _ONES[hundreds]} hundred"
    if rest >= 10 and rng.random() < 0.5:
        return f"{_ONES[hundreds]} {_below_hundred(rest)}"
    return f"{_ONES[hundreds]} hundred {rng.choice(('and ', ''))}{_below_hundred(rest)}"


def _below_hundred(value: int) -> str:
    if value < 20:
        return _ONES[value]
    tens, ones = divmod(value, 10)
    return f"{_TENS[tens]}{' ' + _ONES[ones] if ones else ''}"
