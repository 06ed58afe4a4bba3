"""Items for a caller: search, one item, pinned items side by side with a summary for the ticket."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, unquote, urlencode

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from assistant.comparison import compare
from assistant.console.item_columns import SCORES, chosen, record_columns
from assistant.console.item_query import OPERATORS, ItemQuery, describe, to_constraints
from assistant.console.item_search import DEPTH, Found, ShopWords, find, interactions_of
from assistant.console.item_words import as_filters
from assistant.console.pages import address, inside, redirect, render
from assistant.console.summary import summarise
from assistant.store import blocks
from assistant.ui.html import picture_address, web_address
from assistant.variants import Shelf
from assistant.where import WhereError
from retrieval.catalogue import CatalogueItem
from retrieval.query import Constraints

if TYPE_CHECKING:
    from assistant.service import Service

MOST_PINS = 6
PINS, COLUMNS = "console_pins", "console_columns"  # cookies: of this call, of this browser
_YEAR = 365 * 24 * 3600
_LISTED = 300  # categories and brands that the fields propose


class _OneItem(ItemQuery):
    """An item, and the query that it was opened from."""

    id: str = Field(max_length=200)


class _SeveralItems(ItemQuery):
    """Items side by side, and the query that they were pinned from."""

    id: list[str] = Field([], max_length=MOST_PINS)


@dataclass(frozen=True, slots=True)
class _Items:
    """What the pages of items share."""

    service: Service
    words: ShopWords

    def pinned(self, request: Request) -> list[CatalogueItem]:
        """The items that are pinned in this browser and still in the shop."""
        return self.items(_kept(request, PINS))

    def items(self, item_ids: list[str]) -> list[CatalogueItem]:
        """The items of some ids, each once; those that the shop does not have are passed over."""
        found = [self.service.shop.catalogue.get(item_id) for item_id in dict.fromkeys(item_ids)]
        return [item for item in found if item is not None]

    def item(self, item_id: str) -> CatalogueItem:
        """The item of an id, or 404."""
        item = self.service.shop.catalogue.get(item_id)
        if item is None:
            raise HTTPException(404, f"The shop has no item “{item_id}”.")
        return item

    def constraints(self, query: ItemQuery) -> Constraints:
        """The filters of a query; none where they cannot be read."""
        try:
            shop, currency = self.service.shop, self.service.settings.currency
            return to_constraints(query, shop.vocabulary, currency, self.words.units)
        except WhereError:
            return Constraints()


def routes(service: Service) -> APIRouter:
    """The pages of items."""
    router, shop = APIRouter(prefix="/items"), service.shop
    shared = _Items(service, ShopWords(shop))

    @router.get("")
    def items(request: Request, query: Annotated[ItemQuery, Query()]) -> Response:
        if not query.column:
            query = query.model_copy(update={"column": _kept(request, COLUMNS)})
        found, problem = None, ""
        try:
            found = find(shop, shared.words, query, service.settings.currency)
        except WhereError as error:
            problem = str(error)
        response = render(request, "items.html", **_listing(shared, request, query, found, problem))
        if "column" in request.query_params:
            _keep(response, request, COLUMNS, [c.name for c in chosen(query.column)], _YEAR)
        return response

    @router.get("/item")
    def item(request: Request, query: Annotated[_OneItem, Query()]) -> Response:
        found = shared.item(query.id)
        variants = Shelf(shop.catalogue).variants(found)
        summary = summarise([found], query.q, shared.constraints(query), describe(query), datetime.now(UTC))
        return render(
            request,
            "item.html",
            item=found,
            picture=picture_address(found.image),
            web=web_address(found.url),
            variants=[other for other in variants if other is not found],
            interactions=interactions_of(shop, found.item_id),
            corrections=shop.records.corrections(found.item_id),
            blocks=[b for b in blocks.active(service.store, datetime.now(UTC)) if b.item_id == found.item_id],
            pinned=[pin.item_id for pin in shared.pinned(request)],
            back=address(request),
            summary=summary,
            asked=query,
        )

    @router.get("/compare")
    def comparison(request: Request, query: Annotated[_SeveralItems, Query()]) -> Response:
        items = shared.items(query.id or _kept(request, PINS))[:MOST_PINS]
        if not items:
            return redirect(request, "/items")
        summary = summarise(items, query.q, shared.constraints(query), describe(query), datetime.now(UTC))
        return render(
            request,
            "items_compared.html",
            table=compare(items),
            items=items,
            link=_link(request, query.parameters(id=[item.item_id for item in items])),
            summary=summary,
            asked=query,
            back=address(request),
            pinned=[pin.item_id for pin in shared.pinned(request)],
        )

    @router.post("/pins")
    def pin(
        request: Request,
        item_id: Annotated[str, Form(max_length=200)] = "",
        back: Annotated[str, Form(max_length=8000)] = "/items",
    ) -> Response:
        """Pin an item, or take the pin out; without an item the call is over and all pins are."""
        pins = [item.item_id for item in shared.pinned(request)] if item_id else []
        if item_id in pins:
            pins.remove(item_id)
        elif item_id:
            pins = [*pins, shared.item(item_id).item_id][-MOST_PINS:]
        response = redirect(request, inside(back))
        _keep(response, request, PINS, pins)
        return response

    @router.get("/values")
    def values(attribute: str) -> JSONResponse:
        """Values of an attribute, to choose from."""
        return JSONResponse(shared.words.values(attribute.strip().casefold()))

    return router


def _listing(shared: _Items, request: Request, query: ItemQuery, found: Found | None, problem: str) -> dict[str, Any]:
    """What the template of the list is given."""
    columns = chosen(query.column)
    in_sight = [line.item.attributes for line in found.lines] if found else []
    attributes = dict.fromkeys(f"attributes.{name}" for attributes in in_sight for name in attributes)
    names = [*(c.name for c in record_columns()), *attributes, *(c.name for c in columns)]
    vocabulary = shared.service.shop.vocabulary
    read = as_filters(query, vocabulary, shared.service.settings.currency) if query.q.strip() else None
    return {
        "asked": query,
        "read": read,
        "read_words": "" if read is None else describe(read),
        "found": found,
        "problem": problem,
        "columns": columns,
        "fields": [c for c in chosen(names) if not c.is_score],
        "scores": chosen(f"scores.{part}" for part in SCORES),
        "operators": OPERATORS,
        "categories": [vocabulary.display(label) for label in vocabulary.categories[:_LISTED]],
        "brands": [vocabulary.display(label) for label in vocabulary.brands[:_LISTED]],
        "attribute_names": shared.words.attributes,
        "pins": shared.pinned(request),
        "depth": DEPTH,
        "back": address(request),
        "link": _link(request, query.parameters(column=[c.name for c in columns])),
    }


def _link(request: Request, parameters: dict[str, Any]) -> str:
    """The whole address of this page with these parameters, for a colleague."""
    return str(request.url.replace(query=urlencode(parameters, doseq=True)))


def _kept(request: Request, name: str) -> list[str]:
    """The list that a cookie holds; empty when it holds none that can be read."""
    try:
        kept = json.loads(unquote(request.cookies.get(name, "[]")))
    except (ValueError, RecursionError):
        return []
    return [text for text in kept if isinstance(text, str)][:60] if isinstance(kept, list) else []


def _keep(response: Response, request: Request, name: str, values: list[str], seconds: int | None = None) -> None:
    response.set_cookie(
        name,
        quote(json.dumps(values)),
        max_age=seconds,
        path=request.scope["root_path"],
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="strict",
    )
