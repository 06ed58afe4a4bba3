"""The intent by rule: cue words, weighed with what the shop's vocabulary recognised and what is on the page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from assistant.dialogue import Intent
from assistant.rules.cues import alternatives, cue

_HELLO = re.compile(rf"^{alternatives('hello')}(?!\w)")
_CHAT_ALONE = re.compile(rf"{alternatives('chat_alone')}(?:[ ,.!]+{alternatives('chat_alone')})*[ .!?]*")
_MINE = re.compile(r"\b(?:my|orders?|parcel|returns?|refund)\b")
_SENTENCE = re.compile(
    r"\b(?:is|are|was|were|am|do|does|did|have|has|had|will|would|should|can|could|may|who|why|when|where|how|what|tell"
    r"|think|know|feel|my|your|his|her|their|you|he|she|we|they)\b"
)
_CLAUSE = re.compile(r"\b(?:i|you|he|she|they|we|do|does|did|should|would|will|can)\b")
_OF_RANKING = re.compile(
    r"^\W*why\W*$|\b(?:order|rank\w*|recommend\w*|suggest\w*|show\w*|pick\w*|choose|chose|results?|list)\b"
)
_VARIANT = re.compile(
    r"\b(?:you (?:also )?have|got|is there|are there|any|show me|have you)\b.*\b(?:in|with|but|without|ones?)\b"
    r"|\b(?:what|anything|something) else\b|\bsame\b|\bsimilar\b|\blike (?:the|it|this|that)\b"
)
_REQUEST = re.compile(r"\b(?:can|could|would|will) (?:you|we|i)\b")  # "could you bring it down to 500"
_ANOTHER = re.compile(r"\b(?:another|different|new search|for my|now i)\b")
_MORE = re.compile(
    r"\b(?:other|more|further) (?:options?|choices?|ones?|models?|suggestions?|results?)\b|\banything else\b"
)
_ADJECTIVE = re.compile(
    r"\w+(?:y|able|ible|ish|proof|less|ful|ed|er|ing|ive|ous|al|ic|free|friendly|resistant)|soft|hard|light|big|small"
    r"|warm|cool|smart|loud|quiet|cute|plain|slim|thin|thick|wide|long|short|tall|round|square|modern|retro|vintage"
)


@dataclass(frozen=True, slots=True)
class Signs:
    """What the intent is decided by, beside the words.

    Attributes:
        need: whether a need is in force; `shown`: whether items are on the page.
        pointing: references by rank or description; `pronoun`: references by pronoun.
        category: whether a category is wanted; `other_category`: and it is not the one in force.
        constraint: whether anything else of a need was recognised: price, brand, attribute, sort, refusal, take-back.
        priced: whether a limit on the price is stated.
        taken_back: whether something in force is taken back.
        passing: whether all that was recognised, with no need in force, is a property: "my card was stolen".
        relative: "cheaper", "bigger": measured against what is shown.
        topic: the words that no slot holds.
        recognised: whether a category, brand or attribute of the shop is named, without a typing error.
        sorted_only: whether an order is all that was recognised beside the topic: "cheapest tv".
        fields: names of attributes that the shown items state.
    """

    need: bool
    shown: bool
    pointing: bool
    pronoun: bool
    category: bool
    other_category: bool
    constraint: bool
    priced: bool
    taken_back: bool
    passing: bool
    relative: bool
    topic: str
    recognised: bool
    sorted_only: bool
    fields: frozenset[str]

    @property
    def of_shop(self) -> bool:
        """Whether anything that the shop knows was recognised."""
        return self.category or self.constraint or self.relative


def decide(text: str, signs: Signs) -> tuple[Intent, float]:
    """The intent and how sure it is.

    The confidence is that of the cue that decided: .95 where the words leave no other reading, .9 for a cue with what
    it needs (a shown item, a word of the shop), .7 for a cue alone, .6 and less for a guess from the sentence's shape.
    """
    if signs.taken_back and not signs.other_category:
        return Intent.REFINE, 0.9
    decided = _about_shown(text, signs) or _beside_the_need(text, signs)
    if decided:
        return decided
    if signs.passing and _SENTENCE.search(text) and not cue("finding").search(text):
        return Intent.OUT_OF_SCOPE, 0.5
    return _about_need(text, signs) if signs.of_shop else _unrecognised(text, signs)


def _about_shown(text: str, signs: Signs) -> tuple[Intent, float] | None:
    """Explain, compare, select, ask: they need items on the page, or words that point at some."""
    points = signs.pointing or (signs.pronoun and signs.shown)
    new_need = signs.other_category and not points
    question = cue("question").search(text) is not None
    variant = signs.constraint and _VARIANT.search(text) is not None
    variant = variant or (signs.priced and _REQUEST.search(text) is not None)
    if new_need or (cue("service").search(text) and (_MINE.search(text) or not points)):
        return None
    elsewhere = cue("elsewhere").search(text) and not points
    if cue("explain").search(text) and not elsewhere and (signs.shown or points or _OF_RANKING.search(text)):
        return Intent.EXPLAIN, 0.9 if signs.shown else 0.7
    if cue("compare").search(text) and (signs.shown or points or signs.need) and not elsewhere:
        return Intent.COMPARE, 0.9 if points else 0.75
    if points and cue("select").search(text) and not (signs.relative or variant or text.endswith("?")):
        return Intent.SELECT, 0.9
    if cue("checkout").search(text) and (signs.shown or signs.need):
        return Intent.SELECT, 0.8
    if signs.relative or variant or not (signs.shown or signs.pointing):
        return None
    if points and question:
        return Intent.ASK, 0.9
    return _asks(text, signs, question)


def _asks(text: str, signs: Signs, question: bool) -> tuple[Intent, float] | None:
    """A question without an item's name ("battery life?"), or an item's name without a verb."""
    field = any(re.search(rf"\b{re.escape(name)}\b", text) for name in signs.fields)
    elsewhere = cue("elsewhere").search(text) or cue("finding").search(text) or signs.category
    if question and not elsewhere and (field or cue("asked_about").search(text)):
        return Intent.ASK, 0.7
    if signs.pointing and not signs.of_shop:
        return (Intent.ASK, 0.6) if question or field or signs.topic else (Intent.SELECT, 0.55)
    return None


def _beside_the_need(text: str, signs: Signs) -> tuple[Intent, float] | None:
    """Service, small talk and what is no shop's business."""
    finding = cue("finding").search(text) is not None
    if cue("service").search(text) and not (signs.category and finding and not _MINE.search(text)):
        return Intent.SERVICE, 0.9
    meant = signs.recognised and (finding or not _SENTENCE.search(text))
    if cue("elsewhere").search(text) and not meant:
        return Intent.OUT_OF_SCOPE, 0.85
    rest = _HELLO.sub("", text).strip(" ,.!")
    if signs.of_shop or (signs.need and _MORE.search(text)):
        return None
    polite = cue("chat").search(rest) and len(signs.topic.split()) <= 4
    if not rest or polite or _CHAT_ALONE.fullmatch(rest):
        seeks = cue("finding").search(re.sub(r"\b(?:looking|wish|suggestions?|recommendations?)\b", "", rest))
        return None if seeks else (Intent.CHITCHAT, 0.9)
    return None


