"""Baselines: logistic regression over TF-IDF or sentence embeddings, and what tells that a text is out of scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.dialogue import WITHOUT_SLOTS, Intent, Slots
from assistant.evaluation.examples import OUT_OF_SCOPE, Example
from assistant.evaluation.extras import sklearn
from assistant.evaluation.systems import Prediction, System, intent_act
from retrieval.embedding import TextEncoder

Matrix = NDArray[np.float64]
Scorer = Literal["probability", "energy", "nearest", "mahalanobis"]

_NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Said:
    """A text to classify: the utterance and the turn of ours before it ("" at the start)."""

    text: str
    before: str = ""


class Features(Protocol):
    """Texts to vectors."""

    def fit(self, texts: Sequence[Said]) -> Any:
        """Learn from the training texts; returns their vectors, (n, d), sparse or dense."""
        ...

    def transform(self, texts: Sequence[Said]) -> Any:
        """Vectors of other texts."""
        ...


class TfIdf:
    """Words (1 and 2) and parts of words (2 to 5 characters), and whether the conversation has begun."""

    def __init__(self) -> None:
        learn = sklearn()
        self._union = learn.pipeline.make_union(
            learn.feature_extraction.text.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
            learn.feature_extraction.text.TfidfVectorizer(
                analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, min_df=2
            ),
        )

    def fit(self, texts: Sequence[Said]) -> Any:
        """See `Features`."""
        return self._union.fit_transform([_marked(said) for said in texts])

    def transform(self, texts: Sequence[Said]) -> Any:
        """See `Features`."""
        return self._union.transform([_marked(said) for said in texts])


class Embeddings:
    """The sentence embedding of the utterance, and of the turn before it where there is one.

    Args:
        encoder: of sentences.
        with_turn_before: whether our turn is embedded too; else only its being there counts.
    """

    def __init__(self, encoder: TextEncoder, *, with_turn_before: bool = False) -> None:
        self._encoder = encoder
        self._with_turn_before = with_turn_before

    def fit(self, texts: Sequence[Said]) -> Matrix:
        """See `Features`: nothing is learnt."""
        return self.transform(texts)

    def transform(self, texts: Sequence[Said]) -> Matrix:
        """See `Features`."""
        parts = [self._encoder.encode([said.text for said in texts]), _begun(texts)]
        if self._with_turn_before:
            parts.append(self._encoder.encode([said.before for said in texts]) * parts[1])
        return np.hstack(parts).astype(np.float64)


def _begun(texts: Sequence[Said]) -> NDArray[np.float32]:
    return np.array([[float(bool(said.before))] for said in texts], dtype=np.float32)


def _marked(said: Said) -> str:
    return f"{said.text} {'conversationbegun' if said.before else 'conversationopens'}"


class Classifier:
    """Logistic regression over features, with scores of being out of scope.

    Args:
        features: how texts become vectors.
        strength: inverse of the regularisation (`C`).
        balanced: whether rare labels weigh as much as common ones.
    """

    def __init__(self, features: Features, *, strength: float = 10.0, balanced: bool = True) -> None:
        self._features = features
        self._regression = sklearn().linear_model.LogisticRegression(
            C=strength, max_iter=1000, class_weight="balanced" if balanced else None
        )

    def fit(self, texts: Sequence[Said], labels: Sequence[str], outside: str = OUT_OF_SCOPE) -> Classifier:
        """Learn labels; `outside` is the one that means out of scope, whether or not it occurs."""
        self._vectors = self._features.fit(texts)
        self._labels = np.array(labels)
        self._outside = outside
        self._regression.fit(self._vectors, self._labels)
        return self

    @property
    def labels(self) -> list[str]:
        """The labels learnt, in the order of the probabilities."""
        return [str(label) for label in self._regression.classes_]

    def probabilities(self, texts: Sequence[Said]) -> Matrix:
        """The probability of each label for each text: (n, labels)."""
        return np.asarray(self._regression.predict_proba(self._features.transform(texts)))

    def outside(self, texts: Sequence[Said], scorer: Scorer = "probability") -> Matrix:
        """How much each text looks out of scope, (n,): only the order counts.

        Args:
            texts: to score.
            scorer: "probability" of the label that means out of scope, or 1 less the highest probability where that was
                no label; "energy" of the other labels' scores; distance to the "nearest" training texts in scope;
                "mahalanobis" distance to the nearest label's mean. The last two need dense features.
        """
        vectors, labels = self._features.transform(texts), self.labels
        inside = [place for place, label in enumerate(labels) if label != self._outside]
        if scorer == "energy":
            return np.asarray(-np.logaddexp.reduce(self._regression.decision_function(vectors)[:, inside], axis=1))
        if scorer == "nearest":
            return self._geometry().to_neighbours(vectors)
        if scorer == "mahalanobis":
            return self._geometry().to_means(vectors)
        likely = self._regression.predict_proba(vectors)
        known = len(inside) < len(labels)
        return np.asarray(likely[:, labels.index(self._outside)] if known else 1 - likely.max(axis=1))

    def _geometry(self) -> _Geometry:
        inside = self._labels != self._outside
        return _Geometry.of(self._vectors[inside], self._labels[inside])


@dataclass(frozen=True, slots=True)
class _Geometry:
    """Training vectors, whitened by the covariance that the labels share, and the labels' means."""

    vectors: Matrix
    means: Matrix
    whitening: Matrix

    @classmethod
    def of(cls, vectors: Matrix, labels: NDArray[np.str_]) -> _Geometry:
        names, member = np.unique(labels, return_inverse=True)
        means = np.stack([vectors[member == n].mean(axis=0) for n in range(len(names))])
        covariance = np.cov((vectors - means[member]).T) + 1e-3 * np.eye(vectors.shape[1])
        values, axes = np.linalg.eigh(covariance)
        whitening = axes / np.sqrt(np.maximum(values, 1e-6))
        return cls(vectors, means @ whitening, whitening)

    def to_neighbours(self, vectors: Matrix) -> Matrix:
        """Mean distance (1 less the cosine) to the nearest training texts."""
        near = np.sort(vectors @ self.vectors.T, axis=1)[:, -_NEIGHBOURS:]
        return np.asarray(1 - near.mean(axis=1))

    def to_means(self, vectors: Matrix) -> Matrix:
        """Squared distance to the nearest mean."""
        whitened = vectors @ self.whitening
        squares = (whitened**2).sum(1)[:, None] - 2 * whitened @ self.means.T + (self.means**2).sum(1)[None]
        return np.asarray(squares.min(axis=1))


