"""Suggested replies: the answers to a clarifying question, counted and not estimated, and what carries the talk on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.clarifying import clarify
from assistant.events import Outcome, Suggestion

if TYPE_CHECKING:
    from retrieval.shop import Shop


def suggest(outcome: Outcome, shop: Shop) -> tuple[Suggestion, ...]:
    """Replies that would narrow the need well, or carry the conversation on."""
    if not outcome.picks:
        return ()
    if not outcome.searched:
        return (_say("Why this order?"), _say("Compare the first two"))[: len(outcome.picks)]
    answers = clarify(outcome, shop) if outcome.matching > len(outcome.picks) else ()
    return (*answers, _say("Compare the first two")) if len(outcome.picks) > 1 else answers


def _say(words: str) -> Suggestion:
    return Suggestion(words, words)
