"""The chat page in Debian's chromium: the real service over the demo shop, and a scripted one for hostile items."""

from __future__ import annotations

import threading

import pytest
from live_site import PHONE
from playwright.sync_api import expect
from talking import chip, matching, prices, promised, say, send, turn
from ui_doubles import NASTY, laptop, scripted_service

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NEED = "I need a new laptop under $900, light enough to travel"


def test_an_empty_page_offers_four_needs_and_one_press_answers_it(site, open_page):
    page = open_page(site)
    expect(page.locator(".reply.example")).to_have_count(4)
    example = page.locator(".reply.example").first
    words = example.inner_text()
    with turn(page):
        example.click()
    expect(page.locator("#chat .user.message")).to_have_text(words)
    expect(page.locator(".card")).not_to_have_count(0)


def test_a_need_brings_cards_chips_and_a_reply(site, open_page):
    page = open_page(site)
    say(page, NEED)
    assert prices(page)
    assert max(prices(page)) <= 900
    expect(chip(page, "up to $900")).to_be_visible()
    expect(page.locator(".card").first.locator(".why")).to_contain_text("under your $900")
    named = page.locator(".card h3").first.inner_text()
    assert page.locator("#chat .bot.message").last.inner_text().strip()
    assert named


def test_every_item_on_a_card_has_its_picture(site, open_page):
    page = open_page(site)
    say(page, NEED)
    page.wait_for_function("[...document.querySelectorAll('.card img')].every((img) => img.complete)")
    widths = page.evaluate("[...document.querySelectorAll('.card img')].map((img) => img.naturalWidth)")
    assert len(widths) == page.locator(".card").count()
    assert min(widths) > 0


def test_removing_a_chip_lifts_the_limit(site, open_page):
    page = open_page(site)
    say(page, "laptops under $600, cheapest first")
    count = page.locator(".count").inner_text()
    with turn(page):
        chip(page, "up to $600").click()
    expect(chip(page, "up to $600")).to_have_count(0)
    assert page.locator(".count").inner_text() != count
    expect(chip(page, "cheapest first")).to_be_visible()


def test_a_suggested_reply_leaves_as_many_items_as_it_says(site, open_page):
    page = open_page(site)
    say(page, "a laptop")
    counted = page.locator(".reply.suggestion", has=page.locator(".counted")).first
    count = promised(counted)
    with turn(page):
        counted.click()
    assert matching(page) == count


def test_an_impossible_budget_is_answered_honestly_and_a_relaxation_accepted(site, open_page):
    page = open_page(site)
    say(page, "laptops under $20")
    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator("#picks")).to_contain_text("Nothing in the shop meets all of that")
    with turn(page):
        page.locator(".reply.relaxation").first.click()
    expect(page.locator(".card")).not_to_have_count(0)


def test_ticked_cards_are_compared_side_by_side(site, open_page):
    page = open_page(site)
    say(page, NEED)
    first, third = page.locator(".card").nth(0), page.locator(".card").nth(2)
    titles = [card.locator("h3").inner_text() for card in (first, third)]
    first.get_by_label("Compare").check()
    expect(page.locator(".compare-bar")).to_be_hidden()
    third.get_by_label("Compare").check()
    with turn(page):
        page.get_by_role("button", name="Compare 2 items").click()
    expect(page.locator(".comparison thead th .clamped")).to_have_text(titles)
    expect(page.locator(".comparison tr.differs")).not_to_have_count(0)


def test_a_like_is_kept_while_the_cards_stay(site, open_page):
    page = open_page(site)
    say(page, NEED)
    like = page.locator(".card").first.get_by_role("button", name="I like it")
    like.click()
    expect(like).to_have_attribute("aria-pressed", "true")
    with turn(page):
        page.locator(".card").first.get_by_role("button", name="Ask about").click()
    expect(like).to_have_attribute("aria-pressed", "true")
    title = page.locator(".card h3").first.inner_text().split(",")[0]
    expect(page.locator("#chat .user.message").last).to_contain_text(title)


