"""The plain rule: alpha * behaviour + (1 - alpha) * content, each as a share of its greatest; alpha by validation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import NO_ITEM, Floats, Histories, Ranker

# from content alone over every order of magnitude to behaviour alone
ALPHAS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 0.99, 0.997, 0.999, 1.0)
_PLACES = 10
_AT_ONCE = 256


@dataclass(frozen=True, slots=True, eq=False)
class WeighedRanker:
    """The rule as a ranker.

    Attributes:
        behaviour, content: what is weighed.
        alpha: share of behaviour, in [0, 1].
    """

    behaviour: Ranker
    content: Ranker
    alpha: float
    name: str = "alpha * behaviour + beta * content"

    @classmethod
    def tuned(
        cls, behaviour: Ranker, content: Ranker, valid: Histories, targets: NDArray[np.int32]
    ) -> tuple[WeighedRanker, dict[float, float]]:
        """The rule at the alpha of the highest nDCG@10 on v validation questions, and that figure for every alpha.

        Args:
            behaviour, content: fitted on training events alone.
            valid: v histories.
            targets: int32 (v,), what each turned to.
        """
        gained = dict.fromkeys(ALPHAS, 0.0)
        for start in range(0, len(targets), _AT_ONCE):
            block = valid.where(slice(start, start + _AT_ONCE))
            wanted = targets[start : start + _AT_ONCE]
            shares = _share(behaviour.score(block)), _share(content.score(block))
            for alpha in ALPHAS:
                gained[alpha] += float(_gains(_weighed(alpha, *shares), block, wanted).sum())
        ndcg = {alpha: gain / max(1, len(targets)) for alpha, gain in gained.items()}
        best = max(ALPHAS, key=ndcg.__getitem__)
        return cls(behaviour, content, best), ndcg

    def score(self, histories: Histories) -> Floats:
        """Float32 (b, n), in [0, 1]."""
        return _weighed(self.alpha, _share(self.behaviour.score(histories)), _share(self.content.score(histories)))


def _weighed(alpha: float, behaviour: Floats, content: Floats) -> Floats:
    return np.asarray(alpha * behaviour + (1 - alpha) * content, dtype=np.float32)


def _share(scores: Floats) -> Floats:
    """Scores as shares of each history's greatest; what is below 0 counts as 0."""
    positive = scores.clip(min=0.0)
    return np.asarray(positive / np.maximum(positive.max(axis=1, keepdims=True), 1e-12), dtype=np.float32)


def gains(ranker: Ranker, histories: Histories, targets: NDArray[np.int32]) -> NDArray[np.float64]:
    """nDCG@10 of a ranker on each of v questions: float64 (v,)."""
    blocks = []
    for start in range(0, len(targets), _AT_ONCE):
        block = histories.where(slice(start, start + _AT_ONCE))
        blocks.append(_gains(ranker.score(block).copy(), block, targets[start : start + _AT_ONCE]))
    return np.concatenate(blocks)


def _gains(scores: Floats, histories: Histories, targets: NDArray[np.int32]) -> NDArray[np.float64]:
    """nDCG@10 of each history; seen items are filtered (in the scores given), a tie counts against the target."""
    rows, columns = np.nonzero(histories.item != NO_ITEM)
    scores[rows, histories.item[rows, columns]] = -1.0
    of_target = scores[np.arange(len(targets)), targets]
    ranks = (scores >= of_target[:, None]).sum(axis=1)
    return np.where(ranks <= _PLACES, 1 / np.log2(ranks + 1), 0.0)
