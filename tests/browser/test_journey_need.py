"""First journey: a vague need, cards at once, one question that can be answered with a press or ignored."""

from __future__ import annotations

import threading
import time

import pytest
from live_site import PHONE
from playwright.sync_api import expect
from talking import chips, matching, promised, reply, say, send, turn
from ui_doubles import laptop, scripted_service

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VAGUE = "something to listen to music with"
AT_ONCE = 1000  # ms


def test_cards_come_within_a_second_and_before_the_reply_is_written(open_page, serve_scripted, tmp_path):
    gate = threading.Event()
    page = open_page(serve_scripted(scripted_service(tmp_path, [laptop(n) for n in range(1, 4)], gate=gate)))
    send(page, "a light laptop")
    start = time.monotonic()
    expect(page.locator(".card")).to_have_count(3, timeout=AT_ONCE)
    assert time.monotonic() - start < AT_ONCE / 1000
    expect(reply(page)).not_to_contain_text("Both are light.")
    gate.set()
    expect(reply(page)).to_contain_text("Both are light.")


@pytest.mark.weights
def test_a_vague_need_is_met_with_cards_and_one_counted_question(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, "headphones")
    expect(page.locator(".card")).not_to_have_count(0)
    expect(page.locator("#replies .hint")).to_have_count(1)
    expect(page.locator("#replies .hint")).to_contain_text("?")
    answers = page.locator(".reply.suggestion", has=page.locator(".counted"))
    assert 2 <= answers.count() <= 4
    before, count, label = chips(page), promised(answers.first), answers.first.locator("span").first.inner_text()
    with turn(page):
        answers.first.click()
    assert matching(page) == count
    assert [c for c in chips(page) if c not in before] == [label.lower()]
    expect(page.locator("#replies .hint")).to_have_count(1)


@pytest.mark.weights
def test_the_question_can_be_ignored(whole_site, open_page):
    page = open_page(whole_site.address, viewport=PHONE)
    say(page, "headphones")
    question = page.locator("#replies .hint").inner_text()
    say(page, "under $100")
    assert "up to $100" in chips(page)
    assert question.split("?")[0].lower() not in " ".join(chips(page))
    expect(page.locator(".card")).not_to_have_count(0)


@pytest.mark.weights
def test_words_alone_bring_cards(whole_site, open_page):
    page = open_page(whole_site.address)
    say(page, VAGUE)
    expect(page.locator(".card")).not_to_have_count(0)
    expect(reply(page)).not_to_be_empty()
