"""What staff decided about the catalogue doctor's findings. A finding without a row is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa

from assistant.store import Store, schema


class State(StrEnum):
    """How a finding stands: to be looked at, in somebody's hands, or good as it is."""

    OPEN = "open"
    FLAGGED = "flagged"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided about one finding; `check` tells it from the item's others."""

    item_id: str
    check: str
    state: State
    note: str
    by: str
    at: datetime


def decisions(store: Store) -> dict[tuple[str, str], Decision]:
    """Every decision, by item and check."""
    with store.connect() as connection:
        rows = connection.execute(sa.select(schema.findings)).all()
    return {
        (row.item_id, row.check): Decision(
            row.item_id, row.check, State(row.state), row.note, row.by, datetime.fromisoformat(row.at)
        )
        for row in rows
    }


def decide(store: Store, findings: Iterable[tuple[str, str]], state: State, note: str, by: str) -> None:
    """Decide about findings, each an item and a check; the last word counts. To open one is to forget what was said."""
    table, at = schema.findings, datetime.now(UTC).isoformat()
    with store.connect() as connection:
        for item_id, check in dict.fromkeys(findings):
            connection.execute(table.delete().where((table.c.item_id == item_id) & (table.c.check == check)))
            if state is not State.OPEN:
                values = {"item_id": item_id, "check": check, "state": state, "note": note, "by": by, "at": at}
                connection.execute(table.insert().values(values))
