"""The constraints as chips: one for each value that the shopper can take back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assistant.dialogue import Need, Slots
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


@dataclass(frozen=True, slots=True)
class Changes:
    """What the last utterance did to the chips.

    Attributes:
        was: for each chip that is new or another than before, by `Chip.dropped`: its label before, "" when it is new.
        gone: labels of the chips that are not there any more.
    """

    was: dict[str, str]
    gone: tuple[str, ...]


def changes(
    now: Slots, before: Need | None, currency: str | None, display: Callable[[str], str] = lambda label: label
) -> Changes:
    """How the chips differ from those of the need before; no difference when there is none to compare with."""
    if before is None:
        return Changes({}, ())
    earlier = {chip.dropped: chip.label for chip in chips(before.slots, currency, display)}
    current = {chip.dropped: chip.label for chip in chips(now, currency, display)}
    was = {dropped: earlier.get(dropped, "") for dropped, label in current.items() if earlier.get(dropped) != label}
    return Changes(was, tuple(label for dropped, label in earlier.items() if dropped not in current))


def _price(amount: float, currency: str | None) -> str:
    return f"{amount:g}" if currency is None else str(Money.of(amount, currency))
