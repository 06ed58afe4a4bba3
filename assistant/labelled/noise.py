"""What people's fingers, phones and habits do to a sentence; marks keep their values or follow the words."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace

from assistant.labelled.marks import Piece

Pieces = tuple[Piece, ...]

_MARKED_SLIPS = 0.4  # how often a marked piece may be slipped in
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_SHORTHAND = {
    r"\byou\b": "u",
    r"\byour\b": "ur",
    r"\bare\b": "r",
    r"\bplease\b": "pls",
    r"\bthanks\b": "thx",
    r"\bwant to\b": "wanna",
    r"\bgoing to\b": "gonna",
    r"\bwithout\b": "w/o",
    r"\bwith\b": "w/",
    r"\band\b": "&",
    r"\bsomething\b": "smth",
    r"\bbecause\b": "cuz",
    r"\bwhat's\b": "whats",
    r"\bdon't\b": "dont",
    r"\bcan't\b": "cant",
    r"\bi'm\b": "im",
    r"\blooking for\b": "lookin 4",
}
_SPOKEN = ("um ", "uh ", "like ", "so uh ", "okay ", "er ", "well ")
_EMOJI = ("🙂", "😅", "🙏", "😊", "👀", "🤔", "😍", "❤️", "😩", "!!", ":)", "...", "??", "lol", "haha", "xx", "🎁")
_BRITISH = (("colour", "color"), ("grey", "gray"), ("aluminium", "aluminum"), ("favourite", "favorite"))


def noisy(rng: random.Random, pieces: Pieces) -> Pieces:
    """The pieces as somebody would really type or say them."""
    pieces = _sometimes(rng, 0.14, pieces, lambda p: mistyped(rng, p))
    pieces = _sometimes(rng, 0.08, pieces, lambda p: _shorthand(rng, p))
    pieces = _sometimes(rng, 0.05, pieces, _without_articles)
    pieces = _sometimes(rng, 0.05, pieces, lambda p: (Piece(rng.choice(_SPOKEN)), *_without_punctuation(p)))
    pieces = _sometimes(rng, 0.15, pieces, _american)
    pieces = _sometimes(rng, 0.35, pieces, _without_punctuation)
    pieces = _sometimes(rng, 0.05, pieces, lambda p: (*p, Piece(f" {rng.choice(_EMOJI)}")))
    return _cased(rng, pieces)


def mistyped(rng: random.Random, pieces: Pieces) -> Pieces:
    """The pieces with a slip in one word or two."""
    return _each_word(rng, pieces, _typo, rng.choice((1, 1, 2)))


def _sometimes(rng: random.Random, probability: float, pieces: Pieces, change: Callable[[Pieces], Pieces]) -> Pieces:
    return change(pieces) if rng.random() < probability else pieces


def _each_word(rng: random.Random, pieces: Pieces, change: Callable[[random.Random, str], str], count: int) -> Pieces:
    """Some words changed: of the unmarked ones, and now and then of those that mean themselves."""
    for _ in range(count):
        places = [
            (number, match)
            for number, piece in enumerate(pieces)
            if not piece.labels or (rng.random() < _MARKED_SLIPS and all(value is None for _, value in piece.labels))
            for match in re.finditer(r"[A-Za-z][a-z]{3,}", piece.text)
        ]
        if places:
            number, match = rng.choice(places)
            text = pieces[number].text
            changed = text[: match.start()] + change(rng, match[0]) + text[match.end() :]
            pieces = (*pieces[:number], replace(pieces[number], text=changed), *pieces[number + 1 :])
    return pieces


def _typo(rng: random.Random, word: str) -> str:
    """One slip: two letters swapped, one left out, doubled, or a neighbour's key; the first letter stays."""
    place = rng.randrange(1, len(word) - 1)
    match rng.randrange(4):
        case 0:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case 1:
            return word[:place] + word[place + 1 :]
        case 2:
            return word[:place] + word[place] + word[place:]
    row = next(row for row in _ROWS if word[place] in row)
    key = row.index(word[place])
    neighbours = row[max(0, key - 1) : key] + row[key + 1 : key + 2]
    return word[:place] + rng.choice(neighbours) + word[place + 1 :]


def _on_unmarked(pieces: Pieces, change: Callable[[str], str]) -> Pieces:
    return tuple(piece if piece.labels else replace(piece, text=change(piece.text)) for piece in pieces)


def _shorthand(rng: random.Random, pieces: Pieces) -> Pieces:
    chosen = [entry for entry in _SHORTHAND.items() if rng.random() < 0.7]

    def shorten(text: str) -> str:
        for pattern, by in chosen:
            text = re.sub(pattern, by, text)
        return text

    return _on_unmarked(pieces, shorten)


def _without_articles(pieces: Pieces) -> Pieces:
    return _on_unmarked(pieces, lambda text: re.sub(r"\b(?:an?|the) ", "", text))


def _without_punctuation(pieces: Pieces) -> Pieces:
    return _on_unmarked(pieces, lambda text: re.sub(r"[,.;?!]+(?=\s|$)|(?<=\s)- ", "", text))


def _american(pieces: Pieces) -> Pieces:
    for british, american in _BRITISH:
        pieces = tuple(replace(piece, text=piece.text.replace(british, american)) for piece in pieces)
    return pieces


def _cased(rng: random.Random, pieces: Pieces) -> Pieces:
    """Lower case as it stands, a sentence as school teaches it, a sentence with a full stop, or all capitals."""
    style = rng.choices(("lower", "sentence", "full", "capitals"), (50, 26, 20, 4))[0]
    if style == "lower":
        return pieces
    if style == "capitals":
        return tuple(replace(piece, text=piece.text.upper()) for piece in pieces)
    cased = tuple(replace(p, text=_proper(p) if p.labels else _sentence_case(p.text)) for p in pieces)
    first = cased[0]
    cased = (replace(first, text=first.text[:1].upper() + first.text[1:]), *cased[1:])
    ended = re.search(r"[.!?…)\U0001F000-\U0001FAFF]\s*$", cased[-1].text)
    return cased if style == "sentence" or ended else (*cased, Piece("."))


def _sentence_case(text: str) -> str:
    text = re.sub(r"\bi\b", "I", text)
    return re.sub(r"([.?!] )([a-z])", lambda match: match[1] + match[2].upper(), text)


def _proper(piece: Piece) -> str:
    """Brands with capitals; short ones that are initials in full: "HP", "Sony"."""
    if not any(label in ("b", "nb") for label, _ in piece.labels):
        return piece.text
    if len(piece.text) <= 3:
        return piece.text.upper()
    return re.sub(r"(?<![\w'])[a-z]", lambda match: match[0].upper(), piece.text)
