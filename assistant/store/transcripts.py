"""Finding conversations again: by words said, items shown, intents, days and flags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from assistant.store import Store
from assistant.store.schema import conversations, flags, impressions, turns


@dataclass(frozen=True, slots=True)
class Filter:
    """Which turns are looked for: all conditions must hold in one and the same turn. Empty ones admit all.

    Attributes:
        words: all of them, in any order, are parts of the utterance.
        item_ids: one of these was shown in the turn; None: whatever was.
        intent: `Intent` value.
        flag: kind of a flag on the turn, settled or not.
        since, until: from, inclusive, to, exclusive.
    """

    words: tuple[str, ...] = ()
    item_ids: frozenset[str] | None = None
    intent: str = ""
    flag: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation that has such a turn.

    Attributes:
        turn: the last of its turns that the filter admits, said at `at`.
        began: its first utterance.
        turns: how many turns it has.
        intents: of its turns, in order of frequency.
        flags: kinds of its flags that are not settled.
    """

    conversation_id: str
    turn: int
    at: datetime
    utterance: str
    began: str
    shopper_id: str | None
    turns: int
    intents: tuple[str, ...]
    flags: tuple[str, ...]


def find(store: Store, wanted: Filter, limit: int, offset: int = 0) -> tuple[Found, ...]:
    """Conversations with a turn that the filter admits, the latest such turn first."""
    columns = (turns.c.conversation_id, turns.c.number, turns.c.at, turns.c.utterance)
    query = sa.select(*columns).where(*_conditions(wanted)).order_by(turns.c.at.desc(), turns.c.conversation_id)
    seen: dict[str, Any] = {}
    with store.connect() as connection:
        # read only as far as needed: the rows come in order, and most are not asked for
        with connection.execution_options(yield_per=limit).execute(query) as rows:
            for row in rows:
                seen.setdefault(row.conversation_id, row)
                if len(seen) == offset + limit:
                    break
        page = list(seen.values())[offset:]
        return _completed(connection, page)


def _completed(connection: sa.Connection, page: Sequence[Any]) -> tuple[Found, ...]:
    ids = [row.conversation_id for row in page]
    whose = sa.select(conversations.c.conversation_id, conversations.c.shopper_id)
    whose = whose.where(conversations.c.conversation_id.in_(ids))
    shopper = {row.conversation_id: row.shopper_id for row in connection.execute(whose)}
    opening = sa.select(turns.c.conversation_id, turns.c.utterance).where(turns.c.conversation_id.in_(ids))
    opening = opening.where(turns.c.number == 1)
    began = {row.conversation_id: row.utterance for row in connection.execute(opening)}
    said = _counted(connection, sa.select(turns.c.conversation_id, turns.c.intent), turns, ids)
    open_flags = sa.select(flags.c.conversation_id, flags.c.kind).where(flags.c.settled_at.is_(None))
    raised = _counted(connection, open_flags, flags, ids)
    return tuple(
        Found(
            row.conversation_id,
            row.number,
            datetime.fromisoformat(row.at),
            row.utterance,
            began[row.conversation_id],
            shopper[row.conversation_id],
            said[row.conversation_id].total(),
            tuple(intent for intent, _ in said[row.conversation_id].most_common()),
            tuple(sorted(raised[row.conversation_id])),
        )
        for row in page
    )


def _counted(
    connection: sa.Connection, query: sa.Select[Any], table: sa.Table, ids: Iterable[str]
) -> dict[str, Counter[str]]:
    """Second column counted by the first, for these conversations."""
    found: dict[str, Counter[str]] = {conversation_id: Counter() for conversation_id in ids}
    for conversation_id, value in connection.execute(query.where(table.c.conversation_id.in_(list(found)))):
        found[conversation_id][value] += 1
    return found


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    holds = [_said(word) for word in wanted.words]
    if wanted.intent:
        holds.append(turns.c.intent == wanted.intent)
    if wanted.since is not None:
        holds.append(turns.c.at >= _text(wanted.since))
    if wanted.until is not None:
        holds.append(turns.c.at < _text(wanted.until))
    turn = sa.tuple_(turns.c.conversation_id, turns.c.number)
    if wanted.item_ids is not None:
        shown = sa.select(impressions.c.conversation_id, impressions.c.turn)
        holds.append(turn.in_(shown.where(impressions.c.item_id.in_(wanted.item_ids))))
    if wanted.flag:
        flagged = sa.select(flags.c.conversation_id, flags.c.turn)
        holds.append(turn.in_(flagged.where(flags.c.kind == wanted.flag)))
    return holds


def _said(word: str) -> sa.ColumnElement[bool]:
    """Whether the utterance holds the word. SQL folds the case of ASCII letters alone: others are tried in each."""
    spellings = {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}
    return sa.or_(*(turns.c.utterance.icontains(spelling, autoescape=True) for spelling in sorted(spellings)))


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
