"""Readers of the feed formats: each turns a file into numbered rows of raw fields, and never fails on one bad row."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from retrieval.errors import FeedError
from retrieval.feeds.files import as_windows_1252, open_bytes, open_text

csv.field_size_limit((1 << 31) - 1)  # process-wide; a cell may be as long as its line
DELIMITERS = ",\t;|"
_DEEPEST = 20  # levels inside a row; real feeds have three
_MOST_LINES = 500  # a quote that stays open longer was never meant to be closed
_FORBIDDEN_IN_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a feed as it stands in the file.

    Attributes:
        line: first line of the row, from 1; in XML and JSON arrays the number of the entry.
        fields: raw values by column.
        problem: why the row cannot be read; None when it can.
        raw: the row's text where there is a problem.
        merged: the row only adds to the one before it (a picture row of a Shopify product).
    """

    line: int
    fields: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None
    raw: str = ""
    merged: bool = False


# CSV


def sniff_delimiter(sample: str) -> str:
    """The delimiter of a delimited text: the one that cuts its first lines into the most equal number of cells."""

    def score(delimiter: str) -> tuple[float, int]:
        lines = io.StringIO(sample, newline="")  # a lone carriage return ends a line too
        counts = [len(row) for row in islice(csv.reader(lines, delimiter=delimiter), 20) if row]
        width = counts[0] if counts else 1
        agreeing = sum(count == width for count in counts) / max(1, len(counts))
        return (agreeing if width > 1 else 0.0), width

    return max(DELIMITERS, key=score)


def read_csv(path: Path, encoding: str, delimiter: str) -> Iterator[RawRow]:
    """Rows of a delimited file with a header; one with more or fewer cells than the header has a problem."""
    with open_text(path, encoding) as file:
        lines = _Lines(file)
        columns = _header(lines, delimiter)
        while (line := lines.next()) is not None:
            number = lines.number
            cells = _record(line, lines, delimiter, len(columns))
            while cells and len(cells) > len(columns) and not cells[-1].strip():
                cells.pop()
            if cells is None:
                yield RawRow(number, problem="a quote is opened and never closed", raw=line)
            elif len(cells) == len(columns):
                yield RawRow(number, dict(zip(columns, cells, strict=True)))
            elif line.strip():
                yield RawRow(number, problem=f"{len(cells)} cells under a header of {len(columns)}", raw=line)


def read_csv_columns(path: Path, encoding: str, delimiter: str) -> tuple[str, ...]:
    """The column names of a delimited file."""
    with open_text(path, encoding) as file:
        return tuple(_header(_Lines(file), delimiter))


class _Lines:
    """Lines of a file, with their number, that can be given back."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self._returned: deque[str] = deque()
        self.number = 0

    def next(self) -> str | None:
        line = self._returned.popleft() if self._returned else next(self._source, None)
        self.number += line is not None
        return line

    def give_back(self, lines: list[str]) -> None:
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)


def _header(lines: _Lines, delimiter: str) -> list[str]:
    """The column names: the first record that isn't blank."""
    while (line := lines.next()) is not None:
        if line.strip(f"\ufeff\r\n {delimiter}"):
            return unique_columns(_record(line, lines, delimiter, None) or line.split(delimiter))
    return []


def unique_columns(header: Iterable[str]) -> list[str]:
    """Column names as they stand, blank ones numbered and repeated ones told apart."""
    seen: Counter[str] = Counter()
    columns = []
    for number, cell in enumerate(header, 1):
        name = cell.strip().strip("\ufeff") or f"column {number}"
        seen[name] += 1
        columns.append(name if seen[name] == 1 else f"{name} {seen[name]}")
    return columns


def _record(first: str, lines: _Lines, delimiter: str, width: int | None) -> list[str] | None:
    """The cells of the record that begins with `first`, taking further lines while a quoted cell is open.

    None when its quote is never closed in a way that gives `width` cells; then only `first` is taken.
    """
    text = first
    if '"' not in text:
        return text.rstrip("\r\n").split(delimiter)
    cells, is_open = _cells(text, delimiter)
    taken: list[str] = []
    while is_open and len(taken) < _MOST_LINES and (line := lines.next()) is not None:
        taken.append(line)
        if '"' in line:
            cells, is_open = _cells("".join([text, *taken]), delimiter)
            if not is_open and (cells is None or width not in (None, len(cells))):
                break
    if taken and (is_open or cells is None or width not in (None, len(cells))):
        lines.give_back(taken)
        return None
    if cells is None and not is_open:  # stray quotes inside a cell: read as they stand
        cells = next(csv.reader([text], delimiter=delimiter), [])
    return cells


