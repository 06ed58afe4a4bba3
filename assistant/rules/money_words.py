"""Money in a shopper's words: "under $900", "1.2k", "a grand", "between 50 and 80", "20-40$", "around 300".

Sizes, quantities and percentages are never money: a number with a unit ("16 gb", "1.4 kg") or with a name in front of
it ("size 42") is passed over, and a bare number is a price only with a cue word beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assistant.rules.number_words import NUMBER_WORD, NUMBER_WORDS, SCALES, number_from_words
from retrieval.units import find_quantities

AROUND = 0.15  # "around 300" is 255 to 345: our choice, about what shops' own price filters step by

_CURRENCIES = {
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "¥": "JPY",
    **dict.fromkeys(["usd", "dollar", "dollars", "buck", "bucks", "us$"], "USD"),
    **dict.fromkeys(["eur", "euro", "euros"], "EUR"),
    **dict.fromkeys(["gbp", "quid", "pound", "pounds"], "GBP"),
    **dict.fromkeys(["yen", "jpy"], "JPY"),
    **dict.fromkeys(["chf", "francs", "franken"], "CHF"),
    **dict.fromkeys(["₹", "inr", "rs", "rs.", "rupees", "rupee"], "INR"),
    **dict.fromkeys(["pln", "zl", "zł", "zloty", "zlotys", "złotych"], "PLN"),
    **dict.fromkeys(["kč", "kc"], "CZK"),
    **dict.fromkeys(["riyal", "riyals"], "SAR"),
    **dict.fromkeys(["naira", "ngn"], "NGN"),
    **dict.fromkeys(["baht", "thb"], "THB"),
    **dict.fromkeys(["brl", "r$", "reais"], "BRL"),
    "lira": "TRY",
    **dict.fromkeys(["aed", "dirhams", "dirham"], "AED"),
    **dict.fromkeys(["zar", "rand"], "ZAR"),
    **{
        code: code.upper()
        for code in ("cad", "aud", "nzd", "sgd", "hkd", "sek", "nok", "dkk", "czk", "sar", "krw", "mxn")
    },
}

_DIGITS = (
    r"\d{1,3}(?:\.\d{3})+,\d{2}(?!\d)|\d{1,3}(?:,\d{3})+(?:\.\d{1,2})?"
    r"|\d{1,3}(?:\.\d{3})+(?:,\d{1,2})?(?=\s*(?:€|eur))|\d+(?:[.,]\d{1,2})?"
)
_CODES = "usd|eur|gbp|chf|inr|pln|brl|aed|zar|cad|aud|nzd|sgd|hkd|sek|nok|dkk|czk|sar|krw|mxn|jpy"
_SIGN = rf"us\$|r\$|[$€£¥₹]|(?:{_CODES})\b|\brs\b\.?"
_NAME = (
    rf"[$€£¥₹]|(?:{_CODES}|dollars?|bucks?|euros?|quid|pounds?|yen|francs?|franken|rupees?|rs|zl|zł|zlotys?|złotych|kč|kc|riyals?|naira|baht|reais|lira|dirhams?"
    r"|rand)\b"
)
_AMOUNT = re.compile(
    rf"(?P<sign>{_SIGN})?\s*(?<![\d.,])(?:(?P<digits>{_DIGITS})(?:\s*(?P<scale>k|grand|thousand|hundred)\b)?"
    rf"|\b(?P<words>{NUMBER_WORDS}))(?P<ish>\s*-?ish\b)?\s*(?P<name>{_NAME})?",
    re.IGNORECASE,
)

_SPOKEN = rf"(?:a\s+)?{NUMBER_WORD}(?:[\s-]+(?:and\s+)?{NUMBER_WORD})*"
_SPOKEN_RANGE = re.compile(
    rf"\bbetween\s+(?P<low>(?:a\s+)?{NUMBER_WORD}(?:[\s-]+{NUMBER_WORD})*)\s+and\s+(?P<high>{_SPOKEN})\b(?:\s*(?P<name>{_NAME}))?",
    re.IGNORECASE,
)

_OVER = (
    r"over|above|past|beyond|more than|higher than|greater than|upwards? of|north of|exceed(?:ing)?"
    r"|(?:pricier|dearer) than|more then"
)
_UNDER = r"under|below|sub|beneath|less than|lower than|cheaper than|fewer than|south of|(?:cheaper|less|lower) then"
_NOT = (
    r"(?:no|not|nothing|never|none|cannot|(?:do|wo|ca|would|should)n'?t)\s+(?:(?:want|wanna|like|wish|willing|able|to"
    r"|spend|pay|go|going|anything|something|be|is|cost|costing|priced|any|much|one|ones)\s+){0,5}"
)
_FILLER = r"\s*(?:about |around |like |say |a total of )?$"
_MAX_BEFORE = re.compile(
    rf"(?:{_NOT}(?:{_OVER})|\b(?:{_UNDER})|\bup ?to|\bmax(?:imum)?\.?(?: of| is)?|\bat (?:the )?(?:very )?most"
    r"|\bwithin|<=?|≤"
    r"|\b(?:stretch|go|keep it|cap it|bump it|push it) (?:up |down )?(?:to|at)"
    r"|\bceiling(?: is| of|'s| at)?|\btill|\buntil|\bmaximal"
    r"|\bcap(?:ped)? (?:at|of)|\bonly (?:have|got)|\bhave (?:only|just)"
    r"|\b(?:budget|price|limit|spend(?:ing)?|afford|pay)(?: limit)?"
    r"(?: is| of|'s|:|=| only| just| more| like| would be)*)"
    rf"{_FILLER}",
    re.IGNORECASE,
)
_MIN_BEFORE = re.compile(
    rf"(?:{_NOT}(?:{_UNDER})|\b(?:{_OVER})|\bat (?:the )?(?:very )?least|\bmin(?:imum)?\.?(?: of| is)?|\bfrom"
    rf"|\bstarting (?:at|from)|>=?|≥){_FILLER}",
    re.IGNORECASE,
)
_NEGATED_UNDER = re.compile(rf"{_NOT}(?:{_UNDER}){_FILLER}", re.IGNORECASE)
_AROUND_BEFORE = re.compile(
    r"(?:around|about|approx(?:imately)?\.?|roughly|circa|ca\.?|near(?:ly)?|close to|~|somewhere (?:around|near)"
    r"|or so|in the (?:region|area|neighbourhood|neighborhood) of|in the|bout|more or less)\s*$",
    re.IGNORECASE,
)
_MAX_AFTER = re.compile(
    r"\s*(?:max(?:imum)?\b|tops\b|top\b|at (?:the )?(?:very )?most"
    r"|or (?:less|under|below|cheaper|lower)|and (?:under|below|less)"
    r"|(?:absolute )?(?:limit|ceiling)\b|cap\b|budget"
    r"|(?:is|'s) (?:my|the) (?:new |absolute )?(?:max|limit|ceiling|budget|most|top)"
    r"|(?:each |apiece )?at the outside|apiece at|is plenty\b|(?:and )?not a (?:penny|cent) (?:more|over)|n under\b"
    r"|(?:is|would be) (?:all|the most)|to spend"
    r"|and not (?:more|a cent)|not more\b|no more\b|-\s*(?=$))",
    re.IGNORECASE,
)
_MIN_AFTER = re.compile(
    r"\s*(?:min(?:imum)?\b|at (?:the )?(?:very )?least"
    r"|or (?:more|over|above|up|higher)|and (?:up|above|over|more)|\+|plus\b"
    r"|upwards?)",
    re.IGNORECASE,
)
_AROUND_AFTER = re.compile(
    r"\s*(?:or so|ish|give or take|mark\b|range\b|or thereabouts|more or less|plus or minus|roughly\b)", re.IGNORECASE
)
_FIGURE_OF = re.compile(
    r"\b(?:width|height|depth|length|diameter|spf|seat)\s+(?:of\s+|is\s+)?"
    r"(?:up to|max\w*|min\w*|under|over|at \w+)?\s*$"
)
# what she means to spend, no limit: "my budget is about 150"
_MEANT = re.compile(r"\b(?:budget|price|spend(?:ing)?|pay)\b[^.;,]*$")
_FOR = re.compile(r"\bfor (?:only |just )?$", re.IGNORECASE)
_LONGEST_CUE = 60
_CONNECTOR = re.compile(r"\s*(?:-|–|—|\bto\b|\band\b|\btill\b|\buntil\b|\bup to\b)\s*$", re.IGNORECASE)
_RANGE_BEFORE = re.compile(r"(?:between|from|range(?: of| is|:)?|budget(?: is| of|:)?|price)\s*$", re.IGNORECASE)
_NAMED_NUMBER = re.compile(
    r"(?:size|sizes|eu|uk|us|age|ages|aged|model|version|gen|generation|iphone|galaxy|number|no\.|nr|#|top|first|last|by"
    r"|pack of|set of|item|option|step|rank|series|mark|page|spf|factor|windows|usb"
    r"|wifi|wi-fi|bluetooth|in|since|×|x)\s*$",
    re.IGNORECASE,
)
_COUNTED_AFTER = re.compile(
    r"(?:\s*(?:%|percent|stars?\b|st\b|nd\b|rd\b|th\b|years?\b|yo\b|k\s+(?:tv|monitor|display|screen|video|resolution)"
    r"|x\s?\d|in\s?1\b|-in-|d\b|p\b|g\b|mm|of (?:them|those|these|the|it)\b|people|persons?|pieces?|pcs|items?\b"
    r"|picks\b|options?\b|pairs?\b|ones?\b|reviews?\b|times\b|seats?\b|ports?\b|way\b|piece\b|pack\b|cores?\b|doors?\b|o'clock|degrees?\b|calories\b|f(?:ee|oo)t\b|inch(?:es)?\b|met(?:re|er)s?\b|stripes?\b)|-?[a-z])",
    re.IGNORECASE,
)
# "at least 2 pockets" counts pockets; from so many on, a number with a cue before a noun is money ("under 500 laptops")
_NO_NOUN_AFTER = re.compile(r"\s*(?:$|[,.;!?]|(?:for|please|pls|range|max|budget|or so|and|but)\b)", re.IGNORECASE)
_THINGS_AFTER = re.compile(
    r"\s+(?:or more\s+|\w+\s+)?(?!dollars|bucks|euros|pounds|plus\b|is\b|tops\b|as\b|this\b)[a-z]{2,}[^s\W]s\b",
    re.IGNORECASE,
)
_FEW = 20
_WEIGHT_WORDS = re.compile(r"\b(?:weigh\w*|heavy|heavier|light(?:er|weight)?|lbs?|carry|load)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number that may be money, at `text[start:end]`; `currency` (ISO 4217) only when it was named."""

    value: float
    currency: str | None
    start: int
    end: int
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class PriceMention:
    """A limit on the price, stated at `text[start:end]` (its cue words included).

    Attributes:
        low, high: major units, inclusive; None: open.
        currency: ISO 4217 when it was named.
    """

    low: float | None
    high: float | None
    currency: str | None
    start: int
    end: int


