"""Feeds that are made to hurt whoever reads them."""

from __future__ import annotations

import gzip
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from fastapi import HTTPException

from assistant.api.health import picture_response
from assistant.inbox import Inbox
from retrieval.errors import FeedError
from retrieval.feeds import files
from retrieval.feeds.files import check_file
from retrieval.ingest import ingest
from retrieval.ingest_report import IngestReport
from retrieval.records import Records

ENTRY = "<item><id>{id}</id><title>{title}</title></item>"


def read(folder: Path, name: str, content: bytes | str) -> IngestReport:
    file = folder / name
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    with Records(folder) as records:
        return ingest(file, records)


def titles(folder: Path) -> list[str]:
    with Records(folder) as records:
        return [item.title for item in records.items()]


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MOST_UNPACKED", 1 << 16)
    bomb = tmp_path / "items.csv.gz"
    bomb.write_bytes(gzip.compress(b"id,title\n" + b"1,aaaaaaaaaaaaaaaaaaaaaaaa\n" * 400_000))
    assert bomb.stat().st_size * files.MOST_TIMES < 27 * 400_000
    with pytest.raises(FeedError, match="unpacks to more than"):
        check_file(bomb)


def test_an_ordinary_gzipped_feed_is_read(tmp_path: Path) -> None:
    rows = "".join(f"{number},Lamp number {number}\n" for number in range(500))
    assert read(tmp_path, "items.csv.gz", gzip.compress(f"id,title\n{rows}".encode())).files[0].added == 500


def test_a_zip_archive_is_not_opened(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../etc/items.csv", "id,title\n1,Lamp\n" + "\0" * 1_000)
    with pytest.raises(FeedError):
        read(tmp_path, "items.csv", packed.getvalue())


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">',  # the billion laughs
        '<!ENTITY b SYSTEM "file:///etc/passwd">',
        '<!ENTITY b SYSTEM "http://127.0.0.1:9/secret">',
        '<!ENTITY % b SYSTEM "http://127.0.0.1:9/more.dtd"> %b;',
    ],
)
def test_xml_that_defines_entities_is_refused_whole(tmp_path: Path, declared: str) -> None:
    feed = f"<!DOCTYPE rss [{declared}]><rss>{ENTRY.format(id=1, title='&b;')}</rss>"
    with pytest.raises(FeedError, match="entities"):
        read(tmp_path, "items.xml", feed)
    assert titles(tmp_path) == []


def test_an_entry_nested_without_end_spoils_no_other(tmp_path: Path) -> None:
    deep = "<x>" * 5_000 + "</x>" * 5_000
    feed = f"<rss><item><id>1</id><title>Lamp</title>{deep}</item>{ENTRY.format(id=2, title='Chair')}</rss>"
    assert read(tmp_path, "items.xml", feed).files[0].added == 2
    assert titles(tmp_path) == ["Lamp", "Chair"]


@pytest.mark.parametrize("depth", [50, 900, 100_000])
def test_json_nested_without_end_is_set_aside(tmp_path: Path, depth: int) -> None:
    deep = '{"id": "1", "title": "Lamp", "extra": ' + "[" * depth + "]" * depth + "}"
    report = read(tmp_path, "items.jsonl", f'{deep}\n{{"id": "2", "title": "Chair"}}\n').files[0]
    assert (report.added, report.set_aside) == (1, 1)


def test_a_json_array_of_rows_nested_without_end_is_set_aside_too(tmp_path: Path) -> None:
    rows = [{"id": "1", "title": "Lamp", "extra": [[[[[[[[[[[[[[[[[[[[[[["x"]]]]]]]]]]]]]]]]]]]]]]]}]
    report = read(tmp_path, "items.json", json.dumps([*rows, {"id": "2", "title": "Chair"}])).files[0]
    assert (report.added, report.set_aside) == (1, 1)


OUTSIDE = [
    "../conversations.db",
    "/etc/passwd",
    "a/../../conversations.db",
    "link.png",
    "..%2Fconversations.db",
    "x\0.png",
]


@pytest.mark.parametrize("path", [*OUTSIDE, "file:///etc/passwd", "..\\conversations.db"])
def test_a_picture_s_path_leads_to_nothing_outside_its_folder(tmp_path: Path, path: str) -> None:
    (tmp_path / "conversations.db").write_text("hers", "utf-8")
    (tmp_path / "secret.png").write_text("hers", "utf-8")
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    (pictures / "link.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(HTTPException) as refused:
        picture_response(pictures, path)
    assert refused.value.status_code == 404


def test_a_picture_inside_its_folder_is_served(tmp_path: Path) -> None:
    (tmp_path / "lamp.png").write_bytes(b"PNG")
    assert picture_response(tmp_path, "lamp.png").headers["X-Content-Type-Options"] == "nosniff"


def test_the_inbox_follows_no_link(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("id,title\n1,a secret\n", "utf-8")
    data = tmp_path / "var"
    with Records(data) as records:
        shop = _Shop(records)
        inbox = Inbox(shop, data, "USD", lambda words: None)  # type: ignore[arg-type]
        (data / "inbox" / "items.csv").symlink_to(secret)
        assert inbox.look() == 0
        assert len(records) == 0
    assert secret.exists()


class _Shop:
    """What the inbox needs of a shop."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def index_items(self, items: object) -> None:
        """Nothing is searched here."""


@contextmanager
def listening() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine that notes what it is asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_no_address_in_a_feed_is_ever_fetched(tmp_path: Path) -> None:
    with listening() as (address, asked):
        row = {"id": "1", "title": "Lamp", "image": f"{address}/a.png", "url": f"{address}/b", "description": address}
        read(tmp_path, "items.jsonl", json.dumps(row))
        linked = f"<item><id>3</id><title>x</title><link>{address}</link></item>"
        read(tmp_path, "items.xml", f"<rss>{ENTRY.format(id=2, title='Chair')}{linked}</rss>")
        with Records(tmp_path) as records, pytest.raises(FeedError, match="no file or folder"):
            ingest(Path(f"{address}/feed.csv"), records)
    assert asked == []
