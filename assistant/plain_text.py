"""Text of the catalogue or of a model, made safe to set into a reply.

A reply is Markdown-light: bold names and numbered lines of our own, nothing else. Whatever comes from elsewhere is
data: no HTML, link, image, code or heading of it may reach the page as such, and it must read well in a terminal too.
"""

from __future__ import annotations

import re
import unicodedata

from retrieval.instructions import find_instruction

_LINK = re.compile(r"(?:\b(?:https?|ftp|file|javascript|data|vbscript)\s*:|\bwww\.)\S*", re.IGNORECASE)
_TAG = re.compile(r"<[/!]?[a-zA-Z][^<>]{0,500}>")
_MARKUP = str.maketrans(
    {"<": "‹", ">": "›", "[": "(", "]": ")", "*": "∗", "`": "'", "|": "/", "#": "＃", "~": "∼", "\\": "/"}
)


def word_set(text: str) -> frozenset[str]:
    """The words of a list."""
    return frozenset(text.split())


def plain(text: str, limit: int = 300) -> str:
    """The text on one line, without markup, links and control characters; cut at a word when longer than `limit`."""
    text = _LINK.sub("", _TAG.sub(" ", text[: 4 * limit]))
    text = "".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text)
    text = " ".join(text.translate(_MARKUP).split())
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0].rstrip(" ,;:-") + " …"


def gives_orders(text: str) -> bool:
    """Whether a text speaks to an assistant rather than of an item; such text is no evidence and enters no prompt."""
    return find_instruction(text) is not None


def clauses(text: str) -> tuple[str, ...]:
    """The sentences and half-sentences of a text, those that speak to an assistant left out."""
    sentences = re.split(r"(?<=[.!?])\s+|\n+|;|\s[-–—|•]\s", text)
    return tuple(s.strip() for s in sentences if s.strip() and not gives_orders(s))
