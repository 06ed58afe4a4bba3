"""Labelled files of other shapes, as our examples: PSCon, CLINC150, Rasa's training data, CSV.

How their labels become our intents is in `mappings.toml`, or in what `--map` says.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.dialogue import Intent, Slots
from assistant.evaluation.baselines import Said
from assistant.evaluation.comparing import SLOT_NAMES
from assistant.evaluation.examples import Example, read_jsonl
from retrieval.errors import SetupError

_SCORED_SPLIT, _TRAINED_SPLIT = "dev", "train"
_ENTITY = re.compile(r"\[([^\]]+)\]\((\w+)(?::([^)]*))?\)|\[([^\]]+)\]\{([^}]*)\}")
_LISTS = ("brands", "excluded_brands", "attributes", "excluded_attributes", "references")
_FORMS = "Give a .jsonl, .csv(.gz) or Rasa .yml file; docs/evaluation.md shows the forms."


@dataclass(frozen=True, slots=True)
class OwnLabel:
    """A text under the label its own data set gives it."""

    said: Said
    label: str
    split: str


@dataclass(frozen=True, slots=True)
class LabelledFile:
    """What a file holds.

    Attributes:
        examples: in our intents; of a file with splits, the dev split.
        own: every text of a file with splits, under its own label; the training split is there to train on.
        left_out: rows whose label is none of our intents, by label.
    """

    name: str
    examples: tuple[Example, ...]
    own: tuple[OwnLabel, ...] = ()
    left_out: Mapping[str, int] | None = None

    @property
    def trainable(self) -> bool:
        """Whether it has a split to train on and one to score."""
        return {_TRAINED_SPLIT, _SCORED_SPLIT} <= {own.split for own in self.own}


def read_labelled(path: Path, mapping: Mapping[str, str] | None = None) -> LabelledFile:
    """Read a labelled file of any shape that is known.

    Args:
        path: JSON Lines; Rasa's `nlu.yml`; CSV, gzipped or not: PSCon's and CLINC150's `utterances.csv.gz`, or one with
            the columns text, intent and any of history and our slots (turns and lists joined by "|").
        mapping: the file's labels as our intents; a label that is not in it must be one of ours.

    Raises:
        SetupError: the file is missing, broken or of no known shape, or holds no example in our intents.
    """
    suffixes = "".join(path.suffixes[-2:]).lower()
    if suffixes.endswith(".jsonl"):
        found = LabelledFile(_name(path), tuple(read_jsonl(path)))
    elif suffixes.endswith((".yml", ".yaml")):
        found = _rasa(path, mapping or {})
    elif suffixes.endswith((".csv", ".csv.gz")):
        rows = _rows(path)
        columns = set(rows[0]) if rows else set()
        if {"conv_id", "role", "label", "text"} <= columns:
            found = _pscon(path, rows)
        elif {"domain", "intent", "text", "split"} <= columns:
            found = _clinc150(path, rows)
        else:
            found = _plain(path, rows, mapping or {})
    else:
        raise SetupError(f"{path}: labelled files do not end in {path.suffix!r}.", _FORMS)
    if not found.examples:
        raise SetupError(f"{path} holds no example whose label is one of our intents.", _FORMS)
    return found


def _name(path: Path) -> str:
    """A file as the report calls it: with its folder, for many are called utterances.csv.gz."""
    return f"{path.parent.name}/{path.name}"


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    except (OSError, UnicodeDecodeError, csv.Error, EOFError) as error:
        raise SetupError(f"{path} cannot be read: {error}.", _FORMS) from error


def _mappings(name: str) -> dict[str, str]:
    mapping: dict[str, str] = tomllib.loads(Path(__file__).with_name("mappings.toml").read_text("utf-8"))[name]
    return mapping


def _pscon(path: Path, rows: list[dict[str, str]]) -> LabelledFile:
    """Conversations; a turn's history is what was said before in the same one."""
    mapping, examples, own = _mappings("pscon"), [], []
    history: dict[str, list[tuple[str, str]]] = {}
    for row in rows:
        before = history.setdefault(row["conv_id"], [])
        if row["role"] == "user" and row["text"].strip():
            own.append(OwnLabel(Said(row["text"], before[-1][1] if before else ""), row["label"], row["split"]))
            if row["split"] == _SCORED_SPLIT and row["label"] in mapping:
                turns = _in_turn(before)
                name = f"pscon-{row['conv_id']}-{row['index']}"
                examples.append(
                    Example(name, row["text"], Intent(mapping[row["label"]]), None, turns, source=_name(path))
                )
        before.append((row["role"], row["text"]))
    return LabelledFile(_name(path), tuple(examples), tuple(own))


