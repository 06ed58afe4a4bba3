"""The overview: what the assistant did in a period, plotted, as tables, and as CSV."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response

from assistant.console.charts import line_chart, spark_line
from assistant.console.days import Day, begins, ends
from assistant.console.overview_tables import as_csv, overview
from assistant.console.pages import render
from assistant.store.figures import Period

if TYPE_CHECKING:
    from assistant.service import Service

PERIODS = {
    "day": ("24 hours", timedelta(days=1)),
    "week": ("7 days", timedelta(days=7)),
    "month": ("30 days", timedelta(days=30)),
    "quarter": ("90 days", timedelta(days=90)),
}
LONGEST = timedelta(days=400)


def routes(service: Service) -> APIRouter:
    """The page and its tables as CSV."""
    router, store = APIRouter(), service.store

    @router.get("/overview")
    def page(request: Request, period: str = "week", since: Day = None, until: Day = None) -> Response:
        shown = overview(store, _period(period, since, until))
        chosen = {"since": since, "until": until} if since or until else {"period": period}
        return render(
            request,
            "overview.html",
            shown=shown,
            periods=PERIODS,
            chosen=chosen,
            line_chart=line_chart,
            spark_line=spark_line,
        )

    @router.get("/overview/{name}.csv")
    def table(name: str, period: str = "week", since: Day = None, until: Day = None) -> Response:
        chosen = _period(period, since, until)
        found = overview(store, chosen).table(name)
        if found is None:
            raise HTTPException(404, "There is no such table.")
        file = f"{name}-{chosen.start:%Y-%m-%d}-to-{chosen.end:%Y-%m-%d}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{file}"'}
        return Response(as_csv(found), media_type="text/csv; charset=utf-8", headers=headers)

    return router


def _period(name: str, since: date | None, until: date | None) -> Period:
    """The period of a request: by name, up to now; or whole days in UTC, the first and the last included.

    Raises:
        HTTPException: 422, there is no such period, or it ends before it begins.
    """
    now = datetime.now(UTC)
    if since is None and until is None:
        if name not in PERIODS:
            raise HTTPException(422, f"There is no period {name!r}.")
        return Period.up_to(now, PERIODS[name][1])
    end = now if until is None else ends(until)
    start = end - timedelta(days=7) if since is None else begins(since)
    if not start < end:
        raise HTTPException(422, "The last day is before the first.")
    if end - start > LONGEST:
        raise HTTPException(422, f"At most {LONGEST.days} days are shown at once.")
    return Period(start, end)
