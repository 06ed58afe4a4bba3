"""Claims about price, budget, rating, stock and release date, each held against the field it speaks of."""

from __future__ import annotations

import calendar
import math
import re
from decimal import Decimal, InvalidOperation

from assistant.claims.reading import Reading
from assistant.explanation.wording import bound_money
from retrieval.catalogue import CatalogueItem, Money

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
_SYMBOLS = {"dollar": "$", "buck": "$", "euro": "€", "pound": "£", "us$": "$", "usd": "$", "eur": "€", "gbp": "£"}
_MONEY = (
    rf"(?:(?P<sign>US\$|[$€£¥₹])\s?(?P<after>{_NUMBER})"
    rf"|(?<!\d)(?P<before>{_NUMBER})\s?(?P<word>dollars?|bucks?|euros?|pounds?(?!\s*(?:of|in)\b)|USD|EUR|GBP|€|\$|£))(?![\w%])"
)
_BUDGET = r"(?:budget|limit|maximum|price limit|price range|ceiling|spending limit)"
_LESS = r"(?:under|below|within|inside|less than|lower than|cheaper than|not over|in)"
_MORE = r"(?:over|above|beyond|more than|outside)"
_SAVES = re.compile(
    rf"{_MONEY}\s+(?:(?P<less>{_LESS})|(?P<more>{_MORE}))\s+(?:your|the)\s+(?:{_BUDGET}|[$€£]\s?(?P<limit>{_NUMBER}))",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    rf"\b(?:(?P<less>{_LESS}|fits|meets|keeps to|stays in|stays under|stays within)|(?P<more>{_MORE}))"
    rf"\s+(?:your|the)?\s*{_BUDGET}\b(?!\s+of)",
    re.IGNORECASE,
)
_PRICE = re.compile(
    r"(?P<bound>\b(?:at most|up to|no more than|less than|under|below|within|more than|over|above|exceeds|just under"
    r"|about|around|roughly|approximately|nearly|almost|exactly)\s+)?"
    r"(?P<yours>\b(?:(?:your|a|the)\s+(?:limit|budget) of|your|you (?:asked for|wanted)[^,.;]*?)"
    rf"\s+(?:under\s+|budget of\s+|limit of\s+)?)?{_MONEY}(?:\s+{_BUDGET})?",
    re.IGNORECASE,
)
_RATING = re.compile(
    r"\b(?:(?:(?:rated|rating of|rates|scores|score of|average of)\s+(?:at\s+)?)(?P<rated>\d(?:\.\d+)?)"
    r"(?:\s*(?:/|out of|of)\s*(?P<top>\d+))?(?:\s*stars?)?|(?P<plain>\d(?:\.\d+)?)\s*(?:/|out of|of)\s*(?P<scale>5|10)"
    r"(?:\s*stars?)?|(?P<stars>\d(?:\.\d+)?)[\s-]*stars?)\b(?:\s+rating)?",
    re.IGNORECASE,
)
_RATERS = re.compile(
    rf"\b(?P<count>{_NUMBER})\s+(?:ratings?|reviews?|buyers|customers|shoppers|people|reviewers|owners)\b",
    re.IGNORECASE,
)
_STOCK = re.compile(
    rf"\b(?:(?P<left>{_NUMBER})\s+(?:pieces?\s+|units?\s+)?(?:are\s+)?"
    r"(?:left|in stock|available|remaining)(?:\s+in stock)?"
    r"|(?P<out>out of stock|sold out|unavailable)|(?P<in>in stock|available(?:\s+now)?))\b",
    re.IGNORECASE,
)
_MONTHS = [name.casefold() for name in calendar.month_name[1:]]
_RELEASED = re.compile(
    r"\b(?:released|launched|came out|out since|dates from|introduced)\b(?:\s+(?:in|on|since|back in))?\s+"
    rf"(?:(?P<day>\d{{1,2}})\s+)?(?:(?P<month>{'|'.join(_MONTHS)})\s+)?(?:(?P<day2>\d{{1,2}}),\s+)?(?P<year>\d{{4}})\b",
    re.IGNORECASE,
)


