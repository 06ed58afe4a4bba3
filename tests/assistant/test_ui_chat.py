"""The chat page's handlers over a scripted assistant: what is drawn when, and what is refused."""

from __future__ import annotations

import threading
from itertools import pairwise
from types import SimpleNamespace

import gradio as gr
import httpx
import pytest
from api_doubles import served_app
from fastapi import FastAPI
from ui_doubles import a_date, laptop, scripted_service

from assistant.store import Verdict
from assistant.ui.chat import ChatPage
from assistant.ui.transcript import transcript
from assistant.ui.view import Said, View
from retrieval.errors import SetupError


@pytest.fixture
def service(tmp_path):
    opened = scripted_service(tmp_path, [laptop(n) for n in (1, 2, 3)])
    yield opened
    opened.store.close()


def page_over(service) -> ChatPage:
    return ChatPage(service)


def last(redraws, part):
    return [redraw[part] for redraw in redraws if part in redraw][-1]


def said(page, utterance="a light laptop", view=None):
    return list(page.say(view or View(), "", utterance))


def pressed(page, view, **data):
    return list(page.press(view, "", SimpleNamespace(_data=data)))


def test_the_cards_are_drawn_before_the_first_word_of_the_reply(service):
    page = page_over(service)
    redraws = said(page)
    cards = next(n for n, redraw in enumerate(redraws) if "Lenora Swift 1" in str(redraw.get(page.picks)))
    prose = next(n for n, redraw in enumerate(redraws) if "two" in str(redraw.get(page.chat)))
    assert cards < prose
    assert "Here are <strong>two</strong> that fit. Both are light." in last(redraws, page.chat)


def test_nothing_is_sent_twice(service):
    page = page_over(service)
    for part in (page.picks, page.chat, page.constraints, page.replies):
        sent = [redraw[part] for redraw in said(page) if part in redraw]
        assert all(before != after for before, after in pairwise(sent))


def test_the_cards_are_not_made_again_for_each_sentence(tmp_path):
    made = []
    for sentences in (("One.",), tuple(f"{n}. " for n in range(9))):
        page = page_over(scripted_service(tmp_path, [laptop(1)], sentences=sentences))
        picks, calls = page._picks, []
        page._picks = lambda view, picks=picks, calls=calls: calls.append(view) or picks(view)
        assert sentences[-1].strip() in last(said(page), page.chat)
        made.append(len(calls))
    assert made[0] == made[1]


def test_dots_stand_where_the_first_word_will_be_and_go_with_it(service):
    page = page_over(service)
    drawings = [redraw[page.chat] for redraw in said(page) if page.chat in redraw]
    assert "The assistant is writing" in drawings[0]
    assert 'aria-busy="true"' in drawings[0]
    assert "The assistant is writing" not in drawings[-1]
    assert 'aria-busy="false"' in drawings[-1]


def test_the_box_offers_stop_while_answering_and_send_afterwards(service):
    page = page_over(service)
    boxes = [redraw[page.box] for redraw in said(page) if page.box in redraw]
    assert [(box["submit_btn"], box["stop_btn"]) for box in boxes] == [(False, "Stop"), ("Send", False)]


def test_stop_keeps_what_was_said_and_the_turn_is_stored(tmp_path):
    service = scripted_service(tmp_path, [laptop(1)], sentences=("One. ", "Two."), gate=threading.Event())
    page = page_over(service)
    answering = page.say(View(), "", "a laptop")
    redraws = []
    for redraw in answering:
        redraws.append(redraw)
        if page.view in redraw and "One." in str(redraw.get(page.chat)):
            page._answering.stop(redraw[page.view])
            service.assistant.gate.set()
    view = last(redraws, page.view)
    assert view.transcript[-1].text == "One. "
    assert view.again == ("a laptop", None)
    assert "That answer is not complete" in last(redraws, page.status)
    assert [turn["reply"] for turn in service.store.turns(view.conversation_id)] == ["One. "]


