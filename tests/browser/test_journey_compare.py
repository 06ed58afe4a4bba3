"""Fourth journey: items side by side, a question about one, and citations that open the field they came from."""

from __future__ import annotations

import pytest
from live_site import DESK, PHONE
from playwright.sync_api import expect
from talking import reply, say, titles, turn

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.weights]


def test_differences_are_marked_and_no_others(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, "laptops under $900")
    first, second = titles(page)[:2]
    with turn(page):
        page.get_by_role("button", name="Compare the first two").click()
    expect(page.locator(".comparison thead .clamped")).to_have_text([first, second])
    rows = page.locator(".comparison tbody tr")
    assert rows.count() > 5
    for row in rows.all():
        values = row.locator("td").all_inner_texts()
        stated = {value for value in values if value != "not stated"}
        differs = "differs" in (row.get_attribute("class") or "")
        assert differs is (len(stated) > 1), row.inner_text()


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_citation_opens_the_field_it_came_from(whole_site, open_page, size):
    page = open_page(whole_site.address, viewport=size)
    say(page, "laptops under $900, light enough to travel")
    say(page, "how heavy is the second one?")
    expect(reply(page)).to_contain_text("weighs")
    cited = reply(page).locator(".cite").first
    words = cited.evaluate("(link) => link.firstChild.data")
    cited.click()
    row = page.locator(".card").nth(1).locator(".cited")
    expect(row).to_be_in_viewport()
    expect(row).to_be_focused()
    assert words.removeprefix("weighs ") in row.inner_text()
    assert row.get_attribute("data-field") == "attributes.weight"


def test_every_fact_that_a_reply_says_of_a_pick_is_a_citation_with_a_field_to_open(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, "laptops under $900, light enough to travel")
    lines = reply(page).locator("li")
    assert lines.count() == page.locator(".card").count()
    for line in lines.all():
        expect(line.locator(".cite")).not_to_have_count(0)
    for link in reply(page).locator(".cite").all():
        item, field = link.get_attribute("data-item"), link.get_attribute("data-field")
        assert page.locator(f'.card[data-item="{item}"] [data-field="{field}"]').count() == 1
