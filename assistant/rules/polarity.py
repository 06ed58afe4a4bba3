"""Polarity by rule: which of the shop's words an utterance refuses ("not HP, Dell or Asus") or finds fine again."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assistant.rules.cues import alternatives
from assistant.rules.words import strip_filler
from retrieval.vocabulary import Mention

_LINKING = re.compile(
    r"(?:\s|-|\b(?:any|an?|the|ones?|from|by|made|in|with|of|to|be|too|please|stuff|items?|things?|brands?|it|is|are|see"
    r"|show|me|want|again|another|those|these|that|have|more|kind|type|contain|containing)\b)*"
)
_LISTED = re.compile(
    r"\s*(?:ones?\b|stuff\b|products?\b|brands?\b)?\s*(?:,|/|&|\bor\b|\band\b|\bnor\b|, or|, and|,? ?and also)"
    r"\s*(?:and |or |nor )?(?:also )?(?:not |no |any )?"
)
_REFUSAL = re.compile(rf"(?<!\w){alternatives('refusal')}(?!\w)|(?<=\s)-(?=[a-z])")
_NO_REFUSAL = re.compile(rf"\s*{alternatives('no_refusal')}(?!\w)")
_REFUSED_AFTER = re.compile(rf"\s*{alternatives('refused_after')}(?!\w)")
_ALLOWED_AFTER = re.compile(rf"\s+{alternatives('allowed_after')}(?!\w)")
_ALLOWED_BEFORE = re.compile(rf"(?<!\w){alternatives('allowed_before')}\s+$")
_UP_TO_THE_NEXT_CLAUSE = re.compile(
    r"[^,;.!?]*?(?=[,;.!?]|\b(?:but|and|for|with|under|over|below|please|or|that|which|in|to|is|are)\b|$)"
)

Span = tuple[int, int]


def find_refusals(
    text: str, mentions: Sequence[Mention], apart: Sequence[Span]
) -> tuple[frozenset[int], tuple[Span, ...], tuple[str, ...]]:
    """What an utterance refuses.

    Args:
        text: the utterance in lower case.
        mentions: the shop's words in it, in order.
        apart: places whose "not" has been read otherwise: prices, "not too heavy".

    Returns:
        Indexes of the refused mentions, the places of the refusals, and refused words that are no mention.
    """
    refused: set[int] = set()
    spans: list[Span] = []
    loose: list[str] = []
    for refusal in _REFUSAL.finditer(text):
        if _NO_REFUSAL.match(text, refusal.end()) or any(s <= refusal.start() < e for s, e in spans):
            continue
        end = _refuse_list(text, refusal.end(), mentions, refused)
        if end is None:
            words = _loose_words(text, refusal.end(), mentions)
            if words is None:
                continue
            end = words[1]
            if any(s < words[1] and refusal.start() < e for s, e in apart):
                continue
            loose.append(words[0])
        spans.append((refusal.start(), end))
    for index, mention in enumerate(mentions):
        after = _REFUSED_AFTER.match(text, mention.end)
        if after:
            refused.add(index)
            spans.append((mention.start, after.end()))
    return frozenset(refused), tuple(spans), tuple(loose)


def _refuse_list(text: str, position: int, mentions: Sequence[Mention], refused: set[int]) -> int | None:
    """Refuse the mention that follows and those listed with it ("HP, Dell or Asus"); where it ends, or None."""
    kind, end = None, None
    for index, mention in enumerate(mentions):
        if mention.start < position:
            continue
        link = text[position : mention.start]
        joined = _LINKING.fullmatch(link) if kind is None else mention.kind == kind and _LISTED.fullmatch(link)
        if not joined:
            break
        refused.add(index)
        kind, position, end = mention.kind, mention.end, mention.end
    return end


def _loose_words(text: str, start: int, mentions: Sequence[Mention]) -> tuple[str, int] | None:
    """Up to three refused words that the shop does not know, and where they end."""
    stop = min((m.start for m in mentions if m.start >= start), default=len(text))
    clause = _UP_TO_THE_NEXT_CLAUSE.match(text, start, stop)
    said = clause[0] if clause else ""
    words = strip_filler(said.replace("-", " "))
    if not words or len(words.split()) > 3:
        return None
    return words, start + len(said.rstrip())


def find_allowed(text: str, mentions: Sequence[Mention]) -> frozenset[int]:
    """Which mentions are said to be fine: "actually HP is fine", "I don't mind HP", "Dell and HP are ok"."""
    allowed: set[int] = set()
    for index in reversed(range(len(mentions))):
        mention = mentions[index]
        listed = index + 1 in allowed and _LISTED.fullmatch(text, mention.end, mentions[index + 1].start)
        if listed or _ALLOWED_AFTER.match(text, mention.end) or _ALLOWED_BEFORE.search(text[: mention.start]):
            allowed.add(index)
    return frozenset(allowed)
