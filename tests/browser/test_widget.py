"""The widget on a stranger's page: another site, a strict Content-Security-Policy, one line, the real service."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from axe import violations
from live_site import CHROMIUM, DESK, PHONE, free_port_number, running_site
from playwright.sync_api import Browser, Frame, Page, Route, expect
from strangers_shop import BROWSER_ARGUMENTS, strangers_shop
from talking import say

from assistant.widget.token import sign

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECRET = "the secret of Oak & Rook, 32 characters"
NEED = "laptops under $900"
# What Gradio itself says: its box asks for the focus by attribute, which a browser does not grant to a frame of another
# site; and a page that is left while a request is under way ends that request.
GRADIO_SAYS = ("Blocked autofocusing", "AbortError: signal is aborted", " errored out. ")
EVENTS = ("opened", "closed", "item-clicked", "item-selected", "cart")

# Runs in every frame before its own scripts. It changes nothing but, where a test has to look inside, the closed root.
LISTEN = """
window.heard = [];
for (const name of %s) {
  addEventListener(`shop-assistant:${name}`, (event) => heard.push([name, event.detail]));
}
document.addEventListener('securitypolicyviolation', (event) =>
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI} in ${location.href}`));
"""
OPEN_ROOT = """
const attach = Element.prototype.attachShadow;
Element.prototype.attachShadow = function (options) { return attach.call(this, { ...options, mode: 'open' }); };
"""
COSTS = """
window.shifted = 0;
window.longest = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { shifted += entry.value; }))
  .observe({ type: 'layout-shift', buffered: true });
new PerformanceObserver((list) => list.getEntries().forEach((frame) => frame.scripts
  .filter((script) => script.sourceURL.includes('/widget.js'))
  .forEach((script) => { longest = Math.max(longest, script.duration); })))
  .observe({ type: 'long-animation-frame', buffered: true });
"""


class Shops(NamedTuple):
    """The addresses of the assistant, of a shop that may embed it and of one that may not."""

    assistant: str
    shop: str
    other: str
    folder: Path


@pytest.fixture(scope="module")
def shops(browser: Browser, demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shops]:
    folder = Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("embedded") / "var"))
    port = free_port_number()
    assistant = f"http://127.0.0.1:{port}"
    with strangers_shop(assistant) as shop, strangers_shop(assistant) as other:
        settings = {"language_model": "none", "embed_origins": shop, "shopper_secret": SECRET}
        with running_site(folder, port, **settings):
            yield Shops(assistant, shop, other, folder)


@pytest.fixture(scope="module")
def shoppers_browser(browser: Browser) -> Iterator[Browser]:
    """See `BROWSER_ARGUMENTS`; of the one Playwright that runs here."""
    launched = browser.browser_type.launch(executable_path=str(CHROMIUM), args=BROWSER_ARGUMENTS)
    yield launched
    launched.close()


@pytest.fixture
def visit(shoppers_browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages of a shop; afterwards none may have broken a policy, or said an error that was not expected."""
    complaints: list[str] = []
    expected = list(GRADIO_SAYS)
    contexts = []

    def open_(address: str, *, inside: bool = False, expecting: tuple[str, ...] = (), **options: Any) -> Page:
        expected.extend(expecting)
        context = shoppers_browser.new_context(**{"viewport": DESK, **options})
        context.add_init_script(LISTEN % list(EVENTS))
        if inside:
            context.add_init_script(OPEN_ROOT)
        context.route("https://shop.example/**", item_page)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
        page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
        page.goto(address)
        if "bare=1" not in address:
            page.locator("shop-assistant").wait_for(state="attached")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [said for said in complaints if not any(words in said for words in expected)] == []


def item_page(route: Route) -> None:
    """The shop's own page of an item, where the catalogue says that it is."""
    route.fulfill(body="<!doctype html><title>An item</title>", content_type="text/html")


def chat_of(page: Page) -> Frame:
    """The chat page in its iframe, once it listens."""
    for _ in range(200):
        found = [frame for frame in page.frames if "embed=1" in frame.url]
        if found:
            found[0].locator("#box textarea").wait_for()
            return found[0]
        page.wait_for_timeout(100)
    raise AssertionError(f"no chat among {[frame.url for frame in page.frames]}")


def answered(chat: Frame, utterances: int) -> None:
    expect(chat.locator("#chat .user.message")).to_have_count(utterances)
    chat.get_by_role("button", name="Send").wait_for()


def heard(page: Page, name: str) -> list[Any]:
    """The details of the events of that name, so far."""
    return [detail for said, detail in page.evaluate("heard") if said == name]


def wait_for(page: Page, name: str) -> list[Any]:
    """The details of the events of that name, once there are any; asked from outside, for the page forbids eval."""
    for _ in range(100):
        if found := heard(page, name):
            return found
        page.wait_for_timeout(50)
    raise AssertionError(f"no {name} among {page.evaluate('heard')}")


def press_launcher(page: Page) -> None:
    """Where a shopper presses: at the lower right."""
    size = page.viewport_size
    assert size is not None
    page.mouse.click(size["width"] - 48, size["height"] - 48)


def from_chat(page: Page, message: dict[str, Any]) -> None:
    """Send a message as the chat page does, and let everything that it causes happen."""
    chat_of(page).evaluate("(m) => parent.postMessage({ source: 'shop-assistant', ...m }, '*')", message)
    page.wait_for_timeout(100)


def test_one_line_on_a_strangers_page_brings_a_chat_that_lasts_from_page_to_page(shops, visit):
    page = visit(f"{shops.shop}/")
    assert page.evaluate("document.querySelector('shop-assistant').shadowRoot") is None
    assert len(page.frames) == 1
    press_launcher(page)
    chat = chat_of(page)
    say(chat, NEED)
    title = chat.locator(".card h3").first.inner_text()

    page.evaluate("addEventListener('shop-assistant:item-clicked', (event) => event.preventDefault(), { once: true })")
    chat.locator(".card h3 a").first.click()
    clicked = wait_for(page, "item-clicked")[0]
    assert clicked["title"] == title
    assert clicked["url"] == f"https://shop.example/items/{clicked['id']}"
    assert page.url == f"{shops.shop}/"

    page.get_by_role("link", name="An item").click()
    page.wait_for_url("**/items/one")
    again = chat_of(page)
    expect(again.locator("#chat .user.message")).to_have_text([NEED])
    expect(again.locator(".card h3").first).to_have_text(title)
    say(again, "under $600")
    expect(again.locator(".chip", has_text="up to $600")).to_be_visible()

    page.evaluate("ShopAssistant.close()")
    page.get_by_role("link", name="Shop", exact=True).click()
    page.wait_for_timeout(1500)
    assert len(page.frames) == 1, "a panel that was closed stays closed"
    press_launcher(page)
    expect(chat_of(page).locator("#chat .user.message")).to_have_text([NEED, "under $600"])


def test_a_followed_item_leads_to_the_shops_own_page(shops, visit):
    page = visit(f"{shops.shop}/")
    page.evaluate("ShopAssistant.ask('laptops under $900')")
    chat = chat_of(page)
    answered(chat, 1)
    address = chat.locator(".card h3 a").first.get_attribute("href")
    chat.locator(".card h3 a").first.click()
    page.wait_for_url(address)
    assert len(page.context.pages) == 1


def test_a_page_without_permission_is_told_what_to_set_and_stays_as_it_is(shops, visit):
    warnings: list[str] = []
    page = visit(f"{shops.shop}/?bare=1", expecting=("frame-ancestors", "chrome-error"))
    page.on("console", lambda said: warnings.append(said.text) if said.type == "warning" else None)
    page.goto(f"{shops.other}/")
    page.evaluate("ShopAssistant.open()")
    assert f'ASSISTANT_EMBED_ORIGINS="{shops.other}"' in warnings[0]
    assert page.locator("shop-assistant").count() == 0
    with page.expect_event("console", lambda said: "frame-ancestors" in said.text):  # and the browser holds to it
        page.evaluate(
            "(src) => document.body.append(Object.assign(document.createElement('iframe'), { src }))",
            f"{shops.assistant}/?embed=1",
        )


def test_the_keyboard_alone_opens_types_closes_and_comes_back(shops, visit):
    page = visit(f"{shops.shop}/", inside=True)
    launcher = page.get_by_role("button", name="Ask Oak & Rook")
    page.locator("main a").last.focus()
    page.keyboard.press("Tab")
    expect(launcher).to_be_focused()
    expect(launcher).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("Enter")
    chat = chat_of(page)
    expect(chat.locator("#box textarea")).to_be_focused()
    page.keyboard.type("a tent")
    expect(chat.locator("#box textarea")).to_have_value("a tent")
    page.keyboard.press("Escape")
    wait_for(page, "closed")
    expect(launcher).to_be_focused()
    page.keyboard.press("Enter")
    expect(chat.locator("#box textarea")).to_be_focused()
    page.get_by_role("button", name="Close the chat").nth(0).focus()
    page.keyboard.press("Tab")
    expect(page.get_by_role("dialog").get_by_role("button", name="Close the chat")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("shop-assistant iframe")).to_be_focused()


def test_focus_goes_back_to_what_opened_the_chat(shops, visit):
    page = visit(f"{shops.shop}/")
    link = page.get_by_role("link", name="An item")
    link.focus()
    page.evaluate("ShopAssistant.open()")
    expect(chat_of(page).locator("#box textarea")).to_be_focused()
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_on_a_phone_the_panel_is_the_screen_and_gives_way_to_an_item(shops, visit):
    page = visit(f"{shops.shop}/", inside=True, viewport=PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("button", name="Ask Oak & Rook").tap()
    chat = chat_of(page)
    assert page.get_by_role("dialog").bounding_box() == {"x": 0, "y": 0, **PHONE}
    expect(page.locator("shop-assistant .launcher")).to_be_hidden()
    say(chat, NEED)
    chat.locator(".card h3 a").first.click()
    page.wait_for_url("https://shop.example/items/*")
    page.goto(f"{shops.shop}/")
    expect(page.get_by_role("button", name="Ask Oak & Rook")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()


LOOKS = """(selector) => {
  const host = document.querySelector('shop-assistant');
  const found = selector ? [...host.shadowRoot.querySelectorAll(selector)] : [...document.body.querySelectorAll('*')];
  return found.map((element) => {
    const style = getComputedStyle(element);
    const { x, y, width, height } = element.getBoundingClientRect();
    return [element.tagName, x, y, width, height, ...['color', 'backgroundColor', 'display', 'opacity', 'visibility',
      'fontSize', 'fontFamily', 'letterSpacing', 'transform', 'direction', 'zIndex'].map((name) => style[name])];
  });
}"""


def test_styles_leak_neither_in_nor_out(shops, visit):
    every = ".root, .root *"
    gentle = visit(f"{shops.shop}/", inside=True)
    hostile = visit(f"{shops.shop}/?hostile=1", inside=True)
    assert gentle.evaluate(LOOKS, every) == hostile.evaluate(LOOKS, every)
    z_index = "getComputedStyle(document.querySelector('shop-assistant')).zIndex"
    assert hostile.evaluate(z_index) == gentle.evaluate(z_index) == "2147483000"
    press_launcher(hostile)
    expect(hostile.get_by_role("dialog")).to_be_visible()
    bare = visit(f"{shops.shop}/?bare=1")
    assert gentle.evaluate(LOOKS) == bare.evaluate(LOOKS)


def test_it_keeps_the_pages_direction_language_and_darkness(shops, visit):
    page = visit(f"{shops.shop}/?dir=rtl&lang=ar&night=night", inside=True)
    launcher = page.get_by_role("button", name="اسأل Oak & Rook")
    assert launcher.bounding_box()["x"] == 20
    launcher.click()
    chat = chat_of(page)
    assert parse_qs(urlsplit(chat.url).query)["__theme"] == ["dark"]
    expect(page.get_by_role("dialog")).to_have_css("background-color", "rgb(24, 29, 35)")
    expect(page.get_by_role("dialog")).to_have_css("direction", "rtl")
    german = visit(f"{shops.shop}/?lang=de-AT&label=Beratung&position=left&colour=%23ffd400", inside=True)
    launcher = german.get_by_role("button", name="Beratung")
    assert launcher.bounding_box()["x"] == 20
    expect(launcher).to_have_css("background-color", "rgb(255, 212, 0)")
    expect(launcher).to_have_css("color", "rgb(0, 0, 0)")
    launcher.click()
    expect(german.get_by_role("dialog").get_by_role("button")).to_have_attribute("aria-label", "Chat schließen")
    expect(german.locator("shop-assistant .launcher")).to_have_attribute("aria-label", "Chat schließen")
    expect(german.get_by_text("Beratung")).to_be_hidden()


def test_motion_stops_for_whom_it_troubles(shops, visit):
    still = visit(f"{shops.shop}/", inside=True, reduced_motion="reduce")
    expect(still.locator("shop-assistant .panel")).to_have_css("transition-duration", "0s")
    moving = visit(f"{shops.shop}/", inside=True, reduced_motion="no-preference")
    expect(moving.locator("shop-assistant .panel")).to_have_css("transition-duration", "0.16s, 0.16s, 0.16s")


def test_the_shops_scripts_open_ask_and_close(shops, visit):
    page = visit(f"{shops.shop}/")
    page.evaluate("ShopAssistant.ask('a tent for two')")
    chat = chat_of(page)
    answered(chat, 1)
    expect(chat.locator("#chat .user.message")).to_have_text("a tent for two")
    page.evaluate("ShopAssistant.close(); ShopAssistant.close(); ShopAssistant.open()")
    assert [name for name, _ in page.evaluate("heard")] == ["opened", "closed", "opened"]
    for wrong in ("ask('')", "ask(7)", "ask('x'.repeat(2001))", "setItem(undefined)", "setItem('')"):
        assert (
            page.evaluate(f"(() => {{ try {{ ShopAssistant.{wrong}; }} catch (e) {{ return e.name; }} }})()")
            == "TypeError"
        )


def test_the_item_of_the_page_is_what_this_means(shops, visit):
    page = visit(f"{shops.shop}/?item=headphones-01")
    page.evaluate("ShopAssistant.ask('how heavy is it?')")
    chat = chat_of(page)
    answered(chat, 1)
    expect(chat.locator("#chat .bot.message")).to_contain_text("140 g")
    other = visit(f"{shops.shop}/", inside=True)
    other.evaluate("ShopAssistant.open()")
    chat = chat_of(other)
    expect(other.locator("shop-assistant .notice")).to_be_hidden()
    other.evaluate("ShopAssistant.setItem('headphones-01')")
    other.wait_for_timeout(500)
    other.evaluate("ShopAssistant.ask('how heavy is it?')")
    answered(chat, 1)
    expect(chat.locator("#chat .bot.message")).to_contain_text("140 g")


def test_a_signed_token_says_whose_conversation_it_is(shops, visit):
    token = sign(SECRET, "shopper-of-oak-and-rook", datetime.now(UTC) + timedelta(minutes=5))
    forged = sign(SECRET + "!", "shopper-of-somebody-else", datetime.now(UTC) + timedelta(minutes=5))
    for shown in (token, forged):
        page = visit(f"{shops.shop}/?token={shown}")
        page.evaluate("ShopAssistant.ask('a tent for two')")
        answered(chat_of(page), 1)
    with sqlite3.connect(shops.folder / "conversations.db") as database:
        known = {row[0] for row in database.execute("select shopper_id from conversations")}
    assert "shopper-of-oak-and-rook" in known
    assert "shopper-of-somebody-else" not in known


def test_a_reply_to_a_closed_panel_shows_a_dot_until_it_is_opened(shops, visit):
    page = visit(f"{shops.shop}/", inside=True)
    dot = page.locator("shop-assistant .dot")
    page.evaluate("ShopAssistant.open()")
    from_chat(page, {"type": "reply"})
    page.evaluate("ShopAssistant.close()")
    expect(dot).to_be_hidden()
    from_chat(page, {"type": "reply"})
    expect(dot).to_be_visible()
    expect(page.locator("shop-assistant [role=status]", has_text="New reply")).to_be_attached()
    page.get_by_role("link", name="An item").click()
    page.get_by_role("button", name="Ask Oak & Rook. New reply").click()
    expect(dot).to_be_hidden()


def test_what_the_chat_tells_is_checked_and_passed_on(shops, visit):
    page = visit(f"{shops.shop}/")
    page.evaluate("ShopAssistant.open()")
    lines = [{"id": "a", "quantity": 2, "price": 7}]
    from_chat(page, {"type": "item-selected", "id": "tent-1", "title": "A tent", "more": 1})
    from_chat(page, {"type": "cart", "action": "changed", "lines": lines, "url": "https://shop.example/basket"})
    from_chat(page, {"type": "item-clicked", "id": "tent-1", "title": 7, "url": "javascript:alert(1)"})
    told = [event for event in page.evaluate("heard") if event[0] != "opened"]
    assert told == [
        ["item-selected", {"id": "tent-1", "title": "A tent"}],
        ["cart", {"action": "changed", "lines": [{"id": "a", "quantity": 2}], "url": "https://shop.example/basket"}],
        ["item-clicked", {"id": "tent-1", "title": None, "url": None}],
    ]
    for wrong in (
        {"type": "item-clicked", "id": 5, "url": "https://shop.example/x"},
        {"type": "cart", "action": "changed", "lines": [{"id": "a", "quantity": "2"}]},
        {"type": "cart", "action": "stolen", "lines": []},
        {"type": "constructor"},
        {"type": None},
    ):
        from_chat(page, wrong)
    forged = {"source": "shop-assistant", "type": "item-clicked", "id": "x", "url": "https://shop.example/x"}
    page.evaluate("(message) => postMessage(message, '*')", forged)
    page.wait_for_timeout(200)
    assert len(page.evaluate("heard")) == 4
    assert page.url == f"{shops.shop}/"


def test_a_checkout_leads_to_the_shops_own_unless_the_shop_takes_over(shops, visit):
    page = visit(f"{shops.shop}/")
    page.evaluate("ShopAssistant.open()")
    checkout = {"type": "cart", "action": "checkout", "lines": [], "url": "https://shop.example/checkout"}
    page.evaluate("addEventListener('shop-assistant:cart', (event) => event.preventDefault(), { once: true })")
    from_chat(page, checkout)
    assert page.url == f"{shops.shop}/"
    from_chat(page, checkout)
    page.wait_for_url("https://shop.example/checkout")


def test_a_chat_that_cannot_be_reached_says_so_and_can_be_tried_again(shops, visit):
    page = visit(f"{shops.shop}/", inside=True, expecting=("net::ERR_FAILED",))
    page.clock.install()
    page.route("**/?embed=1*", lambda route: route.abort())
    page.get_by_role("button", name="Ask Oak & Rook").click()
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("Opening the chat …")
    page.clock.fast_forward(21_000)
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("cannot be reached right now")
    page.unroute("**/?embed=1*")
    page.get_by_role("button", name="Try again").click()
    expect(chat_of(page).locator("#box textarea")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("status")).to_be_hidden()


def test_the_page_neither_shifts_nor_waits_for_it(shops, visit):
    page = visit(f"{shops.shop}/?bare=1")
    page.add_init_script(COSTS)
    page.goto(f"{shops.shop}/")
    page.locator("shop-assistant").wait_for(state="attached")
    page.wait_for_timeout(500)
    assert page.evaluate("longest") <= 50
    press_launcher(page)
    chat_of(page)
    page.wait_for_timeout(500)
    assert page.evaluate("shifted") == 0


def test_a_script_that_is_slow_to_come_holds_up_no_paint(shops, visit):
    page = visit(f"{shops.shop}/?bare=1")
    page.route("**/widget.js", lambda route: (time.sleep(2), route.continue_()))
    page.goto(f"{shops.shop}/")
    page.locator("shop-assistant").wait_for(state="attached")
    assert page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") < 2000
    assert page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd") >= 2000, "it was not slow"


@pytest.mark.parametrize("night", ["", "night"])
def test_page_launcher_and_panel_have_no_grave_accessibility_violation(night, shops, visit):
    page = visit(f"{shops.shop}/?night={night}", inside=True)
    assert violations(page) == []
    page.evaluate("ShopAssistant.open()")
    say(chat_of(page), NEED)
    page.wait_for_timeout(400)
    assert violations(page) == []
