"""Makes the pictures of the widget in `docs/screenshots` anew: `python tests/browser/widget_screenshots.py`.

A stranger's shop on a site of its own embeds the real service with one line; what is kept is what a shopper sees there.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from live_site import DESK, PHONE, chromium, free_port_number, running_site
from playwright.sync_api import Browser, Frame, Page, expect
from screenshots import keep
from strangers_shop import BROWSER_ARGUMENTS, strangers_shop

from assistant.demo import prepare_demo
from assistant.settings import load_settings

NEED = "a light laptop under $900"


def main() -> None:
    """Prepare a demo shop, then take the pictures."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "var"
        prepare_demo(load_settings(data_folder=folder), print)
        take_widget(folder)


def take_widget(folder: Path) -> None:
    """Every picture of the widget.

    Args:
        folder: data folder of a prepared demo shop; no other process has it open.
    """
    port = free_port_number()
    with (
        strangers_shop(f"http://127.0.0.1:{port}") as shop,
        running_site(folder, port, embed_origins=shop),
        chromium(BROWSER_ARGUMENTS) as browser,
    ):
        take_all(browser, shop)


def take_all(browser: Browser, shop: str) -> None:
    """Each picture from a page of its own: the launcher, then the panel in both sizes and both schemes."""
    keep(opened(browser, f"{shop}/?label=Need+advice%3F", DESK), "widget-launcher")
    for size, device in ((DESK, "desk"), (PHONE, "phone")):
        for night, scheme in (("", "light"), ("night", "dark")):
            page = opened(browser, f"{shop}/?night={night}", size)
            page.evaluate("words => ShopAssistant.ask(words)", NEED)
            settled(page)
            keep(page, f"widget-{device}-{scheme}")
    page = opened(browser, f"{shop}/?dir=rtl&lang=ar", DESK)
    page.evaluate("words => ShopAssistant.ask(words)", NEED)
    settled(page)
    keep(page, "widget-rtl")


def opened(browser: Browser, address: str, size: dict[str, int]) -> Page:
    """A page of the shop with its launcher."""
    scheme = "dark" if "night=night" in address else "light"
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    page.goto(address)
    page.locator("shop-assistant").wait_for(state="attached")
    page.wait_for_timeout(300)
    return page


def settled(page: Page) -> None:
    """Wait for the whole answer and every picture of its cards."""
    chat = frame_of(page)
    expect(chat.locator("#chat .user.message")).to_have_count(1, timeout=60_000)
    chat.get_by_role("button", name="Send").wait_for(timeout=120_000)
    expect(chat.locator(".card").first).to_be_visible()
    page.wait_for_timeout(1_500)  # pictures come late, and the conversation scrolls to its end


def frame_of(page: Page) -> Frame:
    """The chat page in the panel."""
    page.wait_for_event("framenavigated", lambda frame: "embed=1" in frame.url, timeout=60_000)
    return next(frame for frame in page.frames if "embed=1" in frame.url)


if __name__ == "__main__":
    main()