def test_the_score_breakdown_opens_and_stays_open(site, open_page):
    page = open_page(site)
    say(page, NEED)
    card = page.locator(".card").first
    card.get_by_text("Details").click()
    card.get_by_text("Why it stands here").click()
    expect(card.locator(".scores")).to_be_visible()
    card.get_by_role("button", name="I like it").click()
    expect(card.get_by_role("button", name="I like it")).to_have_attribute("aria-pressed", "true")
    expect(card.locator(".scores")).to_be_visible()


def test_start_over_clears_the_page(site, open_page):
    page = open_page(site)
    say(page, NEED)
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".card")).to_have_count(0)
    expect(page.locator("#chat .message")).to_have_count(0)
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator(".reply.example")).to_have_count(4)


def test_the_rung_that_answered_is_visible(site, open_page):
    page = open_page(site)
    say(page, NEED)
    expect(page.locator("#status .rung")).to_contain_text("not by the language model")


def test_what_cannot_be_read_is_said_in_plain_words_and_kept_in_the_box(site, open_page):
    page = open_page(site)
    send(page, "x" * 3000)
    expect(page.get_by_role("alert")).to_contain_text("3,000 characters")
    assert len(page.locator("#box textarea").input_value()) == 3000


def test_the_page_works_from_the_keyboard(site, open_page):
    page = open_page(site)
    say(page, NEED)
    focused = "document.activeElement"
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate(f"{focused}.matches('.thumb')"):
            break
    assert page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".thumb[aria-pressed=true]")).to_have_count(1)
    assert page.evaluate(f"{focused}.matches('.thumb[aria-pressed=true]')")


def test_every_control_has_an_accessible_name(site, open_page):
    page = open_page(site)
    say(page, NEED)
    nameless = page.evaluate(
        """[...document.querySelectorAll('button, input, textarea, a')].filter((e) => e.checkVisibility())
           .filter((e) => !(e.ariaLabel || e.innerText?.trim() || e.labels?.[0]?.innerText.trim()))
           .map((e) => e.outerHTML)"""
    )
    assert nameless == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_are_readable_on_their_ground(site, open_page, scheme):
    page = open_page(site, color_scheme=scheme)
    say(page, NEED)
    page.locator(".card").first.get_by_text("Details").click()
    page.locator(".card").first.get_by_text("Why it stands here").click()
    faint = page.evaluate(CONTRAST)
    assert faint == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_chat_cards_and_box_without_scrolling_sideways(site, open_page, scheme):
    page = open_page(site, viewport=PHONE, color_scheme=scheme)
    say(page, NEED)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for part in ("#chat .bot.message", ".card", ".chip", "#box textarea"):
        expect(page.locator(part).first).to_be_in_viewport()
    dark = page.evaluate("document.body.classList.contains('dark')")
    assert dark is (scheme == "dark")


def test_a_page_enlarged_to_twice_its_size_can_be_scrolled_to_every_part(site, open_page):
    page = open_page(site, viewport={"width": 640, "height": 400})
    say(page, NEED)
    for _ in range(12):
        page.mouse.move(320, 380)
        page.mouse.wheel(0, 300)
    expect(page.locator("#box textarea")).to_be_in_viewport()
    expect(page.locator(".card").first).to_be_in_viewport()


def test_two_pages_are_two_conversations(site, open_page):
    ann, bob = open_page(site), open_page(site)
    say(ann, NEED)
    expect(bob.locator(".card")).to_have_count(0)
    say(bob, "headphones")
    expect(chip(ann, "up to $900")).to_be_visible()
    expect(chip(bob, "up to $900")).to_have_count(0)


