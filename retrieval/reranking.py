"""Ranking: relevance = alpha * behaviour + beta * content, for items that already satisfy the need.

Content says how well an item suits the words; behaviour, what shoppers like this one do with it. How much of the
behaviour part comes from the item's own interactions depends on how many it has: n / (n + k). The rest is what its
content lets expect, from the other candidates, so that a new item is ranked by content alone and not punished.

The need comes first. Behaviour moves an item by at most alpha / beta of the content scale, and where the best items
stand clear of the others ("hp 85 light magenta") it carries none of the others over that gap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from retrieval.candidates import Candidate, Proposal, Rows, Scores, Stage
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.exploration import Exploration, last_place
from retrieval.interactions import EMPTY_SESSION, Session
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.query import Query

Vectors = NDArray[np.float32]

_NO_WORDS = Query("")


@dataclass(frozen=True, slots=True)
class RankingSettings:
    """How candidates are ranked.

    Attributes:
        alpha, beta: weights of behaviour and content; only their ratio matters.
        trust_at: interactions at which an item's own behaviour counts half.
        decisive_gap: gap between two successive content scores, of the first ten, that behaviour carries no item over.
        diversity: weight of likeness to what stands above, in the order of what is shown; 0: none.
        novelty: weight of being little known: settles what is otherwise equal.
        sold_out: what it costs an item that cannot be bought now; less than a decisive gap, so that an item asked for
            by name is still found.
    """

    alpha: float = 0.3
    beta: float = 0.7
    trust_at: float = 10.0
    decisive_gap: float = 0.2
    diversity: float = 0.03  # 0.1 cost .020 of nDCG@10 on real judgements, 0.03 cost .005 (docs/log.md)
    novelty: float = 0.01
    sold_out: float = 0.1


@dataclass(frozen=True, slots=True)
class Reranked:
    """The best candidates, best first, and the stage "reranked": all that were ranked, one for each group."""

    candidates: tuple[Candidate, ...]
    stage: Stage


class BehaviourScorer(Protocol):
    """What a shopper's session says about items. Filled by counts here, and by a sequence model."""

    def score(self, session: Session, rows: Rows) -> Mapping[str, Scores]:
        """Scores in [0, 1] by part; the part "behaviour" is what ranks. An empty session is a new shopper."""
        ...


class CountedBehaviour:
    """Behaviour from counts: neighbours of the session's items, and popularity, which is all a new shopper has."""

    # shares of popularity in the behaviour score; a new shopper's page is moved by it, but weakly
    _WITH_SESSION = 0.2
    _NEW_SHOPPER = 0.5

    def __init__(self, popularity: Popularity, neighbours: Neighbours) -> None:
        self._popularity = popularity
        self._neighbours = neighbours

    def score(self, session: Session, rows: Rows) -> Mapping[str, Scores]:
        """Parts "popularity", "neighbours" and "behaviour", each in [0, 1]."""
        raw = self._popularity.score(_NO_WORDS, session, rows)
        popular = raw / (raw + self._popularity.typical())
        if not session.interactions:
            return {"popularity": popular, "behaviour": self._NEW_SHOPPER * popular}
        near = self._neighbours.score(_NO_WORDS, session, rows)
        near = near / near.max() if near.any() else near
        behaviour = self._WITH_SESSION * popular + (1 - self._WITH_SESSION) * near
        return {"popularity": popular, "neighbours": near, "behaviour": behaviour}


