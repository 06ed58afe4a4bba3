"""Makes every picture of `docs/screenshots` anew: `python tests/browser/screenshots.py [chat|widget|console]`.

Starts the delivered service over a freshly prepared demo shop, talks to it as a shopper would, and keeps what chromium
shows, in a palette of 256 colours. The pictures of the widget and of the console have modules of their own.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from live_site import DESK, PHONE, ROOT, chromium, free_port_number, running_site
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from assistant.demo import prepare_demo
from assistant.settings import load_settings

FOLDER = ROOT / "docs" / "screenshots"
NEED = "I need a new laptop under $900, light enough to travel"
PARTS = ("chat", "widget", "console")


def main(parts: tuple[str, ...] = PARTS) -> None:
    """Prepare the demo shop and take the pictures of the parts."""
    import console_pictures
    import widget_screenshots

    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "var"
        prepare_demo(load_settings(data_folder=folder), print)
        if "chat" in parts:
            take_chat(folder)
        if "widget" in parts:
            widget_screenshots.take_widget(folder)
    if "console" in parts:
        console_pictures.main()


def take_chat(folder: Path) -> None:
    """Every picture of the chat page."""
    with running_site(folder, free_port_number()) as address, chromium() as browser:
        for size, scheme in ((DESK, "light"), (DESK, "dark"), (PHONE, "light"), (PHONE, "dark")):
            suffix = ("-phone" if size is PHONE else "") + ("-dark" if scheme == "dark" else "")
            start_and_picks(opened(browser, address, size, scheme), suffix)
            nothing_fits(opened(browser, address, size, scheme), suffix)
            compare_and_ask(opened(browser, address, size, scheme), suffix)
            personal(opened(browser, address, size, scheme), suffix)
            cart(opened(browser, address, size, scheme), suffix)


def start_and_picks(page: Page, suffix: str) -> None:
    """An empty page; a vague need with its question; refined, with what changed marked."""
    keep(page, f"start{suffix}")
    say(page, NEED)
    keep(page, f"picks{suffix}")
    say(page, f"under $800, not {page.locator('.card .brand').first.inner_text()}")
    keep(page, f"conversation-refined{suffix}")


def nothing_fits(page: Page, suffix: str) -> None:
    """An honest no with its relaxations, and one of them taken."""
    say(page, "laptops under $120 with at least 16 GB ram")
    keep(page, f"conversation-nothing{suffix}")
    page.locator(".reply.relaxation", has_text="+$").first.click()
    settled(page, 2)
    keep(page, f"conversation-relaxed{suffix}")


def compare_and_ask(page: Page, suffix: str) -> None:
    """Side by side, and a citation that opened its field."""
    say(page, NEED)
    page.get_by_role("button", name="Compare the first two").click()
    settled(page, 2)
    keep(page, f"conversation-compared{suffix}")
    say(page, "how heavy is the second one?")
    page.locator("#chat .bot.message").last.locator(".cite").first.click()
    page.wait_for_timeout(900)  # it scrolls there
    keep(page, f"conversation-cited{suffix}")


def personal(page: Page, suffix: str) -> None:
    """What she allows, the order that follows from it, and the way to be forgotten."""
    say(page, "headphones")
    page.locator("#privacy .quiet").click()
    page.get_by_role("switch").click()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    keep(page, f"conversation-privacy{suffix}")
    page.keyboard.press("Escape")
    for card in page.locator(".card").all()[2:4]:
        card.locator("summary").first.click()
        card.get_by_role("button", name="I like it").click()
        expect(card.get_by_role("button", name="I like it")).to_have_attribute("aria-pressed", "true")
    say(page, "wireless ones")
    keep(page, f"conversation-personal{suffix}")
    page.locator("#privacy .quiet").click()
    page.get_by_role("button", name="Forget me").click()
    settled(page, 3)
    keep(page, f"conversation-forget{suffix}")
    page.get_by_role("button", name="Yes, forget me").click()
    expect(page.locator("#chat")).to_contain_text("is deleted")


def cart(page: Page, suffix: str) -> None:
    """A size that is asked before a shoe goes in, and the cart."""
    say(page, "trainers")
    page.locator(".choose").first.click()
    settled(page, 2)
    keep(page, f"conversation-size{suffix}")
    page.locator(".reply.suggestion").first.click()
    settled(page, 3)
    page.locator("#cart .quiet").click()
    page.wait_for_timeout(300)
    keep(page, f"conversation-cart{suffix}")


def opened(browser: Browser, address: str, size: dict[str, int], scheme: str) -> Page:
    """A fresh page."""
    page = browser.new_context(viewport=size, color_scheme=scheme).new_page()
    page.set_default_timeout(60_000)
    page.goto(address)
    page.locator(".reply.example").first.wait_for()
    return page


def say(page: Page, words: str) -> None:
    """Type, send, wait for the whole answer."""
    said = page.locator("#chat .user.message").count()
    page.locator("#box textarea").fill(words)
    page.locator("#box textarea").press("Enter")
    settled(page, said + 1)


def settled(page: Page, utterances: int) -> None:
    """Wait until so many utterances are answered and the pictures in view are there."""
    expect(page.locator("#chat .user.message")).to_have_count(utterances, timeout=30_000)
    page.get_by_role("button", name="Send").wait_for(timeout=120_000)
    page.mouse.move(4, 400)  # nothing is hovered
    page.wait_for_timeout(800)  # pictures come late, and the conversation scrolls to its end


def keep(page: Page, name: str) -> None:
    """Store what the page shows."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(tuple(sys.argv[1:]) or PARTS)
