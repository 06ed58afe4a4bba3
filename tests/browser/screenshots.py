"""Makes the pictures of `docs/screenshots` anew: `python tests/browser/screenshots.py`.

Starts the real service over a freshly prepared demo shop, talks to it as a shopper would, and keeps what chromium
shows, in a palette of 256 colours.
"""

from __future__ import annotations

import io
import socket
import tempfile
from pathlib import Path

from live_site import ROOT, chromium, running_site
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from assistant.demo import prepare_demo
from assistant.settings import load_settings

FOLDER = ROOT / "docs" / "screenshots"
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
NEED = "I need a new laptop under $900, light enough to travel"


def main() -> None:
    """Prepare, serve, take every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "var"
        prepare_demo(load_settings(data_folder=folder), print)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        with running_site(folder, port) as address, chromium() as browser:
            take_all(browser, address)


def take_all(browser: Browser, address: str) -> None:
    """Every picture, each from a page of its own."""
    page = opened(browser, address, DESK, "light")
    keep(page, "start")
    say(page, NEED)
    keep(page, "picks")
    page.locator(".card summary").first.click()
    keep(page, "scores")
    page.locator(".card summary").first.click()
    for card in page.locator(".card").all()[:3]:
        card.get_by_label("Compare").check()
    page.locator(".compare-bar button").click()
    expect(page.locator(".comparison")).to_be_visible()
    settled(page, 2)
    keep(page, "comparison")

    page = opened(browser, address, DESK, "dark")
    say(page, "laptops under $120 with at least 16 GB ram")
    keep(page, "relaxations-dark")
    page.locator(".reply.relaxation").first.click()
    settled(page, 2)
    keep(page, "picks-dark")

    for scheme in ("light", "dark"):
        page = opened(browser, address, PHONE, scheme)
        say(page, NEED)
        keep(page, f"phone-{scheme}")

    twelve_turns(opened(browser, address, DESK, "light"))


def twelve_turns(page: Page) -> None:
    """The conversation of `tests/assistant/test_whole_conversation.py`, typed into the page; a picture of each turn."""
    brand = ""
    turns = (
        "I need a new laptop",
        "under $900 and light enough to travel",
        "not {brand}",
        "actually {brand} is fine",
        "nothing over $60",
        "ok, the first one",
        "compare the first two",
        "how heavy is the second one?",
        "why this order?",
        "go back",
        "ok, the first one",
        "I'll take the second one",
        "thanks!",
    )
    for number, words in enumerate(turns, start=1):
        if "{brand}" in words and not brand:
            brand = page.locator(".card .brand").first.inner_text()
        page.locator("#box textarea").fill(words.format(brand=brand))
        page.locator("#box textarea").press("Enter")
        settled(page, number)
        keep(page, f"conversation-{number:02}")


def opened(browser: Browser, address: str, size: dict[str, int], scheme: str) -> Page:
    """A fresh page."""
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    page.goto(address)
    page.locator(".reply.example").first.wait_for()
    return page


def say(page: Page, words: str) -> None:
    """Type, send, wait for the whole answer."""
    page.locator("#box textarea").fill(words)
    page.locator("#box textarea").press("Enter")
    settled(page, 1)


def settled(page: Page, utterances: int) -> None:
    """Wait until so many utterances are answered and every picture is there."""
    expect(page.locator("#chat .user.message")).to_have_count(utterances, timeout=30_000)
    page.get_by_role("button", name="Send").wait_for(timeout=120_000)
    page.wait_for_function("[...document.querySelectorAll('.card img')].every((img) => img.complete)")
    page.mouse.move(4, 400)  # nothing is hovered
    page.wait_for_timeout(600)  # the conversation scrolls to its end


def keep(page: Page, name: str) -> None:
    """Store what the page shows."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