def rerank(
    catalogue: Catalogue,
    rows: Rows,
    content: Scores,
    session: Session,
    behaviour: BehaviourScorer,
    interaction_counts: NDArray[np.int64],
    settings: RankingSettings = RankingSettings(),
    vectors: Vectors | None = None,
    parts: Mapping[str, Scores] | None = None,
    limit: int = 10,
    anyones: NDArray[np.bool_] | None = None,
    exploration: Exploration | None = None,
) -> Reranked:
    """Rank candidates and keep the best, one for each group of variants.

    Args:
        catalogue: where the rows are from; rows that were removed meanwhile are passed over.
        rows: (n,) candidates, in any order; all of them satisfy the constraints.
        content: (n,) how well each suits the words, in [0, 1].
        session: the shopper's interactions.
        behaviour: scores for the session.
        interaction_counts: (n,) interactions each item has.
        settings: the weights.
        vectors: (n, d) unit vectors of the items' content, for diversity; None: no diversity.
        parts: (n,) scores that made up the content ("dense", "lexical"), to be kept with each candidate.
        limit: how many candidates to return.
        anyones: (n,) whether an empty session would have this row as well; None: it would have all of them.
        exploration: who may be drawn into the last place; None: nobody.

    Returns:
        `Candidate.scores` has every part: "content", "behaviour" (as it was counted), "expected" (what
        content lets expect of it), "trust", "novelty", "stock" (what being sold out cost), "diversity" (what
        likeness to the items above cost) and "relevance".
    """
    items = [catalogue.at(int(row)) for row in rows]
    present = np.array([item is not None for item in items], dtype=np.bool_)
    ranking = _Ranking(
        [item for item in items if item is not None],
        rows[present],
        content[present],
        interaction_counts[present],
        settings,
        None if vectors is None else vectors[present],
        {name: scores[present] for name, scores in (parts or {}).items()},
    )
    scored = ranking.scored(behaviour, session)
    order, costs = ranking.order(scored["relevance"], limit)
    ranks = ranking.ranks(order)
    if session.interactions:
        others = ranking if anyones is None or anyones.all() else ranking.of(np.flatnonzero(anyones[present]))
        ranks = others.ranks(others.order(others.scored(behaviour, EMPTY_SESSION)["relevance"], limit)[0])
    candidates = [
        ranking.candidate(place, scored, cost, ranks.get(ranking.group(place), len(ranks) + 1))
        for place, cost in zip(order[: len(costs)], costs, strict=True)
    ]
    if exploration is not None:
        candidates[-1:] = ranking.last_candidate(order, candidates, scored, exploration)
    return Reranked(tuple(candidates), Stage.of("reranked", catalogue, ranking.proposal(order, scored["relevance"])))


