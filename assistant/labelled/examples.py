"""One labelled utterance with the dialogue state it was said in, and its form on disk."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.dialogue import Edit, Intent, Slots
from assistant.labelled.marks import Piece


@dataclass(frozen=True, slots=True)
class Situation:
    """What the assistant knows when the utterance comes.

    Attributes:
        need: the slots in force; empty before the first need.
        page: titles of the items shown, in their order.
        offered: labels of the relaxations offered in the last turn.
    """

    need: Slots = field(default_factory=Slots)
    page: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """An utterance and its dialogue act (see `assistant.dialogue.DialogueAct`).

    Attributes:
        source: "hand" or the family of the generator that made it: "find", "refine price", ...
        shop: kind of shop; "" when none.
        marked: the text in pieces with their labels, where it was made from such; not kept on disk.
    """

    text: str
    intent: Intent
    slots: Slots = field(default_factory=Slots)
    dropped: tuple[str, ...] = ()
    edit: Edit | None = None
    accepts: int | None = None
    situation: Situation = field(default_factory=Situation)
    source: str = ""
    shop: str = ""
    marked: tuple[Piece, ...] = field(default=(), compare=False, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Plain JSON values; what is empty is left out."""
        held = {
            "text": self.text,
            "intent": self.intent.value,
            "slots": self.slots.as_json(),
            "dropped": list(self.dropped),
            "edit": self.edit and self.edit.value,
            "accepts": self.accepts,
            "need": self.situation.need.as_json(),
            "page": list(self.situation.page),
            "offered": list(self.situation.offered),
            "source": self.source,
            "shop": self.shop,
        }
        return {name: value for name, value in held.items() if value or name == "slots"}

    @classmethod
    def from_json(cls, held: Mapping[str, Any]) -> Example:
        """The inverse of `as_json`.

        Raises:
            KeyError, TypeError, ValueError: it is no such object.
        """
        return cls(
            text=held["text"],
            intent=Intent(held["intent"]),
            slots=_slots(held["slots"]),
            dropped=tuple(held.get("dropped", ())),
            edit=Edit(held["edit"]) if held.get("edit") else None,
            accepts=held.get("accepts"),
            situation=situation(held),
            source=held.get("source", ""),
            shop=held.get("shop", ""),
        )


def situation(held: Mapping[str, Any]) -> Situation:
    """The situation of a JSON object: its "need", "page" and "offered"."""
    return Situation(_slots(held.get("need", {})), tuple(held.get("page", ())), tuple(held.get("offered", ())))


def _slots(held: Mapping[str, Any]) -> Slots:
    slots: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in held.items()}
    return Slots(**slots)


def write(path: Path, examples: Iterable[Example]) -> None:
    """JSON Lines, one example each."""
    with path.open("w", encoding="utf-8") as file:
        for example in examples:
            file.write(json.dumps(example.as_json(), ensure_ascii=False) + "\n")


def read(path: Path) -> Iterator[Example]:
    """The examples of a file that `write` wrote.

    Raises:
        OSError: it cannot be read.
        ValueError: a line is no example.
    """
    for line in path.read_text(encoding="utf-8").splitlines():
        yield Example.from_json(json.loads(line))
