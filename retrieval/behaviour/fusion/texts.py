"""What the texts of items say for a history: likeness of meaning and of words to what she turned to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from retrieval.behaviour.events import Floats, Histories, Items
from retrieval.behaviour.fusion.weights import Sparse, history_weights
from retrieval.terms import Lexicon

_NEAREST = 20  # items of like meaning that lend an item their counts
_AT_ONCE = 1024
_DECAY = 0.5  # of an item's weight against the one after it, in words
_DECAY_OF_MEANING = 0.8

TEXT_PARTS = ("meaning_last", "meaning", "words_last", "words")


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The n items by their texts alone; independent of any event, so that a new item has all of it.

    Attributes:
        vectors: float32 (n, d), unit length.
        words: (n, terms), TF-IDF of stems, unit length.
        by_word: its transpose.
        likeness: (n, n), the nearest items of each by meaning, without itself; rows sum to 1.
        liked_by: its transpose.
    """

    vectors: Floats
    words: Sparse
    by_word: Sparse
    likeness: Sparse
    liked_by: Sparse

    @classmethod
    def of(cls, items: Items) -> Texts:
        """Takes O(n^2 d): five seconds for 12,000 items on one core."""
        words, likeness = tf_idf(items.texts), nearest(items.vectors)
        return cls(items.vectors, words, words.T.tocsr(), likeness, likeness.T.tocsr())

    def parts(self, histories: Histories, rows: NDArray[np.int64] | None = None) -> dict[str, Floats]:
        """float32 (b, n) each: likeness to the last item and to the decayed history, by meaning and by words.

        With `rows` (k,) it is of these items alone, float32 (b, k), and costs as much as they do.
        """
        n = len(self.vectors)
        vectors = self.vectors if rows is None else self.vectors[rows]
        last = history_weights(histories, n, decay=1.0, depth=1)
        by_meaning = history_weights(histories, n, _DECAY_OF_MEANING) @ self.vectors
        by_meaning /= np.maximum(np.linalg.norm(by_meaning, axis=1, keepdims=True), 1e-9)
        by_words = {
            "words_last": ((last @ self.words) @ self.by_word).toarray(),
            "words": ((history_weights(histories, n, _DECAY) @ self.words) @ self.by_word).toarray(),
        }
        return {
            "meaning_last": np.asarray((last @ self.vectors) @ vectors.T, dtype=np.float32),
            "meaning": np.asarray(by_meaning @ vectors.T, dtype=np.float32),
            **{name: scores if rows is None else scores[:, rows] for name, scores in by_words.items()},
        }


def tf_idf(texts: tuple[str, ...]) -> Sparse:
    """float32 (n, terms): stems by 1 + log of how often, times their inverse document frequency, unit length."""
    lexicon = Lexicon()
    rows = [lexicon.learn((text,)) for text in texts]
    owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    terms = np.concatenate(rows) if rows else np.empty(0, dtype=np.int32)
    table = sparse.csr_matrix((np.ones(len(terms), dtype=np.float32), (owner, terms)), shape=(len(rows), len(lexicon)))
    table.sum_duplicates()
    held_by = np.bincount(table.indices, minlength=len(lexicon))
    idf = np.log((1 + len(rows)) / (1 + held_by)) + 1
    table.data = ((1 + np.log(table.data)) * idf[table.indices]).astype(np.float32)
    return unit_rows(table)


def nearest(vectors: Floats) -> Sparse:
    """float32 (n, n): the squared cosine of each item to its nearest others, as shares that sum to 1."""
    n = len(vectors)
    kept = min(_NEAREST, n - 1)
    if kept < 1:
        return sparse.csr_matrix((n, n), dtype=np.float32)
    columns, values = [], []
    for start in range(0, n, _AT_ONCE):
        cosine = vectors[start : start + _AT_ONCE] @ vectors.T
        cosine[np.arange(len(cosine)), np.arange(start, start + len(cosine))] = -np.inf
        best = np.argpartition(-cosine, kept - 1, axis=1)[:, :kept]
        columns.append(best)
        values.append(np.take_along_axis(cosine, best, axis=1).clip(min=1e-3) ** 2)
    shares = np.concatenate(values)
    shares /= shares.sum(axis=1, keepdims=True)
    indptr: NDArray[np.int64] = np.arange(0, n * kept + 1, kept)
    return sparse.csr_matrix((shares.ravel().astype(np.float32), np.concatenate(columns).ravel(), indptr), shape=(n, n))


def unit_rows(table: Sparse) -> Sparse:
    """The table with every row at unit length; a row of zeros stays."""
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    scale = sparse.diags((1 / np.maximum(lengths, 1e-9)).astype(np.float32))
    return (scale @ table).tocsr()
