"""The notation of the utterances written by hand: one a line, below the situation they are said in.

    @ {"need": {"category": "kettles", "price_max": 60}, "page": ["Dualit Classic Kettle", "Bosch Styline"]}
    refine: not [nb:bosch] please
    refine undo: no, go back
    select: [q=2:two] of [r=1:the first]
    @
    find: [c:dog bed], [a:washable]

`@` begins a situation: the need in force, the titles on the page and the relaxations offered, or nothing at the start
of a conversation. A line is its intent, then an edit or `accepts=NUMBER` where there is one, a colon, and marked text
(`assistant.labelled.marks`). Blank lines and lines that begin with `#` say nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from assistant.dialogue import WITHOUT_SLOTS, Edit, Intent, Slots
from assistant.labelled.examples import Example, Situation, situation
from assistant.labelled.marks import meaning, pieces, visible

_LINE = re.compile(r"(\w+)(?: (?:accepts=(\d+)|(\w+)))?: (.*\S)\s*$")
_HOLDING = frozenset({"need", "page", "offered"})


class NotationError(ValueError):
    """A line that cannot be read; says which and why."""


def read(text: str, source: str) -> tuple[Example, ...]:
    """The examples of a text.

    Args:
        text: in the notation above.
        source: its name, for errors.

    Raises:
        NotationError: the first line that says nothing that can be understood.
    """
    found, problems = [], []
    for number, one in _examples(text):
        if isinstance(one, Example):
            found.append(one)
        else:
            problems.append(f"{source}, line {number}: {one}")
    if problems:
        raise NotationError("\n".join(problems))
    return tuple(found)


def read_file(path: Path) -> tuple[Example, ...]:
    """The examples of a file.

    Raises:
        OSError: it cannot be read.
        NotationError: it is not in the notation; all lines at fault are named.
    """
    return read(path.read_text(encoding="utf-8"), path.name)


def _examples(text: str) -> Iterator[tuple[int, Example | str]]:
    """Line number and example, or what is wrong with the line."""
    here = Situation()
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            if line.startswith("@"):
                here = _situation(line[1:].strip())
            else:
                yield number, _example(line, here)
        except (KeyError, TypeError, ValueError) as error:
            yield number, str(error)


def _situation(stated: str) -> Situation:
    held: dict[str, Any] = json.loads(stated) if stated else {}
    strange = set(held) - _HOLDING | set(held.get("need", {})) - {field.name for field in fields(Slots)}
    if strange:
        raise ValueError(f"a situation has no {', '.join(sorted(strange))}")
    return situation(held)


def _example(line: str, here: Situation) -> Example:
    match = _LINE.match(line)
    if match is None:
        raise ValueError("expected 'intent: words'")
    named, accepted, edit, marked = match.groups()
    intent, parts = Intent(named), pieces(marked)
    slots, dropped = meaning(parts)
    example = Example(
        text=visible(parts),
        intent=intent,
        slots=slots,
        dropped=dropped,
        edit=Edit(edit) if edit else None,
        accepts=int(accepted) if accepted else None,
        situation=here,
        source="hand",
        marked=parts,
    )
    problem = _inconsistency(example)
    if problem:
        raise ValueError(problem)
    return example


def _inconsistency(example: Example) -> str | None:
    """What makes an example impossible where it stands; None when nothing does."""
    if example.intent in WITHOUT_SLOTS and (example.slots != Slots() or example.dropped):
        return f"{example.intent.value} has no slots"
    if example.intent is Intent.REFINE and example.situation.need == Slots():
        return "there is no need to refine"
    if example.accepts is not None and not 1 <= example.accepts <= len(example.situation.offered):
        return f"relaxation {example.accepts} was not offered"
    held = example.situation.need.as_json()
    for taken in example.dropped:
        name, _, value = taken.partition("=")
        values = held.get(name)
        if values is None or (value and not (isinstance(values, list) and value in values)):
            return f"the need does not hold {taken}"
    return None