def _digits(text: str) -> float:
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text):
        return float(text.replace(",", ""))
    if re.fullmatch(r"\d{1,3}(\.\d{3})+(,\d+)?", text):
        return float(text.replace(".", "").replace(",", "."))
    return float(text.replace(",", "."))


def find_amounts(text: str) -> tuple[Amount, ...]:
    """Every number in the text that could be money, in order: not those with a unit or a name ("16 gb", "size 42")."""
    taken = [(q.start, q.end) for q in find_quantities(text) if q.quantity.unit is not None]
    weight = _WEIGHT_WORDS.search(text) is not None
    amounts = []
    for match in _AMOUNT.finditer(text):
        amount = _amount(match)
        if amount is None:
            continue
        money_pounds = (match["name"] or "").casefold() in ("pound", "pounds") and not weight
        measured = any(start < amount.end and amount.start < end for start, end in taken)
        if measured and not money_pounds:
            continue
        if amount.currency is None and _is_count(text, match, amount.value):
            continue
        amounts.append(amount)
    return tuple(amounts)


def _amount(match: re.Match[str]) -> Amount | None:
    if match["digits"]:
        value: float | None = _digits(match["digits"]) * SCALES.get((match["scale"] or "").casefold(), 1)
    else:
        value = number_from_words(match["words"])
    if value is None:
        return None
    named = match["sign"] or match["name"]
    currency = _CURRENCIES[named.casefold()] if named else None
    start = match.start("sign") if match["sign"] else match.start("digits") if match["digits"] else match.start("words")
    end = start + len(match.string[start : match.end()].rstrip())
    return Amount(value, currency, start, end, match["ish"] is not None)