class ClassifierSystem:
    """A trained classifier as a system: its intents, with the slots of another system where the intent has slots.

    Args:
        name: how the report calls it.
        classifier: trained on our intents.
        slots: gives the slots (the rules).
    """

    def __init__(self, name: str, classifier: Classifier, slots: System) -> None:
        self.name = name
        self._classifier = classifier
        self._slots = slots

    def predict(self, example: Example) -> Prediction:
        """See `System`."""
        return self.predict_all([example])[0]

    def predict_all(self, examples: Sequence[Example]) -> list[Prediction]:
        """All predictions at once, which is much faster."""
        texts, classes = [said(example) for example in examples], self._classifier.labels
        likely, outside = self._classifier.probabilities(texts), self._classifier.outside(texts)
        predicted = []
        for row, example in enumerate(examples):
            best = int(likely[row].argmax())
            read = self._slots.predict(example)
            slots = Slots() if Intent(classes[best]) in WITHOUT_SLOTS else read.act.slots
            act = intent_act(classes[best], slots, float(likely[row, best]))
            predicted.append(replace(read, act=act, confidence=act.confidence, out_of_scope=float(outside[row])))
        return predicted


def said(example: Example) -> Said:
    """An example as a text to classify."""
    return Said(example.text, example.history[-1] if example.history else "")
