"""For admins: the audit, the accounts, the settings in force."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from assistant.console.correcting import shown
from assistant.console.pages import render
from assistant.console.session import Admin
from assistant.settings import Settings
from assistant.store import audit, staff

if TYPE_CHECKING:
    from assistant.service import Service

PAGE = 100


def routes(service: Service) -> APIRouter:
    """The pages that only an admin sees."""
    router, store = APIRouter(), service.store

    @router.get("/audit")
    def audited(
        request: Request,
        member: Admin,
        by: Annotated[str, Query(max_length=100)] = "",
        action: Annotated[str, Query(max_length=100)] = "",
        subject: Annotated[str, Query(max_length=200)] = "",
        before: Annotated[int | None, Query(ge=1)] = None,
    ) -> Response:
        asked = {"by": by.strip(), "action": action, "subject": subject.strip()}
        found = audit.entries(store, **asked, limit=PAGE + 1, before=before)
        return render(
            request,
            "audit.html",
            entries=found[:PAGE],
            older=found[PAGE - 1].id if len(found) > PAGE else None,
            asked=asked,
            actions=audit.actions(store),
            shown=shown,
        )

    @router.get("/settings")
    def settings(request: Request, member: Admin) -> Response:
        values = [(name, getattr(service.settings, name), field) for name, field in Settings.model_fields.items()]
        return render(request, "settings.html", accounts=staff.everyone(store), settings=values)

    return router