def _is_count(text: str, match: re.Match[str], value: float) -> bool:
    """Whether a number without a currency counts or names something else."""
    end = match.end("ish") if match["ish"] else match.end("scale") if match["scale"] else match.end("digits")
    if match["words"]:
        end = match.start("words") + len(match["words"].rstrip())
    start = match.start("digits") if match["digits"] else match.start("words")
    glued_before = text[:start][-1:].isalpha()
    if _just_before(_FIGURE_OF, text, start):
        return True
    cued = any(_just_before(cue, text, start) for cue in (_MAX_BEFORE, _MIN_BEFORE, _AROUND_BEFORE))
    if not cued and (_just_before(_NAMED_NUMBER, text, start) or glued_before):
        return True
    if value < _FEW and _THINGS_AFTER.match(text, end):
        return True
    return _COUNTED_AFTER.match(text, end) is not None


def find_prices(text: str) -> tuple[PriceMention, ...]:
    """Every limit on the price that the text states, in order.

    "under 900" gives a high end, "at least 50" a low one, "50-80" both, "around 300" both at 15 % to either side. An
    amount with a currency and no cue ("laptop $500") is the most she would pay. A number with neither is no price.
    """
    mentions = list(_spoken_ranges(text))
    amounts = [a for a in find_amounts(text) if not any(m.start < a.end and a.start < m.end for m in mentions)]
    while amounts:
        first = amounts.pop(0)
        if amounts and _CONNECTOR.fullmatch(text, first.end, amounts[0].start):
            mention = _range(text, first, amounts[0])
            if mention:
                amounts.pop(0)
                mentions.append(mention)
                continue
        mention = _single(text, first)
        if mention:
            mentions.append(mention)
    return tuple(sorted(mentions, key=lambda mention: mention.start))


