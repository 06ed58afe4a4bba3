"""Personal data out of what shoppers wrote, before anybody reads it for labelling."""

from __future__ import annotations

import re

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"\bhttps?://\S+|\bwww\.\S+", re.IGNORECASE)
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b")
_DIGITS = re.compile(r"(?<![\w.])(?:\+|00)?\(?\d(?:[ ().\-/]{0,2}\d){6,18}(?!\w)")
_CARD_LENGTHS = range(13, 20)
_PHONE_LENGTHS = range(7, 16)


def redact(text: str) -> str:
    """The text with e-mail addresses, links, IBANs, card and phone numbers, and other long numbers (orders) replaced.

    Names and street addresses are not recognised: whoever labels has to expect them.
    """
    text = _EMAIL.sub("[email]", text)
    text = _LINK.sub("[link]", text)
    text = _IBAN.sub("[iban]", text)
    return _DIGITS.sub(_numbered, text)


def _numbered(match: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", match[0])
    if len(digits) in _CARD_LENGTHS and _passes_luhn(digits):
        return "[card]"
    return "[phone]" if len(digits) in _PHONE_LENGTHS else "[number]"


def _passes_luhn(digits: str) -> bool:
    """The check digit of payment cards."""
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * 2 if place % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
