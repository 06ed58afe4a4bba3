"""The blocks of the store as a running shop asks for them: from memory, at every search."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime

from assistant.store import Store, blocks
from retrieval.withheld import Withheld


class Blocking:
    """What staff keep from shoppers now. Safe to use from several threads.

    Args:
        store: holds the blocks; read when this is made, by `reload`, and when a block ends.
        clock: the time, timezone-aware.
    """

    def __init__(self, store: Store, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store = store
        self._clock = clock
        self._held, self._until = self._read()

    def now(self) -> Withheld:
        """What is withheld at this moment: a `retrieval.withheld.Withholding`."""
        if self._clock() >= self._until:
            self.reload()
        return self._held

    def reload(self) -> None:
        """Take in what was blocked or lifted."""
        self._held, self._until = self._read()

    def _read(self) -> tuple[Withheld, datetime]:
        """What is withheld now, and until when that stays as it is."""
        active = blocks.active(self._store, self._clock())
        items = frozenset(block.item_id for block in active if block.field is None)
        fields: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
        for block in active:
            if block.field is not None:
                fields[block.item_id] |= {block.field}
        until = min((block.until for block in active), default=datetime.max.replace(tzinfo=UTC))
        return Withheld(items, dict(fields)), until
