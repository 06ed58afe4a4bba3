"""A shopper's words made even before any rule reads them: quotes, contractions, shorthand, emoji, typos of cues."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from functools import lru_cache

from rapidfuzz.distance import OSA

from assistant.rules.cues import words
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
    (r"\bur\b(?= (?:the|so|a|very|really|great|right)\b)", "you are"),
    (r"\bur\b", "your"),
    (r"\by\b(?= (?:is|are|was|did|do|the|this|that|not)\b)", "why"),
    (r"\br\b(?= you\b)", "are"),
    (r"\bsz\b\.?(?=\s?\w)", "size"),
    (r"\bw/o\b", "without "),
    (r"\bw/(?=\s?\w)", "with "),
    (r"\b(look|try|need|want|search|someth|anyth|noth)in\b", r"\1ing"),
)
_SLIPS_FROM = 5  # letters: a shorter word is near to too many others
_EVEN = tuple((re.compile(pattern, re.IGNORECASE), by) for pattern, by in _CONTRACTIONS)


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
    for cue in sorted(words("often_mistyped.words")):
        if stem[0] == cue[0] and OSA.distance(stem, cue, score_cutoff=1) <= 1:
            return cue + word[len(stem) :]
    return word


def strip_filler(text: str) -> str:
    """The text without words that carry no need at its edges; inside they stay ("light enough to travel")."""
    filler = words("filler.anywhere")
    at_the_end = filler | words("filler.at_the_end")
    kept = [word.strip("'\"") for word in text.split()]
    end = next((i for i in range(len(kept), 0, -1) if _filler(kept[i - 1]) not in at_the_end), 0)
    start = next((i for i in range(end) if _filler(kept[i]) not in filler), end)
    return " ".join(kept[start:end])


@lru_cache(maxsize=10_000)
def _filler(word: str) -> str:
    """The filler word of which this is a slip of the keyboard ("shoud"); the word itself where it is none."""
    if len(word) < _SLIPS_FROM or not word.isalpha() or is_english(word):
        return word
    meant = (w for w in words("filler.anywhere") if len(w) >= _SLIPS_FROM and w[0] == word[0])
    return next((w for w in sorted(meant) if OSA.distance(word, w, score_cutoff=1) <= 1), word)


def remaining(text: str, spans: Collection[tuple[int, int]]) -> tuple[str, ...]:
    """The phrases of the text that lie outside the spans, without filler at their edges."""
    chars = list(text)
    for start, end in spans:
        chars[start:end] = "\n" * (end - start)
    pieces = re.split(r"\n+|[,;:!?()\[\]\"]+|\.(?!\d)|\s[-–—]\s|\bbut\b", "".join(chars))
    phrases = (strip_filler(re.sub(r"[^\w\s'&/+.-]", " ", piece)) for piece in pieces)
    return tuple(phrase for phrase in phrases if re.search(r"\w", phrase))
