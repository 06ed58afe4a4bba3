"""Variants of one model: the attributes in which they differ, what her words settle, and what is still to be asked.

The search puts one variant of a model on the page, so pointing at its card says which model she wants, and which colour
she saw; it does not say her size. A size is asked, and so is whatever the card's title does not tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.withheld import NOTHING_WITHHELD, Withheld

if TYPE_CHECKING:
    from retrieval.shop import Shop

_SIZE = re.compile(r"\b(?:size|waist|inseam|inside leg|collar|cup|fit)\b")
_SAYS_LITTLE = re.compile(r"[\d.,/-]+|\w{1,3}")  # "42" and "XL" take the attribute's name, "512 GB" does not
_EXTRA = r"(?<!extra[ -])(?<!x[ -])"
_SIZES_IN_WORDS = {
    **{"xs": "(?:extra|x)[ -]small", "s": f"{_EXTRA}small", "m": "medium"},
    **{"l": f"{_EXTRA}large", "xl": "(?:extra|x)[ -]large"},
}
LOW_STOCK = 5  # pieces up to which it is said how many are left
_LEADS = r"(?:sizes?|sz|waist|in|in an?|eu|uk|us)"  # before a number or a letter that is meant as a size

Settled = Mapping[str, str]  # values as they are shown, by attribute


@dataclass(frozen=True, slots=True)
class Choice:
    """One attribute that has to be chosen.

    Attributes:
        options: for each value that can be bought now, the first variant that has it, in the catalogue's order.
        sold_out: values that cannot.
    """

    attribute: str
    options: tuple[tuple[str, CatalogueItem], ...]
    sold_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shelf:
    """The shop's items as shoppers may see them now."""

    catalogue: Catalogue
    withheld: Withheld = NOTHING_WITHHELD

    @classmethod
    def of(cls, shop: Shop) -> Shelf:
        """The shelf of a shop at this moment."""
        return cls(shop.catalogue, shop.columns.withheld())

    def get(self, item_id: str | None) -> CatalogueItem | None:
        """The item; None when the shop does not have it, or withholds it."""
        item = None if item_id is None else self.catalogue.get(item_id)
        return None if item is None else self.withheld.seen(item)

    def variants(self, item: CatalogueItem) -> tuple[CatalogueItem, ...]:
        """All variants of the item's model, itself included, in the catalogue's order."""
        family = () if item.variant_of is None else self.catalogue.variants(item.variant_of)
        return tuple(seen for other in family if (seen := self.withheld.seen(other)) is not None) or (item,)


def differences(variants: Sequence[CatalogueItem]) -> tuple[str, ...]:
    """The attributes in which variants differ, sizes first; one that follows from those before it is left out."""
    first, *others = variants
    names = [n for n in first.attributes if all(n in other.attributes for other in others)]
    names.sort(key=lambda name: _SIZE.search(name) is None)
    found: list[str] = []
    groups: set[tuple[str, ...]] = {()}
    for name in names:
        finer = {tuple(value_of(v, n) for n in (*found, name)) for v in variants}
        if len(finer) > len(groups):
            found.append(name)
            groups = finer
    return tuple(found)


def value_of(item: CatalogueItem, attribute: str) -> str:
    """The value of an attribute as it is shown; "" when the record states none."""
    stated = item.attributes.get(attribute)
    return "" if stated is None else stated.text


def variant_words(item: CatalogueItem, variants: Sequence[CatalogueItem]) -> str:
    """What sets an item apart from its variants: "size 42, blue"; "" when it has none."""
    return ", ".join(value_words(name, value_of(item, name)) for name in differences(variants))


def value_words(attribute: str, value: str) -> str:
    """ "size 42", "waist 30 in", "blue", "512 GB"."""
    of_body = attribute != "size" and _SIZE.search(attribute)
    return f"{attribute} {value}" if of_body or _SAYS_LITTLE.fullmatch(value) else value


def option_words(choice: Choice) -> tuple[str, ...]:
    """The options with what sets them apart beside the value: "42 (3 left)", "140 cm, $1,489" where prices differ."""
    priced = len({item.price for _, item in choice.options}) > 1
    words = []
    for label, item in choice.options:
        price = f", {item.price}" if priced and item.price is not None else ""
        left = f" ({item.stock:,} left)" if item.stock is not None and item.stock <= LOW_STOCK else ""
        words.append(f"{label}{price}{left}")
    return tuple(words)


def settled_by(words: Iterable[str], variants: Sequence[CatalogueItem], *, bare: bool = False) -> dict[str, str]:
    """What words settle: the attributes of which they name exactly one value that a variant has.

    Args:
        words: the utterance, or phrases of the need.
        variants: of one model.
        bare: whether "42" alone is a size; else it takes "size 42" or "in 42".
    """
    said = [" ".join(phrase.casefold().split()) for phrase in words]
    found: dict[str, str] = {}
    for name in differences(variants):
        labels = list(dict.fromkeys(value_of(v, name) for v in variants))
        named = {label for phrase in said for label in named_in(phrase, labels, bare=bare)}
        if len(named) == 1:
            found[name] = named.pop()
    return found


