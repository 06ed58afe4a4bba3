"""What a press on the page means. A press comes from the client, so it is checked against what the page shows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from assistant.dialogue import DialogueAct, Intent, Rung, Slots
from assistant.explanation.wording import listing
from assistant.ui.chips import Chip, chips
from assistant.ui.view import View

ItemId = Annotated[str, Field(min_length=1, max_length=200)]


class StalePress(ValueError):
    """The page has moved on: what was pressed is not on it any more. The message says so to the shopper."""


class _Press(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Remove(_Press):
    """Take one constraint back."""

    press: Literal["remove"]
    dropped: str = Field(max_length=500)


class Relax(_Press):
    """Accept an offered relaxation."""

    press: Literal["relax"]
    number: int = Field(ge=1)
    label: str


class Suggested(_Press):
    """Say a suggested reply."""

    press: Literal["suggested"]
    number: int = Field(ge=1)
    label: str


class Example(_Press):
    """Start from an example."""

    press: Literal["example"]
    utterance: str


class Ask(_Press):
    """Ask about an item."""

    press: Literal["ask"]
    item_id: ItemId


class Compare(_Press):
    """Put items side by side."""

    press: Literal["compare"]
    item_ids: list[ItemId] = Field(max_length=12)


class Rate(_Press):
    """Like or dislike an item; pressing what is pressed already takes it back."""

    press: Literal["rate"]
    item_id: ItemId
    verdict: Literal["like", "dislike"]


class Open(_Press):
    """Follow an item's link to the shop's own page."""

    press: Literal["open"]
    item_id: ItemId


Said = Remove | Relax | Suggested | Example | Ask | Compare
Press = Said | Rate | Open
_press: TypeAdapter[Press] = TypeAdapter(Annotated[Press, Field(discriminator="press")])


def parse(data: object) -> Press:
    """Read what the client sent.

    Raises:
        pydantic.ValidationError: it is no press of this page.
    """
    return _press.validate_python(data)


def spoken(press: Said, view: View) -> tuple[str, DialogueAct | None]:
    """What a press says: the shopper's words and, where nothing has to be understood, their meaning.

    Raises:
        StalePress: the page does not show what was pressed, or too little was ticked.
    """
    match press:
        case Remove():
            chip = _shown_chip(press.dropped, view)
            return chip.undoing, DialogueAct(Intent.REFINE, dropped=(chip.dropped,), rung=Rung.CONTROL)
        case Relax():
            offers = [relaxation.label for relaxation in view.relaxations]
            _check(offers[press.number - 1 : press.number] == [press.label])
            return press.label, DialogueAct(Intent.REFINE, accepts=press.number, rung=Rung.CONTROL)
        case Suggested():
            offered = view.suggestions[press.number - 1 : press.number]
            _check([suggestion.label for suggestion in offered] == [press.label])
            return offered[0].utterance, offered[0].act
        case Example():
            return press.utterance, None
        case Ask():
            rank, title = _shown_item(press.item_id, view)
            return f"Tell me more about number {rank}, {title}", _about(Intent.ASK, rank)
        case Compare():
            if len(set(press.item_ids)) < 2:
                raise StalePress("Tick two or more items to compare them.")
            items = sorted(_shown_item(item_id, view) for item_id in set(press.item_ids))
            ranks = [rank for rank, _ in items]
            return f"Compare numbers {listing([str(rank) for rank in ranks])}", _about(Intent.COMPARE, *ranks)


def _check(shown: bool) -> None:
    if not shown:
        raise StalePress("That has changed in the meantime. Please choose from what is shown now.")


def _shown_chip(dropped: str, view: View) -> Chip:
    found = [chip for chip in chips(view.need.slots, view.constraints.currency) if chip.dropped == dropped]
    _check(bool(found))
    return found[0]


def _shown_item(item_id: str, view: View) -> tuple[int, str]:
    """Rank and title of an item on the page; the title cut so that an utterance stays short."""
    found = [(pick.rank, pick.item.title[:120]) for pick in view.picks if pick.item.item_id == item_id]
    _check(bool(found))
    return found[0]


def _about(intent: Intent, *ranks: int) -> DialogueAct:
    return DialogueAct(intent, Slots(references=tuple(str(rank) for rank in ranks)), rung=Rung.CONTROL)
