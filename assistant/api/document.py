"""The OpenAPI document: what FastAPI finds in the routes, and what it cannot know."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from assistant.api.access import OPEN
from assistant.api.problems import ProblemAnswer

DESCRIPTION = (
    "Chat, search, items, events, shoppers and recommendations. Errors are problem details (RFC 9457). With a key: "
    "`Authorization: Bearer KEY`. Every answer has an `X-Request-ID`, and `RateLimit` headers. See docs/api.md."
)
_REFERENCES = "#/components/schemas/{model}"


def describe(api: FastAPI) -> None:
    """Complete the application's document: the schema of problems, and none of FastAPI's own validation errors."""
    found = api.openapi
    api.description = DESCRIPTION

    def document() -> dict[str, Any]:
        first = api.openapi_schema is None
        made = found()
        if first:
            problem = ProblemAnswer.model_json_schema(ref_template=_REFERENCES)
            made["components"]["schemas"] |= {**problem.pop("$defs"), "ProblemAnswer": problem}
            if api.state.service.settings.api_open:
                _open_to_all(made["paths"])
        return made

    api.openapi = document  # type: ignore[method-assign]


def _open_to_all(paths: dict[str, Any]) -> None:
    """Say of the operations that the settings open that they need no key."""
    open_scopes = {scope.value for scope in OPEN}
    for operation in (operation for path in paths.values() for operation in path.values()):
        security = operation.get("security", [])
        if any(open_scopes.issuperset(scopes) for need in security for scopes in need.values()):
            operation["security"] = [{}, *security]
