"""The probe: a few utterances that a model has to understand before it is trusted with shoppers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.resources import files
from pathlib import Path

from assistant.dialogue import DialogueAct, DialogueState, Need
from retrieval.catalogue import CatalogueItem

PASS_MARK = 0.8  # share of the probe that has to be right
_FILE = files("prompts") / "understand_probe.jsonl"


@dataclass(frozen=True, slots=True)
class Question:
    """One utterance of the probe: its intent, the limits it states, and titles of items on the page."""

    text: str
    intent: str
    page: tuple[str, ...]
    low: float | None = None
    high: float | None = None

    def answered_by(self, act: DialogueAct) -> bool:
        """Whether the act has the intent and both limits."""
        return (act.intent.value, act.slots.price_min, act.slots.price_max) == (self.intent, self.low, self.high)


@dataclass(frozen=True, slots=True)
class Result:
    """How a model did: `right` of the `asked`; the probe has `total` and stops when it can no longer be passed.

    `below`: how many the rung that reads in its place has right; 0 when that was not asked.
    """

    right: int
    asked: int
    total: int
    below: int = 0

    @property
    def needed(self) -> int:
        """How many have to be right: most of them, and as many as the rung below has."""
        return max(-int(-self.total * PASS_MARK // 1), self.below)

    @property
    def passed(self) -> bool:
        """Whether enough were right."""
        return self.right >= self.needed

    def __str__(self) -> str:
        asked = f"{self.asked}" if self.asked == self.total else f"the first {self.asked}"
        without = f"; {self.below} are read without it" if self.below else ""
        return f"answered {self.right} of {asked} probe utterances right (needs {self.needed} of {self.total}{without})"


def questions() -> tuple[Question, ...]:
    """The probe's utterances, from `prompts/understand_probe.jsonl`."""
    entries = (json.loads(line) for line in _FILE.read_text("utf-8").splitlines() if line.strip())
    return tuple(Question(**{**entry, "page": tuple(entry["page"])}) for entry in entries)


def run(ask: Callable[[str, DialogueState, list[CatalogueItem]], DialogueAct | None], below: int = 0) -> Result:
    """Put the questions to a model until all are answered or too many are wrong.

    Args:
        ask: understands an utterance by the model alone: None when it could not be made sense of.
        below: how many the rung below has right.

    Raises:
        LanguageModelUnavailable: passed on from `ask`.
    """
    probe = questions()
    right = 0
    for asked, question in enumerate(probe, start=1):
        page = [CatalogueItem(title, title) for title in question.page]
        state = DialogueState(needs=(Need(topic="umbrella"),)) if page else DialogueState()
        act = ask(question.text, state, page)
        right += act is not None and question.answered_by(act)
        result = Result(right, asked, len(probe), below)
        if asked - right > len(probe) - result.needed:
            return result
    return result


class Results:
    """Results of earlier probes in a file, by model and wording, so that a start does not pay twice."""

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / "understanding_probe.json"

    def get(self, model: str, wording: str) -> Result | None:
        """What this model reached under this wording; None when it was never asked or the file cannot be read."""
        entry = self._entries().get(_key(model, wording))
        return None if entry is None else Result(**entry)

    def put(self, model: str, wording: str, result: Result) -> None:
        """Keep a result. A folder that cannot be written to only costs the next start the probe."""
        if self._file is None:
            return
        entries = {**self._entries(), _key(model, wording): asdict(result)}
        partial = self._file.with_suffix(".part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(entries, indent=1), "utf-8")
            partial.replace(self._file)
        except OSError:
            partial.unlink(missing_ok=True)

    def _entries(self) -> dict[str, dict[str, int]]:
        if self._file is None or not self._file.is_file():
            return {}
        try:
            entries: dict[str, dict[str, int]] = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return entries


def _key(model: str, wording: str) -> str:
    probe = hashlib.sha256(_FILE.read_bytes()).hexdigest()[:12]
    return f"{model} {wording} {probe}"
