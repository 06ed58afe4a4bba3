"""What a browser keeps so that a reload brings the conversation back: its id, and a seal that only this service makes.

The seal is an HMAC-SHA256 under a key of the data folder, so that an id seen elsewhere (in the console, in a log) opens
no conversation.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path

from assistant.key_file import key_in

FILE = "page.key"


@dataclass(frozen=True, slots=True)
class Visit:
    """Which conversation a page shows, and whose it is."""

    conversation_id: str | None = None
    shopper_id: str | None = None


class Passes:
    """Seals visits and reads them back."""

    def __init__(self, folder: Path) -> None:
        self._key = key_in(folder / FILE)

    def issue(self, visit: Visit) -> str:
        """The pass of a visit; "" of one that there is nothing to come back to."""
        if visit == Visit():
            return ""
        body = base64.urlsafe_b64encode(json.dumps([visit.conversation_id, visit.shopper_id]).encode()).decode()
        return f"{body}.{self._seal(body)}"

    def read(self, text: str) -> Visit | None:
        """The visit of a pass; None when this service did not issue it."""
        body, _, seal = text.partition(".")
        if not hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(body).encode()):
            return None
        try:
            conversation_id, shopper_id = json.loads(base64.urlsafe_b64decode(body))
        except (binascii.Error, ValueError):
            return None
        return Visit(conversation_id, shopper_id)

    def _seal(self, body: str) -> str:
        return hmac.digest(self._key, body.encode("utf-8", "replace"), hashlib.sha256).hex()
