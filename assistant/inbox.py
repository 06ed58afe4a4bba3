"""Feeds for a running service: what is put into the data folder's `inbox` is ingested at once, without a restart.

Items are found at once; interactions of a log are stored at once and counted from the next start. A file is read when
its name does not end with `.part`: write under such a name, then rename. A link is never followed. Afterwards it lies
in `inbox/done` with a report beside it, or in `inbox/failed` with what is wrong and what to do. Of a log only the
report is kept: its rows are in the records, where a shopper can be forgotten.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from retrieval.errors import AssistantError
from retrieval.feeds import Content
from retrieval.ingest import Forgotten, ingest, nobody
from retrieval.shop import Shop

EVERY = 0.2  # seconds between two looks
FOLDER, FAILED = "inbox", "failed"


def forget_failed(data_folder: Path, shopper_id: str) -> int:
    """Delete feeds that could not be read and name a shopper, or are packed; returns how many there were.

    They are copies of what the shop has, and nothing of them was stored.
    """
    name = re.compile(rb"(?<!\w)" + re.escape(shopper_id.encode("utf-8", "surrogatepass")) + rb"(?!\w)")
    hers = [f for f in (data_folder / FOLDER / FAILED).glob("*") if f.is_file() and _may_name(f, name)]
    for file in hers:
        file.unlink()
    return len(hers)


def delete_failed(data_folder: Path, before: datetime) -> int:
    """Delete feeds that could not be read, and why, from before a time; returns how many files there were."""
    failed = (data_folder / FOLDER / FAILED).glob("*")
    old = [file for file in failed if file.is_file() and file.stat().st_mtime < before.timestamp()]
    for file in old:
        file.unlink()
    return len(old)


def _may_name(file: Path, name: re.Pattern[bytes]) -> bool:
    if file.suffix == ".gz":
        return True
    with file.open("rb") as lines:
        return any(name.search(line) for line in lines)


class Inbox:
    """The inbox of one shop."""

    def __init__(
        self,
        shop: Shop,
        data_folder: Path,
        currency: str,
        say: Callable[[str], None],
        forgotten: Forgotten = nobody,
    ) -> None:
        """An inbox; its folders are made when they are not there.

        Args:
            shop: where items and interactions go.
            data_folder: holds the folder `inbox`.
            currency: of prices that name none.
            say: is told the report of each file.
            forgotten: see `retrieval.ingest.ingest`.
        """
        self.folder = data_folder / FOLDER
        self._done, self._failed = self.folder / "done", self.folder / FAILED
        self._forgotten = forgotten
        for folder in (self._done, self._failed):
            folder.mkdir(parents=True, exist_ok=True)
        self._shop, self._currency, self._say = shop, currency, say
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="inbox", daemon=True)

    def open(self) -> None:
        """Look again and again, in a thread of its own, until `close`."""
        self._thread.start()

    def close(self) -> None:
        """Finish the file that is being read, then stop."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(EVERY):
            self.look()

    def look(self) -> int:
        """Ingest every complete file that lies there; returns how many there were."""
        files = [f for f in sorted(self.folder.iterdir()) if f.is_file() and f.suffix != ".part" and not f.is_symlink()]
        for file in files:
            try:
                report = ingest(
                    file,
                    self._shop.records,
                    sink=self._shop.index_items,
                    currency=self._currency,
                    forgotten=self._forgotten,
                )
            except (AssistantError, OSError) as error:
                self._put(file, self._failed, str(error))
            else:
                self._put(file, self._done, str(report))
                if report.total("read", Content.INTERACTIONS):
                    (self._done / file.name).unlink()
        return len(files)

    def _put(self, file: Path, folder: Path, words: str) -> None:
        file.replace(folder / file.name)
        (folder / f"{file.name}.txt").write_text(words + "\n")
        self._say(words)
