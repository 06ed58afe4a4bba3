"""Cleaning of single values. Every repair is noted with its field; what cannot be used is set aside with its reason.

No function here raises on any value that JSON or CSV can hold.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
import warnings
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import cache

from babel.numbers import list_currencies
from bs4 import BeautifulSoup, MarkupResemblesLocatorWarning

from retrieval.catalogue import Money
from retrieval.feeds.files import SURROGATE, as_windows_1252

LONGEST = {"item_id": 200, "title": 400, "description": 10_000, "brand": 100, "category": 400, "attributes": 8_000}
LONGEST_URL = 2_000
_MISSING = frozenset({"", "n/a", "na", "n.a.", "null", "nan", "none", "-", "--", "?", "undefined", "tbd"})
_LARGEST_PRICE = Decimal("1e9")

_TAG = re.compile(r"<(?:!--|/?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*)?/?>)")
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)
_TWICE_ENCODED = re.compile("[ÃÂ][\x80-\xbf\u0192\u201a-\u201e\u2020-\u2022\u2026\u2030\u2039\u20ac\u2122]|â€|Ã")
_ESCAPED_BREAK = re.compile(r"\\r?\\n|\\n(?=[-•*\sA-Z0-9]|$)")
_PLAIN = re.compile(r"[!-%'-;=-\[\]-~]+(?: [!-%'-;=-\[\]-~]+)*")  # ASCII words, one space between, no & < or \
_SPACE = re.compile(r"[^\S\n]+")
_SIGNS = {
    "$": "USD",
    "US$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "₩": "KRW",
    "zł": "PLN",
    "R$": "BRL",
}
_DOLLARS = frozenset({"USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD"})
_AMOUNT = re.compile(r"[-−]?\d[\d.,'\s]*|[-−]?[.,]\d+")
_EARLIEST, _LATEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was repaired or set aside in a row.

    Attributes:
        field: the field, or the attribute's name.
        reason: short words, the same for every case of its kind: reports count by them.
        raw: the value as it stood in the feed; None for a repair, where the value isn't lost.
    """

    field: str
    reason: str
    raw: object = None


@dataclass(slots=True)
class Notes:
    """What happened to the values of one row."""

    repairs: list[Note] = field(default_factory=list)
    set_aside: list[Note] = field(default_factory=list)

    def repaired(self, field: str, reason: str) -> None:
        """Note that a value was repaired and kept."""
        self.repairs.append(Note(field, reason))

    def cannot_use(self, field: str, reason: str, raw: object) -> None:
        """Note that a value was left out, with what it was."""
        self.set_aside.append(Note(field, reason, raw))


def is_missing(value: object) -> bool:
    """Whether a raw value states nothing: None, NaN, blank, or a word for "nothing" such as "N/A"."""
    if value is None or value in ([], {}):
        return True
    if isinstance(value, float):
        return not math.isfinite(value)
    return isinstance(value, str) and value.strip().casefold() in _MISSING


def clean_text(value: object, name: str, notes: Notes, *, limit: int | None = None, lines: bool = False) -> str:
    """The value as plain text: encoding, entities, markup, control characters and white space repaired.

    Args:
        value: the raw value; a list is joined with ", ", a missing one is "".
        name: the field, for the notes.
        limit: longest text; a longer one is cut at a word and ends in "…". None: by the field's name.
        lines: keep line breaks.
    """
    if is_missing(value):
        return ""
    longest = limit or LONGEST.get(name, LONGEST["attributes"])
    if isinstance(value, str) and len(value) <= longest and _PLAIN.fullmatch(value):
        return value
    if isinstance(value, list):
        value = ", ".join(str(part) for part in value if not is_missing(part))
    text = str(value)
    text = _repaired_characters(_without_markup(_decoded(text, name, notes), name, notes), name, notes)
    text = _SPACE.sub(" ", text)
    text = re.sub(r"\s*\n\s*", "\n" if lines else " ", text).strip()
    if len(text) > longest:
        notes.repaired(name, "too long, cut")
        cut = text[: longest - 1]
        text = (cut.rpartition(" ")[0] or cut) + "…"
    return text


def _decoded(text: str, name: str, notes: Notes) -> str:
    if SURROGATE.search(text):
        notes.repaired(name, "bytes of another encoding, read as Windows-1252")
        text = as_windows_1252(text)
    if _TWICE_ENCODED.search(text):
        try:
            once = text.encode("cp1252").decode("utf-8")
        except UnicodeError:
            return text
        notes.repaired(name, "encoded twice")
        text = once
    return text


def _without_markup(text: str, name: str, notes: Notes) -> str:
    if "&" in text and (unescaped := html.unescape(text)) != text:
        notes.repaired(name, "entities")
        text = SURROGATE.sub("", unescaped)
    if _TAG.search(text):
        notes.repaired(name, "markup")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", MarkupResemblesLocatorWarning)
            soup = BeautifulSoup(text, "html.parser")
        for element in soup(["script", "style", "template"]):
            element.decompose()
        for element in soup(["br", "p", "li", "div", "tr", "h1", "h2", "h3", "h4", "ul", "ol"]):
            element.append("\n")
        text = html.unescape(soup.get_text())
    return text


