"""No shopper sees another's: whatever two do in turns, each gets what she would get alone; ids that nobody guesses."""

from __future__ import annotations

import ast
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from api_doubles import open_doubles
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import assistant
from assistant.conversation import run
from assistant.service import Service
from assistant.store import Verdict, keys, schema
from assistant.store.keys import Scope
from assistant.turn_json import turn_as_json
from assistant.widget.token import guest_id
from retrieval.interactions import InteractionKind

Action = tuple[str, ...]
SAID = ("laptops under $900", "not HP", "something cheaper", "how heavy is the first one?", "undo", "blue mugs", "why?")
SAYS = [("say", words) for words in (*SAID, "what is in my cart?")]
DOES = [("cart", "i3", "2"), ("cart", "i9", "1"), ("cart", "i3", "0"), ("like",), ("view", "i7"), ("forget",)]
FEW = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_doubles(tmp_path_factory.mktemp("isolation")) as opened:
        yield opened


class Shopper:
    """Somebody who does one thing after the other; `seen` is what she was told each time."""

    def __init__(self, service: Service, consents: bool) -> None:
        self._service, self._consents = service, consents
        self.id = guest_id()
        self.seen: list[Any] = []
        self._begin()

    def _begin(self) -> None:
        if self._consents:
            self._service.store.set_consent(self.id, True)
        self.conversation_id = self._service.conversations.start(self.id)

    def do(self, action: Action) -> None:
        conversations = self._service.conversations
        match action:
            case ("say", words):
                told = turn_as_json(run(conversations.say(self.conversation_id, words)))
                self.seen.append({k: v for k, v in told.items() if k not in ("conversation_id", "latency")})
            case ("cart", item_id, pieces):
                cart = conversations.carts.set_quantity(self.conversation_id, item_id, int(pieces))
                self.seen.append(cart)
            case ("like",):
                for candidate in conversations.state(self.conversation_id).shown[:1]:
                    conversations.rate(self.conversation_id, candidate.item_id, Verdict.LIKE)
                self.seen.append(self._service.store.feedback(self.conversation_id))
            case ("view", item_id):
                self.seen.append(conversations.observe(self.conversation_id, item_id, InteractionKind.VIEW))
            case ("forget",):
                conversations.forget(self.id)
                self._begin()
        self.seen.append(self.held())

    def held(self) -> Any:
        """Her history, her cart, her likes, what was said: as the store has it now."""
        store = self._service.store
        return (
            [(i.item_id, i.kind, i.value) for i in store.session(self.id).interactions],
            [(line.item_id, line.quantity) for line in self._service.conversations.carts.lines(self.conversation_id)],
            store.feedback(self.conversation_id),
            [(row["utterance"], row["reply"]) for row in store.turns(self.conversation_id)],
            store.holdings(self.id),
        )

    def leave(self) -> list[Any]:
        """What she saw; nothing of her stays."""
        self._service.conversations.forget(self.id)
        return self.seen


def alone(service: Service, actions: Sequence[Action], consents: bool) -> list[Any]:
    shopper = Shopper(service, consents)
    for action in actions:
        shopper.do(action)
    return shopper.leave()


def in_turns(
    service: Service, first: Sequence[Action], second: Sequence[Action], order: Iterable[bool], consents: bool
) -> tuple[list[Any], list[Any]]:
    """What both see when the next to act is the first one where `order` says so."""
    shoppers = Shopper(service, consents), Shopper(service, consents)
    waiting = list(first), list(second)
    for whose in (*order, *(True,) * len(first), *(False,) * len(second)):
        if waiting[not whose]:
            shoppers[not whose].do(waiting[not whose].pop(0))
    return shoppers[0].leave(), shoppers[1].leave()


def any_of(actions: list[Action]) -> st.SearchStrategy[list[Action]]:
    return st.lists(st.sampled_from(actions), min_size=1, max_size=5)


ORDER = st.lists(st.booleans(), max_size=10)


