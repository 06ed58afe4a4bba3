"""The items of the shop: read by anybody, written with a key; what is written is found by the next search."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ValidationError

from assistant.api.access import needs
from assistant.api.item_models import (
    BulkItem,
    BulkItemsAnswer,
    BulkItemsBody,
    ItemAnswer,
    ItemBody,
    ItemOutcome,
    ItemsAnswer,
)
from assistant.api.once import DOCUMENTED, OnceRoute
from assistant.api.paging import cursor_of, last_of
from assistant.api.problems import Problem, documented, refusals
from assistant.api.wire import Cursor
from assistant.store.keys import ApiKey, Scope
from retrieval.catalogue import CatalogueItem, item_as_json
from retrieval.feeds.cleaning import Notes
from retrieval.feeds.columns import item_columns
from retrieval.feeds.rows import Unusable, read_item
from retrieval.feeds.units import load_units, with_units
from retrieval.shop import Shop

if TYPE_CHECKING:
    from assistant.service import Service

ItemPath = Annotated[str, Path(min_length=1, max_length=200)]
_COLUMNS = item_columns(BulkItem.model_fields, {})
_READING = ("no-key", "unknown-key", "missing-scope", "invalid-request")
_WRITING = (*_READING, "too-large", "write-under-way", "other-request")


def routes(service: Service) -> APIRouter:
    """The routes of one service."""
    router = APIRouter(tags=["items"], route_class=OnceRoute)
    shop, writing = service.shop, _Writing(service.shop, service.settings.currency)
    readers, writers = [needs(Scope.SEARCH)], [needs(Scope.ITEMS_WRITE)]

    @router.get("/items", response_model=ItemsAnswer, responses=documented(*_READING), dependencies=readers)
    def items(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        cursor: Annotated[Cursor | None, Query()] = None,
    ) -> dict[str, Any]:
        """All items in the order of their ids. Items that come or go meanwhile disturb nothing.

        What is kept from shoppers is told only to a key with the scope items:write, here and of a single item.
        """
        read, after = _reader(request, shop), last_of(cursor, "items") or ""
        ids = (item.item_id for item in shop.catalogue)
        page = heapq.nsmallest(limit + 1, (i for i in ids if i > after))
        found = [item for item_id in page[:limit] if (item := read(item_id)) is not None]
        more = cursor_of(page[limit - 1], "items") if len(page) > limit else None
        return {"items": [item_as_json(item) for item in found], "next_cursor": more}

    @router.get(
        "/items/{item_id:path}",
        response_model=ItemAnswer,
        responses=documented(*_READING, "no-such-item"),
        dependencies=readers,
    )
    def item(item_id: ItemPath, request: Request) -> dict[str, Any]:
        """One item, every field of its record."""
        found = _reader(request, shop)(item_id)
        if found is None:
            raise Problem("no-such-item")
        return item_as_json(found)

    @router.put(
        "/items/{item_id:path}",
        response_model=ItemOutcome,
        responses=documented(*_WRITING, "no-such-address"),
        openapi_extra=DOCUMENTED,
        dependencies=writers,
    )
    def put_item(item_id: ItemPath, body: ItemBody) -> ItemOutcome:
        """Add an item or replace it, whole. It is stored, and found by the next search, when this is answered."""
        (outcome,) = writing.put([BulkItem(item_id=item_id, **body.model_dump())])
        if outcome.outcome == "refused":
            raise Problem("invalid-request", "; ".join(outcome.errors))
        return outcome

    @router.post(
        "/items",
        response_model=BulkItemsAnswer,
        responses=documented(*_WRITING),
        openapi_extra=DOCUMENTED,
        dependencies=writers,
    )
    def put_items(body: BulkItemsBody) -> BulkItemsAnswer:
        """Add or replace up to 500 items, with one outcome for each; one that is wrong keeps no other from being taken.

        Of several with one id the last one counts, and the others are refused.
        """
        return _counted(writing.put_all(body.items))

    @router.delete(
        "/items/{item_id:path}",
        status_code=204,
        response_class=Response,
        responses=documented(*_READING, "no-such-item"),
        dependencies=writers,
    )
    def delete_item(item_id: ItemPath) -> None:
        """Take an item out of the shop. What shoppers did with it stays in their histories."""
        if not shop.remove([item_id]):
            raise Problem("no-such-item")

    return router


def _reader(request: Request, shop: Shop) -> Callable[[str], CatalogueItem | None]:
    """What the caller reads items with: the records for a key that writes them, else what shoppers may see."""
    key: ApiKey | None = request.state.key
    return shop.catalogue.get if key is not None and Scope.ITEMS_WRITE in key.scopes else shop.item


class _Writing:
    """Items as they are sent, cleaned as a feed's rows are, into the shop."""

    def __init__(self, shop: Shop, currency: str) -> None:
        self._shop = shop
        self._currency = currency

    def put_all(self, raw: Sequence[dict[str, Any]]) -> list[ItemOutcome]:
        """Store what can be read; one outcome for each, in order."""
        last = {row.get("item_id"): n for n, row in enumerate(raw) if isinstance(row.get("item_id"), str)}
        outcomes: list[ItemOutcome | None] = []
        readable: list[BulkItem] = []
        for n, row in enumerate(raw):
            try:
                item = BulkItem.model_validate(row)
            except ValidationError as error:
                stated = row.get("item_id")
                item_id = stated if isinstance(stated, str) and len(stated) <= 200 else None
                outcomes.append(_refused(item_id, refusals(error)))
                continue
            if last[item.item_id] != n:
                outcomes.append(_refused(item.item_id, ["a later item of this request has the same id"]))
                continue
            readable.append(item)
            outcomes.append(None)
        taken = iter(self.put(readable))
        return [next(taken) if outcome is None else outcome for outcome in outcomes]

    def put(self, bodies: Sequence[BulkItem]) -> list[ItemOutcome]:
        """Store items, each id once; one outcome for each, in order."""
        units = load_units(self._shop.records.path.parent)
        read = [self._read(body) for body in bodies]
        usable = [with_units(item, units) for item, _ in read if not isinstance(item, str)]
        changes = self._shop.put(usable)
        became = {**dict.fromkeys(changes.added, "added"), **dict.fromkeys(changes.changed, "changed")}
        outcomes = []
        for body, (item, notes) in zip(bodies, read, strict=True):
            if isinstance(item, str):
                outcomes.append(_refused(body.item_id, [item]))
                continue
            outcomes.append(
                ItemOutcome(
                    item_id=body.item_id,
                    outcome=became.get(body.item_id, "unchanged"),  # type: ignore[arg-type]
                    repaired=[f"{note.field}: {note.reason}" for note in notes.repairs],
                    set_aside=[f"{note.field}: {note.reason}" for note in notes.set_aside],
                    errors=[],
                )
            )
        return outcomes

    def _read(self, body: BulkItem) -> tuple[CatalogueItem | str, Notes]:
        """The item that was sent, or why there is none."""
        notes = Notes()
        item = read_item(body.model_dump(mode="json"), _COLUMNS, self._currency, notes)
        if isinstance(item, Unusable):
            return f"{item.note.field}: {item.note.reason}", notes
        if item.item_id != body.item_id:
            return "item_id: an id has no markup, control characters or surplus white space", notes
        return item, notes


def _refused(item_id: str | None, errors: list[str]) -> ItemOutcome:
    return ItemOutcome(item_id=item_id, outcome="refused", repaired=[], set_aside=[], errors=errors)


def _counted(outcomes: list[ItemOutcome]) -> BulkItemsAnswer:
    counts = {name: sum(o.outcome == name for o in outcomes) for name in ("added", "changed", "unchanged", "refused")}
    return BulkItemsAnswer(**counts, outcomes=outcomes)
