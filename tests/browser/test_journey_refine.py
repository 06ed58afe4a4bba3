"""Second journey: refined, negated, taken back and undone, by word or by click: the same constraints."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from talking import chip, chips, matching, say, titles, turn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NEED = "laptops under $900"


def press(page: Page, selector: str) -> None:
    with turn(page):
        page.locator(selector).first.click()


def remove(page: Page, words: str) -> None:
    with turn(page):
        chip(page, words).click()


def same(left: Page, right: Page) -> None:
    """Both pages hold the same constraints and so show the same items."""
    assert sorted(chips(left)) == sorted(chips(right))
    assert matching(left) == matching(right)
    assert titles(left) == titles(right)


def test_a_constraint_is_the_same_whether_it_was_said_or_pressed(site, open_page):
    by_word, by_click = open_page(site), open_page(site)
    for page in (by_word, by_click):
        say(page, NEED)
    answer = by_click.locator(".reply.suggestion").first
    said = answer.locator("span").first.inner_text()
    with turn(by_click):
        answer.click()
    say(by_word, f"{said.lower()} please")
    same(by_word, by_click)

    brand = by_word.locator(".card .brand").first.inner_text()
    for page in (by_word, by_click):
        say(page, f"not {brand}")
        expect(chip(page, f"not {brand}")).to_be_visible()
    say(by_word, f"actually {brand} is fine")
    remove(by_click, f"not {brand}")
    same(by_word, by_click)

    say(by_word, "the price does not matter")
    remove(by_click, "up to $900")
    same(by_word, by_click)

    for page in (by_word, by_click):
        say(page, "go back")
        expect(chip(page, "up to $900")).to_be_visible()
    same(by_word, by_click)


@pytest.mark.weights
def test_the_service_as_it_is_delivered_refines_negates_and_undoes(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, NEED)
    need = chips(page)
    brand = page.locator(".card .brand").first.inner_text()
    say(page, f"not {brand}")
    assert chips(page) == [*need, f"not {brand}"]
    assert brand not in page.locator(".card .brand").all_inner_texts()
    say(page, "under $700")
    assert "up to $700" in chips(page)
    remove(page, f"not {brand}")
    assert chips(page) == [*need[:-1], "up to $700"]
    say(page, "go back")
    say(page, "go back")
    assert chips(page) == [*need, f"not {brand}"]


@pytest.mark.weights
def test_what_an_utterance_changed_is_marked_until_the_next(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, NEED)
    expect(page.locator(".chip.changed")).to_have_count(0)
    say(page, "under $700")
    expect(page.locator(".chip.changed")).to_have_count(1)
    expect(chip(page, "up to $700")).to_contain_text("changed, was up to $900")
    remove(page, "up to $700")
    expect(page.locator(".gone")).to_have_text("No longer: up to $700")
    press(page, ".actions .ask")
    expect(page.locator(".gone, .chip.changed")).to_have_count(0)
