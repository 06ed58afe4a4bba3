"""The shop's own items and interactions as the arrays that models of behaviour are trained on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from retrieval.behaviour.events import KINDS, Events, Floats, Items
from retrieval.catalogue import CatalogueItem
from retrieval.interactions import Interaction

_PLACE = {kind: place for place, kind in enumerate(KINDS)}


def own_log(
    items: Sequence[CatalogueItem], interactions: Iterable[Interaction], vectors: Floats
) -> tuple[Items, Events]:
    """Arrays of a shop's log.

    Args:
        items: n of them; row r of the arrays is items[r].
        interactions: of any order; those with items that are not there are left out. Of two of one shopper at the same
            time, the one given first came first.
        vectors: float32 (n, d), of the items' texts.
    """
    row_of = {item.item_id: row for row, item in enumerate(items)}
    shoppers: dict[str, int] = {}
    columns = np.array(
        [
            (shoppers.setdefault(i.shopper_id, len(shoppers)), row_of[i.item_id], i.at.timestamp(), _PLACE[i.kind])
            for i in interactions
            if i.item_id in row_of
        ],
        dtype=np.int64,
    ).reshape(-1, 4)
    shopper, item, at, kind = columns[np.lexsort((columns[:, 2], columns[:, 0]))].T
    known = own_items(items, vectors)
    first = np.full(len(items), np.iinfo(np.int64).max)
    np.minimum.at(first, item, at)
    known.first_seen[:] = np.where(first == np.iinfo(np.int64).max, -1, first)
    return known, Events(shopper.astype(np.int32), item.astype(np.int32), at, kind.astype(np.int8))


def own_items(items: Sequence[CatalogueItem | None], vectors: Floats) -> Items:
    """Arrays of a shop's items, `first_seen` never.

    Args:
        items: n of them; None for a row whose item left the shop, which has no words and no price.
        vectors: float32 (n, d), of the items' texts.
    """
    return Items(
        ids=tuple(item.item_id if item else "" for item in items),
        texts=tuple(_words(item) if item else "" for item in items),
        prices=np.array([float(i.price.major) if i and i.price is not None else np.nan for i in items]),
        first_seen=np.full(len(items), -1, dtype=np.int64),
        vectors=vectors,
    )


def _words(item: CatalogueItem) -> str:
    return ". ".join(p for p in (item.title, " > ".join(item.category), item.brand) if p)
