"""What the API says when it cannot do what it was asked: RFC 9457 problem details, and nothing of our insides.

Every kind is in `KINDS`; its type URI leads to the page that explains it, and `docs/api.md` has a paragraph on each.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from assistant.api.wire import PREFIX
from assistant.conversation import UtteranceError
from retrieval.errors import AssistantError

PAGE = f"{PREFIX}/problems"
MEDIA_TYPE = "application/problem+json"
MOST_TOLD = 50  # wrong places of one request that are named

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its status, its name for people, and what to do about it."""

    status: int
    title: str
    advice: str


KINDS: Mapping[str, Kind] = {
    "no-key": Kind(
        401,
        "A key is needed",
        "Send “Authorization: Bearer KEY” with a key made by “python -m assistant keys add NAME --scope …”.",
    ),
    "unknown-key": Kind(401, "The key is not known", "It was mistyped or revoked. “python -m assistant keys list”."),
    "unknown-shopper": Kind(
        401, "The shopper token is not good", "The shop's server signs a new one for every page; docs/widget.md."
    ),
    "missing-scope": Kind(
        403, "The key may not do this", "Make a key with the scope that “detail” names, or use another one."
    ),
    "no-such-address": Kind(404, "There is nothing at this address", "Compare it with “/api/v1/openapi.json”."),
    "no-such-item": Kind(404, "There is no such item", "It was never in the shop, or has left it."),
    "no-such-conversation": Kind(
        404, "There is no such conversation", "Leave “conversation_id” out to begin one; a forgotten one is gone."
    ),
    "method-not-allowed": Kind(405, "This address does not do that", "The header “Allow” lists what it does."),
    "turn-under-way": Kind(
        409, "The last turn is still being answered", "Wait for its end, or stop it, and send the utterance again."
    ),
    "stale-control": Kind(
        409, "What was pressed is not offered any more", "Take it from the newest turn of the conversation."
    ),
    "not-shown": Kind(
        409, "The item was not shown in this conversation", "Only what a shopper was shown can be liked or disliked."
    ),
    "not-available": Kind(
        409, "The item cannot be had in that quantity", "“detail” can be shown to the shopper as it is."
    ),
    "write-under-way": Kind(
        409, "The same write is being done", "Wait a moment and send it again with the same Idempotency-Key."
    ),
    "too-large": Kind(413, "The request is too large", "Send fewer items or events at a time."),
    "invalid-request": Kind(
        422, "The request cannot be read", "“errors” names every place in it and what must stand there."
    ),
    "unreadable-utterance": Kind(422, "The utterance cannot be read", "“detail” can be shown to the shopper as it is."),
    "other-request": Kind(
        422, "The Idempotency-Key belongs to another request", "Use a new key for every new write; a key lives 24 h."
    ),
    "too-many-requests": Kind(429, "Too many requests", "Wait for the seconds in “Retry-After”."),
    "internal": Kind(500, "Something went wrong on our side", "Report it with the “request_id”: the log has it too."),
    "shop-unavailable": Kind(503, "The shop cannot answer now", "Nothing is lost; try again. The log says why."),
}
_KIND_OF_STATUS = {404: "no-such-address", 405: "method-not-allowed", 413: "too-large", 503: "shop-unavailable"}


class FieldProblem(BaseModel):
    """One place of a request that is not as it must be; `pointer` is a JSON pointer into it."""

    model_config = ConfigDict(extra="forbid")

    pointer: str = Field(examples=["/body/limit"])
    detail: str


class ProblemAnswer(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="forbid")

    type: str = Field(examples=[f"{PAGE}#no-such-item"])
    title: str
    status: int
    detail: str
    request_id: str = Field(description="Stands in the service's log and in the header X-Request-ID too.")
    errors: list[FieldProblem] = Field(default_factory=list, description="Only of an invalid request.")


