"""Which attribute of a model has to be chosen, and what her words settle."""

from __future__ import annotations

import pytest
from cart_shop import DRIVES, LAMP, MUGS, SHOES, shoe
from shelf import item

from assistant.variants import (
    Shelf,
    differences,
    named_in,
    next_choice,
    option_words,
    other_values,
    settled_by,
    settled_variant,
    value_words,
    variant_words,
)
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.withheld import Withheld

COLOURS = (*SHOES, *(shoe(size, 5, "green") for size in ("42", "43")))


def asked(thing: CatalogueItem, variants: tuple[CatalogueItem, ...], **settled: str) -> tuple[str, tuple[str, ...]]:
    choice = next_choice(thing, variants, settled)
    assert choice is not None
    return choice.attribute, tuple(label for label, _ in choice.options)


def test_a_size_is_asked_for_and_offered_as_far_as_it_is_in_stock() -> None:
    choice = next_choice(SHOES[2], SHOES, {})
    assert choice is not None
    assert (choice.attribute, choice.sold_out) == ("size", ("41",))
    assert option_words(choice) == ("42 (3 left)", "43", "44")


def test_what_the_card_tells_is_not_asked() -> None:
    assert next_choice(MUGS[0], MUGS, {}) is None
    assert next_choice(DRIVES[0], DRIVES, {}) is None


def test_what_the_title_does_not_tell_is_asked() -> None:
    silent = tuple(item(c, "Dune Mug", "9", variant_of="d", attributes={"colour": c}) for c in ("red", "blue"))
    assert asked(silent[0], silent) == ("colour", ("red", "blue"))


def test_a_settled_size_is_not_asked_again() -> None:
    assert next_choice(SHOES[2], SHOES, {"size": "44"}) is None
    assert settled_variant(SHOES[2], SHOES, {"size": "44"}) == SHOES[3]


def test_the_sizes_are_those_of_the_colour_she_saw() -> None:
    assert asked(COLOURS[4], COLOURS) == ("size", ("42", "43"))
    assert asked(COLOURS[2], COLOURS) == ("size", ("42", "43", "44"))


def test_two_attributes_that_the_card_does_not_tell_are_asked_one_after_the_other() -> None:
    jeans = tuple(
        item(f"{w}-{s}", "Rafe Jeans", "40", variant_of="rafe", attributes={"waist": w, "fit": s})
        for w in ("30", "32")
        for s in ("slim", "wide")
    )
    assert asked(jeans[0], jeans) == ("waist", ("30", "32"))
    assert asked(jeans[0], jeans, waist="32") == ("fit", ("slim", "wide"))
    assert settled_variant(jeans[0], jeans, {"waist": "32", "fit": "wide"}) == jeans[3]


def test_an_item_that_is_sold_out_leads_to_what_can_be_had() -> None:
    assert asked(MUGS[2], MUGS) == ("colour", ("red", "blue"))
    assert asked(SHOES[2], SHOES, size="41") == ("size", ("42", "43", "44"))


def test_an_attribute_that_follows_from_another_is_no_difference() -> None:
    beds = tuple(
        item(s, s, "9", variant_of="b", attributes={"width": w, "size": s}) for s, w in (("S", "5"), ("M", "7"))
    )
    assert differences(beds) == ("size",)
    assert variant_words(beds[1], beds) == "size M"
    assert variant_words(LAMP, (LAMP,)) == ""


def test_other_colours_and_their_prices_are_told() -> None:
    other = other_values(DRIVES[0], DRIVES)
    assert other is not None
    assert option_words(other) == ("2 TB, $100 (5 left)", "4 TB, $160 (5 left)")
    assert other_values(SHOES[1], SHOES[:2]) is None, "41 is sold out"


@pytest.mark.parametrize(
    ("words", "settled"),
    [
        ("i'll take the second in 42", {"size": "42"}),
        ("the blue one in size 44, please", {"size": "44", "colour": "blue"}),
        ("i'll take 42", {}),
        ("42 of them", {}),
        ("size 42 or size 43", {}),
        ("the green ones", {"colour": "green"}),
        ("the evergreen one", {}),
    ],
)
def test_words_settle_a_value_that_they_name_beyond_doubt(words: str, settled: dict[str, str]) -> None:
    assert settled_by([words], COLOURS) == settled


def test_an_answer_may_be_the_bare_value() -> None:
    assert settled_by(["42"], SHOES, bare=True) == {"size": "42"}
    assert named_in("a medium please", ["S", "M", "L"], bare=True) == ("M",)
    assert named_in("extra large", ["L", "XL"], bare=True) == ("XL",)
    assert named_in("30", ["30 in", "32 in"], bare=True) == ("30 in",)
    assert named_in("128", ["12", "128 GB"], bare=True) == ("128 GB",)


def test_values_are_said_with_what_they_are_values_of() -> None:
    said = [value_words("size", "42"), value_words("waist", "30 in"), value_words("storage", "512 GB")]
    assert said == ["size 42", "waist 30 in", "512 GB"]


def test_a_variant_that_is_withheld_is_not_offered() -> None:
    shelf = Shelf(Catalogue(SHOES), Withheld(items=frozenset({"shoe-blue-43"})))
    assert asked(SHOES[1], shelf.variants(SHOES[1])) == ("size", ("42", "44"))


@pytest.mark.parametrize(
    ("sizes", "in_order"),
    [
        (("XL", "S", "XXL", "M", "XS", "L"), ("XS", "S", "M", "L", "XL", "XXL")),
        (("44", "42.5", "9"), ("9", "42.5", "44")),
        (("39-42", "35-38"), ("35-38", "39-42")),
        (("120 x 180 cm", "80 x 150 cm"), ("80 x 150 cm", "120 x 180 cm")),
        (("5.1.2", "1,000.5", "4.2"), ("1,000.5", "4.2", "5.1.2")),
        (("regular", "kids", "42"), ("regular", "kids", "42")),
    ],
)
def test_sizes_are_offered_from_small_to_large(sizes: tuple[str, ...], in_order: tuple[str, ...]) -> None:
    shoes = tuple(shoe(size) for size in sizes)
    assert asked(shoes[0], shoes) == ("size", in_order)
