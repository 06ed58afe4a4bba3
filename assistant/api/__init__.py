"""The REST API: /api/v1 with its OpenAPI document, health, readiness and metrics; `docs/api.md` is its manual.

An application of its own behind a door of the service's: its errors are problem details and its requests pass the gate,
whatever the pages beside it do. A module's `routes(service)` that is included in `create_api` is part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, FastAPI
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import ASGIApp, Receive, Scope, Send

from assistant.api import carts, chat, events, health, items, recommendations, search, shoppers
from assistant.api.document import describe
from assistant.api.gate import Gate
from assistant.api.problems import handle_problems
from assistant.api.wire import PREFIX

if TYPE_CHECKING:
    from starlette.datastructures import URLPath

    from assistant.service import Service

DOCUMENT = f"{PREFIX}/openapi.json"
BESIDE = frozenset({"/healthz", "/readyz", "/metrics", "/openapi.json"})


def mount_api(app: FastAPI, service: Service) -> None:
    """Put the API and the shop's pictures on the service's application."""
    app.router.routes.append(_Door(create_api(service)))
    app.include_router(health.picture_routes(service))


def create_api(service: Service) -> FastAPI:
    """The API of an opened service as an application."""
    api = FastAPI(
        title=f"{service.settings.shop_name}: assistant",
        version="1",
        openapi_url=DOCUMENT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    api.state.service = service
    v1 = APIRouter(prefix=PREFIX)
    for part in (chat, carts, search, items, recommendations, events, shoppers):
        v1.include_router(part.routes(service))
    api.include_router(v1)
    api.include_router(health.routes(service))
    api.add_route("/openapi.json", lambda _: RedirectResponse(DOCUMENT), include_in_schema=False)
    handle_problems(api)
    describe(api)
    api.add_middleware(Gate, service=service)
    return api


class _Door(BaseRoute):
    """The API's addresses in the service's application."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """All below /api/, and the few that stand beside it."""
        if scope["type"] != "http":
            return Match.NONE, {}
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        return (Match.FULL if path in BESIDE or path.startswith("/api/") else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request over as it is."""
        await self._api(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: object) -> URLPath:
        """The API's addresses are not built by name."""
        raise NoMatchFound(name, path_params)
