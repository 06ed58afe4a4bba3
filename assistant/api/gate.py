"""What every request to the API passes first: a request id, the size limit, the key, the caller's rate, the count."""

from __future__ import annotations

import math
import re
import secrets
import time
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars

from assistant.api.access import Buckets, Left
from assistant.api.problems import Problem, problem_of
from assistant.api.wire import PREFIX
from assistant.store import keys
from retrieval.errors import AssistantError

if TYPE_CHECKING:
    from assistant.service import Service

UNGUARDED = frozenset({"/healthz", "/readyz"})  # asked by whoever watches the service, often, without a key
METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})
_REQUEST_ID = re.compile(r"[\w.:-]{1,100}", re.ASCII)


class Gate:
    """The middleware of one service's API."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._store = service.store
        self._metrics = service.conversations.metrics
        self._most_bytes = service.settings.api_request_bytes
        self._of_addresses = Buckets(service.settings.api_requests_per_minute)
        self._of_keys = Buckets(service.settings.api_key_requests_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent_id = Headers(scope=scope).get("x-request-id", "")
        request_id = sent_id if _REQUEST_ID.fullmatch(sent_id) else secrets.token_hex(8)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id, "key": None}
        headers = {"X-Request-ID": request_id, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        started, status = time.perf_counter(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update(headers)
            await send(message)

        with bound_contextvars(request_id=request_id):
            try:
                try:
                    headers |= await self._admit(scope)
                except (Problem, AssistantError) as error:
                    problem = problem_of(error)
                    headers |= problem.headers or {}
                    await problem.response(request_id)(scope, receive, answer)
                else:
                    await self._app(scope, self._limited(receive), answer)
            finally:
                method = scope["method"] if scope["method"] in METHODS else "other"
                self._metrics.request(method, _route(scope), status, time.perf_counter() - started)

    async def _admit(self, scope: Scope) -> dict[str, str]:
        """Check size, key and rate; returns the headers that tell the rate.

        Raises:
            Problem: too-large, unknown-key, too-many-requests.
        """
        if scope["path"] in UNGUARDED:
            return {}
        headers = Headers(scope=scope)
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._most_bytes:
            raise Problem("too-large", f"A request may have {self._most_bytes:,} bytes.")
        scheme, _, words = headers.get("authorization", "").partition(" ")
        buckets, caller = self._of_addresses, scope["client"][0] if scope.get("client") else ""
        has_key = scheme.lower() == "bearer"  # a password that a proxy asks for is none of ours
        key = await run_in_threadpool(keys.find, self._store, words.strip()) if has_key else None
        if key is not None:
            scope["state"]["key"] = key
            buckets, caller = self._of_keys, key.name
        rate = _take(buckets, caller)
        if has_key and key is None:
            raise Problem("unknown-key", headers={"WWW-Authenticate": "Bearer", **rate})
        return rate

    def _limited(self, receive: Receive) -> Receive:
        """The request's body, until it is too long: a length may be left out, or a lie."""
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._most_bytes:
                raise HTTPException(413)
            return message

        return limited


def _route(scope: Scope) -> str:
    """The address with its parameters unfilled; "other" for one that is none of ours, so that nobody can add labels."""
    route = getattr(scope.get("route"), "path_format", None)
    if route is None:
        return "other"
    return PREFIX + route.removeprefix(PREFIX) if scope["path"].startswith(PREFIX) else str(route)


def _take(buckets: Buckets, caller: str) -> dict[str, str]:
    """Take a request of the caller's; the headers of draft-ietf-httpapi-ratelimit-headers say what is left."""
    if not buckets.per_minute:
        return {}
    left: Left = buckets.take(caller)
    told = {
        "RateLimit-Policy": f'"minute";q={buckets.per_minute};w=60',
        "RateLimit": f'"minute";r={left.requests};t={math.ceil(left.full_in)}',
    }
    if left.wait:
        raise Problem("too-many-requests", headers={**told, "Retry-After": str(math.ceil(left.wait))})
    return told