@dataclass(frozen=True, slots=True)
class _Ranking:
    """The candidates of one query, whoever asks; a place is an index into them."""

    items: Sequence[CatalogueItem]
    rows: Rows
    content: Scores
    counts: NDArray[np.int64]
    settings: RankingSettings
    vectors: Vectors | None
    parts: Mapping[str, Scores]

    def of(self, places: NDArray[np.int64]) -> _Ranking:
        """The ranking of some of the candidates alone."""
        return _Ranking(
            [self.items[place] for place in places.tolist()],
            self.rows[places],
            self.content[places],
            self.counts[places],
            self.settings,
            None if self.vectors is None else self.vectors[places],
            {name: scores[places] for name, scores in self.parts.items()},
        )

    def ranks(self, order: Sequence[int]) -> dict[tuple[str, str], int]:
        """The rank of every group in an order of places."""
        return {self.group(place): rank for rank, place in enumerate(order, start=1)}

    def proposal(self, order: Sequence[int], relevance: Scores) -> Proposal:
        """The rows of these places with their relevance."""
        places = np.array(order, dtype=np.int64)
        return Proposal(self.rows[places], relevance[places])

    def scored(self, behaviour: BehaviourScorer, session: Session) -> dict[str, Scores]:
        """Every part of the relevance for one session."""
        settings = self.settings
        stated = behaviour.score(session, self.rows)
        trust = self.counts / (self.counts + settings.trust_at)
        expected = expected_behaviour(self.content, stated["behaviour"], trust)
        believed = trust * stated["behaviour"] + (1 - trust) * expected
        total = settings.alpha + settings.beta or 1.0  # both weights 0: novelty alone ranks
        alpha = settings.alpha / total * (1 - silenced_behaviour(self.content, settings.decisive_gap))
        novelty = 1 / np.sqrt(1 + self.counts)
        stock = np.array([0.0 if item.available else -settings.sold_out for item in self.items], dtype=np.float64)
        relevance = alpha * believed + settings.beta / total * self.content + settings.novelty * novelty + stock
        parts = {"content": self.content, "expected": expected, "trust": trust, "novelty": novelty, "stock": stock}
        return {**self.parts, **stated, **parts, "relevance": relevance}

    def order(self, relevance: Scores, limit: int) -> tuple[list[int], list[float]]:
        """All places, one for each group of variants, best first, and what likeness cost each.

        The first `limit` are chosen one by one, by relevance less likeness to those chosen (maximal marginal
        relevance); the others follow by relevance.
        """
        waiting = np.zeros(len(relevance), dtype=np.bool_)
        waiting[self._best_of_each_group(relevance)] = True
        chosen: list[int] = []
        costs: list[float] = []
        likeness = np.zeros(len(relevance))
        while len(chosen) < limit and waiting.any():
            cost = self.settings.diversity * likeness
            best = int(np.argmax(np.where(waiting, relevance - cost, -np.inf)))
            waiting[best] = False
            chosen.append(best)
            costs.append(float(cost[best]))
            if self.vectors is not None:
                likeness = np.maximum(likeness, self.vectors @ self.vectors[best])
        others = np.flatnonzero(waiting)
        return [*chosen, *others[np.argsort(-relevance[others], kind="stable")].tolist()], costs

    def _best_of_each_group(self, relevance: Scores) -> list[int]:
        best: dict[tuple[str, str], int] = {}
        for place in np.argsort(-relevance, kind="stable").tolist():
            best.setdefault(self.group(place), place)
        return list(best.values())

    def group(self, place: int) -> tuple[str, str]:
        """The model an item is a variant of, or the item itself."""
        item = self.items[place]
        return ("model", item.variant_of) if item.variant_of else ("item", item.item_id)

    def last_candidate(
        self, order: Sequence[int], shown: Sequence[Candidate], scored: Mapping[str, Scores], exploration: Exploration
    ) -> Sequence[Candidate]:
        """What stands last of what is shown, once it has been drawn; nothing of nothing."""
        untouched = np.array([i.available and not i.rating_count for i in self.items], dtype=np.bool_)
        untouched &= self.counts == 0
        drawn = last_place(order, len(shown), self.content, untouched, self.settings.decisive_gap, exploration)
        if drawn is None:
            return shown[-1:]
        last = self.candidate(drawn.place, scored, 0.0, None) if drawn.explored else shown[-1]
        noted = {"by_content": float(drawn.by_content)} | ({"explored": drawn.propensity} if drawn.explored else {})
        return (replace(last, scores={**last.scores, **noted}, propensity=drawn.propensity),)

    def candidate(
        self, place: int, scored: Mapping[str, Scores], cost: float, rank_without_history: int | None
    ) -> Candidate:
        """The candidate at a place, with all its scores."""
        item = self.items[place]
        scores = {name: float(part[place]) for name, part in scored.items()}
        return Candidate(
            item_id=item.item_id,
            relevance=scores["relevance"],
            scores={**scores, "diversity": -cost},
            interaction_count=int(self.counts[place]),
            rank_without_history=rank_without_history,
        )


def expected_behaviour(content: Scores, behaviour: Scores, trust: Scores) -> Scores:
    """What an item's content lets expect of its behaviour: a rising line through the trusted candidates.

    A weighted least-squares line, its slope never negative, its values in [0, 1]. A cold item so gets what warm items
    of the same content have on average; without any warm item it is 0 for all, and content alone ranks.
    """
    weight = trust.sum()
    if weight <= 0:
        return np.zeros_like(content)
    centre, level = (trust * content).sum() / weight, (trust * behaviour).sum() / weight
    spread = (trust * (content - centre) ** 2).sum()
    rise = (trust * (content - centre) * (behaviour - level)).sum()
    slope = max(0.0, rise / spread) if spread > 1e-12 else 0.0
    return np.asarray(np.clip(level + slope * (content - centre), 0.0, 1.0), dtype=np.float64)


def silenced_behaviour(content: Scores, decisive_gap: float) -> Scores:
    """How much of its behaviour each item loses, in [0, 1]: for the widest gap in content above it.

    Gaps are between successive scores of the first ten; one of `decisive_gap` or more silences all below it, so that
    nothing crosses it, while those above it are still ordered by behaviour.
    """
    order = np.argsort(-content, kind="stable")
    gaps = -np.diff(content[order], prepend=content[order[:1]])
    gaps[10:] = 0.0
    silenced = np.empty_like(content)
    silenced[order] = np.minimum(1.0, np.maximum.accumulate(gaps) / decisive_gap)
    return silenced
