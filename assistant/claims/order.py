"""Superlatives and comparisons ("the cheapest of these", "lighter than the Kestrel"), held against the items shown."""

from __future__ import annotations

import re
from collections.abc import Callable

from assistant.claims.reading import Reading
from assistant.claims.terms import stem, stems
from assistant.explanation.wording import short_name
from assistant.plain_text import word_set
from retrieval.catalogue import CatalogueItem
from retrieval.words import function_words, tokens

Measure = Callable[[CatalogueItem], float | None]

# word -> what it measures (a field, or the unit of an attribute) and whether less of it is meant
_WORDS: dict[str, tuple[str, bool]] = {
    "cheap": ("price", True),
    "pricey": ("price", False),
    "expensive": ("price", False),
    "dear": ("price", False),
    "low-priced": ("price", True),
    "high-priced": ("price", False),
    "light": ("g", True),
    "heavy": ("g", False),
    "new": ("released", False),
    "old": ("released", True),
    "well-rated": ("rating", False),
    "badly-rated": ("rating", True),
    "quiet": ("dB", True),
    "loud": ("dB", False),
    "bright": ("nit", False),
}
_FORMS = {
    "cheapest": "cheap",
    "cheaper": "cheap",
    "priciest": "pricey",
    "pricier": "pricey",
    "dearest": "dear",
    "dearer": "dear",
    "lightest": "light",
    "lighter": "light",
    "heaviest": "heavy",
    "heavier": "heavy",
    "newest": "new",
    "newer": "new",
    "oldest": "old",
    "older": "old",
    "quietest": "quiet",
    "quieter": "quiet",
    "loudest": "loud",
    "louder": "loud",
    "brightest": "bright",
    "brighter": "bright",
    "most expensive": "expensive",
    "more expensive": "expensive",
    "least expensive": "cheap",
    "less expensive": "cheap",
    "lowest priced": "low-priced",
    "lower priced": "low-priced",
    "highest priced": "high-priced",
    "higher priced": "high-priced",
    "best rated": "well-rated",
    "better rated": "well-rated",
    "highest rated": "well-rated",
    "higher rated": "well-rated",
    "top rated": "well-rated",
    "worst rated": "badly-rated",
    "lowest rated": "badly-rated",
    "lower rated": "badly-rated",
    "cost less": "cheap",
    "cost more": "expensive",
    "weigh less": "light",
    "weigh more": "heavy",
    "costs less": "cheap",
    "costs more": "expensive",
    "weighs less": "light",
    "weighs more": "heavy",
}
_FORM = "|".join(re.escape(form).replace(r"\ ", r"[\s-]+") for form in sorted(_FORMS, key=len, reverse=True))
_SUPERLATIVE_STARTS = ("most", "least", "best", "highest", "lowest", "top", "worst")
_LESS = word_set("least lowest shortest smallest fewest less lower shorter smaller fewer")
_DIRECTED_MOST = "most|highest|longest|largest|biggest|greatest|least|lowest|shortest|smallest|fewest"
_DIRECTED_MORE = "more|higher|longer|larger|bigger|greater|less|lower|shorter|smaller|fewer"
_NOT_OF_ALL = r"(?P<not_all>(?:second|third|next|one of|among|some of)\s+(?:the\s+)?|(?:second|third)[\s-])?"
_SCOPE = (
    r"(?P<scope>\s+(?:(?:one|item|option|pick|choice|model)\s+)?(?:of|among|out of)\s+(?:these|the|them|all)"
    r"(?:\s+(?:two|three|four|five|six|\d+|picks?|options?|items?|shown|here|ones|listed|all))*|\s+here)?"
    r"(?P<beyond>\s+(?:in|on|of|for)\s+(?:the|our|this|its|all)\s+\w+|\s+(?:ever|available|anywhere|around)\b"
    r"|\s+you can\b|\s+money can\b)?"
)
# "the cheaper of the two" is a superlative, "cheaper" alone is a word like others
_SUPERLATIVE = re.compile(
    rf"\b{_NOT_OF_ALL}(?:(?P<the>the)\s+)?(?P<form>{_FORM})\b(?!\s+than\b){_SCOPE}", re.IGNORECASE
)
_MOST = re.compile(
    rf"\b{_NOT_OF_ALL}(?:the\s+)?(?<!\bat )(?P<way>{_DIRECTED_MOST})\s+(?P<what>[^\W\d]\w*(?:\s+\w+)?)", re.IGNORECASE
)
_REST = r"than\s+(?P<other>(?!\d|[$€£])[^,.;:!?]+?)(?=\s+(?:and|but|while|with|at)\b|[,.;:!?]|$)"
_COMPARED = re.compile(rf"\b(?P<form>{_FORM})\s+{_REST}", re.IGNORECASE)
_MORE = re.compile(rf"\b(?P<way>{_DIRECTED_MORE})\s+(?P<what>\w+(?:\s+\w+)?)\s+{_REST}", re.IGNORECASE)
_OTHERS = re.compile(
    r"(?:all\s+)?(?:of\s+)?(?:the\s+)?(?:others?|rest|other\s+\w+|these)(?:\s+(?:here|shown|picks))?", re.IGNORECASE
)
_PLACES = {"first": 0, "second": 1, "third": 2, "fourth": 3, "last": -1}


