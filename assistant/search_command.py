"""`python -m assistant search`: items by text and by field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assistant.service import open_shop
from assistant.settings import Settings
from assistant.turn_json import constraints_as_json, relaxation_as_json
from assistant.where import WhereError, parse_where
from retrieval.candidates import Candidate
from retrieval.catalogue import CatalogueItem, item_as_json
from retrieval.errors import SetupError
from retrieval.query import Constraints, Query, Relaxation, Sort


@dataclass(frozen=True, slots=True)
class SearchAnswer:
    """What was found, ready to be printed."""

    text: str
    corrected: str | None
    constraints: Constraints
    found: tuple[tuple[CatalogueItem, Candidate], ...]
    matching: int
    relaxations: tuple[Relaxation, ...]

    def as_json(self) -> dict[str, Any]:
        """One JSON object; every item with all its fields and its scores by part."""
        return {
            "text": self.text,
            "corrected": self.corrected,
            "constraints": constraints_as_json(self.constraints),
            "matching": self.matching,
            "items": [{**item_as_json(item), "scores": candidate.scores} for item, candidate in self.found],
            "relaxations": [relaxation_as_json(r) for r in self.relaxations],
        }

    def __str__(self) -> str:
        lines = [f"{self.matching:,} items satisfy the conditions"]
        if self.corrected:
            lines.append(f"searched for: {self.corrected}")
        for rank, (item, candidate) in enumerate(self.found, start=1):
            price = str(item.price) if item.price else "no price"
            ranked_by = candidate.relevance + candidate.scores.get("diversity", 0.0)  # less what likeness cost it
            lines.append(f"{rank:3}. {ranked_by:.3f}  {item.item_id}  {item.title}  ({price})")
        lines += [f"     {r.label}: {r.count} items" for r in self.relaxations]
        return "\n".join(lines)


def run_search(settings: Settings, text: str, where: Sequence[str], sort: str, limit: int) -> SearchAnswer:
    """Search the shop.

    Raises:
        SetupError: a condition or the order cannot be read; says which.
    """
    try:
        order = Sort(sort)
    except ValueError as error:
        raise SetupError(f"--sort: {error}.", f"Use one of: {', '.join(Sort)}.") from error
    with open_shop(settings) as shop:
        try:
            constraints = parse_where(where, shop.vocabulary, settings.currency)
        except WhereError as error:
            raise SetupError(f"--where: {error}.", "python -m assistant search --help") from error
        result = shop.search(Query(text, constraints, order, limit))
        found = tuple((shop.catalogue[c.item_id], c) for c in result.candidates)
        return SearchAnswer(text, result.corrected, constraints, found, result.matching, result.relaxations)
