"""Shopper tokens: the shop's server says who is signed in, so that nobody can claim to be another shopper.

A token is a JSON Web Token (RFC 7519) with the algorithm HS256: `sub` is the shopper's id in the shop, `exp` the second
at which it ends. Any JWT library of the shop's server can make one; `docs/widget.md` shows how to without a library.
Whoever has no token is a guest: an id that nobody can guess, in a form that no token can carry.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, FiniteFloat

LONGEST_ID = 200
LONGEST_TOKEN = 2_000
_GUEST = re.compile(r"guest-[A-Za-z0-9_-]{22}")
_HEADER = {"alg": "HS256", "typ": "JWT"}


class TokenError(ValueError):
    """The token does not say who the shopper is; the message says why, for the log."""


class _Header(BaseModel):
    alg: Literal["HS256"]


class _Claims(BaseModel):
    sub: str = Field(min_length=1, max_length=LONGEST_ID)
    exp: FiniteFloat


def guest_id() -> str:
    """A new anonymous shopper's id: 128 random bits. It is made once she consents, and kept in her browser."""
    return f"guest-{secrets.token_urlsafe(16)}"


def is_guest(shopper_id: str) -> bool:
    """Whether an id has the form of `guest_id`: all that a browser may name without a token."""
    return _GUEST.fullmatch(shopper_id) is not None


def sign(secret: str, shopper_id: str, until: datetime) -> str:
    """A token for a shopper who is signed in at the shop.

    Args:
        secret: the setting `shopper_secret`.
        shopper_id: her id in the shop, the one that its interaction log uses.
        until: aware; an hour from now is plenty, for every page of the shop brings a new one.

    Raises:
        ValueError: the id is empty, longer than 200 characters, or has the form of a guest's.
    """
    if not 0 < len(shopper_id) <= LONGEST_ID or is_guest(shopper_id):
        raise ValueError(f"{shopper_id!r} cannot be the id of a shopper who is signed in")
    claims = {"sub": shopper_id, "exp": int(until.timestamp())}
    signed = ".".join(_encoded(json.dumps(part, separators=(",", ":")).encode()) for part in (_HEADER, claims))
    return f"{signed}.{_signature(secret, signed)}"


def verify(secret: str, token: str, now: datetime) -> str:
    """The id of the shopper whom a token speaks of. Nothing in it is read before its signature is found right.

    Args:
        secret: the setting `shopper_secret`.
        token: as the page was given it.
        now: aware.

    Raises:
        TokenError: it is not signed with this secret, has ended, or is no such token.
    """
    signed, _, signature = token.rpartition(".")
    genuine = hmac.compare_digest(_signature(secret, signed).encode(), signature.encode("utf-8", "replace"))
    if len(token) > LONGEST_TOKEN or not genuine:
        raise TokenError("The token is not signed with shopper_secret.")
    try:
        header, claims = signed.split(".")
        _Header.model_validate_json(_decoded(header))
        said = _Claims.model_validate_json(_decoded(claims))
    except ValueError as error:  # pydantic's and base64's among them
        raise TokenError("The token is no JSON Web Token with the algorithm HS256, sub and exp.") from error
    if said.exp <= now.timestamp():
        raise TokenError(f"The token ended {now.timestamp() - said.exp:,.0f} seconds ago.")
    if is_guest(said.sub):
        raise TokenError("The token names a guest; sub is the shopper's id in the shop.")
    return said.sub


def _signature(secret: str, signed: str) -> str:
    return _encoded(hmac.digest(secret.encode(), signed.encode("utf-8", "replace"), hashlib.sha256))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars="-_", validate=True)
