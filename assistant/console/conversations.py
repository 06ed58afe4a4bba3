"""Conversations for staff: found again, replayed turn by turn with what decided each pick, exported as JSON."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request
from fastapi.responses import JSONResponse, Response

from assistant.console.days import Day, begins, ends
from assistant.console.masking import mark_key, mark_of, mask, masked, names_in
from assistant.console.pages import redirect, render
from assistant.console.session import SignedIn
from assistant.console.stages import LABELS
from assistant.console.turn_view import turn_view
from assistant.console.wording import words
from assistant.dialogue import Intent
from assistant.flagging import FlagKind
from assistant.store import Store, audit, flags, traces, transcripts
from retrieval.catalogue import Catalogue

if TYPE_CHECKING:
    from assistant.service import Service

UNMASKED_FOR = timedelta(minutes=15)
UNMASK = "unmask conversation"
PageNumber = Annotated[int, Query(ge=1, le=100_000)]
_PAGE = 50
_NAMED = 200  # items at most that words of a title may mean


def routes(service: Service) -> APIRouter:
    """List and search, replay, unmask, export."""
    router, store, catalogue = APIRouter(), service.store, service.shop.catalogue
    key = mark_key(service.settings.data_folder)

    @router.get("/conversations")
    def listing(
        request: Request,
        q: Annotated[str, Query(max_length=200)] = "",
        item: Annotated[str, Query(max_length=200)] = "",
        intent: str = "",
        flag: str = "",
        since: Day = None,
        until: Day = None,
        page: PageNumber = 1,
    ) -> Response:
        if exists(store, q.strip()):
            return redirect(request, f"/conversations/{q.strip()}")
        wanted = transcripts.Filter(
            tuple(q.split()),
            items_named(catalogue, item) if item.strip() else None,
            intent,
            flag,
            None if since is None else begins(since),
            None if until is None else ends(until),
        )
        found = transcripts.find(store, wanted, _PAGE + 1, _PAGE * (page - 1))
        shown = [(one, *_masked(one), mark_of(one.shopper_id, key)) for one in found[:_PAGE]]
        return render(
            request,
            "conversations.html",
            shown=shown,
            asked={"q": q, "item": item, "intent": intent, "flag": flag, "since": since, "until": until},
            page=page,
            more=len(found) > _PAGE,
            intents=list(Intent),
            kinds=list(FlagKind),
        )

    @router.get("/conversations/{conversation_id}")
    def replay(request: Request, staff: SignedIn, conversation_id: str, turn: int | None = None) -> Response:
        until = unmasked_until(store, staff.name, conversation_id)
        rows = said(store, conversation_id)
        number = rows[-1]["number"] if turn is None else turn
        document = conversation(store, catalogue, rows, key, masks=until is None, traced={number})
        row = next((row for row in document["turns"] if row["number"] == number), None)
        if row is None:
            raise HTTPException(404, f"This conversation has no turn {number}.")
        view = turn_view(row, row["trace"], catalogue, service.shop.vocabulary.display)
        return render(
            request,
            "conversation.html",
            conversation=document,
            view=view,
            until=until,
            stage_labels=LABELS,
            minutes=UNMASKED_FOR.seconds // 60,
        )

    @router.post("/conversations/{conversation_id}/unmask")
    def unmask(
        request: Request,
        staff: SignedIn,
        conversation_id: str,
        reason: Annotated[str, Form(max_length=500)],
        turn: Annotated[int, Form()],
    ) -> Response:
        if len(reason.split()) < 2:
            raise HTTPException(422, "Say in a few words why you need to see it; it is kept in the audit.")
        if not exists(store, conversation_id):
            raise HTTPException(404, "There is no such conversation.")
        audit.record(store, staff.name, UNMASK, conversation_id, {"reason": reason.strip()})
        return redirect(request, f"/conversations/{conversation_id}", turn=turn)

    @router.get("/conversations/{conversation_id}/export.json")
    def export(staff: SignedIn, conversation_id: str) -> Response:
        masks = unmasked_until(store, staff.name, conversation_id) is None
        rows = said(store, conversation_id)
        numbers = {row["number"] for row in rows}
        document = conversation(store, catalogue, rows, key, masks=masks, traced=numbers)
        audit.record(store, staff.name, "export conversation", conversation_id, {"masked": masks})
        name = f"conversation-{conversation_id}.json"
        return JSONResponse(document, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    return router


def said(store: Store, conversation_id: str) -> list[dict[str, Any]]:
    """The stored turns of a conversation.

    Raises:
        HTTPException: 404, there is no such conversation or nothing was said in it.
    """
    rows = store.turns(conversation_id)
    if not rows:
        raise HTTPException(404, "There is no such conversation, or nothing was said in it yet.")
    return rows


def conversation(
    store: Store,
    catalogue: Catalogue,
    rows: Sequence[Mapping[str, Any]],
    key: bytes,
    *,
    masks: bool,
    traced: Collection[int],
) -> dict[str, Any]:
    """A whole conversation as one JSON document: every stored column of every turn, its trace and flags, the verdicts.

    Args:
        store: the database.
        catalogue: names the items of dislikes.
        rows: of all turns, see `said`.
        key: see `masking.mark_key`.
        masks: whether personal data are masked.
        traced: numbers of the turns whose traces are wanted; that of another is None.
    """
    conversation_id = rows[0]["conversation_id"]
    shopper_id = store.shopper(conversation_id)
    raised = flags.of_conversation(store, conversation_id)
    names = names_in(row["utterance"] for row in rows)
    turns = []
    for row in rows:
        told = {name: value for name, value in row.items() if name != "conversation_id"}
        told["trace"] = traces.trace(store, conversation_id, row["number"]) if row["number"] in traced else None
        told = masked(told, names) if masks else told
        turns.append({**told, "flags": [_flag(flag, catalogue) for flag in raised if flag.turn == row["number"]]})
    return {
        "conversation_id": conversation_id,
        "shopper": mark_of(shopper_id, key) if masks else shopper_id,
        "masked": masks,
        "turns": turns,
        "verdicts": {item_id: verdict.value for item_id, verdict in store.feedback(conversation_id).items()},
    }


def _masked(found: transcripts.Found) -> tuple[str, str]:
    """How a conversation began, and what was said in the turn that was found."""
    said = (found.began, found.utterance)
    names = names_in(said)
    return mask(said[0], names), mask(said[1], names)


def _flag(flag: flags.Flag, catalogue: Catalogue) -> dict[str, Any]:
    return {"kind": flag.kind.value, "detail": flag_words(flag, catalogue), "settled_by": flag.settled_by}


def flag_words(flag: flags.Flag, catalogue: Catalogue) -> str:
    """Why a turn is flagged, masked; disliked items by their titles."""
    if flag.kind is not FlagKind.DISLIKE:
        return mask(words(flag.detail))
    items = ((item_id, catalogue.get(item_id)) for item_id in flag.detail.split("\n") if item_id)
    return "; ".join(item.title if item else item_id for item_id, item in items)


def exists(store: Store, conversation_id: str) -> bool:
    """Whether there is such a conversation."""
    try:
        store.shopper(conversation_id)
    except KeyError:
        return False
    return True


def unmasked_until(store: Store, name: str, conversation_id: str) -> datetime | None:
    """Until when somebody sees a conversation unmasked; None when she does not. The audit is what remembers it."""
    last = audit.entries(store, by=name, action=UNMASK, subject=conversation_id, limit=1)
    until = last[0].at + UNMASKED_FOR if last else None
    return until if until is not None and until > datetime.now(UTC) else None


def items_named(catalogue: Catalogue, text: str) -> frozenset[str]:
    """The ids that a text means: itself, and those of items whose titles hold all of its words."""
    words, ids = text.casefold().split(), {text.strip()}
    for item in catalogue:
        if all(word in item.title.casefold() for word in words):
            ids.add(item.item_id)
        if len(ids) > _NAMED:
            break
    return frozenset(ids)


def turns_until(store: Store, conversation_id: str, number: int) -> list[dict[str, Any]]:
    """The stored turns of a conversation up to one, that one last.

    Raises:
        HTTPException: 404, there is no such turn.
    """
    rows = [row for row in store.turns(conversation_id) if row["number"] <= number]
    if not rows or rows[-1]["number"] != number:
        raise HTTPException(404, "There is no such turn.")
    return rows
