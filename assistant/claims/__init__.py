"""The claim checker: what a sentence about an item claims, and whether the item's record supports it.

**A claim** is every amount of money, number, measure, name and word of a sentence that is no neutral word (a closed
list: articles, auxiliaries, "offers", "item"). **A record supports it** when

- a price, rating, count of ratings, stock or release date equals the record's field (a rating may be rounded to the
  digits it shows; "about", "under" and their like are taken at their word), and a budget is the one asked for;
- a superlative or comparison holds, strictly, among the items shown, all of which state what is compared;
- words after "you asked for" or "your" restate the constraints in force, or, after a verb of asking, the need's words;
- any other run of words and measures is found *together* in one statement of the record (see
  `assistant.claims.evidence`): one attribute, one half-sentence of the description, the title, brand or category; a
  listed value in full; a plain number only with the name of what it counts; with the same negation; and a value is not
  put beside another property's name.

Everything else is unsupported. The checker knows words, not meanings: a true sentence in words that the record does
not use is turned down, and that costs a record-built sentence, never a false one on the page.
"""

from __future__ import annotations

import re

from assistant.claims.cover import read_part
from assistant.claims.evidence import Statement, statements
from assistant.claims.figures import take_figures
from assistant.claims.order import take_order
from assistant.claims.reading import Reading, Shown
from assistant.claims.terms import parts, stems, terms
from assistant.events import Claim
from assistant.explanation.wording import short_name
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints

_MARKUP = re.compile(r"[<>\[\]`{}|\\]|https?:|www\.|javascript:|!\(", re.IGNORECASE)
_ASKED = (
    r"you(?:['’]re|\s+are|\s+were|['’]ve|\s+have)?\s+(?:asked|wanted|want|needed|need|said|mentioned|looking|after|requested)"
    r"(?:\s+(?:for|to))?"
)
_FRAME = re.compile(
    rf"(?:\bas\s+)?\b(?:(?P<asked>{_ASKED})|your)\b(?P<words>[^,;:.!?]*?)"
    r"(?=\s+(?:and|but|while|because|so)\b|[,;:!?]|\.(?!\d)|$)",
    re.IGNORECASE,
)
_FULFILS = re.compile(
    r"\b(?:meets?|fits?|suits?|match(?:es)?|satisf\w+|fulfils?|offers?|has|gives?|with|is|the)\s*(?:all\s+)?$",
    re.IGNORECASE,
)
_FRAMING = stems(["budget limit need wish request requirement criteria order list search price range"])
_ONLY_A_NUMBER = re.compile(r"\bonly(?=\s+[$€£]?\d)|\bexactly(?=\s+\d)|\bjust(?=\s+[$€£]?\d)", re.IGNORECASE)


def check(sentence: str, item: CatalogueItem, shown: Shown) -> tuple[Claim, ...]:
    """The claims of a sentence about an item, each with the field that supports it, or unsupported.

    Args:
        sentence: any text.
        item: the item it speaks of.
        shown: what it is said in view of; `item` is one of `shown.items`.
    """
    reading = Reading(_ONLY_A_NUMBER.sub(" ", sentence.replace("*", "")), item, shown)
    if _MARKUP.search(reading.text):
        reading.add(sentence, "markup", False)
        return tuple(reading.claims)
    _take_names(reading)
    take_order(reading)
    take_figures(reading)
    reading.take(_FRAME, "need", lambda m: _restates(m, reading))
    record = (*statements(item), *_category_asked(item, shown.constraints))
    for part in parts(reading.text):
        read_part(part, record, reading)
    return tuple(reading.claims)


def _take_names(reading: Reading) -> None:
    for name in sorted({reading.item.title, short_name(reading.item)}, key=len, reverse=True):
        reading.take(re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE), "title", lambda m: True)


def _category_asked(item: CatalogueItem, constraints: Constraints) -> tuple[Statement, ...]:
    """The department in the shopper's words, where it is one of the item's own."""
    label = constraints.category
    return (Statement("category", terms(label)),) if label is not None and label in item.category_labels else ()


def _restates(match: re.Match[str], reading: Reading) -> bool:
    """Whether the words after "you asked for" or "your" are those of the need, wanted and unwanted apart."""
    shown, said = reading.shown, [t for t in terms(match["words"]) if t.stem not in _FRAMING]
    constraints, need = shown.constraints, shown.need
    met = [a for a in constraints.attributes if a.admits(reading.item)]
    enforced = [s for s in (constraints.category or "",) if s in reading.item.category_labels]
    enforced += [b for b in constraints.brands if b == (reading.item.brand or "").casefold()]
    enforced += [text for a in met for text in (a.words, a.value or "", a.name or "")]
    hoped = [need.topic, *need.slots.attributes]
    unwanted = [*constraints.excluded_brands, *(a.words for a in constraints.excluded_attributes)]
    asks = bool(match["asked"]) and not _FULFILS.search(match.string[: match.start()])
    wanted = stems(enforced + hoped) if asks else stems(enforced)
    figures = [q for text in enforced + hoped for q in terms(text) if q.quantity is not None]
    for term in said:
        if term.quantity is not None:
            if not any(f.quantity == term.quantity for f in figures):
                return False
        elif term.stem not in (stems(unwanted) if term.negated else wanted):
            return False
    return bool(match["asked"] or said)
