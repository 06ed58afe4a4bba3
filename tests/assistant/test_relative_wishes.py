"""Relative wishes through the whole turn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from api_doubles import open_doubles

from assistant.conversation import run
from assistant.events import Turn
from assistant.service import Service


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with open_doubles(tmp_path) as opened:
        yield opened


def say(service: Service, conversation_id: str, *said: str) -> list[Turn]:
    return [run(service.conversations.say(conversation_id, words)) for words in said]


def test_cheaper_than_the_cheapest_leaves_the_page_and_the_need_as_they_are(service: Service) -> None:
    conversation_id = service.conversations.start()
    turns = say(service, conversation_id, "laptops", *["cheaper"] * 8)
    last, end = next((a, b) for a, b in pairwise(turns) if b.picks == a.picks)
    laptops = [item for item in service.shop.catalogue if "laptops" in str(item.category).lower()]
    cheapest = min(item.price.minor for item in laptops if item.price)
    assert min(pick.item.price.minor for pick in last.picks if pick.item.price) == cheapest
    assert end.constraints == last.constraints
    assert end.reply.startswith("Nothing that fits goes beyond")
    (taken,) = say(service, conversation_id, "I take the first")
    assert taken.cart.lines


def test_cheaper_with_another_wish_is_an_honest_no(service: Service) -> None:
    conversation_id = service.conversations.start()
    turns = say(service, conversation_id, "laptops", "cheaper and only Dell", "cheaper and at least 64 GB ram")
    assert not turns[-1].picks
    assert "Nothing in the shop" in turns[-1].reply
