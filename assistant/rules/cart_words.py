"""Commands to the cart and answers to what was asked about it: compared whole, not guessed, the same on every rung.

What is not said in one of these forms is left to understanding: "I'll take the second" is a `select` like any other.
"""

from __future__ import annotations

import re

from assistant.cart import QUANTITY, CartEdit, CartTalk, quantity_of
from assistant.dialogue import DialogueAct, DialogueState, Intent, Slots
from assistant.references import find_references
from assistant.rules.cues import alternatives, cue
from assistant.rules.number_words import number_from_words
from assistant.variants import named_in
from retrieval.words import tokens

_MOST_WORDS = 9  # of an answer to a question; a longer utterance is understood like any other
_YES = re.compile(rf"{alternatives('answer.yes')}(?:[ ,.!]+{alternatives('answer.yes')})*")
_NO = re.compile(rf"{alternatives('cart.no')}(?:[ ,.!]+{alternatives('cart.no')})*")
_SIZE = re.compile(r"(?:(?:size|in|the) )*(\d{1,3}(?:[.,]5)?|x{0,3}[sl]|m|small|medium|large)")
_COUNT = r"\d{1,3}|one|two|three|four|five|six|seven|eight|nine|ten|twelve"
_OF_THEM = r"(?:,? of (?:them|those|these|it|that)|,? pieces?|,? pairs?)"
_MORE = rf"(?:({_COUNT}) more|(another)(?: one)?)(?:{_OF_THEM}| of the same)?"
_IT = re.compile(r"(?:it|that|this|them|those|these)(?: (?:one|ones|again|item|thing))?")
_PLACE = re.compile(
    r"(?:the |number |#|no\.? ?)*(first|second|third|fourth|fifth|sixth|last|\d{1,2})(?: (?:one|item|option|pick))?"
)
_EVERYTHING = re.compile(r"every ?thing|(?:them |it )?all|all of (?:it|them)|all (?:the )?items")
_BESIDE_A_VALUE = re.compile(r"\b(?:the|a|an|in|one|size|waist|colour|color|it|to)\b")


def cart_act(text: str, state: DialogueState) -> DialogueAct | None:
    """The act of an utterance that speaks to the cart; None when it is no such command or answer.

    Args:
        text: normalised, lower case.
        state: before the turn.
    """
    plain, talk = _bare(text), state.cart_talk
    if talk is not None and (act := _answer(text.strip(" .!?,"), plain, talk) or _changed_mind(plain, talk)):
        return act
    if edit := _edit(plain, filled=bool(state.selected)):
        return DialogueAct(Intent.SELECT, cart=edit)
    if act := _asked_for(text.strip(" .!?,"), state):
        return act
    return _taken_out(plain, state) or (None if talk is None else _counted(plain, talk, state))


def _bare(text: str) -> str:
    """Without politeness at either end: "ok, could you empty my cart please"."""
    bare = " ".join(text.strip(" .!?,").split())
    bare = re.sub(rf"^(?:{alternatives('cart.lead')}[ ,.!:]+)+", "", bare)
    return re.sub(rf"(?:[ ,.!?:]+{alternatives('cart.trail')})+$", "", bare)


def _edit(plain: str, *, filled: bool) -> CartEdit | None:
    for edit in (CartEdit.EMPTY, CartEdit.SHOW, CartEdit.CHECKOUT):
        if cue(f"cart.{edit}").fullmatch(plain) or (filled and cue(f"cart_filled.{edit}").fullmatch(plain)):
            return edit
    return None


def _answer(said: str, plain: str, talk: CartTalk) -> DialogueAct | None:
    """The answer to a question about the variant or the pieces."""
    if not talk.asking:
        return None
    if _YES.fullmatch(said):
        return _chosen(talk, talk.options[0]) if len(talk.options) == 1 else None
    if _NO.fullmatch(said):
        return DialogueAct(Intent.SELECT, cart=CartEdit.TAKE_BACK)
    if talk.attribute == QUANTITY:
        return None
    for words, option in (("any", 0), ("smallest", 0), ("biggest", -1)):
        if cue(f"cart.{words}").fullmatch(plain):
            return _chosen(talk, talk.options[option])
    rest = _after_rather(plain)
    if len(rest.split()) <= _MOST_WORDS and not cue("finding").search(rest):
        named = named_in(rest, talk.options, bare=True)
        counted = re.search(rf"\b({_COUNT}){_OF_THEM}", rest)
        if len(named) == 1:
            return _chosen(talk, named[0], _number(counted[1]) if counted else None)
    other = _SIZE.fullmatch(plain)
    return DialogueAct(Intent.SELECT, Slots(attributes=(other[1],))) if other else None