def take_order(reading: Reading) -> None:
    """Take superlatives and comparisons out of a sentence."""
    reading.take(_MORE, "comparison", lambda m: _compared(m, reading, _named(reading.item, m["what"]), _less(m)))
    reading.take(_COMPARED, "comparison", lambda m: _compared(m, reading, *_of_form(reading.item, m["form"])))
    reading.take(_SUPERLATIVE, "comparison", lambda m: _superlative(m, reading))
    reading.take(_MOST, "comparison", lambda m: _extreme(m, reading, _named(reading.item, m["what"]), _less(m)))


def _less(match: re.Match[str]) -> bool:
    return match["way"].casefold() in _LESS


def _of_form(item: CatalogueItem, form: str) -> tuple[Measure | None, bool]:
    key, less = _WORDS[_FORMS[re.sub(r"[\s-]+", " ", form.casefold())]]
    return _measure(item, key), less


def _measure(item: CatalogueItem, key: str) -> Measure | None:
    """What a field or unit measures of an item; None when the item has no single such property."""
    match key:
        case "price":
            currency = item.price.currency if item.price else ""
            return lambda i: float(i.price.minor) if i.price and i.price.currency == currency else None
        case "rating":
            return lambda i: i.rating
        case "released":
            return lambda i: float(i.released.toordinal()) if i.released else None
    names = [a.name for a in item.attributes.values() if a.unit == key]
    name = "weight" if "weight" in names else names[0] if len(names) == 1 else None
    return None if name is None else _attribute(name, key)


def _attribute(name: str, unit: str | None) -> Measure:
    def number(item: CatalogueItem) -> float | None:
        attribute = item.attributes.get(name)
        return attribute.number if attribute is not None and attribute.unit == unit else None

    return number


def _named(item: CatalogueItem, words: str) -> Measure | None:
    """The measure that words name: "storage", "battery life", "price"."""
    said = [stem(t.key) for t in tokens(words)]
    for named in (said, said[:1]):
        if named in ([stem("price")], [stem("rating")]):
            return _measure(item, "price" if named == [stem("price")] else "rating")
        for attribute in item.attributes.values():
            if attribute.number is not None and stems([attribute.name]) == set(named):
                return _attribute(attribute.name, attribute.unit)
    return None


def _superlative(match: re.Match[str], reading: Reading) -> bool | None:
    form = match["form"].casefold()
    if not match["the"] and not form.endswith("est") and not form.startswith(_SUPERLATIVE_STARTS):
        return None
    return _extreme(match, reading, *_of_form(reading.item, form))


def _extreme(match: re.Match[str], reading: Reading, measure: Measure | None, less: bool) -> bool:
    """Whether the item alone has the most or the least of all that are shown."""
    groups = match.groupdict()
    if groups.get("not_all") or groups.get("beyond"):
        return False
    return _beats(reading, measure, less, [i for i in reading.shown.items if i.item_id != reading.item.item_id])


def _compared(match: re.Match[str], reading: Reading, measure: Measure | None, less: bool) -> bool:
    others = [i for i in reading.shown.items if i.item_id != reading.item.item_id]
    if not _OTHERS.fullmatch(match["other"].strip()):
        others = _meant(match["other"], reading, others)
    return _beats(reading, measure, less, others)


def _meant(words: str, reading: Reading, others: list[CatalogueItem]) -> list[CatalogueItem]:
    """The one other item that words name, by place, brand or name; [] when they name none or several."""
    said = [t for t in tokens(words) if t.word not in function_words() or t.word in _PLACES]
    if len(said) == 1 and said[0].word in _PLACES:
        place = _PLACES[said[0].word]
        items = reading.shown.items
        chosen = items[place] if -len(items) <= place < len(items) else None
        return [chosen] if chosen in others and chosen is not None else []
    named = {stem(t.key) for t in said}
    meant = [i for i in others if named and named <= stems((i.title, i.brand or "", short_name(i)))]
    return meant if len(meant) == 1 else []


def _beats(reading: Reading, measure: Measure | None, less: bool, others: list[CatalogueItem]) -> bool:
    if measure is None or not others:
        return False
    mine, theirs = measure(reading.item), [measure(other) for other in others]
    if mine is None:
        return False
    known = [number for number in theirs if number is not None]
    if len(known) < len(theirs):
        return False
    return mine < min(known) if less else mine > max(known)
