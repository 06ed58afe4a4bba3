"""The items that a caller's question is about: found as the chat finds them, listed in any order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from assistant.console.item_columns import Line, chosen, known, ordered
from assistant.console.item_query import ItemQuery, to_constraints
from retrieval.candidates import Candidate, Rows
from retrieval.query import Constraints, Query, Relaxation
from retrieval.shop import Shop

DEPTH = 200  # items that are ranked; more has nobody looked through
PAGE = 50
_SHOWN_NAMES = 400


@dataclass(frozen=True, slots=True)
class Found:
    """One page of the items that were asked for.

    Attributes:
        lines: of the page.
        first: place of the first of them, from 1.
        listed: how many there are to page through.
        matching: how many satisfy the filters.
        constraints: the filters, as the chat would enforce them.
        corrected: the words searched for, when a typing error was corrected.
        by_relevance: the order is a shopper's, cut after the best `DEPTH`, one for each model.
    """

    lines: tuple[Line, ...]
    first: int
    listed: int
    matching: int
    constraints: Constraints
    corrected: str | None = None
    relaxations: tuple[Relaxation, ...] = ()
    by_relevance: bool = True


class ShopWords:
    """Names and usual units of the catalogue's attributes, counted anew when the catalogue has changed."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._counted: tuple[int, tuple[str, ...], Mapping[str, str]] | None = None

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of attributes, those that most items state first."""
        return self._count()[1]

    @property
    def units(self) -> Mapping[str, str]:
        """The unit that most numbers of an attribute are in, by name; none where they have none."""
        return self._count()[2]

    def values(self, name: str) -> list[str]:
        """The values of an attribute as they are shown, the most frequent first."""
        stated = (item.attributes.get(name) for item in self._shop.catalogue)
        counts = Counter(attribute.text for attribute in stated if attribute is not None)
        return [text for text, _ in counts.most_common(_SHOWN_NAMES) if len(text) <= 60]

    def _count(self) -> tuple[int, tuple[str, ...], Mapping[str, str]]:
        version = self._shop.catalogue.version
        counted = self._counted
        if counted is None or counted[0] != version:
            names: Counter[str] = Counter()
            units: defaultdict[str, Counter[str | None]] = defaultdict(Counter)
            for item in self._shop.catalogue:
                names.update(item.attributes.keys())
                for attribute in item.attributes.values():
                    if attribute.number is not None:
                        units[attribute.name][attribute.unit] += 1
            usual = {name: unit for name, counts in units.items() if (unit := counts.most_common(1)[0][0])}
            counted = self._counted = version, tuple(name for name, _ in names.most_common(_SHOWN_NAMES)), usual
        return counted


def find(shop: Shop, words: ShopWords, query: ItemQuery, currency: str) -> Found:
    """The page that a query asks for.

    By relevance (no other order asked for) it is what the chat would rank: the best of each model. By a field of the
    record it is everything that satisfies the filters and that the words can mean.

    Raises:
        WhereError: see `to_constraints`.
    """
    asked = to_constraints(query, shop.vocabulary, currency, words.units)
    constraints = replace(asked, excluded_items=asked.excluded_items | _left_out(shop, query))
    name = query.sort.removeprefix("-")
    column = known(name) if name else None
    by_field = column is not None and not column.is_score
    needs_scores = not by_field or any(c.is_score for c in chosen(query.column))
    result = shop.search(Query(query.q, constraints, limit=DEPTH)) if needs_scores else None
    candidates = result.candidates if result else ()
    if result is None or by_field:
        rows = shop.columns.admitted(constraints)
        matching = len(rows)
        if query.q.strip() and matching:
            text = (result.corrected if result else None) or query.q
            rows = shop.searcher.meant(Query(text, constraints), rows)
    else:
        rows = np.array(
            [shop.catalogue.row(c.item_id) for c in candidates if c.item_id in shop.catalogue], dtype=np.int64
        )
        matching = result.matching
    lines = _lines(shop, rows, candidates)
    if column is not None:
        lines = ordered(lines, column, query.sort.startswith("-"))
    start = PAGE * (query.page - 1)
    return Found(
        tuple(lines[start : start + PAGE]),
        start + 1,
        len(lines),
        matching,
        asked,
        result.corrected if result else None,
        result.relaxations if result else (),
        not by_field,
    )


def _left_out(shop: Shop, query: ItemQuery) -> frozenset[str]:
    """What the filters leave out that are no shopper's: items that can be bought, items that somebody knows."""
    if not query.new and query.stock != "out":
        return frozenset()
    rows = np.array([row for row in range(shop.catalogue.row_count) if shop.catalogue.at(row)], dtype=np.int64)
    lines = _lines(shop, rows, ())
    warm = {line.item.item_id for line in lines if query.new and (line.interactions or line.item.rating_count)}
    sold = {line.item.item_id for line in lines if query.stock == "out" and line.item.available}
    return frozenset(warm | sold)


def _lines(shop: Shop, rows: Rows, candidates: Sequence[Candidate]) -> list[Line]:
    """The rows' items with their interactions and, where there is one, their candidate."""
    of_item = {candidate.item_id: candidate for candidate in candidates}
    counts = shop.popularity.interaction_counts(rows).tolist()
    items = [shop.catalogue.at(int(row)) for row in rows]
    return [
        Line(item, count, of_item.get(item.item_id))
        for item, count in zip(items, counts, strict=True)
        if item is not None
    ]


def interactions_of(shop: Shop, item_id: str) -> int:
    """How many interactions an item has. Raises KeyError: no such item."""
    rows = np.array([shop.catalogue.row(item_id)], dtype=np.int64)
    return int(shop.popularity.interaction_counts(rows)[0])
