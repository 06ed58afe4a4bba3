"""Whether the service lives, whether it is ready, what it counts; and the shop's own pictures."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import FileResponse, JSONResponse

from assistant.api.access import needs
from assistant.api.problems import documented
from assistant.api.shopper_models import HealthAnswer, ReadyAnswer
from assistant.metrics import MEDIA_TYPE
from assistant.store.keys import Scope
from retrieval.errors import AssistantError
from retrieval.query import Query

if TYPE_CHECKING:
    from assistant.service import Service

PICTURE_TYPES = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
PICTURE_TYPES |= {".webp": "image/webp", ".gif": "image/gif", ".avif": "image/avif"}
_NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": ReadyAnswer, "description": "Not ready, and why"}}


def routes(service: Service) -> APIRouter:
    """The routes of one service, for whoever runs it."""
    router = APIRouter(tags=["health"])

    @router.get("/healthz", response_model=HealthAnswer)
    def healthz() -> dict[str, Any]:
        """The process lives, which rung understands and explains, and which behaviour model ranks."""
        return {"status": "ok", **_in_service(service)}

    @router.get("/readyz", response_model=ReadyAnswer, response_model_exclude_none=True, responses=_NOT_READY)
    def readyz() -> JSONResponse:
        """Ready when a search that must find something does; 503 with the reason otherwise."""
        ready, report = probe(service)
        return JSONResponse({"ready": ready, **report, **_in_service(service)}, 200 if ready else 503)

    @router.get(
        "/metrics",
        response_class=Response,
        responses={
            **documented("no-key", "unknown-key", "missing-scope"),
            200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "All counts"},
        },
        dependencies=[needs(Scope.METRICS)],
    )
    def metrics() -> Response:
        """What the service counts, in Prometheus' text format; nothing of any shopper is in it."""
        waiting = service.assistant.explainer.queue.waiting
        text = service.conversations.metrics.text(len(service.shop.catalogue), waiting)
        return Response(text, media_type=MEDIA_TYPE)

    return router


def picture_routes(service: Service) -> APIRouter:
    """The shop's own pictures, for every page of the service."""
    router = APIRouter()
    pictures = (service.settings.data_folder / "pictures").resolve()

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
        "behaviour": service.shop.behaviour.status,
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
