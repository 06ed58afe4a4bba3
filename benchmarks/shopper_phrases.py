"""How simulated shoppers put their wishes: personas with phrases of their own, none of them in what is learnt from."""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import StrEnum

from benchmarks.shopping_goals import Wish, WishKind


class Persona(StrEnum):
    """Ways of speaking."""

    TERSE = "terse"
    CHATTY = "chatty"
    TYPOS = "typos"
    CHANGES = "changes her mind"
    CORRECTS = "corrects herself"
    PASTES = "pastes"
    NEGATES = "negates"


OPENINGS = {
    Persona.TERSE: ("{0}", "{0} pls", "need {0}"),
    Persona.CHATTY: (
        "Hello! My old ones gave up last week, so I am on the hunt for {0} again.",
        "Good afternoon, I was wondering whether you could help me pick out some {0}?",
        "So, my sister told me about this shop, and what I am after is {0}.",
    ),
    Persona.TYPOS: ("im lookng for {0}", "do u have {0}", "want to buy {0}"),
}
OTHERWISE = ("I'm after {0}", "could you show me {0}", "I want to buy {0}", "which {0} do you have?")
ADDING = {
    Persona.TERSE: ("{0}",),
    Persona.CHATTY: (
        "Those look nice, thanks! One thing I forgot to mention: {0}.",
        "Hmm, let me think. I suppose it matters to me that it is like this: {0}.",
        "Lovely. And if it is not too much trouble, {0} please.",
    ),
    Persona.TYPOS: ("{0} plz", "shoud be {0}", "{0}"),
    Persona.NEGATES: ("{0}, nothing else will do", "{0} please"),
}
ADDING_OTHERWISE = ("{0} please", "and {0}", "it has to be {0}", "{0}")
PASTED = ("Shopping list: {0}", "copied from my notes -> {0}", "{0} (that is all I know)")
CHANGES = ("actually, {0} instead", "hmm, I changed my mind: {0}", "on second thought, {0}")
AGAIN = ("I said {0}", "no, {0}!", "again: {0}")
TAKES = ("I'll take the {0} one", "the {0} one please, put it in my cart", "I want to buy the {0} one")
PLACES = ("first", "second", "third", "fourth", "fifth", "sixth")

_AT_MOST = ("at most ${0}", "no more than ${0}", "max {0} dollars", "under ${0}", "my limit is ${0}")
_AT_LEAST = ("at least ${0}", "${0} or more", "not less than ${0}", "from ${0} up")
_BRAND = ("by {0}", "from {0}", "only {0}", "the brand {0}")
_NOT_BRAND = ("not {0}", "no {0}", "anything but {0}", "nothing from {0}")
_YES = ("{1}", "{1} ones")
_VALUES = {
    "colour": ("in {0}", "{0}", "{0} ones"),
    "material": ("made of {0}", "of {0}"),
    "gender": ("for {0}",),
    "ram": ("with {0} of ram", "{0} ram"),
    "storage": ("with {0} storage", "{0} of storage"),
}
_NOT_VALUE = ("not {0}", "no {0}", "anything but {0}")
_KEYS = {"a": "sq", "e": "wr", "i": "uo", "o": "ip", "t": "ry", "s": "ad", "r": "et", "n": "bm", "l": "k", "c": "xv"}


class Speaker:
    """One shopper's way of saying things.

    Args:
        persona: her way.
        chance: what she is drawn by.
    """

    def __init__(self, persona: Persona, chance: random.Random) -> None:
        self.persona, self._chance = persona, chance

    def opens(self, wishes: Sequence[Wish]) -> str:
        """Her first words: the thing, and what else she says at once."""
        said = " ".join(self.words(wish) for wish in wishes)
        if self.persona is Persona.PASTES:
            said = self._chance.choice((", ", "; ", " / ", "\n- ")).join(self.words(wish) for wish in wishes)
            return self._chance.choice(PASTED).format(said)
        return self._chance.choice(OPENINGS.get(self.persona, OTHERWISE)).format(said)

    def adds(self, wish: Wish, instead: Wish) -> str:
        """One more wish; who corrects herself says another one first."""
        said = self.words(wish)
        if self.persona is Persona.CORRECTS and instead != wish:
            said = f"{self.words(instead)}, {self._chance.choice(('no wait', 'sorry', 'I mean'))}, {said}"
        return self._chance.choice(ADDING.get(self.persona, ADDING_OTHERWISE)).format(said)

    def changes(self, wish: Wish) -> str:
        """A wish in place of one she had."""
        return self._chance.choice(CHANGES).format(self.words(wish))

    def repeats(self, wish: Wish) -> str:
        """A wish that was not heeded."""
        return self._chance.choice(AGAIN).format(self.words(wish))

    def takes(self, rank: int) -> str:
        """A choice."""
        return self._chance.choice(TAKES).format(PLACES[rank - 1])

    def words(self, wish: Wish) -> str:
        """A wish alone."""
        said = self._chance.choice(_phrases(wish)).format(wish.amount or wish.value, wish.name)
        slips = self.persona is Persona.TYPOS and wish.kind not in (WishKind.AT_MOST, WishKind.AT_LEAST)
        return self._with_slip(said) if slips and self._chance.random() < 0.6 else said

    def _with_slip(self, said: str) -> str:
        """The words with one slip of the keyboard in a word of five letters or more."""
        words = said.split(" ")
        long = [place for place, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
        if not long:
            return said
        place = self._chance.choice(long)
        word = words[place]
        at = self._chance.randrange(1, len(word) - 1)
        slips = (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + self._chance.choice(_KEYS.get(word[at], word[at])) + word[at + 1 :],
        )
        return " ".join([*words[:place], self._chance.choice(slips), *words[place + 1 :]])


def _phrases(wish: Wish) -> Sequence[str]:
    match wish.kind:
        case WishKind.THING:
            return ("{0}",)
        case WishKind.AT_MOST:
            return _AT_MOST
        case WishKind.AT_LEAST:
            return _AT_LEAST
        case WishKind.BRAND:
            return _BRAND
        case WishKind.NOT_BRAND:
            return _NOT_BRAND
        case WishKind.NOT_PROPERTY:
            return _NOT_VALUE
        case WishKind.PROPERTY:
            if wish.value == "unisex":
                return ("{0}", "{0} ones")
            return _YES if wish.value == "yes" else _VALUES.get(wish.name, ("{0}",))
