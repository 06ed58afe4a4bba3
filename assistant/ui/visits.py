"""Who comes to a page, and with what: the conversation that her browser kept, her consent, and the shop's own word."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

from assistant.store.consents import attach
from assistant.ui.passes import Passes, Visit
from assistant.ui.presses import Arrive
from assistant.ui.privacy import QUESTION
from assistant.ui.restoring import restored
from assistant.ui.view import Shopper, View
from assistant.widget.token import TokenError, guest_id, is_guest, verify

if TYPE_CHECKING:
    from assistant.service import Service

log = structlog.get_logger()
ASKED = ("page", QUESTION)  # what the ledger of consents keeps of this page


class Visits:
    """Opens pages for those who come back, and keeps their consent. Holds nothing of a shopper."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._passes = Passes(service.settings.data_folder)

    def arrive(self, arrival: Arrive) -> View:
        """The page of somebody who comes: as she left it, or an empty one.

        Whoever is signed in at the shop is known by the shop's token alone: a pass of hers opens nothing without it.
        A guest who signs in takes her conversation with her; what she had allowed as a guest is then forgotten.
        """
        known = self._by_token(arrival.token)
        visit = self._passes.read(arrival.kept) or Visit()
        guest = visit.shopper_id is None or is_guest(visit.shopper_id)
        if not guest and visit.shopper_id != known:
            visit = Visit()
        elif guest and known is not None:
            visit = self._signed_in(visit, known)
        looking_at = arrival.item if self._service.shop.item(arrival.item) else None
        return replace(self._opened(Visit(visit.conversation_id, visit.shopper_id or known)), looking_at=looking_at)

    def kept(self, view: View) -> str:
        """What the browser has to keep to come back to a page."""
        return self._passes.issue(Visit(view.conversation_id, view.shopper.shopper_id))

    def consent(self, view: View, granted: bool) -> View:
        """The page after she allowed or forbade that what she does here sorts items for her."""
        shopper_id = view.shopper.shopper_id
        if not granted:
            if shopper_id is not None:
                self._service.store.set_consent(shopper_id, False, *ASKED)
            shopper = replace(view.shopper, consented=False, declined=True)
            return replace(
                view, shopper=shopper, asks_consent=False, note="All right: nothing you do here sorts items."
            )
        shopper_id = shopper_id or guest_id()
        self._service.store.set_consent(shopper_id, True, *ASKED)
        if view.conversation_id is not None:
            attach(self._service.store, view.conversation_id, shopper_id)
        note = "Thank you. What you open, like and put into the cart here now sorts items for you."
        return replace(view, shopper=self.shopper(shopper_id), asks_consent=False, note=note)

    def shopper(self, shopper_id: str | None, *, ignoring: bool = False) -> Shopper:
        """What the store knows of a shopper now."""
        if shopper_id is None:
            return Shopper()
        history = len(self._service.store.session(shopper_id).interactions)
        return Shopper(shopper_id, self._service.store.consented(shopper_id), history, ignoring)

    def _opened(self, visit: Visit) -> View:
        shopper = self.shopper(visit.shopper_id)
        try:
            view = restored(self._service, visit.conversation_id) if visit.conversation_id else View()
        except KeyError:  # deleted since
            view = View()
        return replace(view, shopper=replace(shopper, ignoring=view.shopper.ignoring))

    def _signed_in(self, visit: Visit, shopper_id: str) -> Visit:
        if visit.conversation_id is not None:
            try:
                attach(self._service.store, visit.conversation_id, shopper_id)
            except KeyError:  # deleted since
                visit = Visit()
        if visit.shopper_id is not None:
            self._service.conversations.forget(visit.shopper_id)
        return Visit(visit.conversation_id, shopper_id)

    def _by_token(self, token: str) -> str | None:
        secret = self._service.settings.shopper_secret
        if not token or secret is None:
            return None
        try:
            return verify(secret.get_secret_value(), token, datetime.now(UTC))
        except TokenError as error:
            log.warning("a shopper token was turned down", problem=str(error))
            return None
