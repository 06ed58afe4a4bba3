"""The simulated shop's lists: what a search page shows, and what stands beside an item as similar."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from statistics import fmean, pstdev

from retrieval.demo_shop.draws import Draws
from retrieval.demo_shop.items import DemoItem

PAGE = 12
_SIMILAR = 16


class Shelves:
    """Items by type, with the shop's two kinds of list. An item is listed from its release on."""

    def __init__(self, items: Sequence[DemoItem], complements: Mapping[str, Sequence[str]]) -> None:
        self._by_label: dict[str, list[DemoItem]] = {}
        for item in items:
            self._by_label.setdefault(item.label, []).append(item)
        self.labels = tuple(self._by_label)
        self.departments = tuple(dict.fromkeys(item.category[0] for item in items))
        self._complements = complements
        self._dearness: dict[str, float] = {}
        self._similar: dict[str, list[DemoItem]] = {}
        for shelf in self._by_label.values():
            self._measure(shelf)

    def department(self, label: str) -> str:
        """The department of a type."""
        return self._by_label[label][0].category[0]

    def lines(self, label: str) -> tuple[str, ...]:
        """Titles of a type's lines."""
        return tuple(dict.fromkeys(item.line for item in self._by_label[label]))

    def complements(self, label: str) -> Sequence[str]:
        """Types that shoppers turn to after this one; the type itself when it has none."""
        return self._complements.get(label) or (label,)

    def dearness(self, item: DemoItem) -> float:
        """Price within the type: standard score of its logarithm."""
        return self._dearness[item.item_id]

    def search(self, label: str, line: str | None, today: date, draws: Draws) -> list[DemoItem]:
        """The first page for a type: what sells and what is of the wanted line stands higher, with some noise."""
        listed = [item for item in self._by_label[label] if item.released <= today]
        scores = {
            item.item_id: 1.3 * item.appeal + 2.0 * (item.line == line) + draws.normal(0.0, 0.5) for item in listed
        }
        return sorted(listed, key=lambda item: -scores[item.item_id])[:PAGE]

    def similar(self, item: DemoItem, today: date) -> list[DemoItem]:
        """Items most like this one, the most alike first."""
        return [other for other in self._similar[item.item_id] if other.released <= today][:PAGE]

    def _measure(self, shelf: list[DemoItem]) -> None:
        logs = [math.log(item.price) for item in shelf]
        middle, spread = fmean(logs), pstdev(logs) or 1.0
        for item, log in zip(shelf, logs, strict=True):
            self._dearness[item.item_id] = (log - middle) / spread
        for item in shelf:
            others = [other for other in shelf if other is not item]
            others.sort(key=lambda other: (self._distance(item, other), other.item_id))
            self._similar[item.item_id] = others[:_SIMILAR]

    def _distance(self, one: DemoItem, other: DemoItem) -> float:
        return (
            abs(self.dearness(one) - self.dearness(other))
            + 1.0 * (one.line != other.line)
            + 0.4 * (one.brand != other.brand)
            + 0.3 * (one.variant_of is not None and one.variant_of == other.variant_of)
            - 0.25 * other.appeal
        )