def _cells(text: str, delimiter: str) -> tuple[list[str] | None, bool]:
    """The cells of a well-formed record, or None; and whether it ends inside a quoted cell."""
    try:
        return next(csv.reader([text], delimiter=delimiter, strict=True), []), False
    except csv.Error as error:
        return None, "unexpected end" in str(error)


# JSON


def read_json_lines(path: Path, encoding: str) -> Iterator[RawRow]:
    """One JSON object per line; blank lines don't count."""
    with open_text(path, encoding) as file:
        for line, text in enumerate(file, 1):
            if text.strip(" \t\r\n\ufeff"):
                yield _json_row(line, text.strip().lstrip("\ufeff"))


def _json_row(line: int, text: str) -> RawRow:
    try:
        value = json.loads(text)
    except RecursionError:
        return RawRow(line, problem="JSON nested too deeply", raw=text)
    except ValueError as error:
        return RawRow(line, problem=f"not JSON: {error}", raw=text)
    return _row_of(line, value, text)


def _row_of(line: int, value: object, raw: str) -> RawRow:
    if not isinstance(value, dict):
        return RawRow(line, problem=f"not a JSON object but {type(value).__name__}", raw=raw)
    if _is_deeper(value, _DEEPEST):
        return RawRow(line, problem="JSON nested too deeply", raw=raw)
    return RawRow(line, value)


def _is_deeper(value: object, levels: int) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return parts is not None and (levels == 0 or any(_is_deeper(part, levels - 1) for part in parts))


def read_json_array(path: Path, encoding: str) -> Iterator[RawRow]:
    """The objects of one JSON array; the file is read whole.

    Raises:
        FeedError: the array cannot be parsed.
    """
    with open_text(path, encoding) as file:
        try:
            values = json.load(file)
        except (ValueError, RecursionError) as error:
            raise FeedError(
                f"{path} begins as a JSON array and cannot be parsed: {error}. Nothing of it was stored.",
                f"Check it with: python -m json.tool {path}",
            ) from error
    for number, value in enumerate(values, 1):
        yield _row_of(number, value, "")


# XML


def check_xml(path: Path, encoding: str) -> bool:
    """Parse the whole file once; returns whether it had to be repaired (characters XML doesn't allow) to be parsed.

    Raises:
        FeedError: it is not well-formed even so, or holds entity definitions, which a feed has no use for.
    """
    for repaired in (False, True):
        try:
            for _ in _entries(path, encoding, repaired):
                pass
        except DefusedXmlException as error:
            raise FeedError(
                f"{path} defines XML entities, as attacks do, and was not read: {error}.",
                "Export the feed without a DOCTYPE.",
            ) from error
        except (ParseError, LookupError, ValueError) as error:
            problem = error
        else:
            return repaired
    raise FeedError(
        f"{path} is not well-formed XML: {problem}. Nothing of it was stored.",
        f"Export the feed again; 'xmllint --noout {path}' shows the place.",
    ) from problem


def read_xml(path: Path, encoding: str, repaired: bool) -> Iterator[RawRow]:
    """The `item` (RSS) or `entry` (Atom) elements of a feed, by local names; repeated elements become lists."""
    for number, entry in enumerate(_entries(path, encoding, repaired), 1):
        fields = _children(entry, _DEEPEST)
        problem = None if fields else "an entry without fields"
        yield RawRow(number, fields, problem)


def _entries(path: Path, encoding: str, repaired: bool) -> Iterator[Element]:
    with _xml_bytes(path, encoding, repaired) as source:
        for _, element in iterparse(source):
            if _local(element.tag) in ("item", "entry", "product"):
                yield element
                element.clear()


def _xml_bytes(path: Path, encoding: str, repaired: bool) -> Any:
    if not repaired:
        return open_bytes(path)
    with open_text(path, encoding) as file:
        text = file.read()
    text = re.sub(r"^\ufeff?\s*<\?xml[^>]*\?>", "", as_windows_1252(text))
    return io.BytesIO(_FORBIDDEN_IN_XML.sub("", text).encode())


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _children(element: Element, deepest: int) -> dict[str, Any]:
    """The fields of an element; what lies deeper inside it than `deepest` levels is left out."""
    fields: dict[str, Any] = {}
    for child in element:
        name = _local(child.tag)
        nested = _children(child, deepest - 1) if len(child) and deepest else None
        value: Any = nested if nested is not None else (child.text or child.get("href") or "").strip()
        if name not in fields:
            fields[name] = value
        elif isinstance(fields[name], list):
            fields[name].append(value)
        else:
            fields[name] = [fields[name], value]
    return fields
