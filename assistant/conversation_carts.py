"""The carts of all conversations: the shop's records over the store; every change checked, one at a time.

A cart belongs to its conversation. When a shopper who consented begins another, the cart comes along.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from assistant.cart import EMPTY_CART, Cart, CartRefusal, InCart, quantity_of, read_cart, refusal, refusal_words
from assistant.store import Store, carts, idempotency
from assistant.variants import Shelf

Added = Callable[[str, str], object]  # conversation, item


class KeyReusedError(ValueError):
    """The idempotency key was that of another request."""


class Carts:
    """The carts of one service.

    Args:
        shelf: gives the shop's items as they are now.
        store: where the lines are kept.
        added: is told when an item comes in, or more of it.
    """

    def __init__(self, shelf: Callable[[], Shelf], store: Store, added: Added) -> None:
        self._shelf = shelf
        self._store = store
        self._added = added
        self._changing = threading.Lock()

    def lines(self, conversation_id: str) -> tuple[InCart, ...]:
        """The lines as they were put in, oldest first. Raises KeyError when there is no such conversation."""
        return carts.lines(self._store, conversation_id)

    def read(self, conversation_id: str) -> Cart:
        """The cart at today's prices and stock. Raises KeyError when there is no such conversation."""
        lines = self.lines(conversation_id)
        return read_cart(lines, self._shelf()) if lines else EMPTY_CART

    def set_quantity(self, conversation_id: str, item_id: str, quantity: int) -> Cart:
        """So many pieces of an item, whatever was in before; 0 takes it out. Doing it twice changes nothing more.

        Raises:
            KeyError: there is no such conversation.
            CartRefusal: the item cannot be had in that quantity; the cart is as it was.
        """
        with self._changing:
            self._set(conversation_id, item_id, quantity, self.lines(conversation_id))
        return self.read(conversation_id)

    def add(self, conversation_id: str, item_id: str, quantity: int = 1, key: str | None = None) -> Cart:
        """So many pieces more of an item.

        Args:
            conversation_id, item_id, quantity: what is added where.
            key: of this very request; with one that was there before, within a day, nothing is added again.

        Raises:
            KeyError: there is no such conversation.
            CartRefusal: the item cannot be had in that quantity; the cart is as it was.
            KeyReusedError: the key was that of another request.
        """
        with self._changing:
            lines = self.lines(conversation_id)
            owner, request = idempotency.owner_of_cart(conversation_id), f"{quantity} {item_id}"
            claimed = None if key is None else idempotency.claim(self._store, owner, key, request)
            if isinstance(claimed, idempotency.Refusal):
                raise KeyReusedError(key)
            if claimed is None:
                try:
                    self._set(conversation_id, item_id, quantity_of(lines, item_id) + quantity, lines)
                except CartRefusal:
                    if key is not None:
                        idempotency.release(self._store, owner, key)
                    raise
                if key is not None:
                    idempotency.settle(self._store, owner, key, 200, None)
        return self.read(conversation_id)

    def empty(self, conversation_id: str) -> Cart:
        """Take everything out. Raises KeyError when there is no such conversation."""
        with self._changing:
            self.lines(conversation_id)
            carts.empty(self._store, conversation_id)
        return self.read(conversation_id)

    def put(self, conversation_id: str, changed: Iterable[InCart]) -> None:
        """Set lines that a turn has checked already; those of 0 pieces go."""
        with self._changing:
            lines = self.lines(conversation_id)
            for line in changed:
                self._keep(conversation_id, line, lines)

    def move(self, source: str, target: str) -> None:
        """The cart of one conversation becomes another's. Raises KeyError when there is no such target."""
        with self._changing:
            carts.move(self._store, source, target)

    def follow(self, shopper_id: str, conversation_id: str) -> None:
        """The cart that the shopper filled last comes along to a new conversation of hers, if she consented."""
        latest = carts.latest(self._store, shopper_id) if self._store.consented(shopper_id) else None
        if latest is not None:
            self.move(latest, conversation_id)

    def _set(self, conversation_id: str, item_id: str, quantity: int, lines: tuple[InCart, ...]) -> None:
        if quantity < 0:
            raise ValueError(f"{quantity} pieces")
        item = self._shelf().get(item_id)
        why = refusal(item, quantity, lines)
        if why is not None:
            raise CartRefusal(why, refusal_words(why, item))
        line = InCart(item_id, 0) if item is None else InCart(item_id, quantity, item.title, item.price)
        self._keep(conversation_id, line, lines)

    def _keep(self, conversation_id: str, line: InCart, lines: tuple[InCart, ...]) -> None:
        carts.put(self._store, conversation_id, line)
        if line.quantity > quantity_of(lines, line.item_id) and self._shelf().get(line.item_id) is not None:
            self._added(conversation_id, line.item_id)
