"""Other data sets in their own labels: heads trained on their training split, scored on their dev split.

It tells whether the machinery (features, logistic regression, out-of-scope scores) holds on data that nobody here
wrote. CLINC150's settings are fixed; PSCon's were chosen among some on its dev split.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assistant.evaluation.adapters import OwnLabel
from assistant.evaluation.baselines import Classifier, Embeddings, Features, Said, Scorer, TfIdf
from assistant.evaluation.extras import sklearn
from retrieval.embedding import TextEncoder, Vectors
from retrieval.metrics import Interval

OUTSIDE = "oos"
_RESAMPLES = 1000
_DENSE: tuple[Scorer, ...] = ("probability", "energy", "nearest", "mahalanobis")
_SPARSE: tuple[Scorer, ...] = ("probability", "energy")


@dataclass(frozen=True, slots=True)
class HeadResult:
    """One head on one data set.

    Attributes:
        accuracy: over the texts that are in scope.
        macro_f1: over the labels that the scored split has.
        over_tfidf: macro-F1 less that of "tfidf" on the same texts, paired.
        oos_auroc: by out-of-scope score; empty where the data set has no such label.
    """

    head: str
    trained_on: int
    n: int
    accuracy: Interval
    macro_f1: Interval
    over_tfidf: Interval
    oos_auroc: dict[str, Interval]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "trained_on": self.trained_on,
            "n": self.n,
            "accuracy": _json(self.accuracy),
            "macro_f1": _json(self.macro_f1),
            "macro_f1_over_tfidf": _json(self.over_tfidf),
            "oos_auroc": {scorer: _json(interval) for scorer, interval in self.oos_auroc.items()},
        }


def _json(interval: Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}


class _Remembering:
    """An encoder that encodes a text once."""

    def __init__(self, encoder: TextEncoder) -> None:
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}
        self.fingerprint = encoder.fingerprint

    def encode(self, texts: Sequence[str]) -> Vectors:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._encoder.encode(new), strict=True) if new else ())
        return np.stack([self._known[text] for text in texts])

    def encode_query(self, text: str) -> Vectors:
        return np.asarray(self.encode([text])[0])


def measure_heads(labelled: Sequence[OwnLabel], encoder: TextEncoder) -> list[HeadResult]:
    """Train and score every head.

    tfidf             TF-IDF of the utterance alone + logistic regression, scikit-learn's defaults: the usual baseline
    tfidf, context    the same told whether the conversation has begun, rare labels weighted up
    embeddings        sentence embedding of the utterance and of the turn before it, rare labels weighted up
    """
    train = [own for own in labelled if own.split == "train"]
    dev = [own for own in labelled if own.split == "dev"]
    remembering = _Remembering(encoder)
    in_context = any(own.said.before for own in labelled)
    alone = [replace(own, said=Said(own.said.text)) for own in train], [replace(o, said=Said(o.said.text)) for o in dev]
    heads: list[tuple[str, Features, list[OwnLabel], list[OwnLabel], dict[str, Any]]] = [
        ("tfidf", TfIdf(), *alone, {"strength": 1.0, "balanced": False})
    ]
    if in_context:
        heads.append(("tfidf, context", TfIdf(), train, dev, {}))
    dense = Embeddings(remembering, with_turn_before=in_context)
    heads.append(("embeddings", dense, train, dev, {"balanced": in_context}))
    scored: list[HeadResult] = []
    reference = None
    for name, features, trained, tested, options in heads:
        result, predicted = _score(name, features, trained, tested, options, reference)
        reference = predicted if reference is None else reference
        scored.append(result)
    return scored


def _score(
    name: str,
    features: Features,
    train: Sequence[OwnLabel],
    dev: Sequence[OwnLabel],
    options: dict[str, Any],
    reference: Any,
) -> tuple[HeadResult, Any]:
    texts, labels = [own.said for own in train], [own.label for own in train]
    tested, gold = [own.said for own in dev], np.array([own.label for own in dev])
    outside = gold == OUTSIDE
    classifier = Classifier(features, **options).fit(texts, labels, OUTSIDE)
    predicted = np.array(classifier.labels)[classifier.probabilities(tested).argmax(axis=1)]
    auroc: dict[str, Interval] = {}
    if outside.any():
        for scorer in _DENSE if name == "embeddings" else _SPARSE:
            scores = classifier.outside(tested, scorer)
            auroc[scorer] = _interval(len(gold), lambda rows, s=scores: _auroc(outside[rows], s[rows]))
    base = predicted if reference is None else reference
    result = HeadResult(
        name,
        len(train),
        len(dev),
        _interval(int((~outside).sum()), lambda rows: float((predicted == gold)[~outside][rows].mean())),
        _interval(len(gold), lambda rows: _macro_f1(gold[rows], predicted[rows])),
        _interval(len(gold), lambda rows: _macro_f1(gold[rows], predicted[rows]) - _macro_f1(gold[rows], base[rows])),
        auroc,
    )
    return result, predicted


def _macro_f1(gold: Any, predicted: Any) -> float:
    score = sklearn().metrics.f1_score(gold, predicted, average="macro", labels=np.unique(gold), zero_division=0.0)
    return float(score)


def _auroc(outside: Any, scores: Any) -> float:
    return float(sklearn().metrics.roc_auc_score(outside, scores)) if 0 < outside.sum() < len(outside) else float("nan")


def _interval(size: int, statistic: Any) -> Interval:
    generator = np.random.default_rng(0)
    drawn = [statistic(generator.integers(0, size, size=size)) for _ in range(_RESAMPLES)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Interval(float(statistic(np.arange(size))), float(low), float(high))
