"""A small log on disk and an encoder without weights, for the tests of behaviour and of its evaluation."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from retrieval.behaviour.events import Events, Items
from retrieval.embedding import Vectors
from retrieval.ranking_evaluation.folder import first_seen

DAY = 86_400


class LetterEncoder:
    """Counts letters: texts alike in letters have vectors alike."""

    fingerprint = "letters"

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        counts = np.array([[1.0 + text.casefold().count(chr(97 + n)) for n in range(26)] for text in texts])
        vectors: Vectors = (counts / np.linalg.norm(counts, axis=1, keepdims=True)).astype(np.float32)
        return vectors

    def encode_query(self, text: str) -> Vectors:
        return self.encode([text])[0]


def events_of(histories: Sequence[Sequence[int]], step: int = DAY) -> Events:
    """One shopper a list, whose items are given by row and lie `step` seconds apart; all of kind view."""
    lengths = [len(history) for history in histories]
    return Events(
        np.repeat(np.arange(len(histories), dtype=np.int32), lengths),
        np.array([item for history in histories for item in history], dtype=np.int32),
        np.array([step * (n + 1) for length in lengths for n in range(length)], dtype=np.int64),
        np.zeros(sum(lengths), dtype=np.int8),
    )


def items_of(events: Events, count: int) -> Items:
    """Items "0", "1" and so on, whose text is a letter."""
    texts = tuple(chr(97 + n % 26) for n in range(count))
    return Items(
        tuple(str(n) for n in range(count)),
        texts,
        np.full(count, np.nan),
        first_seen(events, count),
        LetterEncoder().encode(texts),
    )


def write_log(folder: Path, items: Iterable[str], events: Iterable[str], **others: Iterable[str]) -> Path:
    """items.csv, interactions.csv.gz and any other files, each given by its lines, header first."""
    folder.mkdir(exist_ok=True)
    (folder / "items.csv").write_text("\n".join(items) + "\n", "utf-8")
    with gzip.open(folder / "interactions.csv.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(events) + "\n")
    for name, lines in others.items():
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return folder
