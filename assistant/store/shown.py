"""What was shown to shoppers who consent, and what came of it: what `train encoder` and `evaluate impressions` read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from assistant.dialogue import Intent
from assistant.store.consents import consenting
from assistant.store.figures import ATTRIBUTED_DAYS
from assistant.store.history import learnable
from assistant.store.schema import conversations, impressions, turns
from retrieval.interactions import InteractionKind

if TYPE_CHECKING:
    from assistant.store import Store

_ATTRIBUTED = timedelta(days=ATTRIBUTED_DAYS)


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One impression.

    Attributes:
        conversation_id, turn: the page it stood on.
        utterance, intent: what the shopper said in that turn, and as what it was understood.
        at: time of the turn, UTC.
        rank: place on the page, from 1.
        scores, propensity: see `retrieval.candidates.Candidate`.
        deeds: what she did with the item in this conversation, within a week and before it was shown again; a like is
            a click.
    """

    shopper_id: str
    conversation_id: str
    turn: int
    utterance: str
    intent: Intent
    at: datetime
    rank: int
    item_id: str
    scores: Mapping[str, float]
    propensity: float
    deeds: frozenset[InteractionKind]


def shown_items(store: Store) -> list[ShownItem]:
    """Every impression of shoppers who consent, by conversation, turn and rank."""
    same_turn = (turns.c.conversation_id == impressions.c.conversation_id) & (turns.c.number == impressions.c.turn)
    query = (
        sa.select(impressions, conversations.c.shopper_id, turns.c.utterance, turns.c.intent, turns.c.at)
        .join_from(impressions, conversations)
        .join(turns, same_turn)
        .where(conversations.c.shopper_id.in_(consenting()))
        .order_by(impressions.c.conversation_id, impressions.c.turn, impressions.c.rank)
    )
    with store.connect() as connection:
        rows = connection.execute(query).all()
    times: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for row in rows:
        times[row.conversation_id, row.item_id].append(datetime.fromisoformat(row.at))
    deeds = _deeds(store, times)
    return [
        ShownItem(
            row.shopper_id,
            row.conversation_id,
            row.turn,
            row.utterance,
            Intent(row.intent),
            at := datetime.fromisoformat(row.at),
            row.rank,
            row.item_id,
            row.scores,
            row.propensity,
            frozenset(deeds[row.conversation_id, row.item_id, at]),
        )
        for row in rows
    ]


def _deeds(
    store: Store, times: Mapping[tuple[str, str], list[datetime]]
) -> Mapping[tuple[str, str, datetime], set[InteractionKind]]:
    """What was done with an item, by conversation, item and the last time it was shown before that."""
    found: dict[tuple[str, str, datetime], set[InteractionKind]] = defaultdict(set)
    for deed in learnable(store):
        if deed.session_id is None:
            continue
        before = [at for at in times.get((deed.session_id, deed.item_id), ()) if at <= deed.at]
        if before and deed.at - max(before) <= _ATTRIBUTED:
            found[deed.session_id, deed.item_id, max(before)].add(deed.kind)
    return found
