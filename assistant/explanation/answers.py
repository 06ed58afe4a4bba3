"""Answers to a question about an item, from its record: the fields that answer it, or that the record does not say."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

from assistant.comparison import rating_words, stock_words
from assistant.explanation.facts import COLOUR_NAMES, QUALITIES, Fact, attribute_fact
from assistant.plain_text import clauses, plain, word_set
from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.words import function_words, tokens

# words of a question that a field of its own answers
_ASKS: dict[str, frozenset[str]] = {
    field: frozenset(words.split())
    for field, words in (
        ("price", "price cost costs expensive cheap much pay"),
        ("stock", "stock available availability left sold"),
        ("rating", "rating rated rate review reviews star stars buyers good"),
        ("brand", "brand maker make makes made manufacturer who"),
        ("released", "released release launched old new newest date"),
        ("category", "category department kind"),
    )
}
# words that ask and name nothing that a record could state
_GRADED = re.compile(r"(\w{3,}?)(i)?(?:er|est)")
# words that ask for all there is, and those around them
_GENERALLY = word_set("about more detail details describe description info information spec specs features")
_AROUND = word_set(
    "tell give show know want would like interested explain some anything everything all else number option ones"
)
# a question for one of them is answered by the colour there is
_COLOURS = word_set(
    "black white grey gray silver gold red blue navy green yellow orange purple violet pink brown beige cyan turquoise"
)
_ASKING = frozenset(
    word
    for words in (
        "how what which is are does do did has have had can could will would it its this that one the a an of in with",
        "for on to much many any there me tell about come comes get got be and or also too please first second third",
        "fourth last item product long say state exactly really still you your my",
    )
    for word in words.split()
)


def answer(question: str, item: CatalogueItem, names: frozenset[str] = frozenset()) -> tuple[Fact, ...]:
    """The facts of the record that answer a question; () when the record does not state it.

    Args:
        question: the shopper's words.
        item: the record asked about.
        names: words that only point at the item ("zephyr") and ask nothing.
    """
    pointing = names | {t.key for t in tokens(item.title)} | {t.key for label in item.category for t in tokens(label)}
    words = {form for t in tokens(question) for form in (t.key, t.word, _base(t.word))}
    found = [attribute_fact(a) for a in item.attributes.values() if _asked(a, words - names, words - pointing)]
    found = found or [attribute_fact(a) for a in item.attributes.values() if _measured(a, words)]
    if not found and words & _COLOURS:
        found = [attribute_fact(a) for a in item.attributes.values() if a.name in COLOUR_NAMES]
    if found:
        return tuple(found[:3])
    for field, asks in _ASKS.items():
        if words & asks and (fact := _FIELDS[field](item)) is not None:
            return (fact,)
    return _described(words - pointing - names, item)


def asks_generally(question: str, names: frozenset[str] = frozenset()) -> bool:
    """Whether a question names nothing in particular: "tell me more about the second one".

    Args:
        question, names: see `answer`.
    """
    words = {form for t in tokens(question) for form in (t.key, t.word)}
    known = _GENERALLY | _AROUND | _ASKING | names | function_words()
    asked = {t.word for t in tokens(question) if not {t.key, t.word} & known and not t.word.isdigit()}
    return bool(words & _GENERALLY) and not asked


def described(item: CatalogueItem) -> Fact | None:
    """The beginning of the description; None when there is none that can be said."""
    first = next(iter(clauses(item.description)), None)
    return None if first is None else _quoted(first)


def _base(word: str) -> str:
    """An adjective without its ending: "heaviest" and "heavier" are "heavy"."""
    match = _GRADED.fullmatch(word)
    return word if match is None else match[1] + ("y" if match[2] else "")


def _asked(attribute: Attribute, words: set[str], besides_the_item: set[str]) -> bool:
    """Whether the question names the property, or one of its values in full that does not just point at the item."""
    name = {t.key for t in tokens(attribute.name)}
    values = [{t.key for t in tokens(value)} for value in attribute.values if value not in ("yes", "no")]
    return (bool(name) and name <= words) or any(value and value <= besides_the_item - _ASKING for value in values)


def _measured(attribute: Attribute, words: set[str]) -> bool:
    """Whether the question asks for the measure: "how heavy" is answered by what is in grams."""
    return attribute.number is not None and bool(QUALITIES.get(attribute.unit or "", frozenset()) & words)


def _described(words: set[str], item: CatalogueItem) -> tuple[Fact, ...]:
    """The half-sentence of the description that holds every word that was asked for."""
    asked = {w for w in words - _ASKING - function_words() if len(w) > 1}
    for clause in clauses(item.description):
        if asked and asked <= {t.key for t in tokens(clause)} | {t.word for t in tokens(clause)}:
            return (_quoted(clause),)
    return ()


def _quoted(clause: str) -> Fact:
    return Fact("description", "says", f"“{plain(clause, 160).rstrip('.')}”")


def _stock(item: CatalogueItem) -> Fact | None:
    words = stock_words(item)
    if words is None:
        return None
    return Fact("stock", "is", words if not item.available else f"in stock ({item.stock:,} left)")


def _released(item: CatalogueItem) -> Fact | None:
    return None if item.released is None else Fact("released", "was released on", _day(item.released))


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


_FIELDS: dict[str, Callable[[CatalogueItem], Fact | None]] = {
    "price": lambda item: None if item.price is None else Fact("price", "costs", str(item.price)),
    "stock": _stock,
    "rating": lambda item: ((words := rating_words(item)) and Fact("rating", "is rated", words)) or None,
    "brand": lambda item: Fact("brand", "is made by", plain(item.brand, 60)) if item.brand else None,
    "released": _released,
    "category": lambda item: (
        Fact("category", "is in", " / ".join(map(plain, item.category))) if item.category else None
    ),
}
