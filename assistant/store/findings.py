"""What staff decided about the catalogue doctor's findings. A finding without a row is open."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa

from assistant.store import Store, schema
from assistant.store.database import insert_into


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
    table = schema.findings
    decided = {"state": state, "note": note, "by": by, "at": datetime.now(UTC).isoformat()}
    with store.connect() as connection:
        for item_id, check in dict.fromkeys(findings):
            place = {"item_id": item_id, "check": check}
            if state is State.OPEN:
                connection.execute(table.delete().filter_by(**place))
            else:
                added = insert_into(connection, table).values(**place, **decided)
                connection.execute(added.on_conflict_do_update(index_elements=list(place), set_=decided))
