"""How the chat page holds up: accessibility, layout shift, right-to-left and long words, a lost connection, a frame."""

from __future__ import annotations

import shutil

import pytest
from axe import violations
from live_site import DESK, PHONE, free_port_number, running_site
from playwright.sync_api import expect
from talking import chip, reply, say, send, titles, turn
from ui_doubles import laptop, scripted_service

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHIFT = """() => new Promise((done) => {
  let total = 0;
  const add = (list) => list.getEntries().forEach((entry) => { if (!entry.hadRecentInput) total += entry.value; });
  new PerformanceObserver(add).observe({ type: 'layout-shift', buffered: true });
  setTimeout(() => done(total), 500);
})"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE])
def test_axe_finds_nothing_serious_on_any_screen(site, open_page, scheme, size):
    page = open_page(site, color_scheme=scheme, viewport=size)
    assert violations(page) == [], "start"
    say(page, "laptops under $900, light enough to travel")
    page.locator(".card summary").first.click()
    page.locator(".card").first.get_by_text("Why it stands here").click()
    assert violations(page) == [], "cards and details"
    with turn(page):
        page.get_by_role("button", name="Compare the first two").click()
    assert violations(page) == [], "comparison"
    say(page, "nothing over $20")
    assert violations(page) == [], "nothing fits"
    with turn(page):
        page.locator(".reply.relaxation").first.click()
    with turn(page):
        page.locator(".choose").first.click()
    page.locator("#cart .quiet").click()
    assert violations(page) == [], "cart"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Privacy").click()
    assert violations(page) == [], "privacy"
    with turn(page):
        page.get_by_role("button", name="Forget me").click()
    assert violations(page) == [], "confirmation"


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_little_moves_that_was_not_asked_to(site, open_page, size):
    page = open_page(site, viewport=size)
    assert page.evaluate(SHIFT) <= 0.1
    page.reload()
    page.locator("#box textarea").wait_for()
    say(page, "laptops under $900")
    assert page.evaluate(SHIFT) <= 0.1


def test_pictures_have_their_size_before_they_are_there(site, open_page):
    page = open_page(site)
    say(page, "laptops under $900")
    for picture in page.locator(".card img").all():
        assert picture.get_attribute("width") == picture.get_attribute("height") == "104"
        assert picture.get_attribute("loading") == "lazy"


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_right_to_left_text_and_endless_words_stay_in_their_places(open_page, serve_scripted, tmp_path, size):
    hebrew, endless = "מחשב נייד קל עם מסך בהיר", "Donaudampfschifffahrtsgesellschaft" * 6
    items = [laptop(1, title=hebrew, brand="לנורה"), laptop(2, title=endless, brand=endless, description=endless)]
    page = open_page(
        serve_scripted(scripted_service(tmp_path, items, sentences=(f"{hebrew}. ", endless))), viewport=size
    )
    say(page, f"{hebrew} {endless}")
    page.locator(".card summary").nth(2).click()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    for part in (".user.message", ".bot.message", ".card", ".record"):
        for box in page.locator(part).all():
            assert box.evaluate("(e) => e.scrollWidth <= e.clientWidth + 1"), part
    direction = "(e) => getComputedStyle(e).direction"
    assert page.locator(".user.message").evaluate(direction) == "rtl"
    assert page.locator(".card h3").first.evaluate(direction) == "rtl"
    assert page.locator(".card h3").nth(1).evaluate(direction) == "ltr"
    assert page.locator("#box textarea").get_attribute("dir") == "auto"


def test_a_service_that_is_gone_loses_nothing_and_comes_back(demo_folder, tmp_path, browser):
    folder, port = shutil.copytree(demo_folder, tmp_path / "var"), free_port_number()
    page = browser.new_context(viewport=DESK).new_page()
    page.set_default_timeout(30_000)
    with running_site(folder, port, language_model="none", understanding="rules") as address:
        page.goto(address)
        page.locator("#box textarea").wait_for()
        say(page, "laptops under $900")
        before = titles(page)
    send(page, "under $700 please")
    expect(page.get_by_role("alert")).to_contain_text("The shop cannot be reached right now")
    expect(page.locator(".toast-wrap")).to_be_hidden()
    with running_site(folder, port, language_model="none", understanding="rules"):
        expect(page.get_by_role("alert")).to_have_count(0, timeout=60_000)
        expect(page.locator("#box textarea")).to_have_value("under $700 please")
        expect(page.locator(".card h3")).to_have_text(before)
        with turn(page):
            page.get_by_role("button", name="Send").click()
        expect(chip(page, "up to $700")).to_be_visible()
    page.context.close()


def test_a_failed_answer_can_be_tried_again_with_one_press(open_page, serve_scripted, tmp_path):
    service = scripted_service(tmp_path, [laptop(1)], raising=ZeroDivisionError("secret internals"))
    page = open_page(serve_scripted(service))
    send(page, "a laptop")
    expect(page.get_by_role("alert").first).to_contain_text("Something went wrong on our side")
    service.assistant.raising = None
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".card")).to_have_count(1)
    expect(reply(page)).to_contain_text("Here are two")


def test_an_item_page_is_what_this_means(site, open_page):
    page = open_page(site)
    say(page, "waterproof hiking boots")
    item = page.locator(".card").first.get_attribute("data-item")
    title = page.locator(".card h3").first.inner_text()
    page = open_page(f"{site}/?item={item}")
    expect(page.locator(".about")).to_contain_text(title)
    say(page, "how heavy is it?")
    expect(page.locator(".card h3")).to_have_text([title])
    expect(reply(page)).to_contain_text("weigh ")
    say(page, "headphones")
    expect(page.locator(".about")).to_have_count(0)
