"""Which turns somebody of the staff should look at, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from assistant.rules.orders import is_injection

if TYPE_CHECKING:
    from assistant.events import Turn


class FlagKind(StrEnum):
    """Why a turn is flagged."""

    LOW_CONFIDENCE = "low_confidence"  # what was understood is little more than a guess
    DISLIKE = "dislike"  # the shopper dislikes what it showed
    INJECTION = "injection"  # the utterance gives the assistant orders about itself
    EMPTY_RESULT = "empty_result"  # it searched and nothing satisfies the constraints


@dataclass(frozen=True, slots=True)
class Concern:
    """What is wrong with a turn.

    Attributes:
        detail: for staff. Of a dislike the ids of the items, one a line; else words.
    """

    kind: FlagKind
    detail: str


def concerns(turn: Turn, low_confidence: float) -> Iterator[Concern]:
    """What is wrong with a finished turn; dislikes come later, with `store.flags.note_verdict`.

    Args:
        turn: as `Assistant.turn` finished it.
        low_confidence: an act less sure than this is flagged; 0: none.
    """
    act = turn.act
    if act.confidence < low_confidence:
        yield Concern(FlagKind.LOW_CONFIDENCE, f"taken for “{act.intent}” with confidence {act.confidence:.2f}")
    if is_injection(turn.utterance):
        yield Concern(FlagKind.INJECTION, f"answered as “{act.intent}”")
    if turn.searched and turn.matching == 0:
        offers = ", ".join(f"{relaxation.label} ({relaxation.count:,})" for relaxation in turn.relaxations)
        yield Concern(FlagKind.EMPTY_RESULT, f"offered: {offers}" if offers else "nothing could be offered instead")