def test_a_page_that_is_closed_ends_what_is_written_for_it_and_for_no_other(tmp_path):
    service = scripted_service(tmp_path, [laptop(1)], sentences=("One. ", "Two."), gate=threading.Event())
    page = page_over(service)
    replies = []
    for name in ("hers", "another"):
        service.assistant.gate.clear()
        for redraw in page.say(View(), "", "a laptop", SimpleNamespace(session_hash=name)):
            if page.view in redraw:
                view = redraw[page.view]
            if "One." in str(redraw.get(page.chat)):
                page.closed(SimpleNamespace(session_hash="hers"))
                service.assistant.gate.set()
        replies += [turn["reply"] for turn in service.store.turns(view.conversation_id)]
    assert replies == ["One. ", "One. Two."]


def test_closing_the_page_is_noticed_by_its_lost_connection(tmp_path):
    service = scripted_service(tmp_path, [laptop(1)], sentences=("One. ", "Two."), gate=threading.Event())
    page = page_over(service)
    answering = page.say(View(), "", "a laptop", SimpleNamespace(session_hash="hers"))
    for redraw in answering:
        if "One." in str(redraw.get(page.chat)):
            break
    (turn,) = page._answering._turns.values()
    app = gr.mount_gradio_app(FastAPI(), page.blocks, path="/")
    with served_app(app) as address, httpx.stream("GET", f"{address}/gradio_api/heartbeat/hers") as connection:
        assert "ALIVE" in next(connection.iter_lines())
        assert not turn.stop.is_set()
        connection.close()
        assert turn.stop.wait(20)
    service.assistant.gate.set()
    assert "Two." not in str(list(answering))


def test_a_second_utterance_has_to_wait_for_the_first(service):
    page = page_over(service)
    answering = page.say(View(), "", "a laptop")
    view = next(answering)[page.view]
    assert "still answering" in last(said(page, "and a phone", view), page.status)
    assert "Both are light." in str(last(list(answering), page.chat))
    assert "Both are light." in str(last(said(page, "and a phone", view), page.chat))


def test_a_page_that_is_left_does_not_block_its_conversation(service):
    page = page_over(service)
    answering = page.say(View(), "", "a laptop")
    view = next(answering)[page.view]
    answering.close()
    assert "Both are light." in str(last(said(page, "a laptop", view), page.chat))


@pytest.mark.parametrize(
    ("utterance", "words"), [("  ", "Please type what you are looking for"), ("x" * 5000, "5,000 characters")]
)
def test_an_utterance_that_cannot_be_read_is_explained_and_stays_in_the_box(service, utterance, words):
    page = page_over(service)
    redraws = said(page, utterance)
    assert words in last(redraws, page.status)
    assert [set(redraw) for redraw in redraws] == [{page.status}]


def test_a_shop_that_cannot_answer_says_so_in_plain_words(tmp_path):
    failing = SetupError("/srv/var/conversations.db: disk full", "Free disk space.")
    service = scripted_service(tmp_path, [laptop(1)], raising=failing)
    page = page_over(service)
    redraws = said(page)
    assert "cannot answer right now" in last(redraws, page.status)
    assert "/srv/var" not in last(redraws, page.status)
    assert last(redraws, page.view) == View(again=Said("a light laptop"))
    assert "Try again" in last(redraws, page.status)
    assert last(redraws, page.chat) == transcript(View())
    assert last(redraws, page.box)["value"] == "a light laptop"


def test_a_conversation_that_was_forgotten_is_not_continued(service):
    page = page_over(service)
    assert "no longer kept" in last(said(page, view=View(conversation_id="gone")), page.status)


