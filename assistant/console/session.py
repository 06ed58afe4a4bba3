"""Who is signed in, and whether a form is one of ours. Every page of the console but the sign-in stands behind both."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, HTTPException, Request, Response

from assistant.store import Store, staff
from assistant.store.staff import Role, SignIn

COOKIE = "console_session"
LIFETIME = timedelta(hours=12)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is signed in."""

    name: str
    role: Role

    @property
    def is_admin(self) -> bool:
        """Whether what only an admin may do is allowed."""
        return self.role is Role.ADMIN


class NotSignedIn(Exception):
    """Nobody is signed in; the console answers with the way to the sign-in page."""


def current(request: Request) -> SignIn | None:
    """The sign-in of the request's cookie, looked up once; None when there is none in force."""
    if not hasattr(request.state, "sign_in"):
        token = request.cookies.get(COOKIE)
        store: Store = request.app.state.store
        request.state.sign_in = staff.signed_in(store, _digest(token), datetime.now(UTC)) if token else None
    found: SignIn | None = request.state.sign_in
    return found


def signed_in(request: Request) -> Staff:
    """Dependency: who is signed in.

    Raises:
        NotSignedIn: nobody is.
    """
    found = current(request)
    if found is None:
        raise NotSignedIn
    return Staff(found.name, found.role)


SignedIn = Annotated[Staff, Depends(signed_in)]


def admin(member: SignedIn) -> Staff:
    """Dependency: who is signed in, as an admin.

    Raises:
        HTTPException: 403, it is an agent.
    """
    if not member.is_admin:
        raise HTTPException(403, "Only an admin may do this.")
    return member


Admin = Annotated[Staff, Depends(admin)]


async def csrf(request: Request, member: SignedIn) -> None:
    """Dependency: what changes something must carry the sign-in's token, as form field `csrf` or X-CSRF-Token.

    Raises:
        HTTPException: 403, it does not: another page made the browser send it, or the sign-in changed meanwhile.
    """
    if request.method in _SAFE:
        return
    form = await request.form()
    given = request.headers.get("x-csrf-token") or form.get("csrf")
    expected = request.state.sign_in.csrf
    if not isinstance(given, str) or not secrets.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(403, "This form is out of date. Go back, reload the page and send it again.")


def from_own_page(request: Request) -> bool:
    """Whether a form without a sign-in was sent by a page of this console, as far as the browser tells."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def begin(request: Request, response: Response, name: str) -> None:
    """Sign a browser in under a new token; the one that it had is void."""
    _void(request)
    token, until = secrets.token_urlsafe(32), datetime.now(UTC) + LIFETIME
    staff.sign_in(request.app.state.store, name, _digest(token), secrets.token_urlsafe(32), until)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(LIFETIME.total_seconds()),
        path=request.scope["root_path"],
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="strict",
    )


def end(request: Request, response: Response) -> None:
    """Sign a browser out, here and there."""
    _void(request)
    response.delete_cookie(COOKIE, path=request.scope["root_path"])


def _void(request: Request) -> None:
    token = request.cookies.get(COOKIE)
    if token:
        staff.sign_out(request.app.state.store, _digest(token))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
