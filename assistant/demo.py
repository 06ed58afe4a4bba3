"""The demo shop, prepared: generated once, ingested as any shop's feeds are."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from assistant.progress import Say, reading
from assistant.settings import Settings

MARK = "prepared.sha256"


def prepare_demo(settings: Settings, say: Say = lambda line: None) -> None:
    """Generate the demo shop into the data folder and ingest it; does nothing when this version of it is there.

    Args:
        settings: its `data_folder` is where everything goes.
        say: is told each step.

    Raises:
        SetupError: see `assistant.service.open_shop`.
    """
    mark = settings.data_folder / "demo" / MARK
    digest = _digest()
    if mark.is_file() and mark.read_text() == digest:
        say("the demo shop is ready")
        return

    from assistant.service import open_shop
    from retrieval.demo_shop import write_demo_shop
    from retrieval.ingest import ingest

    say("generating the demo shop: invented items, simulated shoppers")
    files = write_demo_shop(settings.data_folder / "demo")
    shutil.copytree(files.pictures, settings.data_folder / "pictures", dirs_exist_ok=True)
    with open_shop(settings, say) as shop:
        for feed in (files.items, files.interactions):
            sink = shop.index_items
            report = ingest(feed, shop.records, sink=sink, currency=settings.currency, progress=reading(say))
            say(str(report))
    mark.write_text(digest)


def _digest() -> str:
    """Of the generator and its data: another version of the demo shop is prepared anew."""
    import retrieval.demo_shop

    folder = Path(retrieval.demo_shop.__file__).parent
    sources = sorted(f for f in folder.iterdir() if f.suffix in (".py", ".toml"))
    return hashlib.sha256(b"".join(f.read_bytes() for f in sources)).hexdigest()
