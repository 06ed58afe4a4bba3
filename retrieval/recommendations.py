"""Recommendations outside a chat: for a shopper, and for an item that somebody looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from retrieval.candidates import Candidate
from retrieval.catalogue import CatalogueItem
from retrieval.interactions import EMPTY_SESSION, Interaction, InteractionKind, Session
from retrieval.query import Constraints, Query
from retrieval.search import PROPOSED
from retrieval.shop import Shop

_WORDS = 40  # of an item's text: title, category and brand come first, and the rest says no more of its kind


def for_shopper(shop: Shop, session: Session, limit: int) -> tuple[Candidate, ...]:
    """What to show this shopper before she has said anything; what she bought already is left out.

    Nothing was asked for, so behaviour alone ranks: what goes with her history, then what is popular; where that tells
    nothing, what is rated well. `rank_without_history` is the rank in the same list for a new shopper, None where it
    lies below the first 200.
    """
    bought = frozenset(i.item_id for i in session.interactions if i.kind is InteractionKind.PURCHASE)
    query = Query("", Constraints(in_stock=True, excluded_items=bought), limit=PROPOSED)
    hers, usual = (_by_behaviour(shop.search(query, s).candidates) for s in (session, EMPTY_SESSION))
    ranks = {candidate.item_id: rank for rank, candidate in enumerate(usual, start=1)}
    return tuple(replace(c, rank_without_history=ranks.get(c.item_id)) for c in hers[:limit])


def _by_behaviour(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda c: -c.scores["behaviour"])


def similar(shop: Shop, item: CatalogueItem, limit: int) -> tuple[Candidate, ...]:
    """Items like this one, of its own category, by what their records say; never a variant of itself."""
    constraints = Constraints(
        category=item.category[-1].casefold() if item.category else None,
        in_stock=True,
        excluded_items=frozenset({item.item_id}),
    )
    words = " ".join(item.text().split()[:_WORDS])
    found = shop.search(Query(words, constraints, limit=limit + 1), EMPTY_SESSION).candidates
    group = item.variant_of or item.item_id
    return tuple(c for c in found if (shop.catalogue[c.item_id].variant_of or c.item_id) != group)[:limit]


def together(shop: Shop, item: CatalogueItem, limit: int) -> tuple[Candidate, ...]:
    """Items that shoppers went for together with this one; none where nobody has touched it yet."""
    session = Session(None, (Interaction("", item.item_id, InteractionKind.VIEW, datetime.now(UTC)),))
    rows = shop.columns.admitted(Constraints(in_stock=True, excluded_items=frozenset({item.item_id})))
    proposal = shop.neighbours.propose(Query(""), session, rows, limit)
    counts = shop.popularity.interaction_counts(proposal.rows)
    found = zip(proposal.rows.tolist(), proposal.scores.tolist(), counts.tolist(), strict=True)
    named = ((shop.catalogue.at(row), score, count) for row, score, count in found)
    return tuple(
        Candidate(other.item_id, score, {"neighbours": score, "relevance": score}, count)
        for other, score, count in named
        if other is not None
    )
