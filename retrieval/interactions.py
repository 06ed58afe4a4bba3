"""What shoppers did, as the shop's log tells it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class InteractionKind(StrEnum):
    """Kinds of interaction, in the order of growing intent."""

    VIEW = "view"
    CLICK = "click"
    CART = "cart"
    PURCHASE = "purchase"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Interaction:
    """One event of one shopper on one item.

    Attributes:
        shopper_id: opaque id of the shop's choosing.
        at: time of the event, UTC, timezone-aware.
        session_id: None when the log has no sessions (then gaps in time cut them).
        value: stars of a review, pieces of a purchase; None otherwise.
    """

    shopper_id: str
    item_id: str
    kind: InteractionKind
    at: datetime
    session_id: str | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """What is known of the shopper who asks now: her interactions, oldest first.

    An empty one is a new shopper, or one who has not consented, or who asked to ignore her history.
    """

    shopper_id: str | None = None
    interactions: tuple[Interaction, ...] = ()

    @property
    def item_ids(self) -> tuple[str, ...]:
        """The items interacted with, oldest first, repeats included."""
        return tuple(i.item_id for i in self.interactions)


EMPTY_SESSION = Session()


def by_shopper(interactions: Iterable[Interaction]) -> dict[str, list[Interaction]]:
    """Interactions grouped by shopper, each list in time order."""
    groups: dict[str, list[Interaction]] = {}
    for interaction in interactions:
        groups.setdefault(interaction.shopper_id, []).append(interaction)
    for group in groups.values():
        group.sort(key=lambda i: i.at)
    return groups
