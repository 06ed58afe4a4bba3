"""A turn as it was beside the same turn run again: what differs, line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from assistant.console.turn_view import Display, PickView, act_words, constraint_words
from assistant.console.wording import plain_reply, rung_words, words

_PIECES = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; `changed`: it is only on this side."""

    text: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on both sides, in pieces."""

    label: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]

    @property
    def differs(self) -> bool:
        """Whether the sides are not the same."""
        return any(piece.changed for piece in (*self.before, *self.after))


@dataclass(frozen=True, slots=True)
class PickChange:
    """An item on either page, with its rank and relevance there; None where it was not shown."""

    item_id: str
    title: str
    before: tuple[int, float] | None
    after: tuple[int, float] | None

    @property
    def differs(self) -> bool:
        """Whether its rank or its relevance, to two digits, changed."""
        if self.before is None or self.after is None:
            return True
        return self.before[0] != self.after[0] or abs(self.before[1] - self.after[1]) >= 0.005


def compare_turns(before: Mapping[str, Any], after: Mapping[str, Any], display: Display) -> tuple[Line, ...]:
    """The lines of two rows as `turn_view` takes them: utterance, act, constraints, matching, notices, reply."""
    acts = [dict(act_words(row["act"])) for row in (before, after)]
    pairs = [
        ("Utterance", before["utterance"], after["utterance"]),
        ("Intent", words(before["act"]["intent"]), words(after["act"]["intent"])),
        ("Understood by", rung_words(before["act"]["rung"]), rung_words(after["act"]["rung"])),
        *(
            (name.capitalize(), acts[0].get(name, ""), acts[1].get(name, ""))
            for name in dict.fromkeys((*acts[0], *acts[1]))
        ),
        ("Constraints", *("; ".join(constraint_words(row["constraints"], display)) for row in (before, after))),
        ("Items that satisfy them", f"{before['matching']:,}", f"{after['matching']:,}"),
        ("Notices", " ".join(before["notices"]), " ".join(after["notices"])),
        ("Reply", plain_reply(before["reply"]), plain_reply(after["reply"])),
    ]
    return tuple(Line(label, *_pieces(left, right)) for label, left, right in pairs if left or right)


def compare_picks(before: Sequence[PickView], after: Sequence[PickView]) -> tuple[PickChange, ...]:
    """Every item of both pages: those of the new one in its order, then those that are gone."""
    old = {pick.item_id: (pick.rank, pick.candidate.relevance) for pick in before}
    new = {pick.item_id: (pick.rank, pick.candidate.relevance) for pick in after}
    title = {pick.item_id: pick.title for pick in (*before, *after)}
    return tuple(PickChange(item_id, title[item_id], old.get(item_id), new.get(item_id)) for item_id in new | old)


def _pieces(before: str, after: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """Both texts, cut where they part."""
    left, right = _PIECES.findall(before), _PIECES.findall(after)
    olds, news = [], []
    for kind, start, end, new_start, new_end in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        changed = kind != "equal"
        if start < end:
            olds.append(Piece("".join(left[start:end]), changed))
        if new_start < new_end:
            news.append(Piece("".join(right[new_start:new_end]), changed))
    return tuple(olds), tuple(news)
