"""Feeds found and recognised: what a file is, by its content, and its rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from pathlib import Path

from retrieval.errors import FeedError
from retrieval.feeds import columns as feed_columns
from retrieval.feeds import shopify as feed_shopify
from retrieval.feeds.columns import Columns
from retrieval.feeds.files import check_file, first_lines
from retrieval.feeds.formats import (
    RawRow,
    check_xml,
    read_csv,
    read_csv_columns,
    read_json_array,
    read_json_lines,
    read_xml,
    sniff_delimiter,
)

_SAMPLE_ROWS = 200
_SUFFIXES = {".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson", ".xml", ".rss", ".atom"}
SET_ASIDE_FILE = "set_aside.jsonl"


class Format(StrEnum):
    """Formats that are read, each gzipped or not."""

    CSV = "csv"
    SHOPIFY = "shopify"
    JSON_LINES = "json lines"
    JSON_ARRAY = "json"
    XML = "xml"


class Content(StrEnum):
    """What a feed's rows are."""

    ITEMS = "items"
    INTERACTIONS = "interactions"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Feed:
    """One recognised file.

    Attributes:
        encoding: as Python names it; single bytes that are not in it are repaired row by row.
        delimiter: of CSV and Shopify.
        repaired_xml: characters that XML doesn't allow are taken out while reading.
        names: every column seen in the first rows.
        columns: where the fields stand.
    """

    path: Path
    format: Format
    content: Content
    encoding: str
    names: tuple[str, ...]
    columns: Columns
    delimiter: str = ","
    repaired_xml: bool = False

    def rows(self) -> Iterator[RawRow]:
        """The rows, from the first; may be called again."""
        return _rows(self.path, self.format, self.encoding, self.delimiter, self.repaired_xml)


def find_feeds(path: Path) -> list[Path]:
    """The files to read: the file itself, whatever its name, or the files in a folder that are named as feeds.

    Raises:
        FeedError: there is no such path, or nothing in the folder could be a feed.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise FeedError(f"There is no file or folder {path}.", "Check the name: python -m assistant ingest PATH")
    files = [f for f in sorted(path.iterdir()) if f.is_file() and not f.name.startswith(".")]
    files = [f for f in files if f.name != SET_ASIDE_FILE and _SUFFIXES & {s.lower() for s in f.suffixes}]
    if not files:
        raise FeedError(
            f"The folder {path} holds no feeds.",
            "Give a folder or a file with CSV, TSV, JSON Lines or XML: python -m assistant ingest PATH",
        )
    return files


def open_feed(path: Path, mapping: Mapping[str, str] | None = None) -> Feed:
    """Recognise a file: format, encoding, delimiter and columns by its content. The file is read once, whole.

    Raises:
        FeedError: it is empty, cut off, not text or not well-formed. A file that is none of this but has neither an
            item's nor an interaction's columns is `Content.OTHER`, not an error.
    """
    encoding = check_file(path)
    sample = first_lines(path, encoding)
    kind = _format_of(sample)
    repaired = kind is Format.XML and check_xml(path, encoding)
    delimiter = sniff_delimiter(sample) if kind is Format.CSV else ","
    names = _column_names(path, kind, encoding, delimiter, repaired)
    if kind is Format.CSV and feed_shopify.is_shopify(names):
        kind = Format.SHOPIFY
        names = _column_names(path, kind, encoding, delimiter, repaired)
    mapping = feed_columns.applicable(mapping or {}, names)
    items = feed_columns.item_columns(names, mapping)
    interactions = feed_columns.interaction_columns(names, mapping)
    if {"shopper_id", "item_id", "at"} <= interactions.fields:
        content, columns = Content.INTERACTIONS, interactions
    elif {"item_id", "title"} <= items.fields:
        content, columns = Content.ITEMS, items
    else:
        content, columns = Content.OTHER, items
    return Feed(path, kind, content, encoding, names, columns, delimiter, repaired)


def check_mapping(feeds: Iterable[Feed], mapping: Mapping[str, str]) -> None:
    """Check that every column an operator mapped is in one of the feeds.

    Raises:
        FeedError: one isn't; lists those that are.
    """
    names = list(dict.fromkeys(name for feed in feeds for name in feed.names))
    for name in mapping.keys() - feed_columns.applicable(mapping, names).keys():
        raise FeedError(
            f"No feed has a column {mapping[name]!r} for the field {name!r}; the columns are: {', '.join(names)}.",
            f"Name one of them: --map {name}=COLUMN",
        )


def unrecognised(feed: Feed) -> FeedError:
    """The error for a file that was named as a feed and has the columns of none."""
    return FeedError(
        f"{feed.path} has neither an item's columns (id, title, ...) nor an interaction's (shopper, item, time); its "
        f"columns are: {', '.join(feed.names) or 'none'}.",
        f"Say which is which: python -m assistant ingest {feed.path} --map item_id=COLUMN --map title=COLUMN",
    )


def _format_of(sample: str) -> Format:
    start = sample.lstrip("\ufeff \t\r\n")[:1]
    if start == "<":
        return Format.XML
    if start == "{":
        return Format.JSON_LINES
    return Format.JSON_ARRAY if start == "[" else Format.CSV


def _rows(path: Path, kind: Format, encoding: str, delimiter: str, repaired_xml: bool) -> Iterator[RawRow]:
    match kind:
        case Format.CSV:
            return read_csv(path, encoding, delimiter)
        case Format.SHOPIFY:
            return feed_shopify.fold(read_csv(path, encoding, delimiter))
        case Format.JSON_LINES:
            return read_json_lines(path, encoding)
        case Format.JSON_ARRAY:
            return read_json_array(path, encoding)
        case Format.XML:
            return read_xml(path, encoding, repaired_xml)


def _column_names(path: Path, kind: Format, encoding: str, delimiter: str, repaired_xml: bool) -> tuple[str, ...]:
    if kind is Format.CSV:
        return read_csv_columns(path, encoding, delimiter)
    rows = islice(_rows(path, kind, encoding, delimiter, repaired_xml), _SAMPLE_ROWS)
    return tuple(dict.fromkeys(name for row in rows for name in row.fields))
