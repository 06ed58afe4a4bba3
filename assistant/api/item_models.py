"""What goes over the wire about items: searched, read, written and recommended."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from assistant.api.chat_models import RelaxationAnswer
from assistant.api.wire import Answer, Body, Currency, Cursor, ItemId, Price, Words
from retrieval.query import Comparison, Sort

MOST_ITEMS = 500


class AttributeBody(Body):
    """A condition on a stated attribute: words, or a number in a unit."""

    name: Words | None = Field(None, description="As the shop's feed names it, lower-case; without one: any attribute.")
    comparison: Comparison = Comparison.IS
    value: Annotated[str, Field(min_length=1, max_length=200)] | Annotated[float, Field(ge=-1e15, le=1e15)]
    unit: Words | None = Field(None, description='Of a number: "kg", "GB", "in".')
    words: str = Field("", max_length=400)


class ConstraintsBody(Body):
    """What every result must satisfy; all of it together. The form that chat answers state their constraints in."""

    category: Words | None = None
    price_min: Price | None = None
    price_max: Price | None = None
    currency: Currency | None = Field(default=None, description="Of the two prices; without one: the shop's.")
    brands: list[Words] = Field(default_factory=list, max_length=100, description="Any of them.")
    excluded_brands: list[Words] = Field(default_factory=list, max_length=100)
    attributes: list[AttributeBody] = Field(default_factory=list, max_length=50)
    excluded_attributes: list[AttributeBody] = Field(default_factory=list, max_length=50)
    in_stock: bool = False
    excluded_items: list[ItemId] = Field(default_factory=list, max_length=1_000)


class SearchRequest(Body):
    """A query by words, by constraints, or by both; no language model is asked."""

    text: str = Field("", max_length=500)
    constraints: ConstraintsBody = ConstraintsBody()
    sort: Sort = Sort.RELEVANCE
    limit: int = Field(10, ge=1, le=50)
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before; the rest must be the same.")


class ItemAnswer(Answer):
    """An item, every field of its record; what the feed did not state is null or empty."""

    item_id: str
    title: str
    description: str
    brand: str | None
    category: list[str]
    price: float | None
    currency: str | None
    attributes: dict[str, str]
    stock: int | None
    rating: float | None
    rating_count: int
    released: str | None
    image: str | None
    url: str | None
    variant_of: str | None


class FoundAnswer(ItemAnswer):
    """An item at its rank, with the parts of its score."""

    rank: int
    interaction_count: int
    rank_without_history: int | None
    scores: dict[str, float]


class SearchAnswer(Answer):
    """What was found. `corrected`: the words that were searched for, when a typing error was corrected."""

    corrected: str | None
    constraints: dict[str, Any]
    matching: int
    items: list[FoundAnswer]
    relaxations: list[RelaxationAnswer]
    next_cursor: str | None


class ItemsAnswer(Answer):
    """Items in the order of their ids."""

    items: list[ItemAnswer]
    next_cursor: str | None


AttributeValue = str | float | bool | list[str]


class ItemBody(Body):
    """An item as the shop states it; it is cleaned as a row of a feed is, and the answer tells what was repaired."""

    title: str = Field(min_length=1, max_length=2_000)
    description: str = Field("", max_length=50_000)
    brand: str | None = Field(None, max_length=400)
    category: list[Words] = Field(default_factory=list, max_length=12, description="The path, general first.")
    price: Annotated[float, Field(gt=0, le=1e9)] | None = None
    currency: Currency | None = Field(None, description="Without one: the shop's.")
    attributes: dict[Words, AttributeValue] = Field(
        default_factory=dict, max_length=500, examples=[{"weight": "1.2 kg", "colour": ["black", "silver"]}]
    )
    stock: int | None = Field(None, ge=0, le=10**9, description="Pieces; null: not stated, and it can be bought.")
    rating: Annotated[float, Field(ge=0, le=5)] | None = None
    rating_count: int = Field(0, ge=0, le=10**9)
    released: date | None = None
    image: str | None = Field(None, max_length=2_000, description="An address, or a path in the pictures folder.")
    url: str | None = Field(None, max_length=2_000)
    variant_of: str | None = Field(None, max_length=200)


class BulkItem(ItemBody):
    """An item of a bulk, with its id."""

    item_id: ItemId


class BulkItemsBody(Body):
    """Items to add or replace. One that is wrong does not keep the others from being taken."""

    items: list[dict[str, Any]] = Field(
        min_length=1, max_length=MOST_ITEMS, description="Each as the body of PUT /items/{item_id}, and its item_id."
    )


class ItemOutcome(Answer):
    """What became of an item.

    `repaired` names what was put right in it, `set_aside` what of it cannot be used; `errors` why all of it cannot.
    """

    item_id: str | None
    outcome: Literal["added", "changed", "unchanged", "refused"]
    repaired: list[str]
    set_aside: list[str]
    errors: list[str]


class BulkItemsAnswer(Answer):
    """One outcome for each item, in their order."""

    added: int
    changed: int
    unchanged: int
    refused: int
    outcomes: list[ItemOutcome]
