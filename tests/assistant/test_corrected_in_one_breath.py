from __future__ import annotations

import pytest
from understanding_shop import MiniShop

from assistant.rules.corrections import without_corrected


@pytest.fixture(scope="module")
def shop() -> MiniShop:
    return MiniShop()


@pytest.mark.parametrize(
    ("utterance", "left"),
    [
        ("laptops by dell, no wait, by acer please", "laptops by acer please"),
        ("only hp, I mean, only dell", "only dell"),
        ("blue, sorry, red ones", "red ones"),
        ("a laptop from hp, sorry, I meant from dell", "a laptop from dell"),
        ("not hp, wait, not dell", "not dell"),
        ("by hp, I mean, the brand dell please", "the brand dell please"),
        ("it has to be the brand hp, no wait, made by dell", "made by dell"),
        ("blue ones, sorry, red ones", "red ones"),
    ],
)
def test_what_is_corrected_in_the_same_breath_is_left_out(shop: MiniShop, utterance: str, left: str) -> None:
    assert without_corrected(utterance, shop.vocabulary) == left


@pytest.mark.parametrize(
    "utterance",
    [
        "dell or hp laptops",
        "sorry, I need a blue laptop by dell",
        "a blue laptop, sorry, by dell",  # a brand corrects no colour
        "no hp, no dell",
        "under 500, I mean dollars",
        "hp laptops, sorry to bother you, and dell ones too",
    ],
)
def test_nothing_else_is_taken_for_a_correction(shop: MiniShop, utterance: str) -> None:
    assert without_corrected(utterance, shop.vocabulary) == utterance
