"""A stored turn run again with other words, another meaning or another word of the shop, beside what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Form, HTTPException, Request
from fastapi.responses import Response
from pydantic import Field, StringConstraints

from assistant.console.comparing import compare_picks, compare_turns
from assistant.console.conversations import turns_until, unmasked_until
from assistant.console.labels import SORTS, LabelForm, label_of
from assistant.console.masking import mask, masked, names_in
from assistant.console.pages import redirect, render
from assistant.console.session import Admin, SignedIn, Staff
from assistant.console.turn_view import constraint_words, picks_shown, row_of
from assistant.conversation import UtteranceError
from assistant.dialogue import DialogueAct, Edit, Intent
from assistant.store import audit, synonyms

if TYPE_CHECKING:
    from assistant.service import Service

Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=60)]
PATH = "/conversations/{conversation_id}/turns/{number}"


class RerunForm(LabelForm):
    """What is changed: the words, which are understood anew, or what they mean."""

    what: Literal["words", "act"]
    utterance: Annotated[str, Field(max_length=2000)]


def routes(service: Service) -> APIRouter:
    """The form, the comparison, and the shop's own words."""
    router, store = APIRouter(), service.store

    @router.get(PATH + "/rerun")
    def form(request: Request, staff: SignedIn, conversation_id: str, number: int, again: bool = False) -> Response:
        """The form; `again`: with the turn run again as it was said."""
        page = _Page(service, staff, conversation_id, number)
        return page.compared(request, None, None) if again else page.shown(request)

    @router.post(PATH + "/rerun")
    def rerun(
        request: Request, staff: SignedIn, conversation_id: str, number: int, given: Annotated[RerunForm, Form()]
    ) -> Response:
        page = _Page(service, staff, conversation_id, number)
        utterance = page.unmasked(given.utterance)
        act = given.act(Intent(page.row["intent"])) if given.what == "act" else None
        return page.compared(request, utterance, act, given)

    @router.post(PATH + "/synonym")
    def add(
        request: Request,
        staff: Admin,
        conversation_id: str,
        number: int,
        word: Annotated[Word, Form()],
        means: Annotated[Word, Form()],
    ) -> Response:
        service.put_synonym(word, means, staff.name)
        audit.record(store, staff.name, "put synonym", word, {"means": means})
        return redirect(request, PATH.format(conversation_id=conversation_id, number=number) + "/rerun", again="true")

    @router.get("/synonyms")
    def listing(request: Request, staff: Admin) -> Response:
        return render(request, "synonyms.html", words=synonyms.all(store))

    @router.post("/synonyms/remove")
    def remove(request: Request, staff: Admin, word: Annotated[str, Form(max_length=60)]) -> Response:
        service.remove_synonym(word)
        audit.record(store, staff.name, "remove synonym", word, {})
        return redirect(request, "/synonyms")

    return router


class _Page:
    """The page of one turn, for whoever is signed in."""

    def __init__(self, service: Service, staff: Staff, conversation_id: str, number: int) -> None:
        self._service = service
        self._conversation_id, self._number = conversation_id, number
        self._masks = unmasked_until(service.store, staff.name, conversation_id) is None
        rows = turns_until(service.store, conversation_id, number)
        self.row, self._before = rows[-1], rows[-2] if len(rows) > 1 else None
        self._names = names_in(row["utterance"] for row in rows)

    def unmasked(self, utterance: str) -> str:
        """The words to run: those that were said, when what was sent is only their masked form."""
        said: str = self.row["utterance"]
        return said if utterance == mask(said, self._names) else utterance

    def compared(
        self, request: Request, utterance: str | None, act: DialogueAct | None, given: RerunForm | None = None
    ) -> Response:
        """The page with the turn run again; nothing is stored.

        Raises:
            HTTPException: 422, the words cannot be answered.
        """
        try:
            turn = self._service.conversations.replay(self._conversation_id, self._number, act, utterance)
        except UtteranceError as error:
            raise HTTPException(422, str(error)) from error
        self._names |= names_in((turn.utterance,))
        after, before = self._told(row_of(turn)), self._told(self.row)
        catalogue, display = self._service.shop.catalogue, self._service.shop.vocabulary.display
        picks = [picks_shown(row["state"]["shown"], catalogue) for row in (before, after)]
        compared = {"lines": compare_turns(before, after, display), "picks": compare_picks(*picks)}
        case = {**label_of(after["act"]).fields(), "text": mask(turn.utterance, self._names)}
        return self.shown(request, given, {**compared, "case": case, "seconds": turn.latency.get("turn")})

    def shown(
        self, request: Request, given: RerunForm | None = None, compared: dict[str, Any] | None = None
    ) -> Response:
        """The page: the forms as they were sent, and the comparison once there is one."""
        row = self._told(self.row)
        before = self._before and constraint_words(self._before["constraints"], self._service.shop.vocabulary.display)
        return render(
            request,
            "rerun.html",
            conversation_id=self._conversation_id,
            number=self._number,
            row=row,
            constraints_before=before or (),
            utterance=given.utterance if given else row["utterance"],
            label=(given or label_of(row["act"])).fields(),
            compared=compared,
            intents=list(Intent),
            edits=[edit for edit in Edit if edit is not Edit.FORGET_CONFIRMED],
            sorts=SORTS,
        )

    def _told(self, row: Any) -> Any:
        return masked(row, self._names) if self._masks else row
