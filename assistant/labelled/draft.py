"""An example in the making: marked words, not yet made noisy."""

from __future__ import annotations

from dataclasses import dataclass, field

from assistant.dialogue import Edit, Intent
from assistant.labelled.examples import Situation


@dataclass(frozen=True, slots=True)
class Draft:
    """Marked words with what they mean beside their marks; see `assistant.labelled.examples.Example`."""

    marked: str
    intent: Intent
    source: str
    situation: Situation = field(default_factory=Situation)
    edit: Edit | None = None
    accepts: int | None = None
