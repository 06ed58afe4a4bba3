"""What may not happen in any turn, whatever was said: held against the records, for the simulated shoppers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.claims import check
from assistant.claims.reading import Shown
from assistant.events import Turn
from assistant.explanation.wording import short_name
from prompts import render
from retrieval.shop import Shop

_LINE = re.compile(r"^(\d+)\. \*\*(.+?)\*\*:?(.*)$", re.MULTILINE)
_COUNT = re.compile(r"(?:^|\. |Just )([\d,]+) [a-z]")


@dataclass(frozen=True, slots=True)
class Faults:
    """Promises that were broken.

    Attributes:
        constraint_violations: cards that break a constraint as it was understood.
        unsupported_claims: claims of a card's sentence that its record does not support.
        mismatches: cards without a sentence, sentences without a card, or in another order.
        wrong_counts: "28 laptops" where the records have another number.
        hollow_offers: offered changes that bring another number of items than they say.
    """

    constraint_violations: int = 0
    unsupported_claims: int = 0
    mismatches: int = 0
    wrong_counts: int = 0
    hollow_offers: int = 0

    def __add__(self, other: Faults) -> Faults:
        """Both together."""
        return Faults(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


def faults_of(turn: Turn, shop: Shop) -> Faults:
    """The broken promises of one turn."""
    said = _LINE.findall(turn.reply)
    items = list(shop.catalogue)
    mismatches = unsupported = wrong = 0
    if turn.searched and turn.picks:
        named = [(int(rank), name) for rank, name, _ in said]
        mismatches = named != [(pick.rank, short_name(pick.item)) for pick in turn.picks]
        unsupported = 0 if mismatches else _unsupported(turn, [words for _, _, words in said])
        counts = _COUNT.findall(turn.reply.split("\n")[0].partition(";")[0])
        fitting = sum(turn.constraints.admits(item) for item in items)
        wrong = turn.matching != fitting or any(
            int(c.replace(",", "")) != fitting for c in counts[-1:] if ";" in turn.reply
        )
    return Faults(
        sum(not turn.constraints.admits(pick.item) for pick in turn.picks if turn.searched),
        unsupported,
        int(mismatches),
        int(wrong),
        sum(sum(r.constraints.admits(item) for item in items) != r.count for r in turn.relaxations),
    )


def _unsupported(turn: Turn, sentences: list[str]) -> int:
    """Unsupported claims of the sentences, one for each pick; that an item is new is judged by what is known of it."""
    shown = Shown(tuple(pick.item for pick in turn.picks), turn.state.need, turn.constraints)
    news, found = render("reply_new_item").strip(), 0
    for pick, words in zip(turn.picks, sentences, strict=True):
        found += news in words and not pick.cold_start
        rest = words.replace(news, "").strip()
        sentence = rest if rest[:1].isupper() else f"It {rest}"
        found += sum(not claim.supported for claim in check(sentence, pick.item, shown)) if rest.strip(".") else 0
    return found
