"""Third journey: nothing fits, an honest no, the smallest changes with their counts, one of them taken."""

from __future__ import annotations

import pytest
from live_site import DESK, PHONE
from playwright.sync_api import expect
from talking import chip, chips, matching, promised, reply, say, turn

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.weights]


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_nothing_fits_and_the_smallest_change_is_taken_with_a_press(whole_site, open_page, size):
    page = open_page(whole_site.address, viewport=size)
    say(page, "laptops under $100 with at least 16 GB ram")
    expect(page.locator(".card")).to_have_count(0)
    expect(reply(page)).to_contain_text("Nothing in the shop is")
    offers = page.locator(".reply.relaxation")
    expect(offers).not_to_have_count(0)
    before = chips(page)
    assert all(promised(offer) > 0 for offer in offers.all())

    price = page.locator(".reply.relaxation", has_text="+$").first
    count = promised(price)
    with turn(page):
        price.click()
    assert matching(page) == count
    changed = page.locator(".chip.changed")
    expect(changed).to_have_count(1)
    expect(changed).to_contain_text("changed, was up to $100")
    assert len(chips(page)) == len(before)

    say(page, "go back")
    expect(chip(page, "up to $100")).to_be_visible()
    expect(page.locator(".card")).to_have_count(0)


def test_what_has_to_go_is_shown_as_gone(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, "waterproof laptops by Tavrix with at least 512 GB ram")
    offer = page.locator(".reply.relaxation").first
    expect(offer).to_be_visible()
    before, count = chips(page), promised(offer)
    with turn(page):
        offer.click()
    assert matching(page) == count
    shown = chips(page)
    gone = page.locator(".gone s").all_inner_texts()
    assert [c for c in before if c not in shown]
    assert gone or page.locator(".chip.changed").count()
