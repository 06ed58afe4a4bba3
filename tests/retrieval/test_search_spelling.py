from __future__ import annotations

import pytest
from search_doubles import item

from retrieval.catalogue import Catalogue
from retrieval.lexical import LexicalIndex
from retrieval.spelling import Spelling

TITLES = [
    "Gaming laptop",
    "Office laptop",
    "Wireless headphones",
    "Studio headphones",
    "Bluetooth speaker",
    "Bluetooth headset",
    "Power bank",
    "Power adapter",
    "Bank of drawers",
    "Samsung tablet",
    "Samsung phone",
]


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue([item(f"i{n}", title) for n, title in enumerate(TITLES)])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("labtop", "laptop"),
        ("a bluetoth hedphones", "a bluetooth headphones"),
        ("Samsumg phone", "samsung phone"),
        ("powerbank", "power bank"),
    ],
)
def test_typing_errors_are_corrected_to_the_shops_own_words(catalogue: Catalogue, typed: str, meant: str) -> None:
    assert Spelling(LexicalIndex(catalogue)).correct(typed) == meant


@pytest.mark.parametrize(
    "typed",
    [
        "laptops",  # another form of a known word
        "sofa",  # plain English, though one letter from a word the shop might have
        "ps4",  # digits are names
        "tan",  # too short to tell
        "xqzvbn",  # near to nothing
        "",
    ],
)
def test_what_is_no_typing_error_is_left_alone(catalogue: Catalogue, typed: str) -> None:
    assert Spelling(LexicalIndex(catalogue)).correct(typed) is None


def test_a_word_becomes_known_with_the_item_that_brings_it(catalogue: Catalogue) -> None:
    index = LexicalIndex(catalogue)
    spelling = Spelling(index)
    assert spelling.correct("laptap") == "laptop"
    index.update(catalogue.upsert([item("new", "Laptap stand")]))
    assert spelling.correct("laptap") is None
