"""The constraints as chips: one for each value that the shopper can take back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assistant.dialogue import Slots
from retrieval.catalogue import Money

SORTS = {
    "price_asc": "cheapest first",
    "price_desc": "dearest first",
    "rating": "best rated first",
    "newest": "newest first",
    "popularity": "most popular first",
}


@dataclass(frozen=True, slots=True)
class Chip:
    """One constraint in words.

    Attributes:
        label: what it holds: "under $900", "not HP".
        dropped: what `DialogueAct.dropped` holds to take it back: "price_max", "excluded_brands=hp".
        undoing: taking it back, said as the shopper would: "Any price".
    """

    label: str
    dropped: str
    undoing: str


def chips(slots: Slots, currency: str | None, display: Callable[[str], str] = lambda label: label) -> tuple[Chip, ...]:
    """The chips of a need.

    Args:
        slots: of the need in force.
        currency: of prices for which the shopper named none.
        display: the shop's spelling of a case-folded category or brand.
    """
    found: list[Chip] = []
    if slots.category:
        found.append(Chip(display(slots.category), "category", "Any kind of item"))
    for name, words, undoing in (("price_min", "from", "No lowest price"), ("price_max", "up to", "No highest price")):
        amount = getattr(slots, name)
        if amount is not None:
            found.append(Chip(f"{words} {_price(amount, slots.currency or currency)}", name, undoing))
    for brand in slots.brands:
        found.append(Chip(f"by {display(brand)}", f"brands={brand}", f"It need not be {display(brand)}"))
    for brand in slots.excluded_brands:
        found.append(Chip(f"not {display(brand)}", f"excluded_brands={brand}", f"{display(brand)} is fine too"))
    found += [Chip(words, f"attributes={words}", f"It need not be {words}") for words in slots.attributes]
    found += [
        Chip(f"not {words}", f"excluded_attributes={words}", f"{words} is fine too")
        for words in slots.excluded_attributes
    ]
    if slots.sort:
        found.append(Chip(SORTS[slots.sort], "sort", "Best match first"))
    return tuple(found)


def _price(amount: float, currency: str | None) -> str:
    return f"{amount:g}" if currency is None else str(Money.of(amount, currency))
