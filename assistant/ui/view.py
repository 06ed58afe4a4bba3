"""What one page shows: a fold over the events of its turns. Pure; the truth is in the store."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from assistant.comparison import ComparisonTable
from assistant.dialogue import Need, Rung
from assistant.events import Cards, Claim, Event, Finished, Pick, Suggestion, Text, Understood
from retrieval.query import Constraints, Relaxation


@dataclass(frozen=True, slots=True)
class Message:
    """One line of the transcript."""

    by_shopper: bool
    text: str


@dataclass(frozen=True, slots=True)
class View:
    """The content of a page; an empty one is a page on which nothing was said yet.

    Attributes:
        conversation_id: None until the shopper first says something.
        rung: who understood the last utterance; None before the first.
        claims: supported claims of the last reply.
    """

    conversation_id: str | None = None
    transcript: tuple[Message, ...] = ()
    rung: Rung | None = None
    need: Need = field(default_factory=Need)
    constraints: Constraints = field(default_factory=Constraints)
    picks: tuple[Pick, ...] = ()
    matching: int = 0
    relaxations: tuple[Relaxation, ...] = ()
    table: ComparisonTable | None = None
    suggestions: tuple[Suggestion, ...] = ()
    claims: tuple[Claim, ...] = ()

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The items on the page, in their order."""
        return tuple(pick.item.item_id for pick in self.picks)

    def asked(self, utterance: str) -> View:
        """The shopper has spoken; the answer to come is still empty."""
        return replace(
            self,
            transcript=(*self.transcript, Message(True, utterance), Message(False, "")),
            suggestions=(),
            relaxations=(),
            claims=(),
        )

    def seeing(self, event: Event) -> View:
        """The page after an event of the turn."""
        match event:
            case Understood():
                return replace(self, rung=event.act.rung, need=event.need, constraints=event.constraints)
            case Cards():
                return replace(
                    self,
                    picks=event.picks,
                    matching=event.matching or (self.matching if event.picks else 0),
                    relaxations=event.relaxations,
                    table=event.table,
                    suggestions=event.suggestions,
                )
            case Text():
                return self._with_reply(self.transcript[-1].text + event.text)
            case Finished():
                claims = tuple(claim for claim in event.turn.claims if claim.supported)
                return replace(self._with_reply(event.turn.reply), claims=claims)

    def _with_reply(self, text: str) -> View:
        return replace(self, transcript=(*self.transcript[:-1], Message(False, text)))
