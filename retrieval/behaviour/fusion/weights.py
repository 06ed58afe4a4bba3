"""Histories as sparse rows over the items: what every count is multiplied with."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from retrieval.behaviour.events import NO_ITEM, Histories

Sparse: TypeAlias = Any  # scipy.sparse.csr_matrix; scipy ships no types
DEPTH = 20  # the last events of a history that are asked


def history_weights(histories: Histories, n: int, decay: float, depth: int = DEPTH, newest: int = 0) -> Sparse:
    """float32 (b, n): each item of the last `depth` events at decay ** (events after it).

    Args:
        histories: b of them.
        n: how many items there are.
        decay: weight of an event against the one after it.
        depth: events that are taken.
        newest: events at the end that are passed over.
    """
    width = histories.item.shape[1]
    item = histories.item[:, max(0, width - newest - depth) : max(0, width - newest)]
    rows, columns = np.nonzero(item != NO_ITEM)
    weight = decay ** (item.shape[1] - 1 - columns)
    return sparse.csr_matrix((weight.astype(np.float32), (rows, item[rows, columns])), shape=(len(item), n))
