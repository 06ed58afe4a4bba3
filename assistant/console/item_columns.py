"""The columns of the items table: what a cell says, and what it is sorted by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retrieval.candidates import Candidate
from retrieval.catalogue import CatalogueItem

DEFAULT = ("title", "brand", "category", "price", "stock", "rating", "interactions", "scores.relevance")
_LABELS = {
    "item_id": "Id",
    "title": "Title",
    "brand": "Brand",
    "category": "Category",
    "price": "Price",
    "stock": "Stock",
    "rating": "Rating",
    "rating_count": "Ratings",
    "released": "Released",
    "interactions": "Interactions",
    "variant_of": "Variant of",
    "description": "Description",
    "image": "Picture",
    "url": "Address",
}
SCORES = (
    *("relevance", "content", "lexical", "dense", "quality", "rating", "behaviour", "popularity", "neighbours"),
    *("expected", "trust", "novelty", "stock", "diversity"),
)
_AMOUNTS = frozenset({"price", "stock", "rating", "rating_count", "interactions"})
SortKey = float | str


@dataclass(frozen=True, slots=True)
class Line:
    """One row: an item, and what scored it where it is among the most relevant."""

    item: CatalogueItem
    interactions: int
    candidate: Candidate | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column by name: a field of the record, "attributes.ram" or "scores.dense"."""

    name: str

    @property
    def label(self) -> str:
        """The head of the column."""
        return _LABELS.get(self.name) or self.name.partition(".")[2].capitalize()

    @property
    def is_amount(self) -> bool:
        """Whether its cells are set to the right."""
        return self.name in _AMOUNTS or self.is_score

    @property
    def is_score(self) -> bool:
        """Whether it is a part of the relevance, known for the most relevant items only."""
        return self.name.startswith("scores.")

    def text(self, line: Line) -> str:
        """What the cell says; "" where the record states nothing."""
        key = self.key(line)
        if key is None:
            return ""
        if self.is_score:
            return f"{key:.3f}"
        item = line.item
        match self.name:
            case "price":
                return str(item.price)
            case "category":
                return " › ".join(item.category)
            case "rating":
                return f"{item.rating:.1f}"
            case "stock" | "rating_count" | "interactions":
                return f"{key:,}"
            case "released":
                return item.released.isoformat() if item.released else ""
            case name if name.startswith("attributes."):
                return item.attributes[name.partition(".")[2]].text
        return str(getattr(item, self.name))

    def key(self, line: Line) -> SortKey | None:
        """What the column is sorted by; None where there is nothing, which comes last whichever way."""
        group, _, part = self.name.partition(".")
        if group == "scores":
            return line.candidate.scores.get(part) if line.candidate else None
        item = line.item
        if group == "attributes":
            attribute = item.attributes.get(part)
            if attribute is None:
                return None
            return attribute.text.casefold() if attribute.number is None else attribute.number
        match self.name:
            case "price":
                return item.price.minor if item.price else None
            case "category":
                return " ".join(item.category).casefold() or None
            case "interactions":
                return line.interactions
            case "released":
                return item.released.toordinal() if item.released else None
            case "title" | "brand" | "item_id" | "variant_of" | "description" | "image" | "url":
                text: str | None = getattr(item, self.name)
                return text.casefold() if text else None
        number: float | None = getattr(item, self.name)
        return number


def known(name: str) -> Column | None:
    """The column of a name; None when there can be none."""
    group, _, part = name.partition(".")
    real = name in _LABELS or (group == "attributes" and part) or (group == "scores" and part in SCORES)
    return Column(name) if real else None


def chosen(names: Iterable[str]) -> tuple[Column, ...]:
    """The columns of these names, each once, the unknown passed over; the default ones when none is left."""
    columns = [column for name in dict.fromkeys(names) if (column := known(name)) is not None]
    return tuple(columns) or tuple(map(Column, DEFAULT))


def record_columns() -> tuple[Column, ...]:
    """Every field of a record but its attributes, and the interactions."""
    return tuple(map(Column, _LABELS))


def ordered(lines: Sequence[Line], column: Column, descending: bool) -> list[Line]:
    """Sorted by a column, stable; numbers before words, and what states nothing last."""
    keyed = [(column.key(line), line) for line in lines]
    numbers = [(key, line) for key, line in keyed if isinstance(key, int | float)]
    words = [(key, line) for key, line in keyed if isinstance(key, str)]
    numbers.sort(key=lambda pair: pair[0], reverse=descending)
    words.sort(key=lambda pair: pair[0], reverse=descending)
    return [line for _, line in numbers] + [line for _, line in words] + [line for key, line in keyed if key is None]
