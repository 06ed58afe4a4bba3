"""Orders to the assistant itself, found through the usual disguises and cut out before anything is understood.

What is looked for are the phrases of the section `orders` of `cues.toml`: in the words as they stand, and in the words
unmasked of look-alike letters, accents, invisible characters, figures for letters, and dashes for spaces. A sentence
without such a phrase goes as a whole when it reads as an order all the same (`order_reader`).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from assistant.rules.cues import alternatives, names
from assistant.rules.order_reader import reads_as_order
from assistant.rules.words import lower

_SENTENCE_END = re.compile(r"(?<=[.!?;。])\s+|\s+(?=</)")
_ORDERING = re.compile(
    r"\b(?:and |now |please |then |so )*(?:return|output|answer with|write|say|print|give me)\s*$", re.IGNORECASE
)
_UNFINISHED = re.compile(r"\b(?:the|an?|of|to|me|your|this|that|which|what|are|is|will|every|all)$", re.IGNORECASE)
_FEW_WORDS = 1
_LOOSE_ENDS = " ,;:-–—(#`'\"{[<|/\\*"
_LOOK_ALIKES = dict(zip("авекмнорстухіјѕԁһӏαεικνορτυχ", "abekmhopctyxijsdhlaeikvoptux", strict=True))
_FIGURES = dict(zip("013457", "oieast", strict=True))
_STAND_FOR = {**_LOOK_ALIKES, **_FIGURES, "’": "'", "-": " ", "_": " "}


def is_injection(text: str) -> bool:
    """Whether the words try to give the assistant orders about itself."""
    return _phrase_in(text) is not None or any(_order_in(sentence) is not None for sentence in sentences(text))


def without_orders(utterance: str) -> str:
    """The utterance without what tries to give the assistant orders about itself; "" when nothing is left.

    An order ends its sentence. Words before it in the same sentence stay when there are enough to mean something,
    and not when they break off where the order begins: they were its beginning.
    """
    kept = []
    for sentence in sentences(utterance):
        order = _order_in(sentence)
        if order is None:
            kept.append(sentence)
            continue
        before = _ORDERING.sub("", sentence[:order].rstrip(_LOOSE_ENDS)).rstrip(_LOOSE_ENDS)
        if len(before.split()) > _FEW_WORDS and not _UNFINISHED.search(before):
            kept.append(before)
    return " ".join(kept).strip()


def sentences(text: str) -> list[str]:
    """The sentences of a text, each a possible order by itself."""
    return _SENTENCE_END.split(text)


def _order_in(sentence: str) -> int | None:
    """Where the order begins in a sentence; None when there is none."""
    plain, places = unmasked(sentence)
    place = _first_phrase(sentence, plain, places)
    return 0 if place is None and reads_as_order(plain) else place


def _phrase_in(text: str) -> int | None:
    """Where the first phrase of an order begins; None when there is none."""
    return _first_phrase(text, *unmasked(text))


def _first_phrase(text: str, plain: str, places: list[int]) -> int | None:
    """Where it begins, in the text as it stands or as `unmasked` gives it; None when there is none."""
    found = [match.start() for match in (_phrases().search(lower(text)),) if match]
    found += [places[match.start()] for match in (_phrases().search(plain),) if match]
    return min(found, default=None)


@cache
def _phrases() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(alternatives(f'orders.{name}') for name in names('orders'))})(?!\w)")


def unmasked(text: str) -> tuple[str, list[int]]:
    """The words without their disguise, and of each character its place in the text."""
    characters, places = [], []
    for place, written in enumerate(text):
        for character in unicodedata.normalize("NFKD", written).casefold():
            if unicodedata.category(character) not in ("Mn", "Cf"):
                characters.append(_STAND_FOR.get(character, character))
                places.append(place)
    return "".join(characters), places
