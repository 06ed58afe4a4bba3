"""A shopper's words made even, before any rule reads them: case, quotes, contractions, shorthand, emoji, typos of cues."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection

from rapidfuzz.distance import OSA

from retrieval.words import is_english

_CONTRACTIONS = (
    (r"\bcan'?t\b|\bcannot\b", "can not"),
    (r"\bwon'?t\b", "will not"),
    (r"\b(do|does|did|is|are|was|were|has|have|had|would|should|could|must|need)n'?t\b", r"\1 not"),
    (r"\b(i|you|we|they)'?ve\b", r"\1 have"),
    (r"\b(you|they)'re\b", r"\1 are"),
    (r"\b(i|you|we|they|he|she)'ll\b|\b(they|you)ll\b", r"\1\2 will"),
    (r"\b(i|you|we|they|he|she)'d\b", r"\1 would"),
    (r"\bi'?m\b", "i am"),
    (r"\b(it|that|what|where|who|how|when|here|there|which)'s\b|\b(what|where|how)s\b", r"\1\2 is"),
    (r"\blet'?s\b", "let us"),
    (r"\b(wan|gon)na\b", lambda m: {"wan": "want to"}.get(m[1].lower(), "going to")),
    (r"\bgimme\b", "give me"),
    (r"\blemme\b", "let me"),
    (r"\b(?:pls|plz|plse|pleas|plss)\b", "please"),
    (r"\b(?:thx|thnx|tnx|thankx|thanx)\b", "thanks"),
    (r"\bu\b", "you"),
    (r"\bur\b", "your"),
    (r"\br\b(?= you\b)", "are"),
    (r"\bw/o\b", "without "),
    (r"\bw/(?=\s?\w)", "with "),
    (r"\b(look|try|need|want|search|someth|anyth|noth)in\b", r"\1ing"),
)
_EVEN = tuple((re.compile(pattern, re.IGNORECASE), by) for pattern, by in _CONTRACTIONS)

# words that decide an intent or a polarity; a typo in one costs the whole turn
_CUES = (
    "compare comparison cheaper cheapest expensive difference between recommend budget without except anything "
    "something second looking instead actually maximum minimum please thanks remove history delivery refund newest "
    "popular lighter bigger smaller"
).split()


def normalise(utterance: str) -> str:
    """Plain quotes, contractions and shorthand written out, white space single, emoji by their names; case is kept."""
    text = unicodedata.normalize("NFKC", utterance)
    text = text.translate({ord(c): "'" for c in "’‘`´ʼ"} | {ord(c): '"' for c in "“”„"})
    text = "".join(_emoji_word(c) if ord(c) > 0x2190 else c for c in text)
    for pattern, by in _EVEN:
        text = pattern.sub(by, text)
    return " ".join(_correct(word) for word in text.split())


def lower(text: str) -> str:
    """Lower case of the same length, so that places in the one are places in the other."""
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def _emoji_word(character: str) -> str:
    """A picture by its name ("🎧" is " headphone "); faces and hearts say nothing about a need."""
    if unicodedata.category(character) not in ("So", "Sk", "Mn", "Cf"):
        return character
    name = unicodedata.name(character, "").casefold()
    silent = re.search(
        r"face|heart|hand|sign|selector|joiner|modifier|mark|sparkles|fire|person|party|hundred|eyes", name
    )
    return " " if silent or not name else f" {name} "


def _correct(word: str) -> str:
    """A cue word with one slip of the keyboard, put right: "comapre", "chepaer"."""
    stem = lower(word.rstrip(".,!?"))
    if len(stem) < 6 or not stem.isalpha() or is_english(stem):
        return word
    for cue in _CUES:
        if stem[0] == cue[0] and OSA.distance(stem, cue, score_cutoff=1) <= 1:
            return cue + word[len(stem) :]
    return word


# words that carry no need at the edge of a phrase; inside one they stay ("light enough to travel")
FILLER = frozenset(
    """a an the some any i am im me my we us our you your he she they it its this that these those there here is are was
    be been being do does did can could would will shall should may might must have has had get got getting give show
    find need needs needed want wants wanted wanting wish like love prefer look looking search searching hunting after
    buy buying purchase order suggest recommend recommendation recommendations help please thanks thank hi hello hey
    good morning evening afternoon ok okay yes yeah yep sure well so now actually just really very maybe perhaps kind
    sort of in on at to from by and or but also too then with as if what which who how new something anything
    thing things stuff one ones item items product products option options brand price budget cost costs costing
    priced around about under over max maximum min least most only even still pretty quite bit more than
    up out into let see go going come today right no not nor today's could've cheap cheaper affordable inexpensive
    preferably ideally possible possibly ideas idea tell know think guess hmm um uh er oh great nice cool
    alright instead rather don't dont spend spending total dollars dollar bucks each per type model models kinds
    available sell selling stock carry do offer offers wondering question cheapest best rated top
    make made same mine currently exactly hopefully unless also else another other different again back fine""".split()
)


def strip_filler(text: str, filler: Collection[str] = FILLER) -> str:
    """The text without the filler words at its edges."""
    words = text.split()
    while words and words[0].strip("'\"") in filler:
        words.pop(0)
    while words and words[-1].strip("'\"") in filler:
        words.pop()
    return " ".join(words)


def remaining(text: str, spans: Collection[tuple[int, int]], keep: Callable[[str], bool] = bool) -> tuple[str, ...]:
    """The phrases of the text that lie outside the spans, without filler at their edges."""
    chars = list(text)
    for start, end in spans:
        chars[start:end] = "\n" * (end - start)
    pieces = re.split(r"\n+|[,;:!?()\[\]\"]+|\.(?!\d)|\s[-–—]\s|\bbut\b", "".join(chars))
    phrases = (strip_filler(re.sub(r"[^\w\s'&/+.-]", " ", piece)) for piece in pieces)
    return tuple(phrase for phrase in phrases if keep(phrase) and re.search(r"\w", phrase))
