"""Checks that look at one item alone: contradictions, injected instructions, markup, addresses, missing fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.instructions import find_instruction
from retrieval.quality.findings import Finding, Kind, Severity
from retrieval.units import QuantityMention, find_quantities, format_quantity

_MARKUP = re.compile(
    r"<\s*(?:script|iframe|img|svg|a|div|span|p|br|style)\b[^<]*>|javascript:|\$\{|\{\{|\]\(https?:", re.IGNORECASE
)
_COLOUR_OF = {
    "grey": "grey", "gray": "grey", "silver": "silver", "black": "black", "white": "white", "red": "red",
    "blue": "blue", "green": "green", "yellow": "yellow", "orange": "orange", "purple": "purple", "violet": "purple",
    "pink": "pink", "brown": "brown", "beige": "beige", "cyan": "cyan", "magenta": "magenta", "turquoise": "turquoise",
}  # fmt: skip
_COLOUR = re.compile(r"\b(?:" + "|".join(_COLOUR_OF) + r")\b")
_PICTURE = re.compile(r"\.(?:html?|php|aspx?|pdf|zip|mp4|txt)$", re.IGNORECASE)
# the words that name an attribute in a title, where they are not the attribute's own
_ALSO_CALLED = {"ram": {"memory", "ram"}, "memory": {"memory", "ram"}, "storage": {"storage", "ssd", "hdd"}}
_SLACK = 0.03  # 39.6 cm and 15.6 in are stated as one


def check_item(item: CatalogueItem) -> Iterator[Finding]:
    """Every finding about the item that its own record shows."""
    yield from _instructions_and_markup(item)
    yield from _contradicting_quantities(item)
    yield from _contradicting_colours(item)
    yield from _addresses(item)
    yield from _missing(item)


def _instructions_and_markup(item: CatalogueItem) -> Iterator[Finding]:
    texts = [("title", item.title), ("description", item.description), ("brand", item.brand or "")]
    texts += [
        ("category", " > ".join(item.category)),
        *((a.name, f"{a.name}: {a.text}") for a in item.attributes.values()),
    ]
    for name, text in texts:
        if (words := find_instruction(text)) is not None:
            message = f"speaks to a language model: {_short(words)!r}"
            yield Finding(item.item_id, Kind.INSTRUCTION, name, message, Severity.ERROR)
        if (match := _MARKUP.search(text)) is not None:
            yield Finding(item.item_id, Kind.MARKUP, name, f"holds markup: {_short(match[0])!r}", Severity.WARNING)


def _contradicting_quantities(item: CatalogueItem) -> Iterator[Finding]:
    measured = [a for a in item.attributes.values() if a.number is not None and a.unit is not None]
    for name, text in (("title", item.title), ("description", item.description)) if measured else ():
        mentions = find_quantities(text)
        for attribute in measured:
            named = [m for m in mentions if m.quantity.unit == attribute.unit and _names(text, m, attribute)]
            if named and not any(agrees(m, attribute) for m in named):
                yield disagreement(item, attribute, name, named[0], Severity.ERROR)


def disagreement(
    item: CatalogueItem, attribute: Attribute, name: str, mention: QuantityMention, severity: Severity
) -> Finding:
    """The finding that a text states another number than an attribute does."""
    stated = format_quantity(mention.quantity.number, mention.quantity.unit)
    message = f"is {attribute.text}, and the {name} says {stated}"
    return Finding(item.item_id, Kind.CONTRADICTION, attribute.name, message, severity)


def _names(text: str, mention: QuantityMention, attribute: Attribute) -> bool:
    """Whether the one or two words after a quantity name the attribute: "16GB RAM", "1.4 kg weight"."""
    following = set(re.findall(r"[a-z]+", " ".join(text[mention.end : mention.end + 24].casefold().split()[:2])))
    words = set(attribute.name.split())
    return bool(following & words.union(*(_ALSO_CALLED.get(word, set()) for word in words)))


def agrees(mention: QuantityMention, attribute: Attribute) -> bool:
    """Whether a quantity in a text is the attribute's number, within the rounding of units."""
    assert attribute.number is not None
    return abs(mention.quantity.number - attribute.number) <= _SLACK * max(abs(attribute.number), 1e-9)


def _contradicting_colours(item: CatalogueItem) -> Iterator[Finding]:
    in_title = {_COLOUR_OF[word] for word in _COLOUR.findall(item.title.casefold())}
    for attribute in item.attributes.values() if in_title else ():
        if not re.search(r"\bcolou?rs?\b", attribute.name):
            continue
        stated = {_COLOUR_OF[word] for word in _COLOUR.findall(" ".join(attribute.values))}
        if stated and not stated & in_title:
            message = f"is {attribute.text}, and the title says {', '.join(sorted(in_title))}"
            yield Finding(item.item_id, Kind.CONTRADICTION, attribute.name, message, Severity.WARNING)


def _addresses(item: CatalogueItem) -> Iterator[Finding]:
    for name, address in (("image", item.image), ("url", item.url)):
        if address is None:
            continue
        try:
            parts = urlsplit(address)
            broken = bool(parts.scheme) and (parts.scheme not in ("http", "https") or "." not in parts.netloc)
        except ValueError:
            broken = True
        broken = broken or any(character.isspace() for character in address)
        if broken or (name == "image" and _PICTURE.search(address)):
            message = f"is no address of a {'picture' if name == 'image' else 'page'}: {_short(address)!r}"
            yield Finding(item.item_id, Kind.ADDRESS, name, message, Severity.WARNING)


def _missing(item: CatalogueItem) -> Iterator[Finding]:
    fields = {
        "price": (item.price is None, "no price filter admits it", Severity.WARNING),
        "category": (not item.category, "only its title tells what it is", Severity.WARNING),
        "brand": (item.brand is None, "no brand filter reaches it", Severity.NOTE),
        "description": (not item.description, "there is little to explain it by", Severity.NOTE),
        "attributes": (not item.attributes, "no attribute filter reaches it", Severity.NOTE),
        "image": (item.image is None, "its card has no picture", Severity.NOTE),
    }
    for name, (missing, consequence, severity) in fields.items():
        if missing:
            yield Finding(item.item_id, Kind.MISSING, name, f"is not stated: {consequence}", severity)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "…"
