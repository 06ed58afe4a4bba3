"""What a press on the page means. A press comes from the client, so it is checked against what the page shows."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from assistant.cart import MOST_PIECES, CartEdit
from assistant.dialogue import DialogueAct, Edit, Intent, Rung, Slots
from assistant.explanation.wording import listing, short_name
from assistant.ui.chips import Chip, chips
from assistant.ui.view import Said, View

ItemId = Annotated[str, Field(min_length=1, max_length=200)]
Wish = Literal["show_data", "forget", "forget_confirmed", "keep", "ignore_history", "use_history", "others", "checkout"]

_WISHES: dict[Wish, tuple[str, Edit | CartEdit | None]] = {
    "show_data": ("What do you know about me?", Edit.SHOW_DATA),
    "forget": ("Forget me", Edit.FORGET),
    "forget_confirmed": ("Yes, forget me", Edit.FORGET_CONFIRMED),
    "keep": ("No, keep it", None),
    "ignore_history": ("Ignore my history", Edit.IGNORE_HISTORY),
    "use_history": ("Use my history again", Edit.USE_HISTORY),
    "others": ("None of these, show me others", Edit.OTHERS),
    "checkout": ("Check out", CartEdit.CHECKOUT),
}


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


class Say(_Press):
    """Say something that the page or the shop's own site offers, as if it were typed."""

    press: Literal["say"]
    utterance: str


class Ask(_Press):
    """Ask about an item."""

    press: Literal["ask"]
    item_id: ItemId


class Choose(_Press):
    """Put an item into the cart."""

    press: Literal["choose"]
    item_id: ItemId


class Compare(_Press):
    """Put items side by side."""

    press: Literal["compare"]
    item_ids: list[ItemId] = Field(max_length=12)


class Wished(_Press):
    """Something about her history, what is held about her, or the items as a whole."""

    press: Literal["wish"]
    wish: Wish


class Again(_Press):
    """Say once more what got no whole answer."""

    press: Literal["again"]


class Quantity(_Press):
    """Set the pieces of an item in the cart; 0 takes it out."""

    press: Literal["quantity"]
    item_id: ItemId
    quantity: int = Field(ge=0, le=MOST_PIECES)


class Rate(_Press):
    """Like or dislike an item; pressing what is pressed already takes it back."""

    press: Literal["rate"]
    item_id: ItemId
    verdict: Literal["like", "dislike"]


class Open(_Press):
    """Follow an item's link to the shop's own page, or open its details."""

    press: Literal["open"]
    item_id: ItemId
    part: Literal["page", "details"]


class Consent(_Press):
    """Allow or forbid that what she does here sorts items for her."""

    press: Literal["consent"]
    granted: bool


class Arrive(_Press):
    """A page is opened: what the browser kept, and what the shop's own site says of who and where she is."""

    press: Literal["arrive"]
    kept: Annotated[str, Field(max_length=2000)] = ""
    item: Annotated[str, Field(max_length=200)] = ""
    token: Annotated[str, Field(max_length=2000)] = ""


class Looking(_Press):
    """The shop's own site shows the page of an item now, or of none."""

    press: Literal["looking"]
    item: str = Field(max_length=200)


Spoken = Remove | Relax | Suggested | Say | Ask | Choose | Compare | Wished | Again
Press = Spoken | Quantity | Rate | Open | Consent | Arrive | Looking
_press: TypeAdapter[Press] = TypeAdapter(Annotated[Press, Field(discriminator="press")])


def parse(data: object) -> Press:
    """Read what the client sent.

    Raises:
        pydantic.ValidationError: it is no press of this page.
    """
    return _press.validate_python(data)


def spoken(press: Spoken, view: View) -> Said:
    """What a press says: the shopper's words and, where nothing has to be understood, their meaning.

    Raises:
        StalePress: the page does not show what was pressed, or too little was ticked.
    """
    match press:
        case Remove():
            chip = _shown_chip(press.dropped, view)
            return Said(chip.undoing, DialogueAct(Intent.REFINE, dropped=(chip.dropped,), rung=Rung.CONTROL))
        case Relax():
            offers = [relaxation.label for relaxation in view.relaxations]
            _check(offers[press.number - 1 : press.number] == [press.label])
            return Said(press.label, DialogueAct(Intent.REFINE, accepts=press.number, rung=Rung.CONTROL))
        case Suggested():
            offered = view.suggestions[press.number - 1 : press.number]
            _check([suggestion.label for suggestion in offered] == [press.label])
            return Said(offered[0].utterance, offered[0].act)
        case Say():
            return Said(press.utterance)
        case Ask():
            rank, title = _shown_item(press.item_id, view)
            return Said(f"Tell me more about number {rank}, {title}", _about(Intent.ASK, rank))
        case Choose():
            rank, title = _shown_item(press.item_id, view)
            return Said(f"Add number {rank} to my cart: {title}", _about(Intent.SELECT, rank))
        case Compare():
            if len(set(press.item_ids)) < 2:
                raise StalePress("Tick two or more items to compare them.")
            items = sorted(_shown_item(item_id, view) for item_id in set(press.item_ids))
            ranks = [rank for rank, _ in items]
            return Said(f"Compare numbers {listing([str(rank) for rank in ranks])}", _about(Intent.COMPARE, *ranks))
        case Wished():
            return _wished(press.wish, view)
        case Again():
            if view.again is None:
                raise StalePress("There is nothing to say again. Please type what you need.")
            return view.again


def _wished(wish: Wish, view: View) -> Said:
    _check(wish != "forget_confirmed" or view.confirming)
    _check(wish != "others" or bool(view.picks))
    words, edit = _WISHES[wish]
    if isinstance(edit, CartEdit):
        return Said(words, DialogueAct(Intent.SELECT, cart=edit, rung=Rung.CONTROL))
    intent = Intent.REFINE if edit is Edit.OTHERS else Intent.PRIVACY
    return Said(words, DialogueAct(intent, edit=edit, rung=Rung.CONTROL))


def _check(shown: bool) -> None:
    if not shown:
        raise StalePress("That has changed in the meantime. Please choose from what is shown now.")


def _shown_chip(dropped: str, view: View) -> Chip:
    found = [chip for chip in chips(view.need.slots, view.constraints.currency) if chip.dropped == dropped]
    _check(bool(found))
    return found[0]


def _shown_item(item_id: str, view: View) -> tuple[int, str]:
    """Rank and name of an item on the page: short, so that no variant is chosen by naming it."""
    found = [(pick.rank, short_name(pick.item)) for pick in view.picks if pick.item.item_id == item_id]
    _check(bool(found))
    return found[0]


def _about(intent: Intent, *ranks: int) -> DialogueAct:
    return DialogueAct(intent, Slots(references=tuple(str(rank) for rank in ranks)), rung=Rung.CONTROL)
