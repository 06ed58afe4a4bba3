"""The shop's own synonyms: in force at once for understanding and search, gone at once when they are taken back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from search_doubles import HashingEncoder, item

from retrieval.query import Query
from retrieval.shop import Shop
from retrieval.vocabulary.synonyms import Synonyms

ITEMS = [
    item("s1", "Corner sofa Alma", brand="Volkhardt", category=("Furniture", "Sofas"), colour="blue"),
    item("s2", "Two-seat sofa Bent", brand="Hygg", category=("Furniture", "Sofas"), colour="red"),
    item("c1", "Watering can, zinc", brand="Hygg", category=("Garden", "Watering cans"), colour="grey"),
    item("h1", "Headphones Piper", brand="Piper", category=("Audio", "Headphones"), colour="grey"),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as opened:
        opened.upsert(ITEMS)
        yield opened


def named(shop: Shop, utterance: str) -> list[tuple[str, str]]:
    return [(m.kind, m.value) for m in shop.vocabulary.mentions(utterance)]


def test_a_word_means_a_category_of_the_shop(shop: Shop) -> None:
    assert shop.vocabulary.find_category("davenport") is None
    shop.vocabulary.set_synonyms({"davenport": "sofa"})
    assert shop.vocabulary.find_category("a red davenport") == "sofas"
    assert shop.vocabulary.find_category("davenports") == "sofas"
    assert ("category", "sofas") in named(shop, "show me davenports")


def test_a_word_means_a_brand_or_a_value(shop: Shop) -> None:
    shop.vocabulary.set_synonyms({"vh": "Volkhardt", "crimson": "red"})
    assert shop.vocabulary.find_brand("VH") == "volkhardt"
    assert ("brand", "volkhardt") in named(shop, "sofas by vh")
    (constraint,) = shop.vocabulary.find_attributes("crimson")
    assert constraint.value == "red"
    assert constraint.words == "crimson"


def test_a_word_finds_what_it_means_and_no_longer_once_it_is_taken_back(shop: Shop) -> None:
    shop.vocabulary.set_synonyms({"davenport": "sofa"})
    with_synonym = shop.search(Query("davenport"))
    assert {c.item_id for c in with_synonym.candidates[:2]} == {"s1", "s2"}
    assert with_synonym.candidates == shop.search(Query("sofa")).candidates
    assert with_synonym.corrected is None
    shop.vocabulary.set_synonyms({})
    assert shop.search(Query("davenport")).candidates[0].scores["lexical"] == 0
    assert shop.vocabulary.find_category("davenport") is None


def test_what_the_shop_says_counts_before_what_a_word_means_by_itself(shop: Shop) -> None:
    assert shop.vocabulary.find_category("cans") == "headphones"  # the packaged list says so
    shop.vocabulary.set_synonyms({"cans": "watering cans", "sofas": "headphones"})
    assert shop.vocabulary.find_category("cans") == "watering cans"
    assert shop.vocabulary.find_category("sofa") == "headphones"


def test_a_meaning_holds_one_way(shop: Shop) -> None:
    shop.vocabulary.set_synonyms({"davenport": "sofa"})
    assert shop.vocabulary.in_own_words("a sofa") == "a sofa"


def test_the_longest_phrase_is_replaced_and_the_rest_is_left_as_it_was_written() -> None:
    synonyms = Synonyms()
    synonyms.set({"love seat": "two-seat sofa", "seat": "chair", "xl": "king size"})
    assert synonyms.applied("An XL Love-Seats, please!") == "An king size two-seat sofa, please!"
    assert synonyms.applied("a seat") == "a chair"
    assert synonyms.applied("") == ""