def _repaired_characters(text: str, name: str, notes: Notes) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if _INVISIBLE.search(text):
        notes.repaired(name, "control or invisible characters")
        text = _INVISIBLE.sub("", text)
    if _ESCAPED_BREAK.search(text):
        notes.repaired(name, "line breaks written as \\n")
        text = _ESCAPED_BREAK.sub("\n", text)
    return unicodedata.normalize("NFC", SURROGATE.sub("", text))


def clean_price(value: object, default_currency: str, notes: Notes) -> Money | None:
    """An amount such as 12.99, "$1,299.00", "12,99 €" or "12.99 USD", in its own currency.

    Zero, negative and unreadable amounts are set aside. Where commas and dots leave a choice, the last one before one
    or two digits is the decimal point.
    """
    if is_missing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        notes.cannot_use("price", "not an amount", value)
        return None
    text = str(value).strip()
    match = _AMOUNT.search(text)
    rest = (text[: match.start()] + " " + text[match.end() :]).strip() if match else text
    currency = _currency(rest, default_currency)
    amount = _amount(match[0]) if match else None
    if amount is None or currency is None:
        notes.cannot_use("price", "not an amount" if amount is None else "unknown currency", value)
        return None
    if amount <= 0 or amount > _LARGEST_PRICE:
        notes.cannot_use("price", "zero price" if amount == 0 else "impossible price", value)
        return None
    money = Money.of(amount, currency)
    if money.minor <= 0:
        notes.cannot_use("price", "impossible price", value)
        return None
    return money


def _currency(words: str, default: str) -> str | None:
    words = words.strip(" .:-/")
    if not words:
        return default
    if words in _SIGNS:
        return default if words == "$" and default in _DOLLARS else _SIGNS[words]
    code = words.upper()
    return code if code in _currencies() else None


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def _amount(text: str) -> Decimal | None:
    text = re.sub(r"[\s']", "", text).replace("−", "-").rstrip(".,")
    point = max(text.rfind("."), text.rfind(","))
    if point >= 0:
        mark, fraction = text[point], text[point + 1 :]
        grouped = text.count(mark) > 1 or (mark == "," and len(fraction) == 3)
        whole = re.sub("[.,]", "", text if grouped else text[:point])
        text = whole if grouped else f"{whole or 0}.{fraction}"
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def clean_number(value: object, name: str, least: float, most: float, notes: Notes) -> float | None:
    """A number between two bounds, from a number or a text such as "4.5 out of 5" or "1,024"; others are set aside."""
    if is_missing(value):
        return None
    match = re.match(r"\s*([-+]?\d[\d,]*(?:\.\d+)?)", str(value)) if not isinstance(value, bool) else None
    number = float(match[1].replace(",", "")) if match and len(match[1]) < 30 else None
    if number is None or not least <= number <= most:
        notes.cannot_use(name, "not a number" if number is None else f"not between {least:g} and {most:g}", value)
        return None
    return number


def clean_time(value: object, name: str, notes: Notes) -> datetime | None:
    """A time from Unix seconds, milliseconds, microseconds or ISO 8601 text; without a zone it is UTC."""
    if is_missing(value):
        return None
    text = str(value).strip().removesuffix(" UTC")
    try:
        if re.fullmatch(r"\d{9,19}(\.\d+)?", text):
            seconds = float(text)
            while seconds > 1e11:
                seconds /= 1000
            at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
        else:
            at = datetime.fromisoformat(text)
            at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        notes.cannot_use(name, "not a time", value)
        return None
    if not _EARLIEST <= at < _LATEST:
        notes.cannot_use(name, "impossible time", value)
        return None
    return at


def clean_date(value: object, name: str, notes: Notes) -> date | None:
    """A date from ISO 8601, a Unix time, or "2021", "2021-05", "31/12/2021" (day first unless it cannot be)."""
    text = str(value).strip()
    if match := re.fullmatch(r"(\d{4})(?:-(\d{1,2}))?", text):
        text = f"{match[1]}-{int(match[2] or 1):02d}-01"
        notes.repaired(name, "part of a date, first day taken")
    elif match := re.fullmatch(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})", text):
        day, month = int(match[1]), int(match[2])
        day, month = (month, day) if month > 12 else (day, month)
        text = f"{match[3]}-{month:02d}-{day:02d}"
        notes.repaired(name, "date rewritten as ISO 8601")
    at = clean_time(None if is_missing(value) else text, name, notes)
    return None if at is None else at.date()


def clean_category(value: object, notes: Notes) -> tuple[str, ...]:
    """The path, general first, from a list or from text parted by ">", "|" or "/"; a bare number states nothing."""
    if isinstance(value, list):
        parts = [clean_text(part, "category", notes) for part in value]
    else:
        text = clean_text(value, "category", notes)
        for separator in (r"\s*[>›»]\s*", r"\s*\|\s*", r"\s+/\s+"):
            parts = re.split(separator, text)
            if len(parts) > 1:
                break
        if len(parts) == 1 and (text.startswith("/") or text.count("/") > 1):
            parts = text.split("/")
    path = [_spelled(part.strip()) for part in parts if part.strip()]
    if len(path) == 1 and path[0].isdigit():
        notes.cannot_use("category", "a number, not a name", value)
        return ()
    return tuple(dict.fromkeys(path))


def _spelled(label: str) -> str:
    """A slug in words: "home-decoration" is "home decoration"; "t-shirts" stays."""
    return label.replace("-", " ") if re.fullmatch(r"[a-z0-9]{2,}(-[a-z0-9]{2,})+", label) else label
