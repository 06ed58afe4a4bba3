"""A sentence while it is being checked: what is claimed is taken out of it piece by piece until nothing is left."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.claims.terms import NEGATORS
from assistant.dialogue import Need
from assistant.events import Claim
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints
from retrieval.words import tokens


@dataclass(frozen=True, slots=True)
class Shown:
    """What a sentence is said in view of: the items on the page, and the need they were found for."""

    items: tuple[CatalogueItem, ...]
    need: Need = field(default_factory=Need)
    constraints: Constraints = field(default_factory=Constraints)


@dataclass(slots=True)
class Reading:
    """One sentence about one item.

    Attributes:
        text: what of the sentence is not yet accounted for; what was taken leaves a comma behind.
        claims: what was found so far.
    """

    text: str
    item: CatalogueItem
    shown: Shown
    claims: list[Claim] = field(default_factory=list)

    def take(self, pattern: re.Pattern[str], name: str, judge: Callable[[re.Match[str]], bool | None]) -> None:
        """Take out all that a pattern finds.

        Args:
            pattern: what states a claim.
            name: the record's field it is about.
            judge: whether the record supports a match; None: it is no such claim, leave it. A match that is denied
                ("not under your $900") is never supported: the judge need not look.
        """

        def judged(match: re.Match[str]) -> str:
            verdict = judge(match)
            if verdict is None:
                return match[0]
            self.add(match[0], name, verdict and not self.denied(match.string, match.start()))
            return " , "

        self.text = pattern.sub(judged, self.text)

    def add(self, words: str, name: str, supported: bool) -> None:
        """Note a claim."""
        self.claims.append(Claim(" ".join(words.split()), self.item.item_id, name, supported))

    @staticmethod
    def denied(text: str, start: int) -> bool:
        """Whether a negator stands before a place, within the same part of the sentence."""
        before = re.split(r"[,;:()]|\b(?:and|but)\b", text[:start])[-1]
        return any(t.word.replace("'", "").replace("’", "") in NEGATORS for t in tokens(before))
