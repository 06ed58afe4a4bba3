"""Talking to the chat page as a shopper does, in a window of its own or in a frame."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Frame, Locator, Page, expect


@contextmanager
def turn(page: Page | Frame) -> Iterator[None]:
    """Waits until what is done inside has been said and answered to the end."""
    said = page.locator("#chat .user.message")
    before = said.count()
    yield
    expect(said).to_have_count(before + 1)
    page.get_by_role("button", name="Send").wait_for()


def send(page: Page | Frame, words: str) -> None:
    box = page.locator("#box textarea")
    box.fill(words)
    box.press("Enter")


def say(page: Page | Frame, words: str) -> None:
    """Type, send, and wait for the answer."""
    with turn(page):
        send(page, words)


def prices(page: Page) -> list[float]:
    texts = page.locator(".card .price").all_inner_texts()
    return [float(text.strip("$").replace(",", "")) for text in texts]


def chip(page: Page, words: str) -> Locator:
    return page.locator(".chip", has_text=words)


def chips(page: Page) -> list[str]:
    """What holds, whatever has just changed of it."""
    return page.locator(".chip .label").all_inner_texts()


def matching(page: Page) -> int:
    """How many items fit, as the page says."""
    shown = page.locator(".count").inner_text().replace(",", "")
    return int(re.findall(r"(\d+) (?:that fit|item)", shown)[0])


def promised(button: Locator) -> int:
    """How many items a button says that it leaves."""
    return int(button.locator(".counted").inner_text().split()[0].replace(",", ""))


def titles(page: Page) -> list[str]:
    return page.locator(".card h3").all_inner_texts()


def reply(page: Page) -> Locator:
    """The last reply."""
    return page.locator("#chat .bot.message").last
