"""The cart on the page: a size is asked first, pieces are changed, the shop's checkout takes it over."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from talking import reply, say, turn

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def open_cart(page) -> None:
    page.locator("#cart .quiet").click()


def test_an_item_is_put_in_and_its_pieces_are_changed(site, open_page):
    page = open_page(site)
    say(page, "headphones under $100")
    title = page.locator(".card h3").first.inner_text()
    price = page.locator(".card .price").first.inner_text()
    with turn(page):
        page.locator(".card").first.get_by_role("button", name="Add to cart").click()
    expect(page.get_by_role("button", name="Cart with 1 item")).to_be_visible()
    page.locator(".card").first.get_by_role("button", name="In cart (1)").click()
    expect(page.locator("#cart-lines .line-title")).to_have_text(title)
    expect(page.locator("#cart-lines .total b")).to_have_text(price)
    page.get_by_role("button", name="One more").click()
    expect(page.locator("#cart-lines .stepper span")).to_have_text("2")
    expect(page.locator("#cart-lines .total b")).to_have_text(
        f"${2 * float(price.strip('$')):,.2f}".removesuffix(".00")
    )
    page.reload()
    expect(page.get_by_role("button", name="Cart with 2 items")).to_be_visible()
    page.get_by_role("button", name="Start over").click()
    expect(page.locator(".card")).to_have_count(0)
    open_cart(page)
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("#cart-lines")).to_contain_text("It is empty")


def test_a_size_is_asked_before_a_shoe_goes_in(site, open_page):
    page = open_page(site)
    say(page, "trainers")
    with turn(page):
        page.locator(".choose").first.click()
    expect(reply(page)).to_contain_text("Which size")
    expect(page.get_by_role("button", name="Cart empty")).to_be_visible()
    with turn(page):
        page.locator(".reply.suggestion").first.click()
    expect(page.get_by_role("button", name="Cart with 1 item")).to_be_visible()
    open_cart(page)
    expect(page.locator("#cart-lines .variant")).to_contain_text("size")
