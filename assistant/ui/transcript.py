"""The conversation as HTML: the shopper's words as they are, replies with their claims set as links to the record.

Of a reply only bold names, numbered lines and paragraphs are markup: no HTML, link or picture, whatever a model or a
record has put into it. A citation opens the field of the item's record that the claim was checked
against (see `page.js`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from assistant.events import Claim
from assistant.plain_text import word_set
from assistant.ui.html import joined
from assistant.ui.view import Message, View

WELCOME = "What can I find for you?"
WELCOME_HINT = "Say it in your own words: what it is for, what it may cost, what it must not be."
VERBS = word_set(
    "is are has have costs cost weighs weigh comes come in rated made of by from for with was released on says"
)
FILLED = r"[\s-]+(?:(?:of|an?|the|is|are|at)\s+)*"  # what a reply may put between the words of a claim
_NUMBERED = re.compile(r"(\d+)\. (.*)")
_BOLD = re.compile(r"\*\*(.+?)\*\*")


@dataclass(frozen=True, slots=True)
class Citation:
    """A claim where the reply makes it: characters `start` to `end` of a line."""

    start: int
    end: int
    claim: Claim


def transcript(view: View, *, under_way: bool = False) -> str:
    """The conversation; while an answer is under way, dots stand where its first word will be."""
    if not view.transcript:
        return Markup('<div class="welcome"><h2>{}</h2><p>{}</p></div>').format(WELCOME, WELCOME_HINT)
    said = [_message(message, view.item_ids) for message in view.transcript if message.text]
    if under_way and not view.transcript[-1].text:
        dots = '<div class="message bot waiting" role="group" aria-label="The assistant is writing">{}</div>'
        said.append(Markup(dots).format(Markup("<i></i><i></i><i></i>")))
    return Markup('<div class="log" role="log" tabindex="0" aria-label="Conversation" aria-busy="{}">{}</div>').format(
        "true" if under_way else "false", joined(said)
    )


def _message(message: Message, item_ids: Collection[str]) -> Markup:
    if message.by_shopper:
        return Markup('<div class="message user" role="group" aria-label="You said" dir="auto">{}</div>').format(
            message.text
        )
    return Markup('<div class="message bot" role="group" aria-label="The assistant said">{}</div>').format(
        joined(_blocks(message, item_ids))
    )


def _blocks(message: Message, item_ids: Collection[str]) -> Iterator[Markup]:
    """Paragraphs, and lists of successive numbered lines."""
    lines = message.text.split("\n")
    cited = citations(lines, [claim for claim in message.claims if claim.item_id in item_ids])
    written = [(line, found) for line, found in zip(lines, cited, strict=True) if line.strip()]
    for numbered, block in groupby(written, lambda one: _NUMBERED.fullmatch(one[0].strip()) is not None):
        drawn = joined(_line(line, found) for line, found in block)
        yield Markup("<ol>{}</ol>").format(drawn) if numbered else drawn


def _line(line: str, cited: Sequence[Citation]) -> Markup:
    match = _NUMBERED.fullmatch(line.strip())
    if match is None:
        return Markup('<p dir="auto">{}</p>').format(_marked_up(line, cited, 0))
    words = _marked_up(line, cited, line.index(match[2]))
    return Markup('<li value="{}" dir="auto">{}</li>').format(int(match[1]), words)


def citations(lines: Sequence[str], claims: Sequence[Claim]) -> list[list[Citation]]:
    """Where the lines of a reply make its claims, for each line in reading order.

    The claims come in the order of the reply; a claim is found by its own words, with articles between them, or, where
    the reply says several facts after one verb, by its words without the verb. One that is found nowhere has none.
    """
    found: list[list[Citation]] = [[] for _ in lines]
    reached = 0
    for claim in claims:
        for number in range(reached, len(lines)):
            citation = _first_free(lines[number], claim, found[number])
            if citation is not None:
                found[number].append(citation)
                reached = number
                break
    return [sorted(line, key=lambda citation: citation.start) for line in found]


def _first_free(line: str, claim: Claim, cited: Sequence[Citation]) -> Citation | None:
    """The first place of a line that says a claim, and is neither cited already nor part of a bold name."""
    taken = [(other.start, other.end) for other in cited] + [match.span() for match in _BOLD.finditer(line)]
    for words in _without_verbs(claim.text.strip(" .").split()):
        wanted = FILLED.join(map(re.escape, words))
        for match in re.finditer(rf"(?<!\w){wanted}(?!\w)", line, re.IGNORECASE):
            if all(match.end() <= start or match.start() >= end for start, end in taken):
                return Citation(match.start(), match.end(), claim)
    return None


def _without_verbs(words: Sequence[str]) -> Iterator[Sequence[str]]:
    """The words, and what is left of them as their leading verb and its particles go."""
    for place, word in enumerate(words):
        yield words[place:]
        if word.casefold() not in VERBS:
            return


def _marked_up(line: str, cited: Sequence[Citation], start: int) -> Markup:
    parts = []
    for citation in cited:
        if citation.start >= start:
            parts += [_bold(line[start : citation.start]), _link(line, citation)]
            start = citation.end
    return joined([*parts, _bold(line[start:])])


def _link(line: str, citation: Citation) -> Markup:
    claim = citation.claim
    label = f"from the record: {claim.field.removeprefix('attributes.')}"
    return Markup(
        '<a href="#picks" class="cite" title="{}" data-item="{}" data-field="{}">{}'
        '<span class="for-screen-readers"> ({})</span></a>'
    ).format(label.capitalize(), claim.item_id, claim.field, line[citation.start : citation.end], label)


def _bold(text: str) -> Markup:
    parts = _BOLD.split(text)
    return joined(
        Markup("<strong>{}</strong>").format(part) if place % 2 else Markup("{}").format(part)
        for place, part in enumerate(parts)
    )
