"""What the texts of items say for a history: likeness of meaning and of words to what she turned to."""

from __future__ import annotations

from collections.abc import Sequence
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
class Nearest:
    """The items of like meaning of each of n items.

    Attributes:
        item: int32 (n, k), rows, in no order; -1 for none.
        share: float32 (n, k), squared cosines as shares that sum to 1; 0.0 for none.
    """

    item: NDArray[np.int32]
    share: Floats

    @classmethod
    def of(cls, vectors: Floats, rows: NDArray[np.int64] | None = None) -> Nearest:
        """Of the items at `rows` (all: None), among all n: takes O(rows n d), five seconds for 12,000 of 12,000."""
        chosen = np.arange(len(vectors)) if rows is None else rows
        item = np.full((len(chosen), _NEAREST), -1, dtype=np.int32)
        share = np.zeros((len(chosen), _NEAREST), dtype=np.float32)
        kept = min(_NEAREST, len(vectors) - 1)
        for start in range(0, len(chosen), _AT_ONCE) if kept > 0 else ():
            block = chosen[start : start + _AT_ONCE]
            cosine = vectors[block] @ vectors.T
            cosine[np.arange(len(block)), block] = -np.inf
            best = np.argpartition(-cosine, kept - 1, axis=1)[:, :kept]
            item[start : start + _AT_ONCE, :kept] = best
            share[start : start + _AT_ONCE, :kept] = np.take_along_axis(cosine, best, axis=1).clip(min=1e-3) ** 2
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1e-9)
        return cls(item, share)

    def and_of(self, vectors: Floats) -> Nearest:
        """With the items of `vectors` (n, d) that are not here yet; those that are keep the neighbours they have."""
        new = Nearest.of(vectors, np.arange(len(self.item), len(vectors)))
        return Nearest(np.concatenate([self.item, new.item]), np.concatenate([self.share, new.share]))

    def table(self) -> Sparse:
        """float32 (n, n)."""
        rows, places = np.nonzero(self.item >= 0)
        entries = self.share[rows, places], (rows, self.item[rows, places])
        return sparse.csr_matrix(entries, shape=(len(self.item),) * 2, dtype=np.float32)


class Words:
    """How texts become rows of a table of stems; what a stem weighs was settled by the first of them.

    Args:
        texts: n of them.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._lexicon = Lexicon()
        table = self._counted(texts)
        held_by = np.bincount(table.indices, minlength=table.shape[1])
        self._idf: NDArray[np.float64] = np.log((1 + len(texts)) / (1 + held_by)) + 1

    def table(self, texts: Sequence[str]) -> Sparse:
        """float32 (m, terms): 1 + log of how often a stem comes times its inverse document frequency, unit length.

        A stem that none of the first texts has weighs nothing.
        """
        table = self._counted(texts)[:, : len(self._idf)]
        table.data = ((1 + np.log(table.data)) * self._idf[table.indices]).astype(np.float32)
        return unit_rows(table)

    def _counted(self, texts: Sequence[str]) -> Sparse:
        """float32 (m, terms so far): how often each stem comes."""
        rows = [self._lexicon.learn((text,)) for text in texts]
        owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        terms = np.concatenate(rows) if rows else np.empty(0, dtype=np.int32)
        once = np.ones(len(terms), dtype=np.float32)
        table = sparse.csr_matrix((once, (owner, terms)), shape=(len(rows), len(self._lexicon)))
        table.sum_duplicates()
        return table


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """The n items by their texts alone; independent of any event, so that a new item has all of it.

    Attributes:
        vectors: float32 (n, d), unit length.
        weighing: what made `words`.
        words: (n, terms), TF-IDF of stems, unit length.
        by_word: its transpose.
        nearest: of each item by meaning.
        likeness: (n, n), the same as a table; rows sum to 1.
        liked_by: its transpose.
    """

    vectors: Floats
    weighing: Words
    words: Sparse
    by_word: Sparse
    nearest: Nearest
    likeness: Sparse
    liked_by: Sparse

    @classmethod
    def of(cls, items: Items, nearest: Nearest | None = None) -> Texts:
        """Where it was kept from before, `nearest` of these items spares most of the time (see `Nearest.of`)."""
        weighing = Words(items.texts)
        near = Nearest.of(items.vectors) if nearest is None else nearest
        return cls._of(items.vectors, weighing, weighing.table(items.texts), near)

    @classmethod
    def _of(cls, vectors: Floats, weighing: Words, words: Sparse, nearest: Nearest) -> Texts:
        likeness = nearest.table()
        return cls(vectors, weighing, words, words.T.tocsr(), nearest, likeness, likeness.T.tocsr())

    def and_of(self, items: Items) -> Texts:
        """With those of `items` that are not here yet, which come after those that are."""
        new = self.weighing.table(items.texts[len(self.vectors) :])
        words = sparse.vstack([self.words, new], format="csr")
        return Texts._of(items.vectors, self.weighing, words, self.nearest.and_of(items.vectors))

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


def unit_rows(table: Sparse) -> Sparse:
    """The table with every row at unit length; a row of zeros stays."""
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    scale = sparse.diags((1 / np.maximum(lengths, 1e-9)).astype(np.float32))
    return (scale @ table).tocsr()
