"""The clarifying question: which is asked, what it is worth, and that each answer does what its count says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assistant.clarifying import clarify, worth
from assistant.dialogue import DialogueAct, DialogueState, Intent, Need, Slots, update
from assistant.events import Outcome, Pick, Suggestion
from assistant.grounding import ShopMoney, key_of, to_query
from assistant.suggestions import suggest
from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.query import Constraints
from retrieval.shop import Shop
from retrieval.units import parse_quantity


class WordEncoder:
    """Texts with the same first letters of their words are near each other."""

    fingerprint = "words-1"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self.encode_query(text) for text in texts]) if texts else np.zeros((0, 32), dtype=np.float32)

    def encode_query(self, text: str) -> np.ndarray:
        vector = np.full(32, 1e-3, dtype=np.float32)
        for word in text.lower().split():
            vector[ord(word[0]) % 32] += 1.0
        return vector / np.linalg.norm(vector)


MONEY = ShopMoney("USD", {})
LAMPS = Slots(category="lamps")


def lamp(number: int, price: float | None = None, stock: int = 5, brand: str = "Lumo", **facts: str) -> CatalogueItem:
    attributes = {}
    for name, text in facts.items():
        quantity = parse_quantity(text)
        number_of, unit = (None, None) if quantity is None else (quantity.number, quantity.unit)
        attributes[name] = Attribute(name, text, (text.lower(),), number_of, unit)
    money = None if price is None else Money.of(price, "USD")
    category = ("Home", "Lamps")
    return CatalogueItem(
        f"lamp-{number}", f"Lamp {number}", "", brand, category, price=money, attributes=attributes, stock=stock
    )


@pytest.fixture
def shop_of(tmp_path: Path):
    opened = []

    def make(*items: CatalogueItem) -> Shop:
        shop = Shop.open(tmp_path / str(len(opened)), encoder=WordEncoder())
        opened.append(shop)
        shop.upsert(items)
        return shop

    yield make
    for shop in opened:
        shop.close()


def outcome_of(shop: Shop, need: Need, picks: int = 1) -> Outcome:
    """What a search for a need leaves to ask about."""
    query = to_query(need, shop.vocabulary, MONEY, picks).query
    state = DialogueState((need,), turns=1)
    found = shop.search(query)
    shown = tuple(shop.catalogue[c.item_id] for c in found.candidates)
    picked = tuple(Pick(n, i, c) for n, (i, c) in enumerate(zip(shown, found.candidates, strict=True), start=1))
    act = DialogueAct(Intent.FIND, need.slots)
    return Outcome("", act, DialogueState(), state, query.constraints, picked, found.matching, True)


def asked(shop: Shop, slots: Slots = LAMPS, topic: str = "") -> tuple[Suggestion, ...]:
    return clarify(outcome_of(shop, Need(slots, topic)), shop)


def labels(answers: tuple[Suggestion, ...]) -> list[str]:
    return [answer.label for answer in answers]


def test_two_even_halves_are_worth_one_bit_and_what_nobody_states_is_worth_nothing():
    items = [(lamp(n), 0.25) for n in range(4)]
    halves = worth(items, lambda item: [int(item.item_id[-1]) % 2])
    assert halves == (pytest.approx(1.0), [0, 1])
    assert worth(items, lambda item: [])[0] == 0.0
    assert worth(items, lambda item: ["same"])[0] == 0.0
    only_half_state_it = worth(items, lambda item: ["a"] if item.item_id == "lamp-0" else [])
    assert only_half_state_it == (pytest.approx(0.25 * 2), ["a"])


def test_an_item_with_two_values_is_half_an_answer_to_each_and_left_by_both():
    items = [(lamp(0), 0.5), (lamp(1), 0.5)]
    bits, _ = worth(items, lambda item: ["red", "blue"] if item.item_id == "lamp-0" else ["blue"])
    assert bits == pytest.approx(0.25 * 1)  # "red" leaves half of the weight, "blue" leaves all of it


def test_the_property_that_parts_the_items_best_is_asked(shop_of):
    shop = shop_of(*(lamp(n, shade="linen" if n else "glass", base="oak" if n % 2 else "steel") for n in range(8)))
    answers = asked(shop)
    assert {answer.question for answer in answers} == {"Which base?"}
    assert sorted((a.label, a.count) for a in answers) == [("Oak", 4), ("Steel", 4)]


def test_what_the_need_states_is_not_asked_again(shop_of):
    shop = shop_of(*(lamp(n, shade="linen" if n < 6 else "glass", base="oak" if n % 2 else "steel") for n in range(8)))
    answers = asked(shop, replace(LAMPS, attributes=("oak",)))
    assert {answer.question for answer in answers} == {"Which shade?"}
    unwanted = asked(shop, replace(LAMPS, excluded_attributes=("oak",)))
    assert {answer.question for answer in unwanted} == {"Which shade?"}


@pytest.mark.parametrize("slots", [replace(LAMPS, price_max=500.0), replace(LAMPS, price_min=1.0)])
def test_a_price_is_asked_for_when_none_was_given(shop_of, slots):
    shop = shop_of(*(lamp(n, price=20.0 * (n + 1)) for n in range(9)))
    answers = asked(shop)
    assert labels(answers) == ["Under $60", "$60 to $100", "Over $100"]
    assert {answer.question for answer in answers} == {"What may it cost?"}
    assert asked(shop, slots) == ()


def test_what_is_sold_out_hardly_counts(shop_of):
    def lamps(stock: int):
        return [
            lamp(n, stock=stock if n >= 4 else 5, base="oak" if n >= 4 else "steel", shade="paper" if n % 4 else "wool")
            for n in range(8)
        ]

    assert asked(shop_of(*lamps(5)))[0].question == "Which base?"
    assert asked(shop_of(*lamps(0)))[0].question == "Which shade?"


def test_many_numbers_are_cut_into_ranges_and_few_are_answers_of_their_own(shop_of):
    many = shop_of(*(lamp(n, weight=f"{1000 + 100 * n} g") for n in range(9)))
    assert labels(asked(many)) == ["Up to 1200 g", "1200 g to 1500 g", "Over 1500 g"]
    few = shop_of(*(lamp(n, power=f"{10 * (1 + n % 3)} W") for n in range(9)))
    assert labels(asked(few)) == ["10 W", "20 W", "30 W"]


def test_a_value_is_spelled_as_the_record_spells_it(shop_of):
    shop = shop_of(*(lamp(n, size=("XS", "M", "L")[n % 3]) for n in range(9)))
    assert labels(asked(shop)) == ["XS", "M", "L"]


def test_yes_or_no_is_asked_in_words_and_no_keeps_what_says_nothing_of_it(shop_of):
    stated = {0: "yes", 1: "yes", 2: "yes", 3: "no", 4: "no"}
    shop = shop_of(*(lamp(n, **({"dimmer": stated[n]} if n in stated else {})) for n in range(6)))
    answers = asked(shop)
    assert [(a.question, a.label, a.count) for a in answers] == [
        ("Dimmer or not?", "With dimmer", 3),
        ("Dimmer or not?", "Without dimmer", 3),
    ]


def test_a_need_in_words_alone_asks_what_kind_is_meant_among_the_items_that_the_words_mean(shop_of):
    def thing(n: int, title: str, kind: str) -> CatalogueItem:
        return CatalogueItem(f"t-{n}", title, category=("Home", kind), stock=3)

    coffee = [thing(n, "coffee to go", "Mugs" if n % 2 else "Flasks") for n in range(6)]
    others = [thing(n + 10, "garden chair", "Chairs") for n in range(20)]
    answers = asked(shop_of(*coffee, *others), Slots(), "coffee to go")
    assert sorted(labels(answers)) == ["Flasks", "Mugs"]
    assert {answer.question for answer in answers} == {"What kind?"}


def test_a_question_that_parts_next_to_nothing_is_not_asked(shop_of):
    assert asked(shop_of(*(lamp(n, base="oak" if n else "steel") for n in range(30)))) == ()


def test_nothing_is_asked_when_everything_that_fits_is_shown(shop_of):
    shop = shop_of(*(lamp(n, base="oak" if n % 2 else "steel") for n in range(4)))
    replies = suggest(outcome_of(shop, Need(LAMPS), picks=4), shop)
    assert labels(replies) == ["Compare the first two"]


@pytest.mark.parametrize(
    "facts",
    [
        lambda n: {"base": ("oak", "steel", "brass")[n % 3]},
        lambda n: {"dimmer": "yes" if n % 2 else "no"},
        lambda n: {"weight": f"{1000 + 100 * n} g"},
        lambda n: {"power": f"{10 * (1 + n % 3)} W"},
        lambda n: {"size": ("S", "M", "L")[n % 3]},
    ],
)
def test_pressing_an_answer_leaves_exactly_as_many_items_as_it_says(shop_of, facts):
    shop = shop_of(*(lamp(n, **facts(n)) for n in range(12)))
    answers = asked(shop)
    assert len(answers) > 1
    for answer in answers:
        assert answer.act is not None
        after = update(DialogueState((Need(LAMPS),)), answer.act, key_of(shop.vocabulary))
        query = to_query(after.need, shop.vocabulary, MONEY, 4).query
        assert query.constraints != Constraints(category="lamps")
        assert len(shop.columns.admitted(query.constraints)) == answer.count, answer.label