def _in_turn(said: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Turns as history has them, the shopper's and ours in turn: what one side said in a row is one, ours is last."""
    turns: list[str] = []
    last = "system"
    for role, text in said:
        if role == last:
            turns[-1:] = [f"{turns[-1]} {text}"] if turns else []
        elif turns or role == "user":
            turns.append(text)
            last = role
    return tuple(turns if len(turns) % 2 == 0 else [*turns, ""])


def _clinc150(path: Path, rows: list[dict[str, str]]) -> LabelledFile:
    mapping = _mappings("clinc150")
    otherwise = mapping.pop("otherwise")
    own = [OwnLabel(Said(row["text"]), row["intent"], row["split"]) for row in rows]
    examples, left_out = [], Counter[str]()
    for place, row in enumerate(rows):
        if row["split"] == _SCORED_SPLIT:
            intent = mapping.get(row["intent"], otherwise)
            if intent:
                examples.append(Example(f"clinc150-{place}", row["text"], Intent(intent), source=_name(path)))
            else:
                left_out[row["intent"]] += 1
    return LabelledFile(_name(path), tuple(examples), tuple(own), left_out)


def _plain(path: Path, rows: list[dict[str, str]], mapping: Mapping[str, str]) -> LabelledFile:
    if not rows or not {"text", "intent"} <= set(rows[0]):
        raise SetupError(f"{path} has no columns 'text' and 'intent'.", _FORMS)
    slotted = any(name in rows[0] for name in SLOT_NAMES)
    examples, left_out = [], Counter[str]()
    for number, row in enumerate(rows, start=2):
        intent = _intent(row["intent"], mapping)
        if intent is None:
            left_out[row["intent"]] += 1
            continue
        history = tuple(turn.strip() for turn in (row.get("history") or "").split("|") if turn.strip())
        slots = _slots({name: row.get(name) or "" for name in SLOT_NAMES}, path, number) if slotted else None
        examples.append(Example(f"{path.stem}-{number}", row["text"], intent, slots, history, source=_name(path)))
    return LabelledFile(_name(path), tuple(examples), (), left_out)


def _slots(row: Mapping[str, str], path: Path, number: int) -> Slots:
    """Slots from strings: lists joined by "|"."""
    filled: dict[str, Any] = {}
    try:
        for name, value in row.items():
            if not value:
                continue
            if name in _LISTS:
                filled[name] = tuple(part.strip().casefold() for part in value.split("|"))
            elif name in ("price_min", "price_max"):
                filled[name] = float(value)
            else:
                filled[name] = int(value) if name == "quantity" else value.strip().casefold()
    except ValueError as error:
        raise SetupError(f"{path}, line {number}: {error}.", _FORMS) from error
    return Slots(**filled)


def _intent(label: str, mapping: Mapping[str, str]) -> Intent | None:
    try:
        return Intent(mapping.get(label, label))
    except ValueError:
        return None


def _rasa(path: Path, mapping: Mapping[str, str]) -> LabelledFile:
    """Rasa 3 training data: `nlu: [{intent: ..., examples: "- text [value](entity)"}]`; entities named as our slots."""
    import yaml  # type: ignore[import-untyped]

    try:
        document = yaml.safe_load(path.read_text("utf-8"))
        blocks = [block for block in document["nlu"] if "intent" in block]
        listed = [(str(block["intent"]), str(block["examples"]).splitlines()) for block in blocks]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise SetupError(f"{path} is no Rasa training data: {error}.", _FORMS) from error
    examples: list[Example] = []
    left_out = Counter[str]()
    for label, lines in listed:
        intent = _intent(label, mapping)
        for line in filter(None, (line.strip().removeprefix("-").strip() for line in lines)):
            if intent is None:
                left_out[label] += 1
                continue
            name = f"{path.stem}-{len(examples) + 1}"
            examples.append(Example(name, _ENTITY.sub(_plain_text, line), intent, _entities(line), source=_name(path)))
    return LabelledFile(_name(path), tuple(examples), (), left_out)


def _plain_text(match: re.Match[str]) -> str:
    return match[1] or match[4]


def _entities(line: str) -> Slots | None:
    """The slots of a line that annotates any; None when it annotates none."""
    filled: dict[str, Any] = {}
    for match in _ENTITY.finditer(line):
        described = match[5] or ""
        name = match[2] or (re.search(r'"entity":\s*"(\w+)"', described) or [""] * 2)[1]
        value = (
            match[3] or (re.search(r'"value":\s*"([^"]*)"', described) or [""] * 2)[1] or match[1] or match[4]
        ).strip()
        if name in _LISTS:
            filled[name] = (*filled.get(name, ()), value.casefold())
        elif name in ("price_min", "price_max", "quantity"):
            number = re.sub(r"[^\d.]", "", value)
            filled[name] = (int(number) if name == "quantity" else float(number)) if number else None
        elif name in SLOT_NAMES:
            filled[name] = value.casefold()
    return Slots(**filled) if filled else None