def take_figures(reading: Reading) -> None:
    """Take all claims about price, budget, rating, stock and release out of a sentence."""
    item = reading.item
    reading.take(_SAVES, "price", lambda m: _saves(m, reading))
    reading.take(_WITHIN, "price", lambda m: _within(m, reading))
    reading.take(_PRICE, "price", lambda m: _priced(m, reading))
    reading.take(_RATING, "rating", lambda m: _rated(m, item))
    reading.take(_RATERS, "rating_count", lambda m: _decimal(m["count"]) == item.rating_count)
    _take_stock(reading)
    reading.take(_RELEASED, "released", lambda m: _released(m, item))


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


def _amount(match: re.Match[str], price: Money) -> Decimal | None:
    """The amount in the price's currency; None when it names another one."""
    sign = (match["sign"] or match["word"] or "").casefold()
    sign = _SYMBOLS.get(sign.rstrip("s"), sign) or sign
    named = sign == price.currency.casefold() or sign in str(price).casefold()
    return _decimal(match["after"] or match["before"]) if named else None


def _limit(reading: Reading) -> Money | None:
    limit = bound_money(reading.shown.constraints, "price_max")
    price = reading.item.price
    return limit if limit is not None and price is not None and limit.currency == price.currency else None


def _saves(match: re.Match[str], reading: Reading) -> bool:
    """ "$51 under your limit"."""
    limit, price = _limit(reading), reading.item.price
    if limit is None or price is None:
        return False
    if match["limit"] and _decimal(match["limit"]) != limit.major:
        return False
    difference = limit.major - price.major if match["less"] else price.major - limit.major
    return _amount(match, price) == difference and difference > 0


def _within(match: re.Match[str], reading: Reading) -> bool:
    """ "within your budget"."""
    limit, price = _limit(reading), reading.item.price
    if limit is None or price is None:
        return False
    return price <= limit if match["less"] else price > limit


def _priced(match: re.Match[str], reading: Reading) -> bool:
    """ "$849", "about $850", "under your $900", "over $800"."""
    price = reading.item.price
    amount = None if price is None else _amount(match, price)
    if price is None or amount is None:
        return False
    bound = (match["bound"] or "").casefold().strip()
    if match["yours"]:
        bounds = [bound_money(reading.shown.constraints, side) for side in ("price_max", "price_min")]
        if amount not in [b.major for b in bounds if b is not None and b.currency == price.currency]:
            return False
        bound = bound or ("under" if bounds[0] is not None and amount == bounds[0].major else "from")
    return _stands(price.major, bound, amount)


def _stands(price: Decimal, bound: str, amount: Decimal) -> bool:
    if bound in ("under", "below", "within", "at most", "up to", "no more than"):
        return price <= amount
    if bound == "less than":
        return price < amount
    if bound in ("more than", "over", "above", "exceeds"):
        return price > amount
    if bound == "from":
        return price >= amount
    if bound in ("just under", "nearly", "almost"):
        return amount * Decimal("0.98") <= price < amount
    if bound in ("about", "around", "roughly", "approximately"):
        return abs(price - amount) <= amount * Decimal("0.01")
    return price == amount


def _rated(match: re.Match[str], item: CatalogueItem) -> bool | None:
    if (match["top"] or match["scale"] or "5") != "5":
        return False
    shown = match["rated"] or match["plain"] or match["stars"]
    if item.rating is None:
        return False
    decimals = len(shown.partition(".")[2])
    return math.isclose(float(shown), item.rating) or (
        decimals > 0 and abs(float(shown) - item.rating) <= 0.5 * 10.0**-decimals + 1e-9
    )


def _take_stock(reading: Reading) -> None:
    """Stock: here a negator turns the claim round, so it is judged with it."""
    item = reading.item

    def judge(match: re.Match[str]) -> str:
        denied = reading.denied(match.string, match.start())
        if match["left"]:
            right = not denied and item.stock is not None and _decimal(match["left"]) == item.stock
        else:
            right = item.stock is not None and item.available == (bool(match["in"]) != denied)
        reading.add(match[0], "stock", right)
        return " , "

    reading.text = _STOCK.sub(judge, reading.text)


def _released(match: re.Match[str], item: CatalogueItem) -> bool:
    if item.released is None or int(match["year"]) != item.released.year:
        return False
    if match["month"] and _MONTHS.index(match["month"].casefold()) + 1 != item.released.month:
        return False
    day = match["day"] or match["day2"]
    return not day or int(day) == item.released.day
