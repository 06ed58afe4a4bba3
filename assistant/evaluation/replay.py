"""An example put to understanding as the service would: its history replayed, the page as our answers listed it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from assistant.dialogue import DialogueAct, DialogueState, update
from assistant.evaluation.examples import Example
from assistant.grounding import key_of
from retrieval.candidates import Candidate
from retrieval.catalogue import CatalogueItem, Money
from retrieval.vocabulary import Vocabulary

_ENTRY = re.compile(r"(?:^|[\s;])(\d{1,2})[.)]\s+(.+?)(?=;|\s\d{1,2}[.)]\s|$)")
_PRICE = re.compile(r",?\s*(?P<sign>[$€£])\s?(?P<amount>[\d,]+(?:\.\d\d)?)\.?$")
_CURRENCIES = {"$": "USD", "€": "EUR", "£": "GBP"}
_PAGE = 4


class Understands(Protocol):
    """The one method of `assistant.understanding.Understanding` that is evaluated."""

    def understand(self, utterance: str, state: DialogueState, shown: Sequence[CatalogueItem]) -> DialogueAct:
        """The dialogue act of an utterance."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What an utterance is said into: the state before it, and the items on the page."""

    state: DialogueState
    page: tuple[CatalogueItem, ...]


class ShopDouble:
    """A shop as far as understanding sees it: its words, and items of the category that is asked for. No search.

    Args:
        items: `assistant.evaluation.open_shop.open_shop()`, or a catalogue's.
    """

    def __init__(self, items: Iterable[CatalogueItem]) -> None:
        self._items = tuple(items)
        self.vocabulary = Vocabulary.learn(self._items)

    def page(self, state: DialogueState) -> tuple[CatalogueItem, ...]:
        """The first items of the category in force, without their prices; none where there is no known category."""
        wanted = state.need.slots.category
        label = self.vocabulary.find_category(wanted) if wanted else None
        if label is None:
            return ()
        found = (item for item in self._items if label in item.category_labels)
        return tuple(replace(item, price=None) for item, _ in zip(found, range(_PAGE), strict=False))


def replay(example: Example, understanding: Understands, shop: ShopDouble) -> Context:
    """The context of an example's utterance.

    Each earlier utterance of the shopper is understood and folded into the state; each of ours that lists items ("1.
    Ardent Glass, $39; 2. Boil Steel") is the page from then on. Before any list the shop's own items stand there.
    """
    state, page = DialogueState(), ()  # type: tuple[DialogueState, tuple[CatalogueItem, ...]]
    key = key_of(shop.vocabulary)
    for place, words in enumerate(example.history):
        if place % 2 == 0:
            act = understanding.understand(words, state, page)
            before, state = state.need, update(state, act, key)
            page = shop.page(state) if state.need != before else page
        else:
            page = listed(words) or page
        state = replace(state, shown=tuple(Candidate(item.item_id, 0.0, {}) for item in page))
    return Context(state, page)


def listed(words: str) -> tuple[CatalogueItem, ...]:
    """The items that one of our turns lists, with their prices where it says them; none when it is plain text."""
    items = []
    for match in _ENTRY.finditer(words):
        price = _PRICE.search(match[2])
        title = match[2][: price.start()] if price else match[2]
        money = Money.of(price["amount"].replace(",", ""), _CURRENCIES[price["sign"]]) if price else None
        items.append(CatalogueItem(f"listed-{match[1]}", title.strip(" ."), price=money))
    return tuple(items)
