from __future__ import annotations

import pytest
from understanding_shop import shop_items

from assistant.references import find_references, resolve
from retrieval.catalogue import CatalogueItem

LAPTOPS = shop_items()[:4]  # HP Pavilion 649, Dell Inspiron (blue) 799, Lenovo Yoga 949, Acer Zephyr 559


def meant(reference: str, focus: str | None = None, shown: list[CatalogueItem] = LAPTOPS) -> list[str]:
    titles = {item.item_id: item.title for item in shown}
    return [titles[item_id] for item_id in resolve((reference,), shown, focus).item_ids]


@pytest.mark.parametrize(
    ("reference", "titles"),
    [
        ("1", ["HP Pavilion 15"]),
        ("4", ["Acer Zephyr 13"]),
        ("last", ["Acer Zephyr 13"]),
        ("last 2", ["Lenovo Yoga Slim", "Acer Zephyr 13"]),
        ("both", ["HP Pavilion 15", "Dell Inspiron 14"]),
        ("all", ["HP Pavilion 15", "Dell Inspiron 14", "Lenovo Yoga Slim", "Acer Zephyr 13"]),
        ("the blue one", ["Dell Inspiron 14"]),
        ("dell", ["Dell Inspiron 14"]),
        ("the zephyr", ["Acer Zephyr 13"]),
        ("the cheapest", ["Acer Zephyr 13"]),
        ("the most expensive one", ["Lenovo Yoga Slim"]),
        ("the cheaper of the two", ["HP Pavilion 15"]),
        ("the lightest one", ["Acer Zephyr 13"]),
        ("the cheaper one with 16 gb", ["HP Pavilion 15"]),
    ],
)
def test_a_reference_means_the_item_a_shopper_would_point_at(reference: str, titles: list[str]) -> None:
    assert meant(reference) == titles


def test_it_is_the_item_in_focus_and_else_the_first_pick() -> None:
    for word in ("it", "this", "that"):
        assert meant(word, focus=LAPTOPS[2].item_id) == ["Lenovo Yoga Slim"]
    assert meant("it") == ["HP Pavilion 15"]


def test_the_two_are_the_item_in_focus_and_its_neighbour() -> None:
    assert meant("the cheaper of the two", focus=LAPTOPS[2].item_id) == ["Acer Zephyr 13"]


@pytest.mark.parametrize("reference", ["5", "the pink one", "samsung", "0"])
def test_what_is_not_on_the_page_stays_unresolved(reference: str) -> None:
    assert resolve((reference,), LAPTOPS, None).unresolved == (reference,)


def test_nothing_resolves_on_an_empty_page() -> None:
    assert resolve(("1", "it"), [], None).unresolved == ("1", "it")


def test_items_come_in_the_order_named_and_once() -> None:
    resolved = resolve(("3", "1", "the lenovo"), LAPTOPS, None)
    assert resolved.item_ids == (LAPTOPS[2].item_id, LAPTOPS[0].item_id)


@pytest.mark.parametrize(
    ("utterance", "references"),
    [
        ("the second one", ["2"]),
        ("compare the first two", ["1", "2"]),
        ("#3 please", ["3"]),
        ("number two", ["2"]),
        ("the last two", ["last 2"]),
        ("options one through three", ["1", "2", "3"]),
        ("items 2-4 side by side", ["2", "3", "4"]),
        ("tell me how these three differ", ["all"]),
        ("all four look alike", ["all"]),
        ("1 and 3", ["1", "3"]),
        ("does the dell have bluetooth", ["dell"]),
        ("compare dell and hp", ["dell", "hp"]),
        ("the cheaper of the two", ["the cheaper of the two"]),
        ("how heavy is it", ["it"]),
        ("are they waterproof", ["all"]),
        ("the other one", ["the other one"]),
    ],
)
def test_references_are_found_in_an_utterance(utterance: str, references: list[str]) -> None:
    assert [mention.reference for mention in find_references(utterance, LAPTOPS)] == references


@pytest.mark.parametrize(
    "utterance",
    [
        "a first aid kit",
        "a laptop that is light",
        "my last order",
        "on march 3rd",
        "something for the 14th",
        "under 2 kg",
    ],
)
def test_words_that_point_at_nothing_are_no_references(utterance: str) -> None:
    assert find_references(utterance, LAPTOPS) == ()


def test_the_middle_one_is_a_rank_where_there_is_a_middle() -> None:
    assert [m.reference for m in find_references("the one in the middle", LAPTOPS[:3])] == ["2"]
    assert [m.reference for m in find_references("the middle one please", LAPTOPS[:3])] == ["2"]
    assert all(m.kind != "rank" for m in find_references("the middle one please", LAPTOPS))
