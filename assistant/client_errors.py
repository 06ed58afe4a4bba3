"""What the client raises.

ClientError
├── Unreachable         nothing answered, or not in time
└── Refused             a problem of the service's (RFC 9457), as it was told
    ├── KeyRefused      401, 403: no key, not a good one, or not for this
    ├── NotFound        404
    ├── Conflict        409
    ├── Invalid         413, 422: the request must be put right
    ├── TooMany         429: `retry_after` says when to come back
    └── ServiceFailed   500, 503, and whatever is no problem at all
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
from pydantic import ValidationError

from assistant.api.problems import FieldProblem, ProblemAnswer


class ClientError(Exception):
    """The request was not done."""


class Unreachable(ClientError):
    """Nothing answered, or not in time."""


class Refused(ClientError):
    """The service answered with a problem.

    Attributes:
        kind: the problem's name: "no-such-item"; "" where the answer was no problem.
        status: of HTTP.
        errors: the places of the request that are wrong.
        request_id: to find it in the service's log.
        retry_after: seconds to wait; None where that would not help.
    """

    def __init__(self, problem: ProblemAnswer, retry_after: float | None = None) -> None:
        super().__init__(f"{problem.title}: {problem.detail}")
        self.kind = problem.type.rpartition("#")[2]
        self.status = problem.status
        self.detail = problem.detail
        self.errors: tuple[FieldProblem, ...] = tuple(problem.errors)
        self.request_id = problem.request_id
        self.retry_after = retry_after


class KeyRefused(Refused):
    """The key is missing, unknown, revoked, or not for this."""


class NotFound(Refused):
    """There is no such item or conversation."""


class Conflict(Refused):
    """Something is under way, or has changed in the meantime."""


class Invalid(Refused):
    """The request must be put right; `errors` says where."""


class TooMany(Refused):
    """Too many requests; wait `retry_after` seconds."""


class ServiceFailed(Refused):
    """The service could not do it; the request may be sent again."""


_ERRORS: Mapping[int, type[Refused]] = {
    **{401: KeyRefused, 403: KeyRefused, 404: NotFound, 409: Conflict},
    **{413: Invalid, 422: Invalid, 429: TooMany},
}


def refusal(answer: httpx.Response) -> Refused:
    """The error that an answer is; one that is no problem details is told in its first words."""
    retry = answer.headers.get("retry-after", "")
    try:
        problem = ProblemAnswer.model_validate_json(answer.content)
    except ValidationError:
        words = answer.text[:200] or "no words"
        problem = ProblemAnswer(
            type="",
            title="The answer is no problem of this API",
            status=answer.status_code,
            detail=words,
            request_id="",
        )
    return refused(problem, float(retry) if retry.isdecimal() else None)


def refused(problem: ProblemAnswer, retry_after: float | None = None) -> Refused:
    """The error that a problem is, by its status."""
    return _ERRORS.get(problem.status, ServiceFailed)(problem, retry_after)
