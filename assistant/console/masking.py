"""Personal data out of what staff see of a conversation, unless it was unmasked with a reason."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assistant.evaluation.redaction import redact
from assistant.key_file import key_in

_WORD = r"[^\W\d_][\w'’-]*"
_NO_NAMES = "a after again and at back but for from here i if in is it later my not on please so the to when who"
_NO_NAME = rf"(?!(?i:{'|'.join(_NO_NAMES.split())})\b)"
_INTRODUCED = re.compile(
    rf"\b(?P<before>(?i:my\s+name(?:['’]s|\s+is)|call\s+me|name\s*:)\s+)"
    rf"(?P<name>{_NO_NAME}{_WORD}(?:\s+{_NO_NAME}{_WORD}){{0,2}})"
)
_PROPER = r"[A-ZÀ-Þ](?=[a-zß-ÿ'’])[\w'’-]*"
_TITLED = re.compile(
    r"\b(?P<before>(?:(?i:mr|mrs|ms|miss|dr|herr|frau|señora?|madame|monsieur)\.?|[Ii](?:\s+am|['’]m))\s+)"
    rf"(?P<name>{_PROPER}(?:\s+{_PROPER}){{0,2}})"
)
_STREET = r"(?:(?i:street|road|avenue|lane|boulevard)|St|Rd|Ave|Blvd|Drive|Square|Close|Court)\b\.?"
_ADDRESS = re.compile(
    rf"\b\d{{1,5}}[a-zA-Z]?,?\s+(?:{_WORD}\s+){{1,3}}{_STREET}"
    rf"|\b[A-ZÄÖÜ]\w*(?:straße|strasse|str\.|weg|gasse|platz|allee)\s+\d{{1,4}}[a-z]?\b"
)
_MAILBOX = re.compile(r"([\w.+-]+)@[\w-]+(?:\.[\w-]+)+")
# values that are ids, times or digests: never a shopper's words, and useless when numbers in them are masked
_IDS = {"conversation_id", "shopper", "item_id", "item_ids", "items", "discussed", "focus", "selected", "blocked"}
_KEPT = _IDS | {"excluded_items", "passed_over", "title", "at", "prompts"}
_KEY_FILE = "console.key"


def names_in(texts: Iterable[str]) -> frozenset[str]:
    """The words that name somebody in what a shopper said, in lower case: to be masked wherever they turn up again.

    What was understood repeats her words without what stood before them ("anna berg" of "my name is Anna Berg").
    """
    found: set[str] = set()
    for text in texts:
        for introduced in (_INTRODUCED, _TITLED):
            found.update(word.casefold() for match in introduced.finditer(text) for word in match["name"].split())
        for match in _MAILBOX.finditer(text):
            found.update(word.casefold() for word in re.findall(r"[^\W\d_]{3,}", match[1]))
    return frozenset(found)


def mask(text: str, names: frozenset[str] = frozenset()) -> str:
    """The text without e-mail addresses, links, long numbers, street addresses, and names that introduce somebody.

    A name is recognised by what stands before it ("my name is", "I'm", "Mrs"), or when it is one of `names` (see
    `names_in`); one that is merely mentioned is not.
    """
    text = _ADDRESS.sub("[address]", text)
    for introduced in (_INTRODUCED, _TITLED):
        text = introduced.sub(lambda match: f"{match['before']}[name]", text)
    text = redact(text)
    if names:
        known = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        text = re.sub(rf"(?<![\w\[])(?:{known})(?:\s+(?:{known}))*(?!\w)", "[name]", text, flags=re.IGNORECASE)
    return text


def masked(document: Any, names: frozenset[str] = frozenset()) -> Any:
    """A JSON document with `mask` over all of its strings, those under keys that hold ids and times aside."""
    if isinstance(document, str):
        return mask(document, names)
    if isinstance(document, list):
        return [masked(entry, names) for entry in document]
    if isinstance(document, dict):
        return {key: value if key in _KEPT else masked(value, names) for key, value in document.items()}
    return document


def mark_key(folder: Path) -> bytes:
    """The secret under which shopper ids are hashed, made at first use.

    Args:
        folder: the data folder. Whoever can read it needs no mark to know who a shopper is.
    """
    return key_in(folder / _KEY_FILE)


def mark_of(shopper_id: str | None, key: bytes) -> str | None:
    """A short name for a shopper that stays hers and does not tell her id; None for a guest."""
    return None if shopper_id is None else hashlib.blake2b(shopper_id.encode(), key=key, digest_size=4).hexdigest()
