from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.rules.money_words import find_prices
from assistant.rules.number_words import number_from_words


def limits(text: str) -> list[tuple[float | None, float | None]]:
    return [(mention.low, mention.high) for mention in find_prices(text)]


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("under $900", None, 900),
        ("max 120", None, 120),
        ("120 max", None, 120),
        ("1.2k at most", None, 1200),
        ("under a grand", None, 1000),
        ("half a grand", None, 500),
        ("about six hundred bucks", 510, 690),
        ("20-40$", 20, 40),
        ("between 50 and 80", 50, 80),
        ("between two and three hundred quid", 200, 300),
        ("between eighty and a hundred and twenty", 80, 120),
        ("between one fifty and two hundred", 150, 200),
        ("budget of about 150", 127.5, 172.5),
        ("75 euro more or less", 63.75, 86.25),
        ("no dearer than 60", None, 60),
        ("i could stretch to 480", None, 480),
        ("less then 30", None, 30),
        ("40 at the outside", None, 40),
        ("not over 1.299,00", None, 1299),
        ("up to 500 riyal", None, 500),
        ("$1-1.5k", 1000, 1500),
        ("around 300", 255, 345),
        ("500ish", 425, 575),
        ("no more than 250", None, 250),
        ("i do not want to spend more than three hundred dollars", None, 300),
        ("at least 50 bucks", 50, None),
        ("nothing under 50", 50, None),
        ("no less than 100", 100, None),
        ("1.200 €", None, 1200),
        ("less than 1,299.99", None, 1299.99),
        ("nine ninety nine tops", None, 999),
        ("my budget is 400", None, 400),
        ("i have 200 to spend", None, 200),
        ("laptop $500", None, 500),
        ("under900", None, 900),
        ("headphones sub 80", None, 80),
        ("300 and up", 300, None),
    ],
)
def test_a_limit_is_read_in_the_words_shoppers_use(text: str, low: float | None, high: float | None) -> None:
    assert limits(text) == [(low, high)]


@pytest.mark.parametrize(
    "text",
    [
        "over 20% off",
        "size 42",
        "width max 55",
        "at least ten feet long",
        "spf 50 or above",
        "under 100 calories",
        "between two and three metres",
        "15 inch laptop",
        "2 of them",
        "16gb ram and a 512 gb ssd",
        "under 1.4 kg",
        "weighs under 5 pounds",
        "a 4k tv",
        "table for 4",
        "ages 3-5",
        "iphone 15",
        "set of 6 mugs",
        "i have 2 kids and need a tent",
        "at least 2 pockets",
        "up to 10 players",
        "the first two",
        "50-80 guests",
        "around 15 inches",
    ],
)
def test_sizes_counts_and_percentages_are_never_money(text: str) -> None:
    assert limits(text) == []


def test_a_size_beside_a_price_leaves_the_price_alone() -> None:
    assert limits("size 42 under 90") == [(None, 90)]
    assert limits("16gb ram below 800") == [(None, 800)]


@pytest.mark.parametrize(
    ("text", "currency"),
    [("under 50€", "EUR"), ("£300 max", "GBP"), ("30 quid tops", "GBP"), ("$40-60", "USD"), ("under 500", None)],
)
def test_a_currency_is_noted_only_when_it_is_named(text: str, currency: str | None) -> None:
    assert [mention.currency for mention in find_prices(text)] == [currency]


def test_the_place_of_a_limit_covers_its_cue_words() -> None:
    text = "a mug, not more than twelve dollars please"
    (mention,) = find_prices(text)
    assert text[mention.start : mention.end] == "not more than twelve dollars"


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("six hundred", 600),
        ("one fifty", 150),
        ("twelve hundred", 1200),
        ("a couple hundred", 200),
        ("two thousand", 2000),
    ],
)
def test_number_words_say_what_they_say_aloud(words: str, number: float) -> None:
    assert number_from_words(words) == number


def test_words_that_are_no_number_are_none() -> None:
    assert number_from_words("six apples") is None


@given(st.integers(min_value=1, max_value=99_999))
def test_any_whole_amount_under_a_cue_is_its_own_limit(amount: int) -> None:
    assert limits(f"under {amount} dollars") == [(None, amount)]
    assert limits(f"a tent, at least ${amount:,}") == [(amount, None)]


@given(st.text(max_size=200))
def test_no_text_breaks_the_grammar_and_every_place_lies_in_the_text(text: str) -> None:
    for mention in find_prices(text):
        assert 0 <= mention.start < mention.end <= len(text)
