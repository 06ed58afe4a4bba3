"""The demo shop, prepared: generated once, ingested as any shop's feeds are."""

from __future__ import annotations

from collections.abc import Callable

from assistant.service import open_shop
from assistant.settings import Settings
from retrieval.demo_shop import write_demo_shop
from retrieval.ingest import ingest


def prepare_demo(settings: Settings, say: Callable[[str], None] = lambda line: None) -> None:
    """Generate the demo shop into the data folder and ingest it; quick when that was done before.

    Args:
        settings: `data_folder` is where it goes: feeds to its `demo` folder, pictures to its `pictures` folder.
        say: is told each step, for a progress line.
    """
    files = write_demo_shop(settings.data_folder / "demo")
    shop = open_shop(settings)
    try:
        for feed in (files.items, files.interactions):
            say(str(ingest(feed, shop.records, sink=shop.index_items, currency=settings.currency, progress=say)))
    finally:
        shop.close()