def test_a_removed_chip_is_the_same_as_saying_it(service):
    page = page_over(service)
    view = last(said(page), page.view)
    view = last(pressed(page, view, press="remove", dropped="price_max"), page.view)
    assert view.need.slots.price_max is None
    assert service.store.state(view.conversation_id).need == view.need
    assert service.store.turns(view.conversation_id)[-1]["rung"] == "control"


def test_liking_is_stored_and_pressing_again_takes_it_back(service):
    page = page_over(service)
    view = last(said(page), page.view)
    html = last(pressed(page, view, press="rate", item_id="laptop-1", verdict="like"), page.picks)
    assert 'aria-pressed="true"' in html
    assert service.store.feedback(view.conversation_id) == {"laptop-1": Verdict.LIKE}
    pressed(page, view, press="rate", item_id="laptop-1", verdict="dislike")
    assert service.store.feedback(view.conversation_id) == {"laptop-1": Verdict.DISLIKE}
    pressed(page, view, press="rate", item_id="laptop-1", verdict="dislike")
    assert service.store.feedback(view.conversation_id) == {}


@pytest.mark.parametrize(
    "forged", [{"press": "rate", "item_id": "laptop-9", "verdict": "like"}, {"press": "rate"}, {"press": "ask"}]
)
def test_a_forged_press_changes_nothing_and_is_answered_in_plain_words(service, forged):
    page = page_over(service)
    view = last(said(page), page.view)
    redraws = pressed(page, view, **forged)
    assert 'role="alert"' in last(redraws, page.status)
    assert service.store.feedback(view.conversation_id) == {}
    assert len(service.store.turns(view.conversation_id)) == 1


def test_start_over_gives_an_empty_page_with_examples_and_keeps_the_other_conversation(service):
    page = page_over(service)
    view = last(said(page), page.view)
    redraw = page.start_over(view)
    assert redraw[page.view] == View()
    assert redraw[page.chat] == transcript(View())
    assert "Laptops, but not" in page_over(scripted_service_of_many(service)).replies.value
    assert len(service.store.turns(view.conversation_id)) == 1


def scripted_service_of_many(service):
    service.shop.catalogue.upsert([laptop(n) for n in range(1, 9)])
    return service


def test_new_is_told_by_the_shops_newest_release(tmp_path):
    old, older = (laptop(n, rating=None, rating_count=0, released=a_date(days)) for n, days in ((1, 900), (2, 1200)))
    page = page_over(scripted_service(tmp_path, [old, older], interactions=0))
    html = last(said(page), page.picks)
    assert html.count("New: no purchase data yet") == 1
    assert html.index("New: no purchase data yet") < html.index("Lenora Swift 2")
    assert html.count(">No purchase data yet<") == 1


def test_two_shoppers_do_not_see_each_other(service):
    page = page_over(service)
    first, second = last(said(page, "for Ann"), page.view), last(said(page, "for Bob"), page.view)
    assert first.conversation_id != second.conversation_id
    assert "Ann" not in str(second)


def test_the_shoppers_own_words_are_shown_literally(service):
    page = page_over(service)
    html = last(said(page, "**bold** <b>x</b> [a](http://b)"), page.chat)
    assert "**bold** &lt;b&gt;x&lt;/b&gt; [a](http://b)" in html


def test_a_reply_has_bold_names_and_lists_but_no_html_link_or_picture(tmp_path):
    sentences = ("1. **Lenora** & co\n", "![x](http://b) [y](http://c) <img src=x> `z` # no")
    page = page_over(scripted_service(tmp_path, [laptop(1)], sentences=sentences))
    html = last(said(page), page.chat)
    assert '<ol><li value="1" dir="auto"><strong>Lenora</strong> &amp; co</li></ol>' in html
    assert "![x](http://b) [y](http://c) &lt;img src=x&gt; `z` # no" in html


def test_no_event_of_the_page_is_published_as_an_endpoint(service):
    info = page_over(service).blocks.get_api_info()
    assert (info["named_endpoints"], info["unnamed_endpoints"]) == ({}, {})