def _chosen(talk: CartTalk, option: str, quantity: int | None = None) -> DialogueAct:
    if talk.attribute == QUANTITY:
        return DialogueAct(Intent.SELECT, Slots(quantity=int(option)))
    return DialogueAct(Intent.SELECT, Slots(attributes=(option.casefold(),), quantity=quantity))


def _changed_mind(plain: str, talk: CartTalk) -> DialogueAct | None:
    """Another variant than was put in, or the last change taken back."""
    if talk.asking:
        return None
    if cue("cart.take_back").fullmatch(plain):
        return DialogueAct(Intent.SELECT, cart=CartEdit.TAKE_BACK)
    rest = _after_rather(plain)
    named = named_in(rest, talk.options, bare=True)
    if len(named) == 1 and len(_BESIDE_A_VALUE.sub("", rest).split()) <= len(named[0].split()):
        return _chosen(talk, named[0])
    return None


def _after_rather(plain: str) -> str:
    """What is wanted: "no, make it the blue one instead" is "blue"."""
    return re.sub(rf"^(?:{alternatives('cart.rather')}[ ,]+)+|(?:[ ,]+{alternatives('cart.instead')})+$", "", plain)


def _asked_for(said: str, state: DialogueState) -> DialogueAct | None:
    """ "Can I get the second?" sounds like a question about it."""
    match = cue("cart.can_i_get").fullmatch(said) if state.shown else None
    place = match and _PLACE.fullmatch(match[1])
    return DialogueAct(Intent.SELECT, Slots(references=(_reference(place[0]),))) if place else None


def _taken_out(plain: str, state: DialogueState) -> DialogueAct | None:
    """ "Take the kettle out of my cart"; without naming the cart when a line of it is meant beyond doubt."""
    named = cue("cart.out_of_cart").fullmatch(plain)
    spoken_of = state.cart_talk is not None and not state.cart_talk.asking
    match = named or (cue("cart.out").fullmatch(plain) if spoken_of else None)
    what = next((words for words in match.groups() if words), None) if match else None
    if what is None:
        return None
    if _EVERYTHING.fullmatch(what):
        return DialogueAct(Intent.SELECT, cart=CartEdit.EMPTY)
    fewer = re.fullmatch(rf"({_COUNT})(?: of (.+))?", what)
    reference = _reference((fewer[2] or "it") if fewer else what)
    if named is None and reference != "it" and not _in_cart(reference, state):
        return None
    slots = Slots(references=(reference,), quantity=_number(fewer[1]) if fewer else None)
    return DialogueAct(Intent.SELECT, slots, cart=CartEdit.REMOVE)


def _reference(words: str) -> str:
    """ "it", a place ("2"), or the description as it is."""
    if _IT.fullmatch(words):
        return "it"
    return next((mention.reference for mention in find_references(words, ()) if mention.kind == "rank"), words)


def _in_cart(reference: str, state: DialogueState) -> bool:
    """Whether a place means a line, or an item on the page that is in; or a word of the description a line's title."""
    if reference == "last":
        return bool(state.selected)
    if reference.isdigit():
        place, in_cart = int(reference), {line.item_id for line in state.selected}
        listed = state.cart_talk is not None and state.cart_talk.listed
        return place <= len(in_cart) if listed else any(c.item_id in in_cart for c in state.shown[place - 1 : place])
    described = {token.key for token in tokens(reference) if len(token.key) > 2}
    return any(described & {token.key for token in tokens(line.title)} for line in state.selected)


def _counted(plain: str, talk: CartTalk, state: DialogueState) -> DialogueAct | None:
    """Another number of pieces of the item last put in: "make it three", "one more of those"."""
    if talk.item_id is None:
        return None
    if more := re.fullmatch(rf"(?:{alternatives('cart.more_lead')} )*{_MORE}", plain):
        quantity = quantity_of(state.selected, talk.item_id) + _number(more[1] or more[2])
    elif exact := re.fullmatch(
        rf"(?:{alternatives('cart.count_lead')}[ ,]+)*({_COUNT}){_OF_THEM}?(?: instead)?", plain
    ):
        if exact[0] == exact[1] and talk.attribute != QUANTITY:
            return None  # a bare number may be a place on the page
        quantity = _number(exact[1])
    else:
        return None
    return DialogueAct(Intent.SELECT, Slots(references=("it",), quantity=quantity))


def _number(said: str) -> int:
    return 1 if said == "another" else int(said) if said.isdigit() else int(number_from_words(said) or 1)