def _about_need(text: str, signs: Signs) -> tuple[Intent, float]:
    """Find or refine: something of a need was recognised."""
    if not signs.need:
        return Intent.FIND, 0.9 if signs.recognised else 0.7
    if cue("for_someone").search(text) and not signs.relative:
        return Intent.FIND, 0.75
    if signs.sorted_only and _names_a_thing(text, signs.topic):
        return Intent.FIND, 0.6
    if not signs.other_category:
        if signs.category and _ANOTHER.search(text):
            return Intent.FIND, 0.6
        return Intent.REFINE, 0.9 if signs.constraint or signs.relative else 0.75
    if cue("same_need").search(text) and not cue("new_need").search(text):
        return Intent.REFINE, 0.75
    return Intent.FIND, 0.85


def _names_a_thing(text: str, topic: str) -> bool:
    """Whether the rest of the words may be a thing that the shop does not know: one to three, no adjective alone."""
    words = topic.split()
    return 0 < len(words) <= 3 and not cue("continues").search(text) and not _ADJECTIVE.fullmatch(words[-1])


def _unrecognised(text: str, signs: Signs) -> tuple[Intent, float]:
    """Nothing of the shop was recognised: words for ranking, a question about what is shown, or not our business."""
    words = signs.topic.split()
    finding = cue("finding").search(text) is not None
    question = cue("question").search(text) is not None
    about_item = signs.pronoun or cue("asked_about").search(text)
    if signs.shown and question and not finding and len(words) <= 6 and about_item:
        return Intent.ASK, 0.6
    if not words:
        if finding:
            return (Intent.REFINE, 0.5) if signs.need else (Intent.FIND, 0.5)
        return (Intent.ASK, 0.4) if signs.shown and question else (Intent.CHITCHAT, 0.4)
    continued = cue("continues").search(text) or (len(words) == 1 and _ADJECTIVE.fullmatch(words[0]))
    if cue("for_someone").search(text):
        return Intent.FIND, 0.7
    if signs.need and (continued or finding) and not _SENTENCE.search(signs.topic) and not cue("new_need").search(text):
        return (Intent.REFINE, 0.6) if continued else (Intent.FIND, 0.6)
    if cue("command").search(text) or _CLAUSE.search(signs.topic):
        return Intent.OUT_OF_SCOPE, 0.6
    if finding and len(words) <= 12:
        return Intent.FIND, 0.6
    if len(words) <= 4 and not _SENTENCE.search(text) and any(len(word) > 2 for word in words):
        return Intent.FIND, 0.45
    return Intent.OUT_OF_SCOPE, 0.55
