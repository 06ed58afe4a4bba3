from __future__ import annotations

from pathlib import Path

import pytest

from assistant.console.masking import mark_key, mark_of, mask, masked, names_in


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        ("My name is anna berg and I need a laptop", "My name is [name] and I need a laptop"),
        ("my name's O'Neil", "my name's [name]"),
        ("Hi, I'm Anna Berg, laptop please", "Hi, I'm [name], laptop please"),
        ("Mrs Miller wants boots", "Mrs [name] wants boots"),
        ("call me on +49 170 1234567 or a.b@shop.de", "call me on [phone] or [email]"),
        ("card 4111 1111 1111 1111", "card [card]"),
        ("send it to 12 High Street", "send it to [address]"),
        ("Hauptstraße 12, Berlin", "[address], Berlin"),
    ],
)
def test_what_tells_who_somebody_is_is_masked(said: str, seen: str) -> None:
    assert mask(said) == seen


@pytest.mark.parametrize(
    "said",
    [
        "I'm looking for a laptop",
        "I AM LOOKING FOR A LAPTOP",
        "a 4 pack 12 v drill under $1299.99",
        "size 42 court shoes, between 100 and 2000",
        "100 led string lights for the drive",
        "call me when it is back",
    ],
)
def test_a_need_is_left_as_it_was_said(said: str) -> None:
    assert mask(said) == said


def test_a_document_is_masked_throughout_and_its_ids_are_kept() -> None:
    document = {
        "item_id": "4002942523988",
        "at": "2026-11-10T12:00:00+00:00",
        "act": {"topic": "for a.b@shop.de", "notes": ["my name is anna"], "confidence": 0.5},
        "stages": [{"items": [{"item_id": "4002942523988", "score": 0.5}]}],
    }
    seen = masked(document)
    assert seen["act"] == {"topic": "for [email]", "notes": ["my name is [name]"], "confidence": 0.5}
    assert (seen["item_id"], seen["at"], seen["stages"]) == (document["item_id"], document["at"], document["stages"])


def test_a_name_that_was_introduced_is_masked_wherever_its_words_turn_up_again() -> None:
    names = names_in(["my name is Anna Berg", "write to grace.hopper@shop.de", "I'm looking for a lamp"])
    assert names == {"anna", "berg", "grace", "hopper"}
    act = {"topic": "name is anna berg lamp", "notes": ["GRACE wants it", "bergamot"]}
    assert masked(act, names) == {"topic": "name is [name] lamp", "notes": ["[name] wants it", "bergamot"]}
    assert mask("my name is Anna Berg", names) == "my name is [name]"


def test_a_shopper_keeps_her_mark_and_another_data_folder_gives_another(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    key = mark_key(here)
    assert mark_of("ada@shop.test", key) == mark_of("ada@shop.test", mark_key(here))
    assert mark_of("ada@shop.test", key) != mark_of("grace@shop.test", key)
    assert mark_of("ada@shop.test", key) != mark_of("ada@shop.test", mark_key(there))
    assert mark_of(None, key) is None
    assert (here / "console.key").stat().st_mode & 0o077 == 0
