"""Writes that may be sent twice: with an `Idempotency-Key` the second one gets the answer of the first."""

from __future__ import annotations

import json
from hashlib import sha256

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from assistant.api.json_body import Handler, JsonRequest, JsonRoute
from assistant.api.problems import Problem, invalid
from assistant.store import Store, idempotency

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 200
DOCUMENTED = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": False,
            "description": "Sent again with the same request within a day, the first answer is given again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[!-~]+$"},
        }
    ]
}


class OnceRoute(JsonRoute):
    """A route whose writes are done once for each idempotency key of a caller; only answers that succeeded are kept."""

    def get_route_handler(self) -> Handler:
        """The route's own handler, asked only when the write was not done before."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            key, owner = request.headers.get(HEADER), request.state.key
            if key is None or owner is None or request.method not in ("POST", "PUT"):
                return await handle(request)
            if not 0 < len(key) <= LONGEST:
                raise invalid(f"/header/{HEADER}", f"A key has 1 to {LONGEST} characters.")
            request = JsonRequest(request.scope, request.receive)  # one that keeps what it has read
            store: Store = request.app.state.service.store
            return await _once(store, owner.name, key, request, handle)

        return once


async def _once(store: Store, owner: str, key: str, request: Request, handle: Handler) -> Response:
    said = f"{request.method} {request.url.path}\n".encode() + await request.body()
    match await run_in_threadpool(idempotency.claim, store, owner, key, sha256(said).hexdigest()):
        case idempotency.Refusal.UNDER_WAY:
            raise Problem("write-under-way", headers={"Retry-After": "1"})
        case idempotency.Refusal.OTHER_REQUEST:
            raise Problem("other-request")
        case idempotency.Remembered(status, answer):
            body = json.dumps(answer, ensure_ascii=False)
            return Response(body, status, {REPLAYED: "true"}, media_type="application/json")
    done = False
    try:
        response = await handle(request)
        if response.status_code < 300:
            answer = json.loads(bytes(response.body))
            await run_in_threadpool(idempotency.settle, store, owner, key, response.status_code, answer)
            done = True
        return response
    finally:
        if not done:
            await run_in_threadpool(idempotency.release, store, owner, key)
