"""Checks that compare items with each other: price outliers, duplicates, spellings, values that no filter reaches."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from rapidfuzz import process
from rapidfuzz.distance import OSA

from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.quality.findings import Finding, Kind, Severity
from retrieval.quality.item_checks import agrees, disagreement
from retrieval.units import QuantityMention, find_quantities

_LEAST_PRICES = 8
_ROBUST_Z = 5.0
_LEAST_SPREAD = 0.15  # of log prices: a category priced all alike isn't full of outliers
_FEW_CASES = 5
_COMMON = 10  # times as many items as the rare spelling


def check_catalogue(items: Sequence[CatalogueItem]) -> Iterator[Finding]:
    """Every finding that comparing items shows."""
    yield from _price_outliers(items)
    yield from _currencies(items)
    yield from _duplicates(items)
    yield from _brand_spellings(items)
    yield from _contradicting_quantities(items)
    by_name: dict[str, list[tuple[CatalogueItem, Attribute]]] = defaultdict(list)
    for item in items:
        for attribute in item.attributes.values():
            by_name[attribute.name].append((item, attribute))
    for name, uses in by_name.items():
        yield from _attribute_values(name, uses)
        yield from _value_spellings(name, uses)


def _price_outliers(items: Iterable[CatalogueItem]) -> Iterator[Finding]:
    """Robust z-score of the log price within the category: 0.6745 (x - median) / MAD, beyond 5."""
    groups: dict[tuple[str, str], list[tuple[CatalogueItem, float]]] = defaultdict(list)
    for item in items:
        if item.price is not None and item.category:
            groups[item.category[-1].casefold(), item.price.currency].append((item, math.log(item.price.minor)))
    for (category, _), priced in groups.items():
        if len(priced) < _LEAST_PRICES:
            continue
        middle = median(x for _, x in priced)
        spread = max(_LEAST_SPREAD, median(abs(x - middle) for _, x in priced))
        for item, x in priced:
            if abs(0.6745 * (x - middle) / spread) > _ROBUST_Z:
                times = math.exp(abs(x - middle))
                message = (
                    f"{item.price} is {times:.0f} times {'above' if x > middle else 'below'} the median of {category}"
                )
                yield Finding(item.item_id, Kind.PRICE_OUTLIER, "price", message, Severity.WARNING)


def _currencies(items: Iterable[CatalogueItem]) -> Iterator[Finding]:
    priced = [(item, item.price.currency) for item in items if item.price is not None]
    counts = Counter(currency for _, currency in priced)
    usual = counts.most_common(1)[0][0] if counts else ""
    for item, currency in priced:
        if currency != usual:
            message = f"is {item.price}: no price filter in {usual}, the catalogue's usual currency, admits it"
            yield Finding(item.item_id, Kind.UNREACHABLE, "price", message, Severity.WARNING)


def _duplicates(items: Iterable[CatalogueItem]) -> Iterator[Finding]:
    """Items of one brand whose titles have the same words, unless they are variants of one model."""
    first: dict[tuple[str, str], CatalogueItem] = {}
    for item in items:
        key = " ".join(sorted(re.findall(r"\w+", item.title.casefold()))), (item.brand or "").casefold()
        other = first.setdefault(key, item)
        if other is not item and (item.variant_of is None or item.variant_of != other.variant_of):
            message = f"has the title of {other.item_id}: {item.title[:80]!r}"
            severity = Severity.WARNING if item.price == other.price else Severity.NOTE
            yield Finding(item.item_id, Kind.DUPLICATE, "title", message, severity)


def _brand_spellings(items: Iterable[CatalogueItem]) -> Iterator[Finding]:
    """Brands that differ from a more frequent one only in punctuation and spaces, or, when rare, in a letter or two."""
    users: dict[str, list[CatalogueItem]] = defaultdict(list)
    for item in items:
        if item.brand is not None:
            users[item.brand.casefold()].append(item)
    names = sorted(users, key=lambda name: -len(users[name]))
    plain: dict[str, str] = {}
    for name in names:
        usual = plain.setdefault(_plain(name), name)
        if usual == name and len(name) > 3 and len(users[name]) <= 2:
            frequent = [n for n in names if len(users[n]) >= _COMMON * len(users[name])]
            similar = process.extractOne(name, frequent, scorer=OSA.distance, score_cutoff=1 + (len(name) > 9))
            usual = similar[0] if similar else name
        if usual != name:
            for item in users[name]:
                message = f"{item.brand!r} may be {users[usual][0].brand!r}, which {len(users[usual])} items have"
                yield Finding(item.item_id, Kind.SPELLING, "brand", message, Severity.WARNING)


def _contradicting_quantities(items: Iterable[CatalogueItem]) -> Iterator[Finding]:
    """An item's only attribute in some unit, where the title states other numbers in that unit.

    Told by the whole catalogue: where titles seldom state this attribute's number, it isn't what they speak of.
    """
    cases: dict[str, list[tuple[CatalogueItem, Attribute, QuantityMention | None]]] = defaultdict(list)
    for item in items:
        units = Counter(a.unit for a in item.attributes.values() if a.number is not None)
        mentions = find_quantities(item.title) if units.keys() - {None} else ()
        for attribute in item.attributes.values():
            alike = [m for m in mentions if m.quantity.unit == attribute.unit and attribute.unit is not None]
            if attribute.number is not None and units[attribute.unit] == 1 and alike:
                agreed = any(agrees(m, attribute) for m in alike)
                cases[attribute.name].append((item, attribute, None if agreed else alike[0]))
    for stated in cases.values():
        differing = [(item, attribute, mention) for item, attribute, mention in stated if mention is not None]
        if len(stated) < _FEW_CASES or len(differing) < len(stated) / 2:
            for item, attribute, mention in differing:
                yield disagreement(item, attribute, "title", mention, Severity.WARNING)


def _attribute_values(name: str, uses: Sequence[tuple[CatalogueItem, Attribute]]) -> Iterator[Finding]:
    """Names used once; and in a name whose values are numbers, those that are none or have another unit."""
    if len(uses) == 1:
        item, attribute = uses[0]
        message = f"only this item states it ({attribute.text[:60]!r})"
        yield Finding(item.item_id, Kind.RARE_ATTRIBUTE, name, message, Severity.NOTE)
        return
    units = Counter(attribute.unit for _, attribute in uses if attribute.number is not None)
    if units.total() < 0.8 * len(uses):
        return
    usual = units.most_common(1)[0][0]
    for item, attribute in uses:
        if attribute.number is None and any(c.isdigit() for c in attribute.text):
            message = f"{attribute.text[:60]!r} is not read as a number, unlike most values of {name}"
            yield Finding(item.item_id, Kind.UNREACHABLE, name, message, Severity.WARNING)
        elif attribute.number is not None and attribute.unit != usual:
            message = (
                f"{attribute.text[:60]!r} is in {attribute.unit or 'no unit'}, most values in {usual or 'no unit'}"
            )
            yield Finding(item.item_id, Kind.UNREACHABLE, name, message, Severity.WARNING)


def _value_spellings(name: str, uses: Sequence[tuple[CatalogueItem, Attribute]]) -> Iterator[Finding]:
    """Words that differ from a more frequent value of the attribute only in punctuation and spaces."""
    counts = Counter(value for _, attribute in uses if attribute.number is None for value in attribute.values)
    usual: dict[str, str] = {}
    for value, _ in counts.most_common():
        usual.setdefault(_plain(value), value)
    for item, attribute in uses:
        for value in attribute.values if attribute.number is None else ():
            other = usual[_plain(value)]
            if other != value:
                message = f"{value[:60]!r} is {other[:60]!r} in {counts[other]} other places"
                yield Finding(item.item_id, Kind.SPELLING, name, message, Severity.NOTE)


def _plain(words: str) -> str:
    """The words without what spellings differ in: spaces, hyphens, quotes and marks; dots stay ("2.0" is not "20")."""
    return re.sub(r"[\s\-_/'’®™()]+", "", words) or words