def named_in(text: str, labels: Iterable[str], *, bare: bool) -> tuple[str, ...]:
    """Which of the values a text (lower case) names; those inside longer ones that it names are left out."""
    found = [label for label in labels if any(_pattern(form, bare).search(text) for form in _forms(label))]
    return tuple(f for f in found if not any(f != g and f.casefold() in g.casefold().split() for g in found))


def _forms(label: str) -> Iterable[str]:
    """ "30 in" is also said "30", "M" also "medium"."""
    plain = " ".join(label.casefold().split())
    yield re.escape(plain)
    if number := re.fullmatch(r"(\d+(?:[.,]\d+)?)\s*[a-z\"]+", plain):
        yield re.escape(number[1])
    if plain in _SIZES_IN_WORDS:
        yield _SIZES_IN_WORDS[plain]


def _pattern(form: str, bare: bool) -> re.Pattern[str]:
    weak = not bare and re.fullmatch(r"[\d.,\\]+|x*[sml]", form)
    lead = rf"(?<!\w){_LEADS}\s+" if weak else r"(?<![\w.,-])"
    return re.compile(rf"{lead}(?:{form})(?![\w-]|[.,]\d)")


def next_choice(item: CatalogueItem, variants: Sequence[CatalogueItem], settled: Settled) -> Choice | None:
    """What has to be asked next before the item, or the variant of it that is settled so far, can be taken.

    Args:
        item: the variant that she pointed at.
        variants: of its model, itself included.
        settled: what her words and answers have settled.

    Returns:
        None when nothing is open. With options, an open attribute; the settled values may be sold out, then it is the
        attribute that offers others.
    """
    names = differences(variants)
    open_names = [name for name in names if name not in settled and _must_ask(name, item)]
    for name in open_names:
        fixed = {n: settled.get(n, value_of(item, n)) for n in names if n not in open_names}
        choice = _choice(name, _having(variants, fixed))
        if choice.options and [label for label, _ in choice.options] != [value_of(item, name)]:
            return choice
    if settled_variant(item, variants, settled).available:
        return None
    for name in names:
        fixed = {n: settled.get(n, value_of(item, n)) for n in names if n != name}
        choice = _choice(name, _having(variants, fixed))
        if choice.options:
            return choice
    return None


def other_values(item: CatalogueItem, variants: Sequence[CatalogueItem]) -> Choice | None:
    """The first attribute in which another variant differs from this one alone and can be bought; None for none."""
    names = differences(variants)
    for name in names:
        fixed = {n: value_of(item, n) for n in names if n != name}
        choice = _choice(name, _having(variants, fixed))
        if any(label != value_of(item, name) for label, _ in choice.options):
            return choice
    return None


def settled_variant(item: CatalogueItem, variants: Sequence[CatalogueItem], settled: Settled) -> CatalogueItem:
    """The variant with the settled values, like the item in all else; the item itself when there is none."""
    wanted = {name: settled.get(name, value_of(item, name)) for name in differences(variants)}
    exact = _having(variants, wanted) or _having(variants, settled)
    return item if item in exact else next((v for v in exact if v.available), exact[0] if exact else item)


def _must_ask(attribute: str, item: CatalogueItem) -> bool:
    """A size is asked, and what the title does not tell."""
    if _SIZE.search(attribute):
        return True
    return not named_in(item.title.casefold(), (value_of(item, attribute),), bare=True)


def _having(variants: Sequence[CatalogueItem], values: Settled) -> list[CatalogueItem]:
    return [v for v in variants if all(value_of(v, name) == value for name, value in values.items())]


def _choice(attribute: str, variants: Sequence[CatalogueItem]) -> Choice:
    options: dict[str, CatalogueItem] = {}
    for variant in variants:
        if variant.available:
            options.setdefault(value_of(variant, attribute), variant)
    sold_out = dict.fromkeys(v for variant in variants if (v := value_of(variant, attribute)) not in options)
    in_order = _in_order([*options, *sold_out])
    found = tuple((label, options[label]) for label in in_order if label in options)
    return Choice(attribute, found, tuple(label for label in in_order if label in sold_out))


def _in_order(labels: Sequence[str]) -> list[str]:
    """Sizes from small to large, by their number or their letters; other values as they came."""
    letters = [re.fullmatch(r"(\d*x*)([sml])", label.casefold()) for label in labels]
    if all(letters):
        return [label for _, label in sorted(zip(map(_size_of, letters), labels, strict=True))]
    numbers = [re.match(r"\d+(?:[.,]\d+)?", label) for label in labels]
    values = [float(number[0].replace(",", ".")) for number in numbers if number is not None]
    if len(values) < len(labels):
        return list(labels)
    return [label for _, label in sorted(zip(values, labels, strict=True), key=lambda pair: pair[0])]


def _size_of(match: re.Match[str] | None) -> int:
    """ "XS" is -2, "S" -1, "M" 0, "L" 1, "XXL" and "2XL" 3."""
    assert match is not None
    extra, letter = match[1], match[2]
    steps = int(extra.rstrip("x")) if extra.rstrip("x") else len(extra)
    return {"s": -1 - steps, "m": 0, "l": 1 + steps}[letter]
