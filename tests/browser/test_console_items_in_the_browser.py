"""Staff at work in the browser: a caller's question answered, the catalogue put right."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1]))

from api_doubles import open_doubles
from axe import violations
from console_site import PASSWORD, PHONE, wider_than_the_window
from playwright.sync_api import Browser, Page, expect
from shelf import LAPTOPS, item

from assistant.console.passwords import hash_password
from assistant.service import Service
from assistant.store import audit, staff
from assistant.store.staff import Role

pytestmark = pytest.mark.browser

ASKED = "laptop with at least 32 GB ram"
WRONG = replace(LAPTOPS[0], item_id="W1", title="Vantor Aero 15 Laptop, 32 GB RAM")
CABLES = [item(f"C{n}", f"Kestrel cable {n}", "9", category=("Computers", "Cables"), stock=n) for n in range(60)]
LONG = item("X1", "Laptop" + "sleeve" * 40, "19", category=("Computers", "Sleeves"), brand="Überlänge" * 9)
OpenConsole = Callable[..., Page]


@pytest.fixture
def service(tmp_path: Path, browser: Browser) -> Iterator[Service]:
    with open_doubles(tmp_path) as opened:
        opened.shop.upsert([*LAPTOPS, WRONG, *CABLES, LONG])
        yield opened


def rows(page: Page) -> list[str]:
    return page.locator("table.items tbody th a").all_inner_texts()


def test_a_caller_is_answered_without_touching_the_mouse(service: Service, open_console: OpenConsole) -> None:
    page = open_console("/items", permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("light laptop for travel")
    page.locator("[name=category]").press("Shift+End")
    page.keyboard.type("laptops")
    page.keyboard.press("Enter")
    expect(page.locator("table.items tbody tr").first).to_be_visible()
    assert LAPTOPS[0].title in rows(page)
    assert violations(page) == []
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("x")
    page.keyboard.press("j")  # goes on from the row that was pinned
    with page.expect_navigation():
        page.keyboard.press("x")
    assert page.locator(".pin a").all_inner_texts() == rows(page)[:2]
    page.get_by_role("link", name="Side by side, with summary").press("Enter")
    expect(page.locator("table.compared")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Copy", exact=True).press("Enter")
    expect(page.locator("#said")).to_have_text("Copied")
    summary = page.evaluate("navigator.clipboard.readText()")
    assert summary == page.locator("#summary").inner_text()
    assert "Looked for: “light laptop for travel”, laptops." in summary
    assert "[price]" in summary
    page.keyboard.press("g")
    with page.expect_navigation():
        page.keyboard.press("i")
    expect(page.get_by_role("heading", name="Items", exact=True)).to_be_visible()


def test_shortcuts_are_shown_and_do_not_fire_while_somebody_writes(open_console: OpenConsole) -> None:
    page = open_console("/items")
    page.locator("[data-search]").fill("")
    page.keyboard.type("jkx?/")
    expect(page.locator("[data-search]")).to_have_value("jkx?/")
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next and previous row")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_filters_columns_and_order_survive_in_the_copied_link(open_console: OpenConsole) -> None:
    page = open_console("/items", permissions=["clipboard-read", "clipboard-write"])
    page.locator("[name=category]").fill("laptops")
    page.locator("[name=price_to]").fill("900")
    page.locator("[name=attribute]").fill("storage")
    page.locator("[name=operator]").select_option(">=")
    page.locator("[name=value]").focus()
    page.wait_for_function("document.querySelectorAll('#values-0 option').length > 1")
    page.locator("[name=value]").fill("512 GB")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("Columns", exact=False).first.click()
    page.get_by_role("checkbox", name="Storage").check()
    page.get_by_role("checkbox", name="Id", exact=True).check()
    page.get_by_role("button", name="Show these").click()
    page.locator("thead").get_by_role("link", name="Price").click()
    page.locator("thead").get_by_role("link", name="Price").click()
    expect(page.locator("th[aria-sort=descending]")).to_contain_text("Price")
    before = rows(page)
    assert {LAPTOPS[0].title, LAPTOPS[1].title} <= set(before)
    assert LAPTOPS[2].title not in before  # 256 GB
    page.get_by_role("button", name="Copy link").click()
    link = page.evaluate("navigator.clipboard.readText()")
    colleague = open_console("/overview", name="bo")
    colleague.goto(link)
    assert rows(colleague) == before
    assert colleague.locator("thead th").all_inner_texts() == page.locator("thead th").all_inner_texts()


def test_a_link_in_a_ticket_of_another_site_opens_the_page_and_not_the_sign_in(
    open_console: OpenConsole, console_address: str
) -> None:
    page = open_console("/overview")
    page.goto("data:text/html," + f"<a href='{console_address}/items?q=laptop'>the ticket</a>")
    page.get_by_role("link").click()
    page.wait_for_url("**/items?q=laptop")
    expect(page.get_by_role("heading", name="Items", exact=True)).to_be_visible()


def test_a_wrong_item_is_put_right_and_the_same_query_finds_it(service: Service, open_console: OpenConsole) -> None:
    page = open_console("/catalogue?q=W1")
    row = page.locator("table.findings tbody tr", has_text="contradiction")
    expect(row).to_contain_text("ram is 16 GB, and the title says 32 GB", timeout=90_000)
    assert violations(page) == []
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=WRONG.title)).to_be_visible()
    page.keyboard.press("/")
    page.keyboard.type(ASKED)
    page.keyboard.press("Enter")
    expect(page.get_by_text("left out")).to_be_visible()
    assert violations(page) == []
    page.get_by_label("ram", exact=True).fill("32 GB")
    page.get_by_label("Why, for the audit").fill("the box says so")
    page.get_by_role("button", name="Save and index this item").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_text("This item is number 1 of")).to_be_visible()
    expect(page.locator(".ranked .this")).to_contain_text(WRONG.title)
    assert violations(page) == []
    page.goto(page.url.split("/catalogue")[0] + "/catalogue?q=W1")
    expect(page.locator(".queue")).not_to_contain_text("contradiction")
    (entry,) = audit.entries(service.store, action="correct item")
    assert (entry.by, entry.detail["note"]) == ("ada", "the box says so")


def test_findings_are_ticked_by_keyboard_flagged_with_a_note_and_settled(open_console: OpenConsole) -> None:
    page = open_console("/catalogue?q=W1")
    ticks = page.locator("table.findings tbody input")
    expect(ticks.first).to_be_visible(timeout=90_000)
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(ticks.first).to_be_checked()
    page.get_by_label("Note").fill("ask the supplier")
    page.get_by_role("button", name="Flag with note").click()
    page.get_by_role("link", name="Flagged 1").click()
    expect(page.locator("table.findings")).to_contain_text("flagged by ada")
    expect(page.locator("table.findings")).to_contain_text("ask the supplier")
    page.locator("table.findings tbody input").check()
    page.get_by_role("button", name="Settle").click()
    page.get_by_role("link", name="Settled 1").click()
    expect(page.locator("table.findings")).to_contain_text("settled by ada")


def test_everything_works_without_script(open_console: OpenConsole) -> None:
    page = open_console("/items", java_script_enabled=False)
    page.locator("[data-search]").fill("laptop")
    page.locator("[data-search]").press("Enter")
    page.locator("[data-tick]").first.click()
    expect(page.locator(".pin")).to_have_count(1)
    page.get_by_text("Columns", exact=False).first.click()
    page.get_by_role("checkbox", name="Id", exact=True).check()
    page.get_by_role("button", name="Show these").click()
    expect(page.locator("thead")).to_contain_text("Id")
    page.get_by_role("link", name="Side by side, with summary").click()
    expect(page.locator("#summary")).to_contain_text("[price]")
    page.goto(page.url.split("/items")[0] + "/catalogue/item?id=W1")
    page.get_by_label("Brand").fill("Vela")
    page.get_by_role("button", name="Save and index this item").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Brand")).to_have_value("Vela")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_can_be_read_by_everybody(
    service: Service, open_console: OpenConsole, scheme: str
) -> None:
    page = open_console("/items?q=laptop", viewport=PHONE, color_scheme=scheme, role=Role.ADMIN)
    page.locator("[data-tick]").first.click()
    root = page.url.split("/items")[0]
    for path in (
        "/items?q=laptop&attribute=ram&operator=>%3D&value=8",
        "/items?category=laptops&price_to=1",
        "/items?category=sleeves",
        "/items/item?id=X1",
        "/items/compare?id=L1&id=X1&id=W1",
        "/catalogue",
        "/catalogue/item?id=W1&try=laptop",
        "/catalogue/corrections",
        "/audit",
        "/settings",
    ):
        page.goto(root + path)
        if path == "/catalogue":
            expect(page.locator(".queue")).to_be_visible(timeout=90_000)
        assert wider_than_the_window(page) <= 0, path
        assert violations(page) == [], path


def test_signing_in_can_be_done_and_read_by_everybody(service: Service, console_address: str, browser: Browser) -> None:
    context = browser.new_context(viewport=PHONE, color_scheme="dark")
    page = context.new_page()
    page.goto(f"{console_address}/")
    expect(page.get_by_text("python -m assistant staff add")).to_be_visible()
    assert violations(page) == []
    staff.add(service.store, "ada", Role.AGENT, hash_password(PASSWORD))
    page.goto(f"{console_address}/items?q=laptop")
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type("wrong password!!")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    assert violations(page) == []
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/items?q=laptop")
    context.close()
