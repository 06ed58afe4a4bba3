"""Forgetting a shopper wherever something is held of her, and keeping her forgotten after a restore."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from assistant.inbox import forget_failed
from assistant.store import erasure

if TYPE_CHECKING:
    from assistant.store import Store
    from retrieval.shop import Shop


def forget(store: Store, shop: Shop, shopper_id: str, until: datetime | None = None) -> None:
    """Delete all that is held of a shopper: in the store, in the records and the counts, in feeds that failed.

    With `until`, only what is not later.
    """
    store.forget(shopper_id, until)
    shop.forget(shopper_id, until)
    forget_failed(store.folder, shopper_id)


def forget_again(store: Store, shop: Shop) -> None:
    """Delete what is held from before its shopper, or its conversation, was forgotten; see `store.tombstones`.

    Every start of the service does so: after a restore, and after a forgetting that was cut short. What came after she
    was forgotten stays: she was welcome back.
    """
    tombstones = store.tombstones
    if not len(tombstones):
        return
    with store.connect() as connection:
        shoppers, begun = erasure.shoppers(connection), erasure.begun(connection)
    for shopper_id in {*shoppers, *shop.records.shoppers()}:
        at = tombstones.forgotten_at(shopper_id)
        if at is not None:
            forget(store, shop, shopper_id, at)
    again = [conversation_id for conversation_id, at in begun.items() if tombstones.covers(conversation_id, at)]
    if again:
        store.forget_conversations(again)
