from __future__ import annotations

import numpy as np
import pytest
from search_doubles import item

from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.interactions import EMPTY_SESSION
from retrieval.lexical import LexicalIndex
from retrieval.query import Query
from retrieval.terms import parts


def found(index: LexicalIndex, catalogue: Catalogue, text: str) -> list[str]:
    admitted = np.array([row for row in range(catalogue.row_count) if catalogue.at(row)], dtype=np.int64)
    proposal = index.propose(Query(text), EMPTY_SESSION, admitted, 10)
    return [item.item_id for row in proposal.rows if (item := catalogue.at(int(row)))]


def scores_by_id(index: LexicalIndex, catalogue: Catalogue, text: str) -> dict[str, float]:
    rows = np.arange(catalogue.row_count)
    scores = index.score(Query(text), EMPTY_SESSION, rows)
    return {item.item_id: float(scores[row]) for row in rows if (item := catalogue.at(int(row)))}


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue(
        [
            item("cable", "Anker USB-C charging cable", brand="Anker", length="2 m"),
            item("toner", "Brother TN-2110 toner cartridge", brand="Brother"),
            item("laptop", "Zenbook 14 laptop", brand="Asus", category=("Computers", "Laptops"), ram="32 GB"),
            item("bag", "Padded bag for a laptop of 15.6 inch", brand="Case Logic"),
            item("spray", "WD-40 multi-use spray"),
            item("coffee", "Café maker for espresso"),
        ]
    )


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("tn2110", "toner"),
        ("TN-2110", "toner"),
        ("wd40", "spray"),
        ("usb c cable", "cable"),
        ("usbc", "cable"),
        ("32gb", "laptop"),
        ("15.6", "bag"),
        ("cafe", "coffee"),
        ("cartridges", "toner"),
    ],
)
def test_what_is_typed_in_another_way_is_found(catalogue: Catalogue, typed: str, expected: str) -> None:
    assert found(LexicalIndex(catalogue), catalogue, typed)[0] == expected


def test_a_decimal_is_not_taken_apart() -> None:
    assert parts("15.6-inch") == ["15.6", "inch"]
    assert parts("1.5l") == ["1.5", "l"]


def test_words_that_no_item_holds_find_nothing(catalogue: Catalogue) -> None:
    index = LexicalIndex(catalogue)
    assert found(index, catalogue, "zebra") == []
    assert found(index, catalogue, "") == []
    assert found(index, catalogue, "the of and") == []


def test_a_score_is_the_share_of_the_best_possible_match(catalogue: Catalogue) -> None:
    index = LexicalIndex(catalogue)
    whole = scores_by_id(index, catalogue, "toner")["toner"]
    half = scores_by_id(index, catalogue, "toner zebra")["toner"]
    assert whole == pytest.approx(1.0)
    assert 0.2 < half < 0.8


def test_a_word_in_a_short_field_weighs_more_than_one_among_many() -> None:
    filler = {f"fact{n}": "yes" for n in range(30)}
    catalogue = Catalogue(
        [item("ink", "Cyan cartridge", fits="a printer", **filler), item("printer", "Printer"), item("lamp", "Lamp")]
    )
    assert found(LexicalIndex(catalogue), catalogue, "printer")[0] == "printer"


def test_rows_that_are_not_admitted_are_not_proposed(catalogue: Catalogue) -> None:
    index = LexicalIndex(catalogue)
    only_the_bag = np.array([catalogue.row("bag")], dtype=np.int64)
    proposal = index.propose(Query("laptop"), EMPTY_SESSION, only_the_bag, 10)
    assert proposal.rows.tolist() == only_the_bag.tolist()


def test_a_new_item_is_found_and_a_removed_one_is_not(catalogue: Catalogue) -> None:
    index = LexicalIndex(catalogue)
    index.update(catalogue.upsert([item("hub", "Seven port quuxly hub")]))
    assert found(index, catalogue, "quuxly hub") == ["hub"]
    index.update(catalogue.remove(["hub"]))
    assert found(index, catalogue, "quuxly hub") == []


def test_a_replaced_item_is_found_by_its_new_words_only(catalogue: Catalogue) -> None:
    index = LexicalIndex(catalogue)
    index.update(catalogue.upsert([item("spray", "Silicone grease")]))
    assert found(index, catalogue, "grease") == ["spray"]
    assert found(index, catalogue, "wd-40") == []


def many_items(count: int, start: int = 0) -> list[CatalogueItem]:
    nouns = ["lamp", "chair", "mouse", "cable", "printer"]
    return [
        item(f"i{n}", f"Model {n} {nouns[n % 5]}", colour=["red", "blue"][n % 2], description="a fine thing " * (n % 4))
        for n in range(start, start + count)
    ]


def test_an_item_scores_alike_in_the_small_segment_and_after_the_merge() -> None:
    catalogue = Catalogue(many_items(400))
    index = LexicalIndex(catalogue)
    index.update(catalogue.upsert(many_items(20, start=400)))
    before = scores_by_id(index, catalogue, "blue lamp")
    after = scores_by_id(LexicalIndex(catalogue), catalogue, "blue lamp")
    assert before == pytest.approx(after, abs=0.02)
    assert after["i405"] > 0


def test_merging_changes_nothing_but_the_statistics() -> None:
    catalogue = Catalogue(many_items(10))
    index = LexicalIndex(catalogue)
    for start in range(10, 210, 3):
        index.update(catalogue.upsert(many_items(3, start=start)))
    index.update(catalogue.remove(["i3"]))
    rebuilt = LexicalIndex(catalogue)
    assert found(index, catalogue, "red model 12") == found(rebuilt, catalogue, "red model 12")
    assert "i3" not in found(index, catalogue, "model 3 cable")


def test_an_empty_catalogue_can_be_searched_and_filled() -> None:
    catalogue = Catalogue()
    index = LexicalIndex(catalogue)
    assert found(index, catalogue, "lamp") == []
    index.update(catalogue.upsert([item("lamp", "Desk lamp")]))
    assert found(index, catalogue, "lamp") == ["lamp"]
