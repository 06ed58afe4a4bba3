"""Fifth journey: consent, a personal order, its absence, what is known, and being forgotten without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from talking import reply, say, titles, turn

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.weights]

SECRET = "a gift for zebrafinch"  # a word that nothing else in the store holds
UNMOVED = "The same place without your history"


def open_privacy(page: Page) -> None:
    page.get_by_role("button", name="Privacy").click()


def kept(page: Page) -> list[str]:
    return page.evaluate("Object.keys(localStorage).filter((key) => key.startsWith('shop-assistant'))")


def stored_bytes(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.glob("conversations.db*")))


def test_nothing_is_used_before_she_allows_it(whole_site, open_page):
    page = open_page(whole_site.address)
    open_privacy(page)
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")
    page.keyboard.press("Escape")
    say(page, "headphones")
    page.locator(".card summary").first.click()
    expect(page.locator(".standing, .order")).to_have_count(0)
    with turn(page):
        open_privacy(page)
        page.get_by_role("button", name="What do you know about me?").click()
    expect(reply(page)).to_contain_text("I use no views, clicks, carts or purchases of yours")
    expect(page.locator(".question")).to_contain_text("Use what I look at here to sort items for me")
    page.get_by_role("button", name="No, thanks").click()
    expect(page.locator(".question")).to_have_count(0)
    open_privacy(page)
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")


def test_allowed_history_sorts_and_each_card_says_where_it_would_stand_without(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, "headphones")
    open_privacy(page)
    page.get_by_role("switch").click()
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "true")
    page.keyboard.press("Escape")
    for card in page.locator(".card").all()[2:4]:
        card.locator("summary").first.click()
        card.get_by_role("button", name="I like it").click()
        expect(card.get_by_role("button", name="I like it")).to_have_attribute("aria-pressed", "true")
    say(page, "wireless ones")
    expect(page.locator(".order")).to_contain_text("Sorted with your history")
    assert page.locator(".standing").count() == page.locator(".card").count()
    said = dict(zip(titles(page), page.locator(".standing").all_inner_texts(), strict=True))
    assert any("number" in words for words in said.values()), "her history moved nothing"
    with turn(page):
        page.locator(".order").get_by_role("button", name="Ignore my history").click()
    expect(page.locator(".order")).to_contain_text("Your history is left out")
    expect(page.locator(".standing")).to_have_count(0)
    for rank, title in enumerate(titles(page), start=1):
        assert title not in said or said[title] in (f"Without your history: number {rank}", UNMOVED)
    with turn(page):
        open_privacy(page)
        page.get_by_role("button", name="What do you know about me?").click()
    expect(reply(page)).to_contain_text("events of yours")


def test_a_reload_brings_the_conversation_back(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, "laptops under $900")
    before = (titles(page), page.locator("#chat").inner_text(), page.locator("#constraints").inner_text())
    page.reload()
    expect(page.locator(".card")).not_to_have_count(0)
    assert (titles(page), page.locator("#chat").inner_text(), page.locator("#constraints").inner_text()) == before
    expect(reply(page).locator(".cite")).not_to_have_count(0)
    say(page, "under $700")
    expect(page.locator(".chip", has_text="Laptops")).to_be_visible()


def test_being_forgotten_leaves_nothing(whole_site, open_page):
    page = open_page(whole_site.address)
    open_privacy(page)
    page.get_by_role("switch").click()
    expect(page.locator("#status .note")).to_contain_text("sorts items for you")
    page.keyboard.press("Escape")
    say(page, SECRET)
    page.locator(".card summary").first.click()
    assert kept(page)
    with turn(page):
        open_privacy(page)
        page.get_by_role("button", name="Forget me").click()
    held = stored_bytes(whole_site.folder)
    assert SECRET.encode() in held
    assert b"guest-" in held

    page.get_by_role("button", name="Yes, forget me").click()
    expect(page.locator("#chat")).to_contain_text("what was stored about you is deleted")
    expect(page.locator(".card, .chip")).to_have_count(0)
    expect(page.locator("#chat")).not_to_contain_text("zebrafinch")
    assert kept(page) == []
    held = stored_bytes(whole_site.folder)
    assert SECRET.encode() not in held

    page.reload()
    expect(page.locator(".reply.example")).not_to_have_count(0)
    expect(page.locator("#chat .message")).to_have_count(0)
    open_privacy(page)
    expect(page.get_by_role("switch")).to_have_attribute("aria-checked", "false")


def test_forgetting_can_be_thought_better_of(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, "headphones")
    with turn(page):
        open_privacy(page)
        page.get_by_role("button", name="Forget me").click()
    with turn(page):
        page.get_by_role("button", name="No, keep it").click()
    expect(page.locator(".question")).to_have_count(0)
    expect(page.locator(".card")).not_to_have_count(0)
    page.reload()
    expect(page.locator("#chat")).to_contain_text("No, keep it")
