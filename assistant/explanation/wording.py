"""How a need, an item and a count are put into words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from assistant.events import Outcome
from assistant.plain_text import plain
from retrieval.catalogue import CatalogueItem, Money
from retrieval.query import AttributeConstraint, Constraints, Relaxation

_COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_PLACES = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_SORTS = {
    "price_asc": "lowest price first",
    "price_desc": "highest price first",
    "rating": "best rated first",
    "newest": "newest first",
    "popularity": "most popular first",
}
# a long title's name ends where its list of properties begins
_NAME_ENDS = re.compile(
    r"\s[-–—|(,]|[,;(|]|\s\d+(?:[.,]\d+)?\s*(?:cm|mm|kg|gb|tb|ml|l|w|pc\(s\)|\")(?!\w)", re.IGNORECASE
)
_INITIALS = frozenset("bpa cpu dpi gps gpu hdd hdmi lcd led nfc oled ram rom spf ssd tv usb uv".split())  # noqa: SIM905
Display = Callable[[str], str]


def count_words(count: int) -> str:
    """ "four", "1,204": numbers up to twelve in letters."""
    return _COUNTS[count] if count < len(_COUNTS) else f"{count:,}"


def place_words(rank: int) -> str:
    """ "first", "third", "12th", "21st"."""
    if rank <= len(_PLACES):
        return _PLACES[rank - 1]
    last = "th" if rank % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(rank % 10, "th")
    return f"{rank}{last}"


def listing(words: Sequence[str], join: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    return f"{', '.join(words[:-1])} {join} {words[-1]}" if len(words) > 1 else "".join(words)


def short_name(item: CatalogueItem, limit: int = 48) -> str:
    """The item's name as the reply says it: the beginning of its title."""
    title = plain(item.title)
    ends = [m.start() for m in _NAME_ENDS.finditer(title) if len(title[: m.start()].split()) >= 2]
    name = title[: ends[0]] if ends and len(title) > limit else title
    return plain(name, limit).removesuffix(" …").rstrip(" ,;:-") or plain(item.item_id)


def named(attribute_name: str) -> str:
    """An attribute's name as it is said: "RAM", "screen size"."""
    words = plain(attribute_name, 60).split()
    return " ".join(word.upper() if word in _INITIALS else word for word in words)


def bold(item: CatalogueItem) -> str:
    """The name, set bold."""
    return f"**{short_name(item)}**"


def sort_words(sort: str | None) -> str | None:
    """ "lowest price first"; None when the order is by relevance."""
    return _SORTS.get(sort or "")


def noun(constraints: Constraints, items: Sequence[CatalogueItem], count: int, display: Display) -> str:
    """What is counted: "laptops", "item"; a department that is no countable noun gives 'items in "beauty"'."""
    items_word = "item" if count == 1 else "items"
    label = constraints.category
    if label is None:
        return items_word
    if label.endswith("s") and not label.endswith("ss") and " > " not in label:
        return plain(_singular(label) if count == 1 else label)
    titles = " ".join(item.title.casefold() for item in items)
    if re.search(rf"\b{re.escape(label.split()[-1])}s?\b", titles):
        return plain(label if count == 1 else f"{label}s")
    return f"{items_word} in “{plain(display(label))}”"


def _singular(label: str) -> str:
    if label.endswith("ies"):
        return f"{label[:-3]}y"
    return label[:-2] if re.search(r"(?:ch|sh|x|ss)es$", label) else label[:-1]


def price_words(constraints: Constraints) -> str:
    """ "under $900", "from $50", "between $50 and $80"; "" when no bound is set."""
    low, high = (bound_money(constraints, side) for side in ("price_min", "price_max"))
    if low is not None and high is not None:
        return f"between {low} and {high}"
    return f"under {high}" if high is not None else f"from {low}" if low is not None else ""


def bound_money(constraints: Constraints, side: str) -> Money | None:
    """A price bound as money; None when it is not set."""
    minor: int | None = getattr(constraints, side)
    return None if minor is None or constraints.currency is None else Money(minor, constraints.currency)


def attribute_words(constraint: AttributeConstraint) -> str:
    """What the shopper said of an attribute, or the constraint itself."""
    return plain(constraint.words or constraint.value or constraint.name or "")


def describe(constraints: Constraints, items: Sequence[CatalogueItem], count: int, display: Display) -> str:
    """The constraints as a noun phrase: "laptops under $900, waterproof, that are not HP"."""
    words = noun(constraints, items, count, display)
    words += f" {price_words(constraints)}" if price_words(constraints) else ""
    if constraints.brands:
        words += f" from {listing(sorted(plain(display(b)) for b in constraints.brands), 'or')}"
    wanted = list(dict.fromkeys(attribute_words(a) for a in constraints.attributes))
    words += "".join(f", {phrase}" for phrase in wanted)
    if constraints.in_stock:
        words += ", in stock"
    unwanted = list(dict.fromkeys(attribute_words(a) for a in constraints.excluded_attributes))
    if unwanted:
        words += f", not {listing(unwanted, 'or')}"
    if constraints.excluded_brands:
        brands = listing(sorted(plain(display(b)) for b in constraints.excluded_brands), "or")
        words += f"{',' if wanted or unwanted else ''} that {'is' if count == 1 else 'are'} not {brands}"
    return words


def failing(relaxation: Relaxation, before: Constraints, display: Display) -> str:
    """Which constraint a relaxation gives up, in words: "the $300 limit", "“waterproof”"."""
    after = relaxation.constraints
    if after.price_max != before.price_max and (high := bound_money(before, "price_max")) is not None:
        return f"the {high} limit"
    if after.price_min != before.price_min and (low := bound_money(before, "price_min")) is not None:
        return f"the {low} minimum"
    if after.category != before.category and before.category is not None:
        return f"“{plain(display(before.category))}”"
    given_up = [attribute_words(a) for a in before.attributes if a not in after.attributes]
    given_up += [f"not {attribute_words(a)}" for a in before.excluded_attributes if a not in after.excluded_attributes]
    given_up += [plain(display(b)) for b in sorted(before.brands - after.brands)]
    given_up += [f"not {plain(display(b))}" for b in sorted(before.excluded_brands - after.excluded_brands)]
    return listing([f"“{words}”" for words in given_up]) or "what you asked for"


def lead(outcome: Outcome, display: Display) -> str:
    """How many items fit, and that these are shown: "6 laptops under $900; these four fit best:"."""
    shown, matching = len(outcome.picks), max(outcome.matching, len(outcome.picks))
    items = [pick.item for pick in outcome.picks]
    order = sort_words(outcome.after.need.slots.sort)
    these = "this one" if shown == 1 else f"these {count_words(shown)}"
    best = f", {order}" if order else " fits best" if shown == 1 else " fit best"
    if outcome.constraints == Constraints():
        return f"{these.capitalize()}{best}:"
    what = f"{matching:,} {describe(outcome.constraints, items, matching, display)}"
    if matching > shown:
        return f"{what}; {these}{best}:"
    if shown == 1:
        return f"Just {what}:"
    return f"{what}{', ' + order if order else ''}, {'both' if shown == 2 else 'all'} shown:"
