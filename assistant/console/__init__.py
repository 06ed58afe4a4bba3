"""The support console: items for a caller, conversations, the catalogue's queue, behind a sign-in; at /console.

Plain HTML from the server that works without script, in an application of its own: a page is in it only behind
`signed_in` and `csrf`, and every answer carries the same strict headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assistant.console import administration, cases, catalogue, conversations, flagged, items, overview, rerun, signing
from assistant.console.pages import STATIC, address, redirect, render
from assistant.console.session import NotSignedIn, csrf, signed_in
from retrieval.errors import AssistantError

if TYPE_CHECKING:
    from assistant.service import Service

PATH = "/console"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def mount_console(app: FastAPI, service: Service) -> None:
    """Put the console on /console of the service's application; mount it before the chat page, which takes the rest."""

    @app.get(PATH, include_in_schema=False)
    def entrance(request: Request) -> Response:
        return RedirectResponse(request.scope.get("root_path", "") + PATH + "/", 307)

    app.mount(PATH, _WithHeaders(console(service)))


def console(service: Service) -> FastAPI:
    """The console as an application; its pages are those of `_pages`."""
    application = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    application.state.store = service.store
    application.state.shop_name = service.settings.shop_name
    application.mount("/static", StaticFiles(directory=STATIC))
    application.include_router(signing.routes(service))
    application.include_router(_pages(service))
    application.add_exception_handler(NotSignedIn, _to_sign_in)
    application.add_exception_handler(HTTPException, _refused)
    application.add_exception_handler(RequestValidationError, _unreadable)
    application.add_exception_handler(AssistantError, _out_of_order)
    application.add_exception_handler(Exception, _broken)
    return application


def _pages(service: Service) -> APIRouter:
    """Every page behind the sign-in; a module's `routes(service)` that is included here is protected by that."""
    pages = APIRouter(dependencies=[Depends(signed_in), Depends(csrf)])

    for page in (items, catalogue, administration, conversations, rerun, cases, flagged, overview):
        pages.include_router(page.routes(service))

    @pages.get("/")
    def start(request: Request) -> Response:
        return redirect(request, "/items")

    return pages


def _to_sign_in(request: Request, _: Exception) -> Response:
    """To the sign-in page and back; once more to the same page when the browser came from another site.

    The cookie is not sent with a click on a link in a ticket (SameSite=Strict), but with a reload by a page of ours.
    """
    back = address(request)
    if request.method != "GET":
        return redirect(request, "/sign-in")
    if request.headers.get("sec-fetch-site") in ("cross-site", "same-site"):
        return render(request, "arrival.html", target=request.scope["root_path"] + back)
    return redirect(request, "/sign-in", next=back)


def _refused(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, HTTPException)
    words = "There is no such page." if error.detail == "Not Found" else str(error.detail)
    return _problem(request, words, "", error.status_code)


def _unreadable(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return _problem(request, f"“{first['loc'][-1]}” cannot be used: {first['msg']}.", "", 422)


def _out_of_order(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, AssistantError)
    return _problem(request, error.problem, error.fix, 503)


def _broken(request: Request, _: Exception) -> HTMLResponse:
    return _problem(request, "Something went wrong on our side; it is in the log of the service.", "", 500)


def _problem(request: Request, problem: str, fix: str, status: int) -> HTMLResponse:
    return render(request, "problem.html", status=status, problem=problem, fix=fix)


class _WithHeaders:
    """Puts the security headers on every answer, errors included; pages are not kept by caches, versioned files are."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                versioned = "/static/" in scope["path"] and message["status"] == 200
                headers["Cache-Control"] = "public, max-age=31536000, immutable" if versioned else "no-store"
            await send(message)

        await self._application(scope, receive, with_headers)
