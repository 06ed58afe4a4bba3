"""Tags of words: from labelled pieces, to spans, by the best path through the network's scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from assistant.labelled.marks import Piece

# kinds of spans; "range" is one amount that bounds from both sides ("around 300")
KINDS = (
    *("category", "brands", "excluded_brands", "attributes", "excluded_attributes", "references", "quantity"),
    *("price_min", "price_max", "range"),
    *("sort=price_asc", "sort=price_desc", "sort=rating", "sort=newest", "sort=popularity"),
    *("drop=category", "drop=price", "drop=brands", "drop=excluded_brands"),
    *("drop=attributes", "drop=excluded_attributes", "drop=sort"),
)
TAGS = ("O", *(f"{place}-{kind}" for kind in KINDS for place in "BI"))
_BY_LABEL = {
    "c": "category",
    "b": "brands",
    "nb": "excluded_brands",
    "a": "attributes",
    "na": "excluded_attributes",
    "r": "references",
    "q": "quantity",
    "lo": "price_min",
    "hi": "price_max",
}
_DROPPED = {"price_min": "price", "price_max": "price", "currency": "price"}

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Span:
    """Words of one kind, at `text[start:end]`."""

    kind: str
    start: int
    end: int

    def meets(self, start: int, end: int) -> bool:
        """Whether it shares a character with this place."""
        return self.start < end and start < self.end


def kind_of(piece: Piece) -> str | None:
    """The kind that a piece's labels make it; None for plain words and for labels that no kind stands for."""
    labels = dict(piece.labels)
    if {"lo", "hi"} <= set(labels):
        return "range"
    for label, value in piece.labels:
        if label in _BY_LABEL:
            return _BY_LABEL[label]
        if label == "s":
            return f"sort={value}"
        if label == "d" and value is not None:
            slot = value.partition("=")[0]
            kind = f"drop={_DROPPED.get(slot, slot)}"
            return kind if kind in KINDS else None
    return None


def labelled_spans(pieces: Sequence[Piece], text: str) -> list[Span]:
    """The pieces' spans in a text that is a little different from theirs (normalised).

    Args:
        pieces: of an utterance.
        text: what became of the utterance.
    """
    said = "".join(piece.text for piece in pieces)
    matcher = SequenceMatcher(None, said.lower(), text.lower(), autojunk=False)
    place = np.full(len(said) + 1, -1)
    for old, new, size in matcher.get_matching_blocks():
        place[old : old + size] = np.arange(new, new + size)
    found, at = [], 0
    for piece in pieces:
        kept = place[at : at + len(piece.text)]
        kept = kept[kept >= 0]
        kind = kind_of(piece)
        if kind is not None and kept.size:
            found.append(Span(kind, int(kept.min()), int(kept.max()) + 1))
        at += len(piece.text)
    return found


def encode(spans: Iterable[Span], words: Sequence[tuple[int, int]]) -> list[int]:
    """The tag of each word, as its place in `TAGS`.

    Args:
        spans: not overlapping.
        words: places of the words in the text.
    """
    tags = [0] * len(words)
    for span in spans:
        inside = [n for n, (start, end) in enumerate(words) if span.meets(start, end)]
        for n in inside:
            tags[n] = TAGS.index(f"{'B' if n == inside[0] else 'I'}-{span.kind}")
    return tags


def decode(scores: Scores, follow: Scores, words: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """The spans on the best path: no span begins in its middle.

    Args:
        scores: of each word's tags, (words, tags).
        follow: of a tag (column) after another (row), (tags, tags).
        words: places of the words in the text.
    """
    if not len(words):
        return ()
    return spans_of(_best_path(scores, follow), words)


def spans_of(tags: Sequence[int], words: Sequence[tuple[int, int]]) -> tuple[Span, ...]:
    """The spans that tags make: the inverse of `encode`.

    Args:
        tags: of the words, places in `TAGS`.
        words: places of the words in the text.
    """
    spans: list[Span] = []
    run: list[int] = []

    def close() -> None:
        if run:
            spans.append(Span(TAGS[tags[run[0]]][2:], words[run[0]][0], words[run[-1]][1]))
            run.clear()

    for n, tag in enumerate(tags):
        if tag == 0 or TAGS[tag][0] == "B":
            close()
        if tag:
            run.append(n)
    close()
    return tuple(spans)


ALLOWED = np.array([[tag[0] != "I" or before[2:] == tag[2:] for tag in TAGS] for before in TAGS])
FIRST = np.array([tag[0] != "I" for tag in TAGS])


def _best_path(scores: Scores, follow: Scores) -> list[int]:
    """Viterbi over BIO: the most probable sequence of tags that obeys the notation."""
    best = np.where(FIRST, scores[0], -np.inf)
    steps = np.where(ALLOWED, follow, -np.inf)
    back = []
    for row in scores[1:]:
        ways = best[:, None] + steps
        back.append(ways.argmax(axis=0))
        best = ways.max(axis=0) + row
    path = [int(best.argmax())]
    for pointers in reversed(back):
        path.append(int(pointers[path[-1]]))
    return path[::-1]
