"""The catalogue's queue: what the doctor found, and what was decided about it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from assistant.console import catalogue_item
from assistant.console.inspection import Inspection, check_of
from assistant.console.pages import address, inside, redirect, render
from assistant.console.session import SignedIn
from assistant.store import audit, findings
from assistant.store.findings import Decision, State
from retrieval.catalogue import CatalogueItem
from retrieval.quality.findings import Finding, Kind, Severity

if TYPE_CHECKING:
    from assistant.service import Service

PAGE = 50
_VERBS = {State.OPEN: "open", State.FLAGGED: "flag", State.SETTLED: "settle"}


class QueueQuery(BaseModel):
    """What the queue shows; "" is any."""

    model_config = ConfigDict(frozen=True)

    state: State = State.OPEN
    severity: Literal["", "error", "warning", "note"] = ""
    kind: Kind | Literal[""] = ""
    q: str = Field("", max_length=200)
    page: int = Field(1, ge=1, le=100_000)

    def parameters(self, **changes: Any) -> dict[str, Any]:
        """The parameters of an address that shows the same, some of them changed."""
        kept = {"state": self.state.value, "severity": self.severity, "kind": str(self.kind), "q": self.q}
        return {**kept, **changes}


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding of the queue, with its item as it is now and what was decided."""

    finding: Finding
    item: CatalogueItem
    decision: Decision | None

    @property
    def state(self) -> State:
        """How it stands."""
        return self.decision.state if self.decision else State.OPEN

    @property
    def key(self) -> str:
        """The finding in a form's field."""
        return json.dumps([self.item.item_id, check_of(self.finding, self.item)])


def routes(service: Service) -> APIRouter:
    """The pages of the catalogue's queue."""
    router, shop, store = APIRouter(prefix="/catalogue"), service.shop, service.store
    inspection = Inspection(shop)

    @router.get("")
    def queue(request: Request, query: Annotated[QueueQuery, Query()]) -> Response:
        inspected = inspection.latest()
        entries = _entries(service, inspected.findings) if inspected else []
        in_state = [entry for entry in entries if entry.state is query.state]
        chosen = [entry for entry in in_state if _asked_for(entry, query)]
        start = PAGE * (query.page - 1)
        return render(
            request,
            "catalogue.html",
            asked=query,
            inspected=inspected,
            inspection=inspection,
            items=len(shop.catalogue),
            entries=chosen[start : start + PAGE],
            first=start + 1,
            count=len(chosen),
            states=Counter(entry.state for entry in entries),
            groups=_groups(in_state),
            all_states=list(State),
            corrections=len(shop.records.corrections()),
            back=address(request),
        )

    @router.post("/inspect")
    def inspect_again(request: Request) -> Response:
        inspection.start()
        return redirect(request, "/catalogue")

    @router.post("/decide")
    def decide(
        request: Request,
        member: SignedIn,
        state: Annotated[State, Form()],
        finding: Annotated[list[str] | None, Form(max_length=PAGE)] = None,
        note: Annotated[str, Form(max_length=1000)] = "",
        back: Annotated[str, Form(max_length=4000)] = "/catalogue",
    ) -> Response:
        chosen = [_finding_key(text) for text in finding or []]
        if state is State.FLAGGED and not note.strip():
            raise HTTPException(422, "Say in a note what is to be done about it.")
        findings.decide(store, chosen, state, note.strip(), member.name)
        for item_id, check in chosen:
            audit.record(
                store, member.name, f"{_VERBS[state]} finding", item_id, {"check": check, "note": note.strip()}
            )
        return redirect(request, inside(back))

    router.include_router(catalogue_item.routes(service, inspection))
    return router


def _finding_key(text: str) -> tuple[str, str]:
    """Item and check from a form's field."""
    try:
        item_id, check = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise HTTPException(422, "A finding could not be read. Reload the page and try again.") from error
    return str(item_id), str(check)


def _entries(service: Service, found: tuple[Finding, ...]) -> list[Entry]:
    """The findings about items that are still in the shop, with what was decided about each."""
    decided = findings.decisions(service.store)
    items = {item_id for item_id, _ in decided}
    entries = []
    for finding in found:
        item = service.shop.catalogue.get(finding.item_id)
        if item is not None:
            decision = decided.get((item.item_id, check_of(finding, item))) if item.item_id in items else None
            entries.append(Entry(finding, item, decision))
    return entries


def _asked_for(entry: Entry, query: QueueQuery) -> bool:
    finding, words = entry.finding, query.q.casefold().strip()
    return (
        query.severity in ("", finding.severity)
        and query.kind in ("", finding.kind)
        and (not words or words in entry.item.item_id.casefold() or words in entry.item.title.casefold())
    )


def _groups(entries: list[Entry]) -> list[tuple[Severity, list[tuple[Kind, int]]]]:
    """How many there are of each kind, by severity, the worst first."""
    counts = Counter((entry.finding.severity, entry.finding.kind) for entry in entries)
    found = [(level, [(k, n) for (s, k), n in counts.most_common() if s is level]) for level in Severity]
    return [(level, kinds) for level, kinds in found if kinds]
