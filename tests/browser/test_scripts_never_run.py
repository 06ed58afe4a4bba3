"""Scripts in every field of the catalogue and in everything a shopper can say, on every page, in a real browser.

The pages' Content-Security-Policy is switched off here: what must hold is that nothing is markup that was text.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import pytest
import uvicorn
from live_site import CHROMIUM, free_port_number
from playwright.sync_api import Browser, BrowserContext, Page, expect
from strangers_shop import BROWSER_ARGUMENTS, strangers_shop
from talking import say

sys.path.append(str(Path(__file__).parents[1]))

from api_doubles import open_doubles

from assistant.console.passwords import hash_password
from assistant.conversation import run
from assistant.service import Service
from assistant.serving import create_app
from assistant.store import staff
from assistant.store.staff import Role
from retrieval.catalogue import Attribute, CatalogueItem, Money

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAYLOADS = (
    '<img src=x onerror="hacked=1">',
    "<script>hacked=1</script>",
    "</title></textarea></style><script>hacked=1</script>",
    "<svg onload=hacked=1>",
    '<svg><script>hacked=1</script><a href="javascript:hacked=1">x</a></svg>',
    "${alert(1)}",
    "{{constructor.constructor('alert(1)')()}} {{{value}}} <%= alert(1) %>",
    '" onmouseover="hacked=1" autofocus onfocus="hacked=1" x="',
    "' autofocus onfocus=hacked=1 '",
    '[click](javascript:hacked=1) ![x](x" onerror="hacked=1)',
    "&lt;img src=x onerror=hacked=1&gt; &#60;script&#62;hacked=1&#60;/script&#62;",
    "\u202e<img src=x onerror=hacked=1>\u202c \u2066<b>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<details open ontoggle=hacked=1><summary>x</summary></details>",
    "<math><mtext><table><mglyph><style><img src=x onerror=hacked=1>",
    "`${alert(1)}` \\u003cimg src=x onerror=hacked=1\\u003e",
)
ADDRESSES = (
    "javascript:hacked=1",
    "JaVaScRiPt:hacked=1",
    "data:text/html,<script>hacked=1</script>",
    'https://x.test/"><script>hacked=1</script>',
)
WATCH = """
window.ran = [];
window.alert = (words) => ran.push(`alert ${words}`);
Object.defineProperty(window, 'hacked', { set() { ran.push('hacked'); } });
"""
LIVE = """
() => [...document.querySelectorAll('*')].filter((element) => element.getAttributeNames().some((name) => {
  const value = element.getAttribute(name);
  const leads = ['href', 'src', 'action', 'srcdoc', 'formaction'].includes(name);
  return (name.startsWith('on') && /hacked|alert/.test(value)) || (leads && /^\\s*(javascript|data:text)/i.test(value));
})).map((element) => element.outerHTML.slice(0, 200))
"""


class Site(NamedTuple):
    """A running service and its address."""

    address: str
    service: Service


def hostile(number: int, payload: str) -> CatalogueItem:
    """An item with a script in every field."""
    return CatalogueItem(
        f"h{number}{payload}"[:150],
        f"Gadget {payload}",
        description=f"A gadget. {payload}",
        brand=payload,
        category=("Gadgets", payload),
        price=Money.of("20", "USD"),
        attributes={
            payload: Attribute(payload, payload, (payload.casefold(),)),
            "colour": Attribute("colour", payload),
        },
        image=payload if number % 2 else ADDRESSES[number % len(ADDRESSES)],
        url=ADDRESSES[number % len(ADDRESSES)],
    )


@pytest.fixture(scope="module")
def site(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    port = free_port_number()
    folder = tmp_path_factory.mktemp("hostile")
    with open_doubles(folder, embed_origins="*", shop_name=PAYLOADS[0], port=port) as service:
        service.shop.upsert([hostile(number, payload) for number, payload in enumerate(PAYLOADS)])
        service.assistant.picks = 12
        for payload in PAYLOADS:
            conversation = service.conversations.start(f"shopper {payload}")
            for words in (payload, "a gadget", f"is it {payload}?", f"not {payload}"):
                run(service.conversations.say(conversation, words))
        server = uvicorn.Server(
            uvicorn.Config(create_app(service), port=port, log_level="warning", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield Site(f"http://127.0.0.1:{port}", service)
        server.should_exit = True
        thread.join(10)


@pytest.fixture(autouse=True)
def _patience() -> Iterator[None]:
    expect.set_options(timeout=60_000)
    yield
    expect.set_options(timeout=5_000)


@pytest.fixture
def watched(browser: Browser) -> Iterator[BrowserContext]:
    with browser.new_context(bypass_csp=True) as context:
        context.add_init_script(WATCH)
        context.set_default_timeout(60_000)
        yield context


def executed(page: Page) -> list[str]:
    """What ran on a page, and what of it could run at a touch."""
    return [each for frame in page.frames for each in [*frame.evaluate("window.ran ?? []"), *frame.evaluate(LIVE)]]


def test_the_watch_sees_a_script_that_runs(site: Site, watched: BrowserContext) -> None:
    page = watched.new_page()
    page.goto(f"{site.address}/console/sign-in")
    page.evaluate("(html) => document.body.insertAdjacentHTML('beforeend', html)", PAYLOADS[0])
    page.wait_for_function("ran.length")
    assert len(executed(page)) == 2


def test_no_script_runs_on_the_chat_page(site: Site, watched: BrowserContext) -> None:
    page = watched.new_page()
    page.goto(site.address)
    page.locator("#box textarea").wait_for()
    say(page, "a gadget")
    expect(page.locator(".card")).to_have_count(12)
    assert executed(page) == []
    for box in page.get_by_label("Compare").all()[:2]:
        box.check()
    page.locator(".compare-bar button").click()
    page.locator(".comparison").wait_for()
    for start in range(0, len(PAYLOADS), 8):
        say(page, "a gadget " + " ".join(PAYLOADS[start : start + 8]))
    page.mouse.move(300, 300)
    assert executed(page) == []
    page.reload()  # what was said comes back from the store
    page.locator("#chat .user.message").first.wait_for()
    assert executed(page) == []


def test_no_script_runs_in_the_widget(site: Site, browser: Browser) -> None:
    shoppers = browser.browser_type.launch(executable_path=str(CHROMIUM), args=BROWSER_ARGUMENTS)
    try:
        context = shoppers.new_context(bypass_csp=True)
        context.add_init_script(WATCH)
        with strangers_shop(site.address) as shop:
            for payload in PAYLOADS:
                page = context.new_page()
                page.goto(f"{shop}/?shop={quote(payload)}&item={quote(payload)}&accent={quote(payload)}&open=true")
                page.locator("shop-assistant").wait_for(state="attached")
                assert executed(page) == [], payload
                page.close()
    finally:
        shoppers.close()


def kind_of(path: str) -> str:
    """Pages of one kind differ in ids and query values alone."""
    parts = urlsplit(path)
    names = sorted({pair.partition("=")[0] for pair in parts.query.split("&")})
    return re.sub(r"/(conversations|blocks)/[^/]+", r"/\1/…", parts.path) + "?" + ",".join(names)


def test_no_script_runs_on_any_page_of_the_console(site: Site, watched: BrowserContext) -> None:
    staff.add(site.service.store, "ada", Role.ADMIN, hash_password("correct horse battery"))
    page = watched.new_page()
    page.goto(f"{site.address}/console/sign-in?next=/items%3Fq%3Dgadget")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill("correct horse battery")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/items?q=gadget")
    waiting, seen, kinds = [page.url], set[str](), dict[str, int]()
    while waiting:
        address = waiting.pop(0)
        kind = kind_of(address)
        if address in seen or kinds.get(kind, 0) >= 2 or len(seen) > 80:
            continue
        seen.add(address)
        kinds[kind] = kinds.get(kind, 0) + 1
        page.goto(address)
        assert executed(page) == [], address
        links = page.evaluate("[...document.links].map((a) => a.href.split('#')[0])")
        inside = [link for link in links if link.startswith(f"{site.address}/console")]
        waiting += [link for link in inside if not re.search(r"\.(csv|json)(\?|$)", link)]
    visited = {urlsplit(address).path.removeprefix("/console") for address in seen}
    assert {"/overview", "/items", "/items/item", "/conversations", "/flagged", "/catalogue", "/audit"} <= visited
