"""LightGBM's LambdaMART over the candidates of histories. The library is loaded when a model is fitted or read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import Floats
from retrieval.errors import SetupError

if TYPE_CHECKING:
    from lightgbm import Booster

_ROUNDS_WITHOUT_GAIN = 40


class LogTooSmall(SetupError):
    """A log that a ranking cannot be learned from."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The log is too small to learn a ranking from: {reason}.",
            "Use the rule (alpha * behaviour + beta * content), which needs far fewer events.",
        )


@dataclass(frozen=True, slots=True)
class TreeRecipe:
    """How trees are grown; chosen on validation shoppers of Amazon Beauty 5-core (docs/log.md).

    Attributes:
        trees: at most; fewer when the validation nDCG@10 stops rising.
        learning_rate, leaves, fewest_in_leaf: as LightGBM has them.
        columns, rows: share of the columns, and of the candidates, that each tree sees.
        truncation: places of a history's order that pairs are taken from.
        threads: 1 makes a run repeatable to the bit.
    """

    trees: int = 400
    learning_rate: float = 0.05
    leaves: int = 15
    fewest_in_leaf: int = 50
    columns: float = 0.5
    rows: float = 0.8
    truncation: int = 20
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """Candidates whose answer is known.

    Attributes:
        features: float32 (k, columns).
        sizes: int64 (b,), candidates of each history in turn.
        hit: bool (k,), whether a candidate is what the shopper turned to.
    """

    features: Floats
    sizes: NDArray[np.int64]
    hit: NDArray[np.bool_]

    @classmethod
    def joined(cls, blocks: Sequence[Ranked]) -> Ranked:
        """All of them, one after another."""
        return cls(
            np.concatenate([block.features for block in blocks]),
            np.concatenate([block.sizes for block in blocks]),
            np.concatenate([block.hit for block in blocks]),
        )

    def answered(self) -> Ranked:
        """The histories whose answer is among their candidates: no other can teach an order."""
        case = np.repeat(np.arange(len(self.sizes)), self.sizes)
        answered = np.bincount(case[self.hit], minlength=len(self.sizes)) > 0
        kept = answered[case]
        return Ranked(self.features[kept], self.sizes[answered], self.hit[kept])


class LambdaMart:
    """Trees that order the candidates of a history."""

    def __init__(self, booster: Booster) -> None:
        self._booster = booster

    @classmethod
    def fit(
        cls, columns: Sequence[str], lessons: Ranked, valid: Ranked, recipe: TreeRecipe = TreeRecipe(), seed: int = 0
    ) -> LambdaMart:
        """Grow trees on the lessons, and stop by the validation candidates. The seed draws columns and rows.

        Raises:
            SetupError: LightGBM is not installed.
            LogTooSmall: no lesson has its answer among its candidates.
        """
        lightgbm = _library()
        lessons, valid = lessons.answered(), valid.answered()
        if not len(lessons.sizes) or not len(valid.sizes):
            raise LogTooSmall("no answer is among the candidates of its history")
        data = lightgbm.Dataset(lessons.features, lessons.hit, group=lessons.sizes, feature_name=list(columns))
        booster = lightgbm.train(
            _parameters(recipe, seed),
            data,
            recipe.trees,
            valid_sets=[data.create_valid(valid.features, valid.hit, group=valid.sizes)],
            callbacks=[lightgbm.early_stopping(_ROUNDS_WITHOUT_GAIN, verbose=False)],
        )
        return cls(booster)

    @classmethod
    def of_text(cls, text: str) -> LambdaMart:
        """The model that `text` wrote.

        Raises:
            SetupError: LightGBM is not installed, or this is no model of its.
        """
        lightgbm = _library()
        try:
            return cls(lightgbm.Booster(model_str=text))
        except lightgbm.basic.LightGBMError as error:
            raise SetupError(f"The fusion's trees cannot be read: {error}", "Train it again.") from error

    def text(self) -> str:
        """The model in LightGBM's text format."""
        written: str = self._booster.model_to_string(num_iteration=self._booster.best_iteration)
        return written

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it decides by, in their order."""
        return tuple(self._booster.feature_name())

    @property
    def trees(self) -> int:
        """How many trees decide."""
        return int(self._booster.best_iteration if self._booster.best_iteration > 0 else self._booster.num_trees())

    def score(self, features: Floats) -> NDArray[np.float64]:
        """float64 (k,): what orders the candidates of one history; unbounded."""
        if not len(features):
            return np.empty(0)
        return np.asarray(self._booster.predict(features, num_threads=1), dtype=np.float64)

    def gains(self) -> dict[str, float]:
        """What each column gained over all trees, as a share; greatest first."""
        gains = self._booster.feature_importance("gain")
        shares = gains / max(float(gains.sum()), 1e-9)
        return {self.columns[place]: float(shares[place]) for place in np.argsort(-shares)}


def _parameters(recipe: TreeRecipe, seed: int) -> dict[str, Any]:
    return {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [10],
        "learning_rate": recipe.learning_rate,
        "num_leaves": recipe.leaves,
        "min_data_in_leaf": recipe.fewest_in_leaf,
        "feature_fraction": recipe.columns,
        "bagging_fraction": recipe.rows,
        "bagging_freq": 1,
        "lambdarank_truncation_level": recipe.truncation,
        "num_threads": recipe.threads,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "max_bin": 63,
        "verbose": -1,
    }


def _library() -> Any:
    try:
        import lightgbm
    except ModuleNotFoundError as error:
        raise SetupError(
            "A trained fusion needs LightGBM.", "Run 'pip install \"shop-assistant[training]\"'."
        ) from error
    return lightgbm
