"""Rankers of one signal each: popularity, neighbours, and likeness to the last items by meaning or by words.

They are the baselines of every table, and wrap what serves the shop where there is such a part.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import KINDS, NO_ITEM, Events, Floats, Histories, Items
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.interactions import EMPTY_SESSION, Interaction, Session
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.query import Query

_LAST = 5  # items of a history that content is compared with
_HISTORY_DECAY = 0.7  # weight of an item against the one after it
_ANYTHING = Query("")


class PopularityRanker:
    """`retrieval.popularity.Popularity` for arrays: the same scores for everybody."""

    name = "popularity"

    def __init__(self, events: Events, items: Items) -> None:
        popularity = Popularity(_catalogue(items), _interactions(events, items))
        rows = np.arange(len(items))
        self._scores = popularity.score(_ANYTHING, EMPTY_SESSION, rows).astype(np.float32)

    def score(self, histories: Histories) -> Floats:
        """Float32 (b, n): decayed, weighted counts."""
        return np.tile(self._scores, (len(histories), 1))


class NeighboursRanker:
    """`retrieval.neighbours.Neighbours` for arrays: decayed co-occurrence with the last ten items."""

    name = "item-knn"

    def __init__(self, events: Events, items: Items) -> None:
        self._items = items
        self._neighbours = Neighbours(_catalogue(items), _interactions(events, items))

    def score(self, histories: Histories) -> Floats:
        """Float32 (b, n): 0.0 for what shares no history with the last items."""
        rows = np.arange(len(self._items))
        scores = np.zeros((len(histories), len(rows)), dtype=np.float32)
        for place in range(len(histories)):
            scores[place] = self._neighbours.score(_ANYTHING, _session(histories, place, self._items), rows)
        return scores


class ContentRanker:
    """Likeness of meaning to the last five items, the newest counting most; knows new items as well as old ones."""

    name = "content"

    def __init__(self, items: Items) -> None:
        self._vectors = items.vectors

    def score(self, histories: Histories) -> Floats:
        """Float32 (b, n): weighted mean of cosines; 0.0 without a history."""
        newest = histories.item[:, -_LAST:]
        wanted = np.einsum("bl,bld->bd", _weights(newest), self._vectors[newest])  # weight 0 where there is no item
        scores: Floats = wanted @ self._vectors.T
        return scores


class WordsRanker:
    """TF-IDF likeness of words to the last item."""

    name = "tf-idf"

    def __init__(self, items: Items) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = [text or item_id for text, item_id in zip(items.texts, items.ids, strict=True)]
        words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=r"\S+")
        self._words = words.fit_transform(texts)

    def score(self, histories: Histories) -> Floats:
        """Float32 (b, n): cosines; 0.0 without a word in common, and without a history."""
        scores = np.zeros((len(histories), self._words.shape[0]), dtype=np.float32)
        if histories.item.shape[1]:
            last = histories.item[:, -1]
            known = np.flatnonzero(last != NO_ITEM)
            scores[known] = (self._words[last[known]] @ self._words.T).toarray()
        return scores


def _weights(newest: NDArray[np.int32]) -> Floats:
    """Float32, of the shape of these rows of items: weights that sum to 1 in every history, or to 0 in an empty one."""
    weights = (newest != NO_ITEM) * _HISTORY_DECAY ** np.arange(newest.shape[1])[::-1]
    total = weights.sum(axis=1, keepdims=True)
    return np.asarray(weights / np.where(total == 0, 1, total), dtype=np.float32)


def _catalogue(items: Items) -> Catalogue:
    return Catalogue(
        CatalogueItem(item_id=item_id, title=text or item_id)
        for item_id, text in zip(items.ids, items.texts, strict=True)
    )


def _interactions(events: Events, items: Items) -> list[Interaction]:
    shopper, item, at, kind = (column.tolist() for column in (events.shopper, events.item, events.at, events.kind))
    return [
        Interaction(str(who), items.ids[what], KINDS[how], datetime.fromtimestamp(when, UTC))
        for who, what, when, how in zip(shopper, item, at, kind, strict=True)
    ]


def _session(histories: Histories, place: int, items: Items) -> Session:
    item, at, kind = (column[place].tolist() for column in (histories.item, histories.at, histories.kind))
    return Session(
        interactions=tuple(
            Interaction("", items.ids[what], KINDS[how], datetime.fromtimestamp(when, UTC))
            for what, when, how in zip(item, at, kind, strict=True)
            if what != NO_ITEM
        )
    )
