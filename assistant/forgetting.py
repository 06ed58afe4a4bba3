"""What keeps a forgotten shopper forgotten: after a restore, and after a forgetting that was cut short."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assistant.store import erasure

if TYPE_CHECKING:
    from assistant.store import Store
    from retrieval.shop import Shop


def forget_again(store: Store, shop: Shop) -> None:
    """Delete what is held from before its shopper, or its conversation, was forgotten; see `store.tombstones`.

    Every start of the service does so. What came after she was forgotten stays: she was welcome back.
    """
    tombstones = store.tombstones
    if not len(tombstones):
        return
    with store.connect() as connection:
        shoppers, begun = erasure.shoppers(connection), erasure.begun(connection)
    for shopper_id in {*shoppers, *shop.records.shoppers()}:
        at = tombstones.forgotten_at(shopper_id)
        if at is not None:
            store.forget(shopper_id, at)
            shop.forget(shopper_id, at)
    again = [conversation_id for conversation_id, at in begun.items() if tombstones.covers(conversation_id, at)]
    if again:
        store.forget_conversations(again)
