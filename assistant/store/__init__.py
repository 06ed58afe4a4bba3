"""What the assistant itself has seen: conversations, turns, impressions, interactions, feedback, consent.

SQLAlchemy Core over SQLite in WAL mode, or over PostgreSQL. What the shop's own log says lies elsewhere
(`retrieval.records`): this database can be deleted without losing the shop.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pydantic import TypeAdapter

from assistant.dialogue import DialogueState
from assistant.events import Turn
from assistant.flagging import Concern
from assistant.store import cases, erasure, flags, history, schema, traces
from assistant.store.database import FILE, Database, insert_into
from assistant.store.tombstones import Tombstones
from assistant.turn_json import turn_as_json
from retrieval.interactions import Interaction, InteractionKind, Session
from retrieval.restoring import finish_restoring

if TYPE_CHECKING:
    from assistant.settings import Settings

__all__ = ["FILE", "Holdings", "Store", "Verdict", "open_store"]
_state = TypeAdapter(DialogueState)


class Verdict(StrEnum):
    """Feedback on a card."""

    LIKE = "like"
    DISLIKE = "dislike"


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much is held about a shopper, by table."""

    conversations: int
    turns: int
    impressions: int
    interactions: int
    feedback: int


class Store:
    """The database of one service. Safe to use from several threads.

    Args:
        folder: of the service's data.
        url: of a PostgreSQL database (see `database.Database`); None: SQLite in the folder.

    Raises:
        SetupError: the database is none, cannot be reached, belongs to a newer version, is locked, or its disk is full.
    """

    def __init__(self, folder: Path, url: str | None = None) -> None:
        finish_restoring(folder)
        self._database = Database(folder, url)
        self.folder = folder
        self.tombstones = Tombstones(folder)
        with self.connect() as connection:
            schema.migrate(connection, self._database.place)

    def connect(self) -> AbstractContextManager[sa.Connection]:
        """A transaction; what an operator can fix comes out as a SetupError."""
        return self._database.connect()

    def start(self, shopper_id: str | None = None) -> str:
        """Begin a conversation; returns its id, which cannot be guessed."""
        conversation_id = secrets.token_urlsafe(16)
        with self.connect() as connection:
            connection.execute(
                schema.conversations.insert().values(
                    conversation_id=conversation_id, shopper_id=shopper_id, started_at=_now()
                )
            )
        return conversation_id

    def state(self, conversation_id: str) -> DialogueState:
        """The state after the last stored turn. Raises KeyError when there is no such conversation."""
        last = sa.select(schema.turns.c.state).where(schema.turns.c.conversation_id == conversation_id)
        with self.connect() as connection:
            state = connection.scalar(last.order_by(schema.turns.c.number.desc()).limit(1))
            if state is None and not self._exists(connection, conversation_id):
                raise KeyError(conversation_id)
        return DialogueState() if state is None else _state.validate_python(state)

    def shopper(self, conversation_id: str) -> str | None:
        """Whose conversation it is; None for a guest. Raises KeyError when there is no such conversation."""
        with self.connect() as connection:
            row = connection.execute(
                sa.select(schema.conversations.c.shopper_id).where(
                    schema.conversations.c.conversation_id == conversation_id
                )
            ).one_or_none()
        if row is None:
            raise KeyError(conversation_id)
        return None if row[0] is None else str(row[0])

    @staticmethod
    def _exists(connection: sa.Connection, conversation_id: str) -> bool:
        query = sa.select(schema.conversations.c.conversation_id).where(
            schema.conversations.c.conversation_id == conversation_id
        )
        return connection.scalar(query) is not None

    def add_turn(self, turn: Turn, concerns: Iterable[Concern] = ()) -> None:
        """Store a finished turn: what it showed when it searched, its trace, its flags; one transaction."""
        record = turn_as_json(turn)
        kept = {name: record[name] for name in ("act", "constraints", "claims", "relaxations", "latency")}
        with self.connect() as connection:
            connection.execute(
                schema.turns.insert().values(
                    conversation_id=turn.conversation_id,
                    number=turn.number,
                    at=_now(),
                    utterance=turn.utterance,
                    intent=turn.act.intent,
                    rung=turn.act.rung,
                    state=_state.dump_python(turn.state, mode="json"),
                    matching=turn.matching,
                    reply=turn.reply,
                    notices=list(turn.notices),
                    prompts=dict(turn.prompts),
                    **kept,
                )
            )
            if turn.searched and turn.picks:
                connection.execute(
                    schema.impressions.insert(),
                    [
                        {
                            "conversation_id": turn.conversation_id,
                            "turn": turn.number,
                            "rank": pick.rank,
                            "item_id": pick.item.item_id,
                            "scores": dict(pick.candidate.scores),
                            "propensity": pick.candidate.propensity,
                            "cold_start": pick.cold_start,
                        }
                        for pick in turn.picks
                    ],
                )
            traces.insert(connection, turn)
            flags.insert(connection, turn.conversation_id, turn.number, concerns)

    def turns(self, conversation_id: str) -> list[dict[str, Any]]:
        """The stored turns of a conversation, oldest first, every column of `schema.turns`."""
        return self._rows(
            sa.select(schema.turns)
            .where(schema.turns.c.conversation_id == conversation_id)
            .order_by(schema.turns.c.number)
        )

    def impressions(self, conversation_id: str) -> list[dict[str, Any]]:
        """What a conversation showed: turn, rank, item, scores, propensity (1.0: no draw was made)."""
        query = sa.select(schema.impressions).where(schema.impressions.c.conversation_id == conversation_id)
        return self._rows(query.order_by(schema.impressions.c.turn, schema.impressions.c.rank))

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def add_interaction(self, interaction: Interaction, conversation_id: str | None = None) -> None:
        """Store an event from the page."""
        with self.connect() as connection:
            connection.execute(
                schema.interactions.insert().values(
                    shopper_id=interaction.shopper_id,
                    conversation_id=conversation_id,
                    item_id=interaction.item_id,
                    kind=interaction.kind,
                    at=interaction.at.astimezone(UTC).isoformat(),
                    value=interaction.value,
                )
            )

    def interactions(self, shopper_id: str | None = None) -> list[Interaction]:
        """Stored events in time order: one shopper's, or everybody's."""
        query = sa.select(schema.interactions).order_by(schema.interactions.c.at, schema.interactions.c.id)
        if shopper_id is not None:
            query = query.where(schema.interactions.c.shopper_id == shopper_id)
        return [
            Interaction(
                row["shopper_id"],
                row["item_id"],
                InteractionKind(row["kind"]),
                datetime.fromisoformat(row["at"]),
                row["conversation_id"],
                row["value"],
            )
            for row in self._rows(query)
        ]

    def session(self, shopper_id: str | None) -> Session:
        """The shopper's session for ranking, with what she likes: empty without an id or without consent."""
        if shopper_id is None or not self.consented(shopper_id):
            return Session()
        known = [*self.interactions(shopper_id), *history.likes(self, shopper_id)]
        return Session(shopper_id, tuple(sorted(known, key=lambda interaction: interaction.at)))

    def set_feedback(self, conversation_id: str, item_id: str, verdict: Verdict | None) -> None:
        """Like, dislike, or take it back (None); the last word counts. A dislike flags the turn that showed the item.

        Raises:
            KeyError: the item was never shown in this conversation.
        """
        here = (schema.impressions.c.conversation_id == conversation_id) & (schema.impressions.c.item_id == item_id)
        with self.connect() as connection:
            if connection.scalar(sa.select(schema.impressions.c.rank).where(here).limit(1)) is None:
                raise KeyError(item_id)
            place = {"conversation_id": conversation_id, "item_id": item_id}
            if verdict is None:
                connection.execute(schema.feedback.delete().filter_by(**place))
            else:
                fresh = {"verdict": verdict, "at": _now()}
                added = insert_into(connection, schema.feedback).values(**place, **fresh)
                connection.execute(added.on_conflict_do_update(index_elements=list(place), set_=fresh))
            flags.note_verdict(connection, conversation_id, item_id, disliked=verdict is Verdict.DISLIKE)

    def feedback(self, conversation_id: str) -> dict[str, Verdict]:
        """The verdicts of a conversation, by item."""
        query = sa.select(schema.feedback).where(schema.feedback.c.conversation_id == conversation_id)
        return {row["item_id"]: Verdict(row["verdict"]) for row in self._rows(query)}

    def set_consent(self, shopper_id: str, granted: bool, surface: str | None = None, words: str | None = None) -> None:
        """Add to the ledger of consents.

        Args:
            shopper_id, granted: who said yes, or no.
            surface: where: "page", "terminal", or what a caller of the API calls its own.
            words: what she was asked, as it was shown.
        """
        values = {"shopper_id": shopper_id, "granted": granted, "at": _now(), "surface": surface, "words": words}
        with self.connect() as connection:
            connection.execute(schema.consents.insert().values(values))

    def consented(self, shopper_id: str) -> bool:
        """Whether the shopper's last word was yes; no word is no."""
        query = sa.select(schema.consents.c.granted).where(schema.consents.c.shopper_id == shopper_id)
        with self.connect() as connection:
            return bool(connection.scalar(query.order_by(schema.consents.c.id.desc()).limit(1)))

    def holdings(self, shopper_id: str) -> Holdings:
        """How much is held about a shopper."""
        mine = sa.select(schema.conversations.c.conversation_id).where(schema.conversations.c.shopper_id == shopper_id)
        with self.connect() as connection:

            def count(table: sa.Table) -> int:
                column = table.c.conversation_id
                query = sa.select(sa.func.count()).select_from(table).where(column.in_(mine))
                return int(connection.scalar(query) or 0)

            events = (
                sa.select(sa.func.count())
                .select_from(schema.interactions)
                .where(schema.interactions.c.shopper_id == shopper_id)
            )
            return Holdings(
                count(schema.conversations),
                count(schema.turns),
                count(schema.impressions),
                int(connection.scalar(events) or 0),
                count(schema.feedback),
            )

    def forget(self, shopper_id: str, until: datetime | None = None) -> Holdings:
        """Delete everything held about a shopper; returns how much it was.

        With `until`, only what is not later: she was forgotten then, and a backup brought it back.
        """
        held = self.holdings(shopper_id)
        with self.connect() as connection:
            mine = erasure.conversations_of(connection, shopper_id, until)
            if until is None:
                self.tombstones.add([shopper_id, *mine], datetime.now(UTC))
            erasure.erase_shopper(connection, shopper_id, until)
            erasure.erase_conversations(connection, mine)
        self._erased(mine)
        return held

    def forget_conversations(self, conversation_ids: Collection[str]) -> None:
        """Delete conversations, whoever's they are."""
        with self.connect() as connection:
            erasure.erase_conversations(connection, conversation_ids)
        self._erased(conversation_ids)

    def begin_anew(self, conversation_id: str) -> None:
        """Empty a conversation and make it a guest's: the page goes on, nothing of what was said is left."""
        self.tombstones.add([conversation_id], datetime.now(UTC))
        with self.connect() as connection:
            erasure.erase_conversations(connection, [conversation_id])
            connection.execute(schema.conversations.insert().values(conversation_id=conversation_id, started_at=_now()))
        self._erased([conversation_id])

    def _erased(self, conversation_ids: Collection[str]) -> None:
        """Follow up what was deleted: the cases that were made of it, and the bytes of its rows."""
        cases.forget_cases(self.folder / cases.FILE, conversation_ids)
        self._database.empty_write_ahead_log()

    def close(self) -> None:
        """Give the database back."""
        self._database.close()


def open_store(settings: Settings) -> Store:
    """The store that the settings name. Raises SetupError: see `Store`."""
    url = settings.database_url
    return Store(settings.data_folder, None if url is None else url.get_secret_value())


def _now() -> str:
    return datetime.now(UTC).isoformat()
