"""Talking to the assistant: a turn as JSON or as a stream of events, and what was said before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from assistant.api.access import needs
from assistant.api.chat_models import ChatRequest, StoppedAnswer, TurnAnswer, TurnsAnswer
from assistant.api.json_body import JsonRoute
from assistant.api.paging import cursor_of, position_of
from assistant.api.problems import documented
from assistant.api.turns import Turns
from assistant.api.wire import Cursor
from assistant.store.keys import Scope
from assistant.turn_json import turn_as_json

if TYPE_CHECKING:
    from assistant.service import Service

EVENT_STREAM = "text/event-stream"
ACCESS = ("no-key", "unknown-key", "missing-scope")
ConversationPath = Annotated[str, Path(min_length=1, max_length=64)]
_TURN = {
    "description": "The turn, whole (JSON) or as it happens (server-sent events): `understood`, `cards`, any number of "
    "`text`, `finished`; or `problem` when it breaks off.",
    "content": {EVENT_STREAM: {"schema": {"type": "string"}}},
}
_PROBLEMS = documented(
    *(*ACCESS, "unknown-shopper", "no-such-conversation", "turn-under-way", "stale-control"),
    *("too-large", "invalid-request", "unreadable-utterance"),
)


def routes(service: Service) -> APIRouter:
    """The routes of one service."""
    router = APIRouter(tags=["chat"], route_class=JsonRoute, dependencies=[needs(Scope.CHAT)])
    turns = Turns(service)

    @router.post("/chat", response_model=TurnAnswer, responses={**_PROBLEMS, 200: _TURN})
    async def chat(body: ChatRequest, request: Request) -> Any:
        """Say something, or press something. A conversation begins when no id is given.

        With `Accept: text/event-stream` the turn is told as it happens. A client that goes away stops the writing.
        """
        said = await run_in_threadpool(turns.prepare, body)
        if EVENT_STREAM in request.headers.get("accept", ""):
            return StreamingResponse(turns.stream(said, request), media_type=EVENT_STREAM)
        return turn_as_json(await turns.whole(said, request))

    @router.get(
        "/conversations/{conversation_id}/turns",
        response_model=TurnsAnswer,
        responses=documented(*ACCESS, "no-such-conversation", "invalid-request"),
    )
    def stored_turns(
        conversation_id: ConversationPath,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        cursor: Annotated[Cursor | None, Query()] = None,
    ) -> dict[str, Any]:
        """The turns of a conversation, oldest first."""
        start = position_of(cursor, "turns", conversation_id)
        stored = turns.stored(conversation_id)[start : start + limit + 1]
        more = cursor_of(start + limit, "turns", conversation_id) if len(stored) > limit else None
        told = [_stored_turn(row) for row in stored[:limit]]
        return {"conversation_id": conversation_id, "turns": told, "next_cursor": more}

    @router.post(
        "/conversations/{conversation_id}/stop",
        response_model=StoppedAnswer,
        responses=documented(*ACCESS, "no-such-address", "invalid-request"),
    )
    def stop(conversation_id: ConversationPath) -> dict[str, bool]:
        """End the reply that is being written; what has been said of it stays, and is stored."""
        return {"stopped": turns.stop(conversation_id)}

    return router


def _stored_turn(row: dict[str, Any]) -> dict[str, Any]:
    same = ("at", "utterance", "act", "constraints", "matching", "reply", "claims", "relaxations", "notices", "latency")
    shown = [
        {"rank": rank, "item_id": candidate["item_id"], "scores": candidate["scores"]}
        for rank, candidate in enumerate(row["state"]["shown"], start=1)
    ]
    return {**{name: row[name] for name in same}, "turn": row["number"], "shown": shown}
