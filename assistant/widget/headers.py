"""Security headers of every answer, and the Content-Security-Policy that Gradio's page works under.

What Gradio 6.31 needs, found by taking one source after the other away:

- `script-src 'unsafe-eval'`: the script of an HTML part and its template become functions in the browser;
- its inline scripts, each by its hash, so that an event handler in injected HTML still does nothing;
- `style-src 'unsafe-inline'`: its parts carry style attributes, and the theme is a style element;
- `font-src data:` and `img-src data:`: its icons. Other pictures lie wherever the shop's catalogue says.
"""

from __future__ import annotations

import base64
import hashlib
import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

INLINE_SCRIPT = re.compile(rb"<script(?:\s[^>]*)?>(.*?)</script>", re.DOTALL)
HEADERS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin"}
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-eval' {scripts}; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: https: http:; font-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors {ancestors}"
)


class SecurityHeaders:
    """Puts the headers on each answer that has none of its own; the console's are stricter and stay.

    Args:
        app: the application inside.
        embed_origins: the setting: whose pages may show a page of ours in an iframe.
    """

    def __init__(self, app: ASGIApp, embed_origins: tuple[str, ...]) -> None:
        self._app = app
        self._ancestors = " ".join(("'self'", *embed_origins))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            send = _Answer(send, self._ancestors).send
        await self._app(scope, receive, send)


class _Answer:
    """One answer on its way out. A page waits until it is whole, since its policy names what is in it."""

    def __init__(self, send: Send, ancestors: str) -> None:
        self._send = send
        self._ancestors = ancestors
        self._held: Message | None = None
        self._page = bytearray()

    async def send(self, message: Message) -> None:
        """Pass a message on, the start of the answer with the headers."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            message = {**message, "headers": headers.raw}
            if _needs_policy(headers):
                self._held = message
                return
        elif self._held is not None:
            self._page += message.get("body", b"")
            if message.get("more_body", False):
                return
            start, self._held = self._held, None
            page = bytes(self._page)
            named = (b"content-security-policy", policy(page, self._ancestors).encode())
            await self._send({**start, "headers": [*start["headers"], named]})
            message = {**message, "body": page}
        await self._send(message)


def policy(page: bytes, ancestors: str) -> str:
    """The policy of a page: the sources that Gradio needs, and the hashes of the scripts that the page came with."""
    digests = [hashlib.sha256(script).digest() for script in INLINE_SCRIPT.findall(page) if script]
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return POLICY.format(scripts=scripts, ancestors=ancestors)


def _needs_policy(headers: Headers) -> bool:
    is_page = headers.get("content-type", "").startswith("text/html")
    return is_page and "content-security-policy" not in headers and "content-encoding" not in headers