@FEW
@given(first=any_of([*SAYS, *DOES]), second=any_of([*SAYS, *DOES]), order=ORDER)
def test_two_who_keep_their_history_to_themselves_get_word_for_word_and_score_for_score_what_each_gets_alone(
    service: Service, first: list[Action], second: list[Action], order: list[bool]
) -> None:
    expected = alone(service, first, consents=False), alone(service, second, consents=False)
    assert in_turns(service, first, second, order, consents=False) == expected


@FEW
@given(first=any_of(DOES), second=any_of(DOES), order=ORDER)
def test_two_who_consent_share_counts_and_neither_history_nor_cart_nor_likes(
    service: Service, first: list[Action], second: list[Action], order: list[bool]
) -> None:
    begin: Action = ("say", "laptops under $900 sorted by price")
    expected = alone(service, [begin, *first], consents=True), alone(service, [begin, *second], consents=True)
    both = in_turns(service, [begin, *first], [begin, *second], order, consents=True)
    for got, wanted in zip(both, expected, strict=True):
        assert got[1:] == wanted[1:]  # the first turn's scores hold the other's counts
        assert [pick["item_id"] for pick in got[0]["picks"]] == [pick["item_id"] for pick in wanted[0]["picks"]]


def test_after_all_of_them_were_forgotten_nothing_is_counted(service: Service) -> None:
    shopper = Shopper(service, consents=True)
    for action in (("view", "i7"), ("cart", "i3", "1")):
        shopper.do(action)
    assert len(service.shop.neighbours.history(shopper.id)) == 2
    shopper.leave()
    with service.store.connect() as connection:
        left = {name: connection.scalar(sa.select(sa.func.count()).select_from(t)) for name, t in personal().items()}
    assert not any(left.values()), left
    assert service.shop.neighbours.history(shopper.id) == ()


# queries


def personal() -> dict[str, sa.Table]:
    """The tables whose rows are somebody's."""
    return {n: t for n, t in schema.metadata.tables.items() if {"shopper_id", "conversation_id"} & {*t.c.keys()}}


def test_every_query_on_somebodys_rows_names_whose_they_are(service: Service) -> None:
    other = Shopper(service, consents=True)
    other.do(("say", "laptops"))
    sent: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        sent.append((statement, parameters))

    engine = service.store._database.engine
    sa.event.listen(engine, "before_cursor_execute", keep)
    try:
        shopper = Shopper(service, consents=True)
        for action in (*SAYS[:3], *DOES):
            shopper.do(action)
        shopper.leave()
    finally:
        sa.event.remove(engine, "before_cursor_execute", keep)
    other.leave()
    touching = re.compile(rf"\b(?:FROM|JOIN|UPDATE|DELETE FROM)\s+(?:{'|'.join(personal())})\b")
    scoped = re.compile(r"\b(?:conversation_id|shopper_id)\s*(?:=|IN)\s*(?:\?|\()")
    theirs = [(statement, parameters) for statement, parameters in sent if touching.search(statement)]
    assert len(theirs) > 50
    for statement, parameters in theirs:
        assert scoped.search(statement), statement
        assert other.id not in str(parameters)
        assert other.conversation_id not in str(parameters)


# ids


def test_every_id_that_opens_something_has_128_random_bits_or_more(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[int] = []

    def drawing(number: int) -> str:
        drawn.append(number)
        return original(number)

    original = secrets.token_urlsafe
    monkeypatch.setattr(secrets, "token_urlsafe", drawing)
    ids = (
        service.store.start(),
        guest_id().removeprefix("guest-"),
        keys.add(service.store, "k", frozenset({Scope.CHAT})),
    )
    assert len(drawn) == len(ids)
    assert all(16 <= number <= len(id) for number, id in zip(drawn, ids, strict=True))
    assert len({service.store.start() for _ in range(200)}) == 200


TRAINING = ("training", "labelled", "evaluation", "tagger")  # draw samples, never ids


def test_nothing_that_serves_shoppers_draws_from_a_generator_that_can_be_predicted() -> None:
    folder = Path(assistant.__file__).parent
    for file in folder.rglob("*.py"):
        if file.relative_to(folder).parts[0] in TRAINING:
            continue
        imported = {
            name
            for node in ast.walk(ast.parse(file.read_text("utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names])
        }
        assert not imported & {"random", "uuid"}, file
