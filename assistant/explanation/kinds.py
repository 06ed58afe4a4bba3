"""What kind of thing was asked for, where the shop has no department of that name."""

from __future__ import annotations

import re

from assistant.events import Outcome, Pick
from retrieval.words import function_words, tokens

_OF_WHAT = re.compile(r"\b(?:for|with|without|of|in|to|from|under|over)\b")  # what follows is no name of the thing


def missing_kind(outcome: Outcome) -> str | None:
    """The kind of thing in force that is no department of the shop, in the shopper's words; None: there is none."""
    asked = outcome.after.need.slots.category
    return asked if asked and outcome.constraints.category is None else None


def of_kind(asked: str, picks: tuple[Pick, ...]) -> tuple[Pick, ...]:
    """The picks whose title or department has the name of the thing: the last word of "cordless drill"."""
    words = [t.key for t in tokens(_OF_WHAT.split(asked)[0] or asked) if t.word not in function_words()]
    if not words:
        return picks
    named = ((pick, " ".join((pick.item.title, *pick.item.category))) for pick in picks)
    return tuple(pick for pick, name in named if words[-1] in {t.key for t in tokens(name)})