class Problem(Exception):
    """Ends a request with a problem.

    Args:
        kind: of `KINDS`.
        detail: what is wrong with this very request, for people; the kind's advice when there is nothing to add.
        errors: the places that are wrong.
        headers: to send with it.
    """

    def __init__(
        self,
        kind: str,
        detail: str = "",
        errors: Iterable[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail or KINDS[kind].advice
        self.errors = tuple(errors)
        self.headers = headers

    def answer(self, request_id: str) -> ProblemAnswer:
        """The problem as it is sent."""
        kind = KINDS[self.kind]
        return ProblemAnswer(
            type=f"{PAGE}#{self.kind}",
            title=kind.title,
            status=kind.status,
            detail=self.detail,
            request_id=request_id,
            errors=list(self.errors),
        )

    def response(self, request_id: str) -> Response:
        """The problem as a response."""
        answer = self.answer(request_id).model_dump(exclude_defaults=True)
        # in ASCII: what a caller sent, half a surrogate pair included, comes back in the names of fields
        return Response(json.dumps(answer), KINDS[self.kind].status, self.headers, media_type=MEDIA_TYPE)


def invalid(pointer: str, detail: str) -> Problem:
    """An invalid request with one wrong place."""
    return Problem("invalid-request", detail, [FieldProblem(pointer=pointer, detail=detail)])


def field_problems(errors: Iterable[Mapping[str, Any]]) -> list[FieldProblem]:
    """Pydantic's errors, without what was sent."""
    return [
        FieldProblem(pointer="".join(f"/{_escaped(str(part))}" for part in error["loc"]), detail=error["msg"])
        for error in errors
    ]


def refusals(error: ValidationError) -> list[str]:
    """Why one of many things that were sent cannot be taken, place by place; of very many places their number."""
    if error.error_count() > MOST_TOLD:
        return [f"{error.error_count():,} places are wrong"]
    problems = field_problems(dict(each) for each in error.errors(include_url=False))
    return [f"{problem.pointer}: {problem.detail}" for problem in problems]


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")


def problem_of(error: Exception) -> Problem:
    """The problem that an error is to the caller."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            errors = field_problems(islice(error.errors(), MOST_TOLD))
            return Problem("invalid-request", "; ".join(f"{e.pointer}: {e.detail}" for e in errors[:3]), errors)
        case UtteranceError():
            return Problem("unreadable-utterance", str(error))
        case HTTPException(status_code=400 | 422):
            return Problem("invalid-request", "The body is not JSON text.")
        case HTTPException():
            return Problem(_KIND_OF_STATUS.get(error.status_code, "internal"), headers=error.headers)
        case AssistantError():
            log.error("the shop cannot answer", problem=error.problem, fix=error.fix)
            return Problem("shop-unavailable")
    return Problem("internal")


def handle_problems(api: FastAPI) -> None:
    """Answer every error of an application with a problem, and explain the kinds on a page of it."""

    async def respond(request: Request, error: Exception) -> Response:
        return problem_of(error).response(request.state.request_id)

    for kind in (Problem, RequestValidationError, HTTPException, UtteranceError, AssistantError, Exception):
        api.add_exception_handler(kind, respond)

    @api.get(PAGE, include_in_schema=False)
    def problems() -> Response:
        return Response(_page(), media_type="text/html")


def _page() -> str:
    entries = "".join(
        f'<dt id="{name}"><b>{kind.status} {html.escape(kind.title)}</b></dt><dd>{html.escape(kind.advice)}</dd>'
        for name, kind in KINDS.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Problems</title>'
        f"<h1>What the API can answer instead</h1><dl>{entries}</dl></html>"
    )


def documented(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """The responses of an operation that may end with these problems, and with those that any may end with."""
    found: dict[int | str, dict[str, Any]] = {}
    for name in (*kinds, "too-many-requests", "internal", "shop-unavailable"):
        kind = KINDS[name]
        entry = found.setdefault(kind.status, {"description": kind.title, "content": {MEDIA_TYPE: {"schema": SCHEMA}}})
        if kind.title not in entry["description"]:
            entry["description"] += f"; or: {kind.title}"
    return found


SCHEMA = {"$ref": "#/components/schemas/ProblemAnswer"}
