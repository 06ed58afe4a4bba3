"""The routes beside the page: a chat turn as JSON, health, the shop's pictures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from assistant.conversation import UtteranceError, clean, run
from assistant.turn_json import turn_as_json
from retrieval.errors import AssistantError
from retrieval.query import Query

if TYPE_CHECKING:
    from assistant.service import Service

PICTURE_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
PICTURE_TYPES |= {".webp": "image/webp", ".gif": "image/gif", ".avif": "image/avif"}


class ChatRequest(BaseModel):
    """One utterance of a conversation."""

    model_config = ConfigDict(extra="forbid")

    utterance: str = Field(description="What the shopper says, at most 2,000 characters.")
    conversation_id: str | None = Field(None, description="From the answer before; without one a conversation starts.")


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ActAnswer(_Answer):
    """What was understood; `rung` says by whom: model, repair, rules or control."""

    intent: str
    slots: dict[str, Any]
    rung: str
    confidence: float
    dropped: list[str]
    edit: str | None
    topic: str
    notes: list[str]


class PickAnswer(_Answer):
    """An item that is shown, with its scores by part; the price in major units."""

    rank: int
    item_id: str
    title: str
    brand: str | None
    category: list[str]
    price: float | None
    currency: str | None
    in_stock: bool
    interaction_count: int
    rank_without_history: int | None
    scores: dict[str, float]


class ClaimAnswer(_Answer):
    """A statement of the reply and the field of the item's record that it was checked against."""

    text: str
    item_id: str
    field: str
    supported: bool


class RelaxationAnswer(_Answer):
    """A change of the constraints that would bring `count` items."""

    slot: str
    label: str
    count: int
    constraints: dict[str, Any]


class SuggestionAnswer(_Answer):
    """A suggested reply."""

    label: str
    utterance: str
    count: int | None


class RowAnswer(_Answer):
    """One field of a comparison."""

    field: str
    label: str
    values: list[str]
    differs: bool


class TableAnswer(_Answer):
    """Items side by side."""

    item_ids: list[str]
    header: list[str]
    rows: list[RowAnswer]


class TurnAnswer(_Answer):
    """A finished turn, as `python -m assistant chat --json` prints it; latencies in seconds."""

    conversation_id: str
    turn: int
    utterance: str
    act: ActAnswer
    constraints: dict[str, Any]
    matching: int
    picks: list[PickAnswer]
    discussed: list[str]
    reply: str
    claims: list[ClaimAnswer]
    relaxations: list[RelaxationAnswer]
    table: TableAnswer | None
    suggestions: list[SuggestionAnswer]
    notices: list[str]
    written_by: dict[str, int]
    prompts: dict[str, str]
    latency: dict[str, float]


def routes(service: Service) -> APIRouter:
    """The routes of one service."""
    router = APIRouter()
    pictures = (service.settings.data_folder / "pictures").resolve()

    @router.post("/api/v1/chat", response_model=TurnAnswer, tags=["chat"])
    def chat(request: ChatRequest) -> dict[str, Any]:
        """Say something; answers with the whole turn. 404: no such conversation; 422: it cannot be read."""
        try:
            utterance = clean(request.utterance)
            conversation_id = request.conversation_id or service.conversations.start()
            return turn_as_json(run(service.conversations.say(conversation_id, utterance)))
        except UtteranceError as error:
            raise HTTPException(422, str(error)) from error
        except KeyError as error:
            raise HTTPException(
                404, "There is no such conversation; leave conversation_id out to start one."
            ) from error

    @router.get("/healthz", tags=["health"])
    def healthz() -> dict[str, Any]:
        """The process lives, and which rung understands and explains."""
        return {"status": "ok", **_in_service(service)}

    @router.get("/readyz", tags=["health"])
    def readyz() -> JSONResponse:
        """Ready when a search that must find something does; 503 with the reason otherwise."""
        ready, report = probe(service)
        return JSONResponse({"ready": ready, **report, **_in_service(service)}, 200 if ready else 503)

    @router.get("/pictures/{path:path}", include_in_schema=False)
    def picture(path: str) -> Response:
        return picture_response(pictures, path)

    return router


def probe(service: Service) -> tuple[bool, dict[str, Any]]:
    """Search for the first item of the catalogue by its own title: whether it was found, and how that went."""
    item = next(iter(service.shop.catalogue), None)
    if item is None:
        return False, {"problem": "The catalogue is empty.", "fix": "python -m assistant ingest PATH"}
    start = time.perf_counter()
    try:
        found = service.shop.search(Query(item.title, limit=5))
    except AssistantError as error:
        return False, {"problem": error.problem, "fix": error.fix}
    report = {"searched_for": item.title, "found": len(found.candidates), "seconds": time.perf_counter() - start}
    if not found.candidates:
        return False, {**report, "problem": "The search found nothing.", "fix": "python -m assistant rebuild"}
    return True, report


def _in_service(service: Service) -> dict[str, Any]:
    model = service.language_model
    return {
        "items": len(service.shop.catalogue),
        "language_model": None if model is None else model.name,
        "understanding": service.assistant.understanding.status,
        "explanation": service.assistant.explainer.status,
    }


def picture_response(folder: Path, path: str) -> Response:
    """A picture of the shop's own folder and of nothing outside it; a drawing in it can run no script.

    Raises:
        HTTPException: 404, there is no such picture.
    """
    if "\0" in path:
        raise HTTPException(404, "There is no such picture.")
    file = (folder / path).resolve()
    kind = PICTURE_TYPES.get(file.suffix.lower())
    if kind is None or not file.is_relative_to(folder) or not file.is_file():
        raise HTTPException(404, "There is no such picture.")
    headers = {
        "Cache-Control": "public, max-age=86400",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return FileResponse(file, media_type=kind, headers=headers)
