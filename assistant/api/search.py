"""Searching the items by words and by constraints; no language model is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter

from assistant.api.access import needs
from assistant.api.item_models import AttributeBody, ConstraintsBody, SearchAnswer, SearchRequest
from assistant.api.json_body import JsonRoute
from assistant.api.paging import cursor_of, position_of
from assistant.api.problems import documented, invalid
from assistant.store.keys import Scope
from assistant.turn_json import constraints_as_json, relaxation_as_json
from retrieval.candidates import Candidate
from retrieval.catalogue import Money, item_as_json
from retrieval.query import AttributeConstraint, Comparison, Constraints, Query
from retrieval.search import PROPOSED
from retrieval.shop import Shop
from retrieval.units import parse_quantity
from retrieval.vocabulary import Vocabulary

if TYPE_CHECKING:
    from assistant.service import Service

DEEPEST = PROPOSED  # ranks that can be paged to: as deep as the sources are asked, so that no page shifts another


def routes(service: Service) -> APIRouter:
    """The routes of one service."""
    router = APIRouter(tags=["search"], route_class=JsonRoute, dependencies=[needs(Scope.SEARCH)])
    shop, metrics = service.shop, service.conversations.metrics

    @router.post(
        "/search",
        response_model=SearchAnswer,
        responses=documented("no-key", "unknown-key", "missing-scope", "too-large", "invalid-request"),
    )
    def search(body: SearchRequest) -> dict[str, Any]:
        """Items for words, for constraints, or for both, with the parts of each score; at most the first 200.

        Where nothing satisfies the constraints, `relaxations` are the smallest changes that would, with their counts.
        """
        constraints = constraints_of(body.constraints, shop.vocabulary, service.settings.currency)
        asked = body.text, constraints_as_json(constraints), body.sort
        start = position_of(body.cursor, *asked)
        end = min(start + body.limit, DEEPEST)
        found = shop.search(Query(body.text, constraints, body.sort, min(end + 1, DEEPEST)))
        metrics.search("api", found.matching)
        ranked = found_as_json(shop, found.candidates)
        return {
            "corrected": found.corrected,
            "constraints": asked[1],
            "matching": found.matching,
            "items": ranked[start:end],
            "relaxations": [relaxation_as_json(r) for r in found.relaxations],
            "next_cursor": cursor_of(end, *asked) if len(ranked) > end else None,
        }

    return router


def found_as_json(shop: Shop, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Candidates at their ranks, each with every field that shoppers may see and every part of its score."""
    items = ((rank, shop.item(c.item_id), c) for rank, c in enumerate(candidates, start=1))
    return [
        {
            **item_as_json(item),
            "rank": rank,
            "interaction_count": candidate.interaction_count,
            "rank_without_history": candidate.rank_without_history,
            "scores": {part: round(score, 6) for part, score in candidate.scores.items()},
        }
        for rank, item, candidate in items
        if item is not None  # it has left the shop this very moment
    ]


def constraints_of(body: ConstraintsBody, vocabulary: Vocabulary, currency: str) -> Constraints:
    """The constraints in the catalogue's terms; a category or brand that it does not know admits nothing.

    Raises:
        Problem: invalid-request: an attribute's value has an unknown unit, or no number to compare.
    """
    stated = body.currency or currency

    def minor(price: float | None) -> int | None:
        return None if price is None else Money.of(price, stated).minor

    def brands(names: list[str]) -> frozenset[str]:
        return frozenset(vocabulary.find_brand(name) or name.casefold() for name in names)

    def attributes(name: str, bodies: list[AttributeBody]) -> tuple[AttributeConstraint, ...]:
        return tuple(_attribute(b, f"/body/constraints/{name}/{n}/value") for n, b in enumerate(bodies))

    constraints = Constraints(
        price_min=minor(body.price_min),
        price_max=minor(body.price_max),
        currency=None if body.price_min is None and body.price_max is None else stated,
        brands=brands(body.brands),
        excluded_brands=brands(body.excluded_brands),
        attributes=attributes("attributes", body.attributes),
        excluded_attributes=attributes("excluded_attributes", body.excluded_attributes),
        in_stock=body.in_stock,
        excluded_items=frozenset(body.excluded_items),
    )
    if body.category is None:
        return constraints
    return replace(constraints, category=vocabulary.find_category(body.category) or body.category.casefold())


def _attribute(body: AttributeBody, pointer: str) -> AttributeConstraint:
    stated = str(body.value) if isinstance(body.value, str) else f"{body.value:.12g}"
    quantity = parse_quantity(f"{stated} {body.unit}" if body.unit else stated)
    if quantity is None and body.unit is not None:
        raise invalid(pointer, f"“{stated} {body.unit}” is no quantity.")
    if quantity is None and body.comparison is not Comparison.IS:
        raise invalid(pointer, f"“{stated}” is no number, so it can only be compared with “is”.")
    return AttributeConstraint(
        name=None if body.name is None else body.name.casefold(),
        comparison=body.comparison,
        value=stated.casefold() if quantity is None else None,
        number=None if quantity is None else quantity.number,
        unit=None if quantity is None else quantity.unit,
        words=body.words or " ".join(part for part in (body.name, stated, body.unit) if part),
    )
