"""What the rules see in an utterance, as numbers: marks on its words, and what they would make of it as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from assistant.dialogue import DialogueAct, Edit, Intent, Slots
from assistant.rules.edits import find_dropped
from assistant.rules.money_words import find_amounts
from assistant.rules.slots import Reading, find_quantity, find_requirements, find_sort
from retrieval.catalogue import CatalogueItem
from retrieval.units import find_quantities
from retrieval.vocabulary import Vocabulary
from retrieval.words import function_words, tokens

MARKS = (
    *("category", "brand", "attribute", "refused", "allowed", "refusal"),
    *("price_low", "price_high", "amount", "measure", "quantity", "required"),
    *("rank", "description", "pronoun", "sort", "dropped", "held", "titled"),
)
_SURE = 0.85  # confidence of the rules that counts as sure
_INTENTS, _EDITS = tuple(Intent), tuple(Edit)
WHOLE = 3 * len(_INTENTS) + len(Slots.__slots__) + len(_EDITS) + 6  # numbers that `whole` gives

Row = NDArray[np.float32]


def marks(reading: Reading, need: Slots, shown: Sequence[CatalogueItem], vocabulary: Vocabulary) -> Row:
    """Marks on the characters of `reading.text`, float32 (characters, len(MARKS)), 0 or 1.

    Args:
        reading: of the utterance.
        need: in force.
        shown: items on the page.
        vocabulary: the shop's words.
    """
    seen = np.zeros((len(reading.text), len(MARKS)), dtype=np.float32)
    for name, start, end in _marked(reading, need, shown, vocabulary):
        seen[start:end, MARKS.index(name)] = 1.0
    return seen


def _marked(
    reading: Reading, need: Slots, shown: Sequence[CatalogueItem], vocabulary: Vocabulary
) -> Iterator[tuple[str, int, int]]:
    text = reading.text
    for index, mention in enumerate(reading.mentions):
        yield mention.kind, mention.start, mention.end
        if index in reading.refused:
            yield "refused", mention.start, mention.end
        if index in reading.allowed:
            yield "allowed", mention.start, mention.end
    yield from (("refusal", *span) for span in reading.refusals)
    for price in reading.prices:
        if price.low is not None:
            yield "price_low", price.start, price.end
        if price.high is not None:
            yield "price_high", price.start, price.end
    yield from (("amount", amount.start, amount.end) for amount in find_amounts(text))
    yield from (("measure", found.start, found.end) for found in find_quantities(text) if found.quantity.unit)
    yield from ((reference.kind, reference.start, reference.end) for reference in reading.references)
    yield from (("required", *span) for _, span in find_requirements(reading))
    for name, said in (("sort", find_sort(text)), ("quantity", find_quantity(reading))):
        if said is not None:
            yield name, *said[1]
    yield from (("dropped", *span) for span in find_dropped(reading, need, vocabulary)[1])
    held, titled = _keys(_values(need)), _keys(f"{item.brand or ''} {item.title}" for item in shown)
    for token in tokens(text):
        if token.word not in function_words():
            if token.key in held:
                yield "held", token.start, token.end
            if token.key in titled:
                yield "titled", token.start, token.end


def _values(need: Slots) -> Iterator[str]:
    yield need.category or ""
    for value in (need.brands, need.excluded_brands, need.attributes, need.excluded_attributes):
        yield from value


def _keys(texts: Iterator[str]) -> set[str]:
    return {token.key for text in texts for token in tokens(text)}


def whole(ruled: DialogueAct, *, need: bool, shown: int, offered: int) -> Row:
    """What the rules make of the utterance, and where it is said: float32 (WHOLE,)."""
    chosen = np.asarray([intent is ruled.intent for intent in _INTENTS], dtype=np.float32)
    filled = [getattr(ruled.slots, name) not in (None, ()) for name in Slots.__slots__]
    edits = [edit is ruled.edit for edit in _EDITS]
    rest = [bool(ruled.dropped), bool(ruled.topic), len(ruled.topic.split()) / 5, need, shown > 0, offered > 0]
    sure = ruled.confidence >= _SURE
    return np.concatenate(
        [chosen, chosen * sure, chosen * ruled.confidence, np.asarray([*filled, *edits, *rest], dtype=np.float32)]
    )
