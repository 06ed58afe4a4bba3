"""The conversation as it is drawn: literal words, and claims that lead to the record."""

from __future__ import annotations

import pytest
from ui_doubles import laptop, pick

from assistant.events import Claim
from assistant.ui.transcript import citations, transcript
from assistant.ui.view import Message, View


def claim(text: str, field: str, item_id: str = "laptop-1", supported: bool = True) -> Claim:
    return Claim(text, item_id, field, supported)


def cited(line: str, *claims: Claim) -> list[tuple[str, str]]:
    return [(line[c.start : c.end], c.claim.field) for c in citations([line], claims)[0]]


def test_a_claim_is_cited_where_the_reply_makes_it():
    found = cited("**X** costs $600 and weighs 1.1 kg.", claim("weighs 1.1 kg", "attributes.weight"))
    assert found == [("weighs 1.1 kg", "attributes.weight")]


def test_a_fact_said_after_another_facts_verb_is_cited_without_its_own():
    line = "**X** has 8 GB of RAM and 512 GB of storage."
    found = cited(
        line, claim("has 8 GB of ram", "attributes.ram"), claim("has 512 GB of storage", "attributes.storage")
    )
    assert found == [("has 8 GB of RAM", "attributes.ram"), ("512 GB of storage", "attributes.storage")]


def test_a_claim_in_the_words_of_the_record_is_cited_where_the_reply_joins_them():
    assert cited("It has a screen size of 13.3 in.", claim("screen size 13.3 in", "size")) == [
        ("screen size of 13.3 in", "size")
    ]


def test_the_same_words_of_two_items_are_cited_each_in_its_own_line():
    lines = ["1. **A** weighs 2 kg.", "2. **B** weighs 2 kg."]
    claims = [claim("weighs 2 kg", "attributes.weight", item) for item in ("a", "b")]
    assert [[c.claim.item_id for c in line] for line in citations(lines, claims)] == [["a"], ["b"]]


@pytest.mark.parametrize("words", ["6 GB", "kg", "costs $7"])
def test_part_of_a_word_or_number_is_no_place_of_a_claim(words):
    assert cited("has 16 GB, kgs, costs $70", claim(words, "price")) == []


def test_a_bold_name_stays_whole():
    assert cited("**Swift 1** is light", claim("Swift 1", "title")) == []


def test_places_are_found_in_the_words_as_they_are_written():
    line = "İİ ẞ costs $600"
    assert cited(line, claim("COSTS $600", "price")) == [("costs $600", "price")]


def view(text: str, *claims: Claim) -> View:
    said = (Message(True, "a laptop"), Message(False, text, claims))
    return View(conversation_id="c", transcript=said, picks=(pick(laptop(1), 1),))


def test_a_citation_names_the_field_in_words_too():
    html = transcript(view("It costs $600.", claim("costs $600", "attributes.list price")))
    assert 'data-item="laptop-1" data-field="attributes.list price"' in html
    assert "(from the record: list price)" in html


def test_a_claim_of_an_item_that_is_not_shown_any_more_is_plain_text():
    html = transcript(view("It costs $600.", claim("costs $600", "price", "gone")))
    assert "It costs $600." in html
    assert "cite" not in html


def test_numbered_lines_are_a_list_that_keeps_its_numbers():
    html = transcript(view("Two fit:\n2. **B** is light\n3. **C** too\n\nThat is all."))
    assert html.count("<ol>") == 1
    assert '<li value="2" dir="auto"><strong>B</strong> is light</li><li value="3"' in html
    assert '<p dir="auto">That is all.</p>' in html


def test_an_empty_conversation_welcomes():
    assert "What can I find for you?" in transcript(View())
