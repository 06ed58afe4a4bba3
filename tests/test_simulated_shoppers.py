"""A few simulated shoppers in the suite: the assistant keeps its promises, and one that lies is found out."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.events import Event, Finished, Turn
from assistant.service import Service, open_service
from assistant.settings import load_settings
from benchmarks.simulated_shoppers import Talk, converse, pass_hat
from benchmarks.truth_of_replies import Faults
from retrieval.shop import Shop

Altering = Callable[[Turn, Shop], Turn]


class Liar:
    """The real assistant, but what it tells of a turn is altered."""

    def __init__(self, service: Service, alter: Altering) -> None:
        self.shop, self.conversations = service.shop, self
        self._true, self._alter = service.conversations, alter

    def start(self) -> str:
        return self._true.start()

    def say(self, conversation_id: str, words: str) -> Iterator[Event]:
        for event in self._true.say(conversation_id, words):
            yield Finished(self._alter(event.turn, self.shop)) if isinstance(event, Finished) else event


def over_budget(turn: Turn, shop: Shop) -> Turn:
    """The first card is another item of the department, above the limit."""
    limit = turn.constraints.price_max
    if limit is None or not turn.picks:
        return turn
    dearer = replace(turn.constraints, price_min=limit + 1, price_max=None)
    item = next(item for item in shop.catalogue if dearer.admits(item))
    return replace(turn, picks=(replace(turn.picks[0], item=item), *turn.picks[1:]))


def too_cheap_to_be_true(turn: Turn, shop: Shop) -> Turn:
    return replace(turn, reply=re.sub(r"costs \$[\d,.]+\d", "costs $1.23", turn.reply))


def more_than_there_is(turn: Turn, shop: Shop) -> Turn:
    return replace(turn, reply=re.sub(r"^(\d+) (?=[a-z])", r"1\1 ", turn.reply))


def a_card_unsaid(turn: Turn, shop: Shop) -> Turn:
    return replace(turn, reply="\n".join(line for line in turn.reply.splitlines() if not line.startswith("1. ")))


@pytest.fixture(scope="module")
def without_model(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The assistant over the demo shop; the tagger reads, the records speak."""
    folder = Path(shutil.copytree(demo_folder, tmp_path_factory.mktemp("shoppers") / "var"))
    opened = open_service(load_settings(data_folder=folder, language_model="none"))
    yield opened
    opened.close()


def faults(talks: list[Talk]) -> Faults:
    return sum((talk.faults for talk in talks), Faults())


@pytest.mark.weights
def test_six_shoppers_are_told_nothing_that_the_records_do_not_bear_out(without_model: Service) -> None:
    talks = converse(without_model, 6, range(1))
    assert faults(talks) == Faults()
    assert sum(talk.cards for talk in talks) > 0
    assert all(talk.success for talk in talks), [talk.ended for talk in talks]


@pytest.mark.weights
@pytest.mark.parametrize(
    ("alter", "fault"),
    [
        (over_budget, "constraint_violations"),
        (too_cheap_to_be_true, "unsupported_claims"),
        (more_than_there_is, "wrong_counts"),
        (a_card_unsaid, "mismatches"),
    ],
)
def test_an_assistant_that_lies_is_found_out(without_model: Service, alter: Altering, fault: str) -> None:
    talks = converse(Liar(without_model, alter), 2, range(1))  # type: ignore[arg-type]
    assert getattr(faults(talks), fault) > 0


@pytest.mark.weights
def test_a_card_against_a_wish_is_counted_though_it_fits_what_was_understood(without_model: Service) -> None:
    def deaf(turn: Turn, shop: Shop) -> Turn:
        return replace(over_budget(turn, shop), constraints=replace(turn.constraints, price_max=None))

    talks = converse(Liar(without_model, deaf), 2, range(1))  # type: ignore[arg-type]
    assert (sum(talk.unheeded for talk in talks) > 0, faults(talks).constraint_violations) == (True, 0)


def test_pass_hat_is_the_share_of_draws_of_k_talks_that_all_succeed() -> None:
    assert pass_hat(2)([1.0, 1.0, 0.0]) == pytest.approx(1 / 3)
    assert pass_hat(1)([1.0, 1.0, 0.0]) == pytest.approx(2 / 3)
    assert pass_hat(4)([1.0, 1.0, 0.0]) is None
