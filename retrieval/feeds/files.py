"""Bytes of a feed file to text: gzip by its first bytes, encoding by byte-order mark and content.

Bytes that are not UTF-8 come out as surrogates (U+DC80..U+DCFF); `retrieval.feeds.cleaning` reads them as Windows-1252
and counts each repair, so that one bad row doesn't spoil a good file.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from pathlib import Path
from typing import IO, cast

from retrieval.errors import FeedError

SURROGATE = re.compile("[\ud800-\udfff]")
_BLOCK = 1 << 20
MOST_UNPACKED = 64 << 20  # bytes that any gzipped feed may unpack to; a larger one by its ratio
MOST_TIMES = 200  # its size, unpacked; real feeds reach 10 to 40
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def open_bytes(path: Path) -> IO[bytes]:
    """The file's content, unpacked when it is gzipped, whatever its name says.

    Raises:
        FeedError: the file cannot be opened.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        return cast("IO[bytes]", gzip.open(path, "rb")) if packed else path.open("rb")
    except OSError as error:
        raise FeedError(
            f"{path} cannot be read: {error.strerror}.", f"Check the name and the rights: ls -l {path}"
        ) from error


def open_text(path: Path, encoding: str) -> IO[str]:
    """The file's content as text, line ends as they are; bytes of another encoding as surrogates."""
    errors = "surrogateescape" if encoding.startswith("utf-8") else "replace"
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, errors=errors, newline="")


def as_windows_1252(text: str) -> str:
    """The text with undecoded bytes (surrogates) read as Windows-1252, and other lone surrogates left out."""

    def character(match: re.Match[str]) -> str:
        code = ord(match[0]) - 0xDC00
        return bytes([code]).decode("cp1252", "ignore") if 0x80 <= code <= 0xFF else ""

    return SURROGATE.sub(character, text)


def check_file(path: Path) -> str:
    """Read the whole file once; returns its encoding, as Python names it.

    Raises:
        FeedError: it is empty, cut off inside its gzip stream, not text, or unpacks to far more than feeds do. Known
            before anything of it is stored.
    """
    total = blanks = 0
    with open_bytes(path) as file:
        most = max(MOST_UNPACKED, MOST_TIMES * path.stat().st_size)
        start = _read(path, file)
        encoding = _encoding_of(start)
        block = start
        while block:
            total += len(block)
            if total > most:
                raise FeedError(
                    f"{path} unpacks to more than {most >> 20:,} MB, as attacks do; it was not read.",
                    "If it is a real feed, unpack it with gunzip and give the unpacked file.",
                )
            blanks += block.count(b"\0") if encoding.startswith("utf-8") else 0
            block = _read(path, file)
    if not start.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        raise FeedError(f"{path} is empty.", "Export the feed again, then run the same command.")
    if blanks > total / 100:
        raise FeedError(
            f"{path} is not text.", "Give a CSV, TSV, JSON Lines or XML file, gzipped or not; unpack archives first."
        )
    return encoding


def first_lines(path: Path, encoding: str) -> str:
    """The first 256 Ki characters of the file."""
    with open_text(path, encoding) as file:
        return file.read(1 << 18)


def _read(path: Path, file: IO[bytes]) -> bytes:
    try:
        return file.read(_BLOCK)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FeedError(
            f"{path} is cut off or damaged: its gzip stream breaks ({error}). Nothing of it was stored.",
            f"Fetch the file again and check it: gzip -t {path}",
        ) from error
    except OSError as error:
        raise FeedError(f"{path} cannot be read: {error}.", f"Check the disk and the rights: ls -l {path}") from error


def _encoding_of(start: bytes) -> str:
    for mark, encoding in _BYTE_ORDER_MARKS:
        if start.startswith(mark):
            return encoding
    sample = start[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if odd > len(sample) / 5 and even < odd / 10:
        return "utf-16-le"
    if even > len(sample) / 5 and odd < even / 10:
        return "utf-16-be"
    return "utf-8"
