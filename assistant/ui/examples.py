"""What an empty page suggests: four needs that this very shop can meet, or questions that an item's record answers."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from assistant.explanation.wording import named
from retrieval.catalogue import CatalogueItem, Money

ENOUGH = 4  # items of a kind, so that an example brings more than one


def examples(items: Iterable[CatalogueItem]) -> tuple[str, ...]:
    """Four needs, or fewer in a small shop: a price limit, an unwanted brand, a rating, a property.

    Each is of another department where there are as many, and of the kind that the department has most items of.
    """
    kinds = list(_largest_kinds(items))
    found = []
    for place, wording in enumerate((_under_a_price, _without_a_brand, _best_rated, _with_a_property)):
        said = (wording(*kind) for kind in (*kinds[place:], *kinds[:place]))
        found.append(next((words for words in said if words is not None), None))
    return tuple(words for words in found if words is not None)


def questions_about(item: CatalogueItem) -> tuple[str, ...]:
    """Three questions, or fewer, that the record of an item answers."""
    measured = [f"What is the {named(a.name)} of this?" for a in item.attributes.values() if a.number is not None]
    stock = ["Is this in stock?"] if item.stock is not None else []
    rated = ["How is this rated?"] if item.rating is not None else []
    return (*measured[:1], *rated, *stock)


def _largest_kinds(items: Iterable[CatalogueItem]) -> Iterator[tuple[str, list[CatalogueItem]]]:
    """Leaf categories, the largest of each department first, then their second largest, and so on."""
    departments: defaultdict[str, defaultdict[str, list[CatalogueItem]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        if item.category and item.available:
            departments[item.category[0]][item.category[-1]].append(item)
    ranked = [sorted(kinds.items(), key=lambda kind: -len(kind[1])) for kinds in departments.values()]
    ranked.sort(key=lambda kinds: -sum(len(members) for _, members in kinds))
    for place in range(max((len(kinds) for kinds in ranked), default=0)):
        for kinds in ranked:
            if place < len(kinds) and len(kinds[place][1]) >= ENOUGH:
                yield kinds[place]


def _under_a_price(label: str, members: list[CatalogueItem]) -> str | None:
    prices = sorted(item.price for item in members if item.price is not None)
    if not prices:
        return None
    typical = prices[len(prices) * 2 // 3]
    if typical.major < 1:
        return None
    step = 10 ** int(math.log10(typical.major)) / 2
    return f"{label} under {Money.of(math.ceil(float(typical.major) / step) * step, typical.currency)}"


def _without_a_brand(label: str, members: list[CatalogueItem]) -> str | None:
    brands = Counter(item.brand for item in members if item.brand)
    return f"{label}, but not {brands.most_common(1)[0][0]}" if len(brands) > 1 else None


def _best_rated(label: str, members: list[CatalogueItem]) -> str | None:
    return f"The best rated {label.lower()}" if any(item.rating is not None for item in members) else None


def _with_a_property(label: str, members: list[CatalogueItem]) -> str | None:
    values = Counter(
        (attribute.name, attribute.text)
        for item in members
        for attribute in item.attributes.values()
        if attribute.number is None and attribute.text.isalpha() and attribute.text.lower() not in ("yes", "no")
    )
    shared = [text for (_, text), count in values.most_common() if 1 < count < len(members)]
    return f"{shared[0].capitalize()} {label.lower()}" if shared else None
