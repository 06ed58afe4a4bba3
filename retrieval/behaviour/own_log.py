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
    first = np.full(len(items), np.iinfo(np.int64).max)
    np.minimum.at(first, item, at)
    first[first == np.iinfo(np.int64).max] = -1
    known = Items(
        ids=tuple(item.item_id for item in items),
        texts=tuple(". ".join(p for p in (i.title, " > ".join(i.category), i.brand) if p) for i in items),
        prices=np.array([np.nan if i.price is None else float(i.price.major) for i in items]),
        first_seen=first,
        vectors=vectors,
    )
    return known, Events(shopper.astype(np.int32), item.astype(np.int32), at, kind.astype(np.int8))
