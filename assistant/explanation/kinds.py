"""What kind of thing was asked for, where the shop has no department of that name."""

from __future__ import annotations

import re
from dataclasses import replace

from assistant.events import Outcome, Pick
from retrieval.query import Constraints
from retrieval.words import conversation_words, function_words, tokens

WEAK_MATCH = 0.25  # content score, of 1, under which the best item is nearer to chance than to the words
NEAR_IN_MEANING = 0.5  # content score under which an item without the main word is no answer to it

_OF_WHAT = re.compile(r"\b(?:for|with|without|of|in|to|from|under|over)\b")  # what follows is no name of the thing


def missing_kind(outcome: Outcome) -> str | None:
    """The kind of thing in force that is no department of the shop, in the shopper's words; None: there is none."""
    asked = outcome.after.need.slots.category
    return asked if asked and outcome.constraints.category is None else None


def of_kind(asked: str, picks: tuple[Pick, ...]) -> tuple[Pick, ...]:
    """The picks whose title or department has the name of the thing: the last word of "cordless drill"."""
    head = _head(asked)
    if head is None:
        return picks
    named = ((pick, " ".join((pick.item.title, *pick.item.category))) for pick in picks)
    return tuple(pick for pick, name in named if head in {t.key for t in tokens(name)})


def is_weak(outcome: Outcome) -> bool:
    """Whether words alone say what is wanted, and nothing shown matches them well.

    Nearer to chance than to the words, or near only in meaning while no record has the main word: "wheelbarrow".
    """
    need, constraints = outcome.after.need, outcome.constraints
    if not need.topic or need.slots.category or constraints.category:
        return False
    best = max(pick.candidate.scores.get("content", 1.0) for pick in outcome.picks)
    if replace(constraints, excluded_items=frozenset()) == Constraints() and best < WEAK_MATCH:
        return True
    head = _head(need.topic)
    nowhere = head is not None and not any(head in {t.key for t in tokens(p.item.text())} for p in outcome.picks)
    return nowhere and best < NEAR_IN_MEANING


def _head(words: str) -> str | None:
    """The key of the last word that can name a thing; None where there is none, as in "for my father"."""
    said = [t for t in tokens(_OF_WHAT.split(words)[0]) if t.word not in function_words()]
    return said[-1].key if said and said[-1].key not in conversation_words() else None
