"""Addresses of Gradio that the page does not use: nothing is served there.

Uploads, links to saved states, proxies, Gradio's own programming interface and its figures would be doors into the
service that nobody of ours watches. What the page talks through (its queue, its files) stays open.
"""

from __future__ import annotations

import re

from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

_PAGES = "login|logout|monitoring"
_CALLS = (
    *("api", "call", "component_server", "custom_component", "deep_link", "dev", "file", "openapi.json"),
    *("process_recording", "proxy", "run-history", "runs", "stream", "token", "undo-vibe-edit", "upload"),
    *("upload_progress", "user", "vibe-code", "vibe-edit", "vibe-starter-queries"),
)
_CLOSED = re.compile(rf"/(?:{_PAGES}|gradio_api/(?:{'|'.join(map(re.escape, _CALLS))}))(?:[/=].*)?", re.DOTALL)


class Closed(BaseRoute):
    """Answers 404 where something of Gradio's would; it stands before the page in the application's routes."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Those addresses, whatever the method."""
        if scope["type"] != "http":
            return Match.NONE, {}
        path = str(scope["path"]).removeprefix(scope.get("root_path", ""))
        return (Match.FULL if _CLOSED.fullmatch(path) else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """There is nothing here."""
        await PlainTextResponse("Not Found", 404)(scope, receive, send)
