"""A shopper's words tried against one item: is it found, where does it stand, and if it is not, what leaves it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.dialogue import DialogueState, update
from assistant.explanation.wording import attribute_words, price_words
from assistant.grounding import key_of, to_query
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints
from retrieval.vocabulary import Vocabulary

if TYPE_CHECKING:
    from assistant.service import Service

DEPTH = 50  # items that are ranked for a trial


@dataclass(frozen=True, slots=True)
class Trial:
    """What the words bring.

    Attributes:
        understood: the constraints in words.
        ranked: the items, best first.
        rank: of the item that it is about, from 1; None when it is not among them.
        matching: items that satisfy the constraints.
        failing: constraints in words that the item does not satisfy.
    """

    understood: tuple[str, ...]
    ranked: tuple[CatalogueItem, ...]
    rank: int | None
    matching: int
    failing: tuple[str, ...]


def try_words(service: Service, words: str, item: CatalogueItem) -> Trial:
    """Search for a shopper's words as the chat does, as the first turn of a conversation; nothing is stored."""
    assistant, shop = service.assistant, service.shop
    act = assistant.understanding.understand(words, DialogueState(), [])
    need = update(DialogueState(), act, key_of(shop.vocabulary)).need
    query = to_query(need, shop.vocabulary, assistant.money, DEPTH).query
    found = shop.search(query)
    ids = [candidate.item_id for candidate in found.candidates]
    parts = list(_parts(query.constraints, shop.vocabulary))
    return Trial(
        tuple(words for words, _ in parts),
        tuple(shop.catalogue[item_id] for item_id in ids if item_id in shop.catalogue),
        ids.index(item.item_id) + 1 if item.item_id in ids else None,
        found.matching,
        tuple(words for words, part in parts if not part.admits(item)),
    )


def _parts(constraints: Constraints, vocabulary: Vocabulary) -> Iterator[tuple[str, Constraints]]:
    """Each constraint alone, with its words."""
    if constraints.category is not None:
        yield vocabulary.display(constraints.category), Constraints(category=constraints.category)
    if price_words(constraints):
        low, high, currency = constraints.price_min, constraints.price_max, constraints.currency
        yield price_words(constraints), Constraints(price_min=low, price_max=high, currency=currency)
    if constraints.brands:
        brands = " or ".join(sorted(map(vocabulary.display, constraints.brands)))
        yield brands, Constraints(brands=constraints.brands)
    for brand in sorted(constraints.excluded_brands):
        yield f"not {vocabulary.display(brand)}", Constraints(excluded_brands=frozenset({brand}))
    for attribute in constraints.attributes:
        yield attribute_words(attribute), Constraints(attributes=(attribute,))
    for attribute in constraints.excluded_attributes:
        yield f"not {attribute_words(attribute)}", Constraints(excluded_attributes=(attribute,))
    if constraints.in_stock:
        yield "in stock", Constraints(in_stock=True)
