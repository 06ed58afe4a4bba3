"""One item corrected: a form that is read like a row of a feed, and a shopper's words tried beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from assistant.console.correcting import FIELDS, Correcting, correct, shown, typed
from assistant.console.inspection import Inspection
from assistant.console.pages import redirect, render
from assistant.console.session import SignedIn
from assistant.console.trial import try_words
from assistant.store import audit
from retrieval.catalogue import CatalogueItem
from retrieval.corrections import values_of

if TYPE_CHECKING:
    from assistant.service import Service

MOST_ATTRIBUTES = 500


class CorrectionForm(BaseModel):
    """An item as staff typed it. `digest` is of the record that the form was filled from."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(max_length=200)
    digest: str = Field(max_length=64)
    words: str = Field("", alias="try", max_length=500)
    note: str = Field("", max_length=1000)
    title: str = Field("", max_length=2_000)
    brand: str = Field("", max_length=2_000)
    category: str = Field("", max_length=2_000)
    price: str = Field("", max_length=100)
    stock: str = Field("", max_length=100)
    released: str = Field("", max_length=100)
    variant_of: str = Field("", max_length=400)
    url: str = Field("", max_length=4_000)
    image: str = Field("", max_length=4_000)
    description: str = Field("", max_length=40_000)
    attribute: list[str] = Field([], max_length=MOST_ATTRIBUTES)
    value: list[str] = Field([], max_length=MOST_ATTRIBUTES)

    @property
    def fields(self) -> dict[str, str]:
        """What was typed, by field."""
        return {name: getattr(self, name) for name in FIELDS}

    @property
    def attributes(self) -> list[tuple[str, str]]:
        """Names and values as they were typed."""
        pairs = zip(self.attribute, self.value, strict=False)
        return [(name, value) for name, value in pairs if name.strip() or value.strip()]


def routes(service: Service, inspection: Inspection) -> APIRouter:
    """The page of an item to correct, and what it sends."""
    router, shop = APIRouter(), service.shop

    def stored(item_id: str) -> CatalogueItem:
        item = shop.records.get(item_id)
        if item is None:
            raise HTTPException(404, f"The shop has no item “{item_id}”.")
        return item

    @router.get("/item")
    def item(
        request: Request,
        id: Annotated[str, Query(max_length=200)],
        words: Annotated[str, Query(alias="try", max_length=500)] = "",
        saved: bool = False,
    ) -> Response:
        found = stored(id)
        notice = "Saved. The item is found by what it says now." if saved else ""
        return page(request, found, typed(found), _attributes(found), words, notice=notice)

    @router.post("/item")
    def save(request: Request, member: SignedIn, form: Annotated[CorrectionForm, Form()]) -> Response:
        before = stored(form.id)
        correcting = correct(before, form.fields, form.attributes, service.settings.currency)
        if form.digest != shop.records.digest(form.id):
            changed = "The record changed while you wrote. What you typed is still here: compare, then save again."
            return page(request, before, form.fields, form.attributes, form.words, warning=changed, status=409)
        if correcting.problems:
            return page(request, before, form.fields, form.attributes, form.words, correcting, status=422)
        changes = shop.correct(correcting.item, member.name)
        if changes:
            detail = {"changes": {name: list(pair) for name, pair in changes.items()}, "note": form.note.strip()}
            audit.record(service.store, member.name, "correct item", form.id, detail)
            inspection.recheck(correcting.item, changes)
        return redirect(request, "/catalogue/item", **{"id": form.id, "try": form.words, "saved": "yes"})

    @router.post("/overtaken")
    def accept_feed(
        request: Request,
        member: SignedIn,
        id: Annotated[str, Form(max_length=200)],
        field: Annotated[str, Form(max_length=200)],
    ) -> Response:
        """The feed is right: its correction is no longer looked at."""
        shop.records.end_correction(id, field)
        audit.record(service.store, member.name, "end correction", id, {"field": field})
        return redirect(request, "/catalogue/corrections")

    @router.get("/corrections")
    def corrections(request: Request) -> Response:
        found = [(c, shop.catalogue.get(c.item_id)) for c in shop.records.corrections()]
        present = [(correction, item) for correction, item in found if item is not None]
        return render(request, "corrections.html", corrections=present, shown=shown, now=_now)

    def page(
        request: Request,
        item: CatalogueItem,
        fields: dict[str, str],
        attributes: list[tuple[str, str]],
        words: str,
        correcting: Correcting | None = None,
        *,
        notice: str = "",
        warning: str = "",
        status: int = 200,
    ) -> HTMLResponse:
        inspected = inspection.latest()
        return render(
            request,
            "catalogue_item.html",
            status=status,
            item=item,
            digest=shop.records.digest(item.item_id),
            learned=shop.catalogue.get(item.item_id),
            fields=fields,
            attributes=attributes,
            problems=correcting.problems if correcting else {},
            words=words,
            trial=try_words(service, words, item) if words.strip() else None,
            findings=[f for f in inspected.findings if f.item_id == item.item_id] if inspected else [],
            corrections=shop.records.corrections(item.item_id),
            history=audit.entries(service.store, action="correct item", subject=item.item_id, limit=20),
            shown=shown,
            notice=notice,
            warning=warning,
        )

    return router


def _attributes(item: CatalogueItem) -> list[tuple[str, str]]:
    return [(attribute.name, attribute.text) for attribute in item.attributes.values()]


def _now(item: CatalogueItem, field: str) -> Any:
    """What the record of an item states in a field now."""
    return values_of(item).get(field)