@pytest.mark.parametrize("url", ["javascript:window.hacked=1", f"https://example.com/{NASTY}"])
def test_hostile_items_run_nothing(open_page, serve_scripted, tmp_path, url):
    hostile = laptop(1, title=NASTY, description=NASTY, brand=NASTY, image=f"{NASTY}.svg", url=url)
    service = scripted_service(
        tmp_path, [hostile, laptop(2)], sentences=(f"I found {NASTY}. ", "![x](javascript:alert(1))")
    )
    page = open_page(serve_scripted(service))
    say(page, NASTY)
    expect(page.locator(".card h3").first).to_contain_text("${alert(1)}")
    for box in page.get_by_label("Compare").all():
        box.check()
    with turn(page):
        page.locator(".compare-bar button").click()
    expect(page.locator(".comparison")).to_contain_text("<script>")
    expect(page.locator("#chat .bot.message").first).to_contain_text("![x](javascript:alert(1))")
    assert page.locator("#chat img, #chat a:not([href='#picks'])").count() == 0
    assert page.evaluate("window.hacked") is None
    assert page.locator("a[href^='javascript']").count() == 0


def test_stop_ends_a_reply_and_keeps_what_was_said(open_page, serve_scripted, tmp_path):
    gate = threading.Event()
    service = scripted_service(tmp_path, [laptop(1)], sentences=("This one fits. ", "Never said."), gate=gate)
    page = open_page(serve_scripted(service))
    with turn(page):
        send(page, "a laptop")
        expect(page.locator(".card")).to_have_count(1)
        expect(page.locator("#chat .bot.message")).to_contain_text("This one fits.")
        with page.expect_response(lambda response: "gradio_api" in response.url):
            page.get_by_role("button", name="Stop").click()
        gate.set()
    expect(page.locator("#chat .bot.message")).not_to_contain_text("Never said")


def test_starting_over_while_an_answer_is_under_way_gives_an_empty_page(open_page, serve_scripted, tmp_path):
    gate = threading.Event()
    page = open_page(serve_scripted(scripted_service(tmp_path, [laptop(1)], gate=gate)))
    send(page, "a laptop")
    expect(page.locator("#chat .bot.message")).to_contain_text("Here are two")
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".card")).to_have_count(0)
    gate.set()
    page.wait_for_timeout(500)
    expect(page.locator("#chat .message")).to_have_count(0)
    with turn(page):
        send(page, "a laptop")
    expect(page.locator(".card")).to_have_count(1)


def test_an_error_nobody_foresaw_leaves_a_usable_page_and_tells_no_internals(open_page, serve_scripted, tmp_path):
    service = scripted_service(tmp_path, [laptop(1)], raising=ZeroDivisionError("secret internals"))
    page = open_page(serve_scripted(service))
    send(page, "a laptop")
    expect(page.get_by_role("alert").first).to_contain_text("Something went wrong on our side")
    expect(page.locator("body")).not_to_contain_text("secret internals")
    expect(page.locator("#chat")).not_to_contain_text("…")
    service.assistant.raising = None
    say(page, "a laptop")
    expect(page.locator(".card")).to_have_count(1)


# Every visible piece of text with a contrast below WCAG AA (4.5, or 3 for large text) against the ground behind it.
CONTRAST = """\
(() => {
  const parse = (colour) => (colour.match(/[\\d.]+/g) || []).map(Number);
  const linear = (c) => (c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(e).backgroundColor);
      if (a > 0.8) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = [];
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !e.checkVisibility()) continue;
    if (e.closest('script, style, .for-screen-readers, .sr-only')) continue;
    const style = getComputedStyle(e);
    const [x, y] = [light(parse(style.color)), light(ground(e))].sort((a, b) => b - a);
    const contrast = (x + 0.05) / (y + 0.05);
    const large = parseFloat(style.fontSize) >= 24;
    if (contrast < (large ? 3 : 4.5)) faint.push(`${walker.currentNode.data.trim()} ${contrast.toFixed(2)}`);
  }
  return faint;
})()
"""
