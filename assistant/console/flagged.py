"""Turns that want a look, until somebody settles them; and what is kept from shoppers until a day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response

from assistant.console.conversations import PageNumber, flag_words
from assistant.console.days import Day, ends
from assistant.console.masking import mask
from assistant.console.pages import redirect, render
from assistant.console.session import SignedIn
from assistant.console.turn_view import record_value
from assistant.store import audit, blocks, flags
from retrieval.catalogue import CatalogueItem
from retrieval.withheld import can_be_withheld

if TYPE_CHECKING:
    from assistant.service import Service

_PAGE = 50
_USUAL = timedelta(days=7)  # how long a block lasts unless another day is chosen
_LONGEST = timedelta(days=366)
_FIELDS = ("price", "stock", "brand", "category", "description", "rating", "released")


def routes(service: Service) -> APIRouter:
    """The queue of flags, and the blocks."""
    router, store, catalogue = APIRouter(), service.store, service.shop.catalogue

    @router.get("/flagged")
    def queue(request: Request, kind: str = "", page: PageNumber = 1) -> Response:
        found = flags.open_flags(store, kind or None, _PAGE + 1, _PAGE * (page - 1))
        return render(
            request,
            "flagged.html",
            shown=[(flag, mask(flag.utterance), flag_words(flag, catalogue)) for flag in found[:_PAGE]],
            kind=kind,
            counts=flags.count_open(store),
            page=page,
            more=len(found) > _PAGE,
        )

    @router.post("/flagged/settle")
    def settle(
        request: Request,
        staff: SignedIn,
        conversation_id: Annotated[str, Form()],
        turn: Annotated[int, Form(ge=0, le=1_000_000)],
        kind: Annotated[str, Form()],
        back: Annotated[str, Form()] = "",
    ) -> Response:
        if not flags.settle(store, conversation_id, turn, kind, staff.name):
            raise HTTPException(404, "This flag is not open: somebody settled it, or the shopper took it back.")
        audit.record(store, staff.name, "settle flag", conversation_id, {"turn": turn, "kind": kind})
        return redirect(request, "/flagged", kind=back)

    @router.get("/flagged/blocks")
    def listing(request: Request, item_id: str = "", field: str = "") -> Response:
        item = catalogue.get(item_id.strip())
        active = blocks.active(store, datetime.now(UTC))
        until = (datetime.now(UTC) + _USUAL).date()
        return render(
            request,
            "blocks.html",
            shown=[(block, catalogue.get(block.item_id)) for block in active],
            asked=item_id.strip(),
            item=item,
            fields=() if item is None else stated_fields(item),
            field=field,
            until=until,
        )

    @router.post("/flagged/blocks")
    def block(
        request: Request,
        staff: SignedIn,
        item_id: Annotated[str, Form()],
        reason: Annotated[str, Form(max_length=500)],
        until: Annotated[Day, Form()],
        field: Annotated[str, Form()] = "",
    ) -> Response:
        if item_id not in catalogue:
            raise HTTPException(404, "The shop has no such item.")
        if field and not can_be_withheld(field):
            raise HTTPException(422, f"“{field}” cannot be left out of an item; block the whole item.")
        if not reason.strip():
            raise HTTPException(422, "Say why, for whoever looks at it next.")
        now = datetime.now(UTC)
        if until is None or not now < ends(until) <= now + _LONGEST:
            raise HTTPException(422, "Choose a day from today to a year from now.")
        service.block(item_id, field or None, reason.strip(), ends(until), staff.name)
        detail = {"field": field or "whole item", "reason": reason.strip(), "until": until.isoformat()}
        audit.record(store, staff.name, "block item" if not field else "block claim", item_id, detail)
        return redirect(request, "/flagged/blocks")

    @router.post("/flagged/blocks/{block_id}/lift")
    def lift(request: Request, staff: SignedIn, block_id: int) -> Response:
        standing = {block.id: block for block in blocks.active(store, datetime.now(UTC))}
        if block_id not in standing or not service.lift(block_id, staff.name):
            raise HTTPException(404, "This block is over already.")
        lifted = standing[block_id]
        detail = {"field": lifted.field or "whole item", "reason": lifted.reason, "by": lifted.by}
        audit.record(store, staff.name, "lift block", lifted.item_id, detail)
        return redirect(request, "/flagged/blocks")

    return router


def stated_fields(item: CatalogueItem) -> tuple[tuple[str, str], ...]:
    """What the record states and can be kept back: each field with its value today."""
    names = (*_FIELDS, *(f"attributes.{name}" for name in item.attributes))
    return tuple((name, value) for name in names if (value := record_value(item, name)))