def _spoken_ranges(text: str) -> Iterator[PriceMention]:
    """Ranges said in words, whose "and" is no part of a number: "between two and three hundred"."""
    measured = [(q.start, q.end) for q in find_quantities(text) if q.quantity.unit is not None]
    for match in _SPOKEN_RANGE.finditer(text):
        low, high = number_from_words(match["low"]), number_from_words(match["high"])
        if low is None or high is None or any(start < match.end() and match.start() < end for start, end in measured):
            continue
        if low < 10 and high >= 100:  # the scale is said once
            low *= 1000 if high >= 1000 else 100
        currency = _CURRENCIES[match["name"].casefold()] if match["name"] else None
        counted = currency is None and _COUNTED_AFTER.match(text, match.end())
        if _FEW <= high > low and not counted:
            yield PriceMention(low, high, currency, match.start(), match.end())


def _range(text: str, first: Amount, second: Amount) -> PriceMention | None:
    before = _just_before(_RANGE_BEFORE, text, first.start)
    low = first.value
    if low < second.value / 100 and second.value >= 1000:
        low *= 1000  # "1-1.5k"
    currency = first.currency or second.currency
    explicit = currency is not None or before is not None or _open_ended(text, second.end)
    if low > second.value or not explicit:
        return None
    return PriceMention(low, second.value, currency, before.start() if before else first.start, second.end)


def _open_ended(text: str, end: int) -> bool:
    """Whether no noun follows: "laptops 50-80" but not "50-80 guests"."""
    return _NO_NOUN_AFTER.match(text, end) is not None


def _just_before(cue: re.Pattern[str], text: str, place: int) -> re.Match[str] | None:
    """The cue that ends at this place, begun at most so many characters before it: no cue is longer."""
    return cue.search(text, max(0, place - _LONGEST_CUE), place)


def _single(text: str, amount: Amount) -> PriceMention | None:
    value, currency = amount.value, amount.currency
    around = _just_before(_AROUND_BEFORE, text, amount.start)
    around_after = _AROUND_AFTER.match(text, amount.end)
    if cue := _just_before(_NEGATED_UNDER, text, amount.start):
        return PriceMention(value, None, currency, cue.start(), amount.end)
    near = around or amount.approximate or around_after
    cue = _just_before(_MAX_BEFORE, text, amount.start)
    if cue and not (near and _MEANT.match(cue[0])):
        after = _MAX_AFTER.match(text, amount.end)
        return PriceMention(None, value, currency, cue.start(), after.end() if after else amount.end)
    if cue := _just_before(_MIN_BEFORE, text, amount.start):
        return PriceMention(value, None, currency, cue.start(), amount.end)
    if after := _MAX_AFTER.match(text, amount.end):
        return PriceMention(None, value, currency, amount.start, after.end())
    if near:
        start = around.start() if around else amount.start
        low, high = round(value * (1 - AROUND), 2), round(value * (1 + AROUND), 2)
        return PriceMention(low, high, currency, start, around_after.end() if around_after else amount.end)
    if after := _MIN_AFTER.match(text, amount.end):
        return PriceMention(value, None, currency, amount.start, after.end())
    cue = _just_before(_FOR, text, amount.start)
    if cue and (currency is not None or (value >= 20 and _open_ended(text, amount.end))):
        return PriceMention(None, value, currency, cue.start(), amount.end)
    if currency is not None or text.strip() == text[amount.start : amount.end]:
        return PriceMention(None, value, currency, amount.start, amount.end)
    return None
