"""One content score out of the lexical and the dense one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retrieval.candidates import Proposal, Scores

DENSE_WEIGHT = 0.4
RECIPROCAL_RANK_CONSTANT = 60


def content_score(lexical: Scores, dense: Scores, dense_weight: float = DENSE_WEIGHT) -> Scores:
    """The convex combination of two scores that share a scale: 0 (nothing in common) to 1 (all that was asked).

    The lexical score is the share of the best possible match, the dense one a cosine; neither depends on what else
    was found, so an item's score doesn't change with the filters around it.
    """
    return (1 - dense_weight) * lexical + dense_weight * dense.clip(min=0.0)


def reciprocal_rank_fusion(proposals: Sequence[Proposal], limit: int) -> Proposal:
    """Rows by the sum of 1 / (60 + rank) over the proposals (Cormack et al. 2009), to compare with."""
    fused: dict[int, float] = {}
    for proposal in proposals:
        for rank, row in enumerate(proposal.rows.tolist(), start=1):
            fused[row] = fused.get(row, 0.0) + 1.0 / (RECIPROCAL_RANK_CONSTANT + rank)
    rows = np.array(sorted(fused), dtype=np.int64)
    return Proposal.best_of(rows, np.array([fused[row] for row in rows.tolist()], dtype=np.float64), limit)
