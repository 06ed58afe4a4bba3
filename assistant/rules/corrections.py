"""What a shopper corrects in the same breath: "by Dell, no wait, by Acer" is by Acer."""

from __future__ import annotations

import re
from itertools import pairwise

from retrieval.vocabulary import Mention, Vocabulary

_LEAD = (
    r"(?:(?:by|from|in|only|of|with|for|the|an?|not|no|just|rather|made of|made by|it (?:should|must|has to) be|make it"
    r"|(?:the )?brand|anything but|nothing from)\s+)*"
)
_CORRECTED = re.compile(
    r"(?:\s+ones?\b)?\s*(?:[,;.–—-]\s*|\s)"
    r"(?:or rather|no,? wait|wait,? no|wait|sorry|scratch that|correction|make that|i meant?"
    rf"|no(?=\s*,))(?:[\s,;.:–—-]+(?:i meant?|no|sorry|rather))*[\s,;.:–—-]+{_LEAD}",
    re.IGNORECASE,
)
_LED = re.compile(rf"(?<!\w){_LEAD}$", re.IGNORECASE)


def without_corrected(utterance: str, vocabulary: Vocabulary) -> str:
    """The utterance without what its next words correct; the utterance itself where nothing is corrected.

    Only what stands right before the words of correction, and is of the kind that follows them, is taken out: a brand
    for a brand, a department for a department, a value for a value of the same property. Of two prices the last one
    counts anyway.
    """
    if not _CORRECTED.search(utterance):
        return utterance
    said = utterance
    for first, second in reversed(list(pairwise(vocabulary.mentions(utterance)))):
        between = _CORRECTED.fullmatch(utterance, first.end, second.start)
        if between is not None and _same_slot(first, second):
            start = first.start - len(_LED.search(utterance[: first.start])[0])  # type: ignore[index]
            lead = re.search(rf"{_LEAD}$", between[0], re.IGNORECASE)
            kept = "" if lead is None else lead[0]
            said = said[:start] + kept + said[second.start :]
    return said


def _same_slot(first: Mention, second: Mention) -> bool:
    if first.kind != second.kind:
        return False
    return first.kind != "attribute" or None in (first.name, second.name) or first.name == second.name
