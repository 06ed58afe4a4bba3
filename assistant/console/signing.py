"""Signing in and out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from assistant.console.pages import inside, redirect, render
from assistant.console.passwords import Guesses, verify
from assistant.console.session import begin, csrf, current, end, from_own_page
from assistant.store import audit, staff

if TYPE_CHECKING:
    from assistant.service import Service

REFUSED = "That name and password do not go together."


def routes(service: Service) -> APIRouter:
    """The sign-in page, its form, and the form that signs out."""
    router, store, guesses = APIRouter(), service.store, Guesses()

    @router.get("/sign-in")
    def page(request: Request, next: str = "/") -> Response:
        if current(request) is not None:
            return redirect(request, inside(next))
        return _form(request, next)

    @router.post("/sign-in")
    def sign_in(
        request: Request,
        name: Annotated[str, Form(max_length=100)],
        password: Annotated[str, Form(max_length=1000)],
        next: Annotated[str, Form(max_length=4000)] = "/",
    ) -> Response:
        if not from_own_page(request):
            raise HTTPException(403, "Sign in on the console's own page.")
        name, address = name.strip().casefold(), request.client.host if request.client else ""
        wait = guesses.count(name, address)
        if wait:
            return _form(request, next, f"Too many tries. Try again in {math.ceil(wait / 60)} minutes.", 429)
        account = staff.find(store, name)
        usable = account is not None and not account.disabled
        if not verify(account.password_hash if account else None, password) or not usable:
            return _form(request, next, REFUSED, 401)
        guesses.right(name, address)
        response = redirect(request, inside(next))
        begin(request, response, name)
        audit.record(store, name, "sign in", name, {"address": address})
        return response

    @router.post("/sign-out", dependencies=[Depends(csrf)])
    def sign_out(request: Request) -> Response:
        response = redirect(request, "/sign-in")
        end(request, response)
        return response

    def _form(request: Request, next: str, problem: str = "", status: int = 200) -> HTMLResponse:
        nobody = not staff.everyone(store)
        return render(request, "sign_in.html", status=status, next=inside(next), problem=problem, nobody=nobody)

    return router
