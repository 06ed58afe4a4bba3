"""A summary of items to paste into a ticket: each statement with the field of the record that it comes from.

Built of the facts that the chat's replies are built of, and held against the record by the same checker: what does not
hold is left out and counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assistant.claims import check
from assistant.claims.reading import Shown
from assistant.comparison import stock_words
from assistant.console.pages import when
from assistant.dialogue import Need
from assistant.explanation.facts import Fact, facts_for, is_plural, sentence_of
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints

MOST_FACTS = 8  # of an item


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence about an item, and the field of its record that says so."""

    text: str
    field: str


@dataclass(frozen=True, slots=True)
class ItemSummary:
    """What can be said of an item; `withheld` sentences did not hold against its record."""

    item: CatalogueItem
    statements: tuple[Statement, ...]
    withheld: int


@dataclass(frozen=True, slots=True)
class Summary:
    """Items for a ticket, as of a time; `asked`: what was looked for, in words."""

    items: tuple[ItemSummary, ...]
    asked: str
    at: datetime

    def __str__(self) -> str:
        """Plain text, a line for each statement."""
        lines = [f"{f'Looked for: {self.asked}. ' if self.asked else ''}As of {when(self.at)}."]
        for summary in self.items:
            lines += ["", f"{summary.item.title} ({summary.item.item_id})"]
            lines += [f"- {statement.text} [{statement.field}]" for statement in summary.statements]
            lines += [summary.item.url] if summary.item.url else []
        return "\n".join(lines)


def summarise(items: Sequence[CatalogueItem], text: str, constraints: Constraints, asked: str, at: datetime) -> Summary:
    """What the records of items say that answers a question, each sentence checked.

    Args:
        items: those that were pinned.
        text: the words that were looked for.
        constraints: the filters.
        asked: both in words, for the head.
        at: now.
    """
    need = Need(topic=text)
    shown = Shown(tuple(items), need, constraints)
    return Summary(tuple(_of_item(item, need, constraints, shown) for item in items), asked, at)


def _of_item(item: CatalogueItem, need: Need, constraints: Constraints, shown: Shown) -> ItemSummary:
    facts = [_with_raters(fact, item) for fact in facts_for(item, need, constraints, MOST_FACTS)] + _standing(item)
    statements, withheld = [], 0
    for fact in facts:
        sentence = sentence_of("They" if is_plural(item) else "It", [fact], several=is_plural(item))
        claims = check(sentence, item, shown)
        if claims and all(claim.supported for claim in claims):
            statements.append(Statement(sentence, fact.field))
        else:
            withheld += 1
    return ItemSummary(item, tuple(statements), withheld)


def _with_raters(fact: Fact, item: CatalogueItem) -> Fact:
    """The rating with how many gave it: one shopper's five stars are not a thousand's."""
    if fact.field != "rating" or item.rating_count < 2:
        return fact
    return Fact(fact.field, fact.verb, f"{fact.rest} by {item.rating_count:,} shoppers")


def _standing(item: CatalogueItem) -> list[Fact]:
    """What a caller wants to know beside the need: stock and release."""
    stock = stock_words(item)
    facts = [] if stock is None else [Fact("stock", "has" if item.available else "is", stock)]
    if item.released is not None:
        facts.append(Fact("released", "came", f"out on {item.released.day} {item.released:%B %Y}"))
    return facts
