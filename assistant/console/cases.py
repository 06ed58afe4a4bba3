"""Turns kept as golden cases: the form, filled with what was said and understood, masked; see `store.cases`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import Field

from assistant.console.conversations import turns_until
from assistant.console.labels import SORTS, LabelForm, label_of
from assistant.console.masking import mask, masked, names_in
from assistant.console.pages import redirect, render
from assistant.console.session import SignedIn
from assistant.console.turn_view import picks_shown
from assistant.dialogue import Intent
from assistant.store import audit
from assistant.store.cases import FILE, keep_case
from retrieval.catalogue import Catalogue

if TYPE_CHECKING:
    from assistant.service import Service


class CaseForm(LabelForm):
    """The label with the utterance that it is of."""

    text: Annotated[str, Field(max_length=2000)] = ""


def routes(service: Service) -> APIRouter:
    """The form of a turn's case, and what saves it."""
    router, store, catalogue = APIRouter(), service.store, service.shop.catalogue
    file = service.settings.data_folder / FILE
    path = "/conversations/{conversation_id}/turns/{number}/case"

    @router.get(path)
    def form(
        request: Request, conversation_id: str, number: int, given: Annotated[CaseForm, Query()], saved: str = ""
    ) -> Response:
        rows = turns_until(store, conversation_id, number)
        names = names_in(row["utterance"] for row in rows)
        text = given.text or mask(rows[-1]["utterance"], names)
        label = given if given.intent else label_of({**masked(rows[-1]["act"], names), "dropped": []})
        return render(
            request,
            "case.html",
            conversation_id=conversation_id,
            number=number,
            text=text,
            history=history_of(rows[:-1], catalogue),
            label=label.fields(),
            intents=list(Intent),
            sorts=SORTS,
            file=file,
            saved=saved,
        )

    @router.post(path)
    def save(
        request: Request, staff: SignedIn, conversation_id: str, number: int, given: Annotated[CaseForm, Form()]
    ) -> Response:
        rows = turns_until(store, conversation_id, number)
        if given.intent is None or not given.text:
            raise HTTPException(422, "A case has an utterance and an intent.")
        case = {
            "text": _one_line(mask(given.text, names_in(row["utterance"] for row in rows))),
            "history": history_of(rows[:-1], catalogue),
            "intent": given.intent.value,
            "slots": given.slots().as_json(),
            "conversation_id": conversation_id,
        }
        replaced = keep_case(file, case)
        audit.record(store, staff.name, "save case", conversation_id, {"turn": number, "intent": case["intent"]})
        carried = {name: value for name, value in given.fields().items() if name not in ("dropped", "edit", "topic")}
        told = "replaced" if replaced else "added"
        return redirect(request, path.format(conversation_id=conversation_id, number=number), saved=told, **carried)

    return router


def history_of(rows: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> list[str]:
    """What was said before, ours and hers in turn, masked; our turn is the page as the evaluation reads it."""
    names = names_in(row["utterance"] for row in rows)
    history = []
    for row in rows:
        history += [mask(row["utterance"], names), _page_in_words(row, catalogue) or mask(row["reply"], names) or "…"]
    return [_one_line(words) for words in history]


def _one_line(words: str) -> str:
    """Without any of the breaks at which a reader of lines would cut."""
    return " ".join(words.split())


def _page_in_words(row: Mapping[str, Any], catalogue: Catalogue) -> str:
    """The items on the page, listed as `evaluation.replay.listed` reads them: "1. Ardent, $39; 2. Boil, $49"."""
    entries = []
    for pick in picks_shown(row["state"]["shown"], catalogue):
        title = pick.title.replace(";", ",")
        price = str(pick.item.price) if pick.item and pick.item.price else ""
        entries.append(
            f"{pick.rank}. {title}, {price}" if price.startswith(("$", "€", "£")) else f"{pick.rank}. {title}"
        )
    return "; ".join(entries)
