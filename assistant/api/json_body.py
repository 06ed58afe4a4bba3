"""How a body is read: JSON as RFC 8259 has it, of a size that is cheap to refuse.

A body may be short enough and still hold more than a million values, each of which costs memory to read and a line of
the answer to complain about. What is no JSON to everybody is none here: NaN, half a surrogate pair, text that is not
UTF-8, and what is nested more than 1,024 deep (that is where orjson ends). Of names that stand twice in an object the
last counts.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

MOST_VALUES = 200_000  # of a body; 500 items of 200 attributes each have 100,000

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class JsonRequest(Request):
    """A request whose body is read once, by `orjson`."""

    async def json(self) -> Any:
        """The body.

        Raises:
            HTTPException: 413, it has too many values. json.JSONDecodeError: it is no JSON.
        """
        body = await self.body()
        if sum(map(body.count, (b",", b"[", b"{"))) > MOST_VALUES:  # no fewer than the values, and quickly counted
            raise HTTPException(413, f"A request may have {MOST_VALUES:,} values.")
        return orjson.loads(body)


class JsonRoute(APIRoute):
    """A route that reads its body as a `JsonRequest`; all that read one are of this class."""

    def get_route_handler(self) -> Handler:
        """The route's own handler, given such a request."""
        handle = super().get_route_handler()

        async def read(request: Request) -> Response:
            return await handle(
                request if isinstance(request, JsonRequest) else JsonRequest(request.scope, request.receive)
            )

        return read
