import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.query import AttributeConstraint, Comparison
from retrieval.units import parse_quantity
from retrieval.vocabulary import Mention, Vocabulary


def attributes(**texts: str) -> dict[str, Attribute]:
    """Attributes as a feed's cleaning makes them: numbers with units, else words split at commas."""
    found = {}
    for name, text in texts.items():
        name = name.replace("_", " ")
        quantity = parse_quantity(text)
        if quantity:
            found[name] = Attribute(name, text, (), quantity.number, quantity.unit)
        else:
            found[name] = Attribute(name, text, tuple(v.strip().lower() for v in text.split(",")))
    return found


def item(number: int, title: str, brand: str, path: str, **texts: str) -> CatalogueItem:
    return CatalogueItem(
        str(number), title, brand=brand, category=tuple(path.split(" > ")), attributes=attributes(**texts)
    )


LAPTOP = "Electronics > Laptops"
ITEMS = [
    item(1, "HP Air 14", "HP", LAPTOP, ram="16 GB", storage="512 GB", weight="1.3 kg", screen_size="14 in",
         colour="Silver"),
    item(2, "Lenovo Pad 15", "Lenovo", LAPTOP, ram="32 GB", storage="1 TB", weight="1.8 kg", screen_size="15.6 in"),
    item(3, "Lenovo Pad 13", "Lenovo", LAPTOP, ram="8 GB", storage="256 GB", weight="1.1 kg", screen_size="13.3 in",
         touchscreen="yes", battery_life="12 h"),
    item(4, "Carry sleeve", "Peak", "Electronics > Laptop Bags", colour="Blue", material="Leather",
         package_weight="400 g"),
    item(5, "Carry case", "Northway", "Electronics > Laptop Bags", colour="Black", strap_colour="Blue"),
    item(6, "Studio One", "Sonara", "Electronics > Headphones", colour="Black, Silver", noise_cancelling="yes",
         battery_life="30 h", waterproof="no"),
    item(7, "Pixel 7 phone", "Apple", "Electronics > Cell Phones & Accessories", storage="128 GB", colour="Black"),
    item(8, "Runner", "The North Face", "Clothing > Trainers", size="42", material="Mesh", waterproof="yes"),
    item(9, "Runner wide", "Black & Decker", "Clothing > Trainers", size="44", material="Plastic"),
    item(10, "Glass vase", "L'Oréal", "Home > Glasses", material="Glass", height="30 cm", width="12 cm"),
    item(12, "Family tent", "Skua", "Outdoor > Tents", sleeps="4", material="Non-stick canvas", network="5G ready"),
    item(11, "Cotton top", "Lumo™", "Clothing > Women's T-Shirts", size="M", colour="Grey"),
]  # fmt: skip
SHOP = Vocabulary.learn(ITEMS)


def found(utterance: str) -> list[tuple[str, str]]:
    return [(m.kind, m.value) for m in SHOP.mentions(utterance)]


def bounds(words: str, category: str | None = None) -> list[tuple[str | None, str, float | None, str | None]]:
    constraints = SHOP.find_attributes(words, category)
    return [(c.name, c.comparison.value, c.number and round(c.number, 1), c.unit) for c in constraints]


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("laptops", "laptops"),
        ("Laptop", "laptops"),
        ("notebooks", "laptops"),
        ("a gaming laptop", "laptops"),
        ("laptop for travel", "laptops"),
        ("laptop bag", "laptop bags"),
        ("notebook bag", "laptop bags"),
        ("head phones", "headphones"),
        ("headfones", "headphones"),
        ("mobile phone", "cell phones & accessories"),
        ("sneakers", "trainers"),
        ("tshirts", "women's t-shirts"),
        ("womens t-shirt", "women's t-shirts"),
        ("lapotp", "laptops"),
        ("drone", None),
        ("bike", None),
        ("", None),
        ("the", None),
    ],
)
def test_a_category_is_found_in_plural_synonym_and_misspelling(words: str, label: str | None) -> None:
    assert SHOP.find_category(words) == label


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("HP", "hp"),
        ("lenvo", "lenovo"),
        ("appel", "apple"),
        ("north face", "the north face"),
        ("the north face", "the north face"),
        ("loreal", "l'oréal"),
        ("black and decker", "black & decker"),
        ("lumo", "lumo™"),
        ("hq", None),
        ("zyxel", None),
    ],
)
def test_a_brand_is_found_under_its_ways_of_writing(words: str, label: str | None) -> None:
    assert SHOP.find_brand(words) == label


def test_labels_come_most_items_first_and_are_shown_as_the_feed_spells_them() -> None:
    assert SHOP.categories[0] == "electronics"
    assert SHOP.brands[0] == "lenovo"
    assert SHOP.display("women's t-shirts") == "Women's T-Shirts"
    assert SHOP.display("lumo™") == "Lumo™"
    assert SHOP.display("unheard of") == "unheard of"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("at least 32 gb ram", [("ram", "at_least", 32, "GB")]),
        ("16gb ram", [("ram", "is", 16, "GB")]),
        ("512 gb", [("storage", "is", 512, "GB")]),
        ("16 gb", [("ram", "is", 16, "GB")]),
        ("1tb storage", [("storage", "is", 1000, "GB")]),
        ("under 1.4 kg", [("weight", "less_than", 1400, "g")]),
        ("lighter than 3 pounds", [("weight", "less_than", 1360.8, "g")]),
        ("weight up to 1.5kg", [("weight", "at_most", 1500, "g")]),
        ("battery life over 10 hours", [("battery life", "more_than", 10, "h")]),
        ("10+ hours battery", [("battery life", "at_least", 10, "h")]),
        ("13 inch or smaller", [("screen size", "at_most", 330.2, "mm")]),
        ("14 inch", [("screen size", "is", 355.6, "mm")]),
        ("15 inch", [("screen size", "at_least", 381, "mm"), ("screen size", "less_than", 406.4, "mm")]),
        ("between 13 and 14 inches",
         [("screen size", "at_least", 330.2, "mm"), ("screen size", "at_most", 355.6, "mm")]),
        ("no more than 1.5 kg", [("weight", "at_most", 1500, "g")]),
        ("not under 1.5 kg", [("weight", "at_least", 1500, "g")]),
        ("at least 25 cm tall", [("height", "at_least", 250, "mm")]),
        ("no wider than 15 cm", [("width", "at_most", 150, "mm")]),
        ("size 42", [("size", "is", 42, None)]),
        ("ram at least 16", [("ram", "at_least", 16, "GB")]),
        ("screen size of 14 or less", [("screen size", "at_most", 355.6, "mm")]),
        ("for 4 people", [("sleeps", "is", 4, None)]),
        ("a 5 year old", []),
        ("under 900", []),
        ("300 dpi", []),
    ],
)  # fmt: skip
def test_numbers_become_bounds_on_the_attribute_they_are_about(
    words: str, expected: list[tuple[str | None, str, float | None, str | None]]
) -> None:
    assert bounds(words) == expected


def test_an_ambiguous_number_is_settled_within_the_category() -> None:
    assert bounds("128 gb", "cell phones & accessories") == [("storage", "is", 128, "GB")]
    assert bounds("up to 12 cm", "glasses")[0][0] == "width"


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("silver", "colour", "silver"),
        ("blue", None, "blue"),
        ("blue colour", "colour", "blue"),
        ("strap colour blue", "strap colour", "blue"),
        ("colour: blue", "colour", "blue"),
        ("gray", "colour", "grey"),
        ("made of leather", "material", "leather"),
        ("lether", "material", "leather"),
        ("no plastic", "material", "plastic"),
        ("without noise cancelling", "noise cancelling", "yes"),
        ("noise canceling", "noise cancelling", "yes"),
        ("waterproof", "waterproof", "yes"),
        ("touchscreen", "touchscreen", "yes"),
        ("size m", "size", "m"),
        ("non-stick canvas", "material", "non-stick canvas"),
        ("5g ready", "network", "5g ready"),
    ],
)
def test_words_become_the_value_that_the_catalogue_states(words: str, name: str | None, value: str) -> None:
    assert SHOP.find_attribute(words) == AttributeConstraint(name, Comparison.IS, value, words=words)


@pytest.mark.parametrize("words", ["purple", "", "nice", "cheap", "42", "yes", "no"])
def test_a_value_that_the_shop_does_not_have_is_not_found(words: str) -> None:
    assert SHOP.find_attributes(words) == ()


def test_what_is_said_is_kept_for_chips_and_messages() -> None:
    assert SHOP.find_attributes("at  least 32 GB ram")[0].words == "at least 32 GB ram"


def test_an_utterance_yields_its_mentions_in_reading_order_with_their_places() -> None:
    utterance = "I need a lenvo notebook, not HP, with 16gb ram under 1.4 kg and $900"
    mentions = SHOP.mentions(utterance)
    assert mentions == (
        Mention("brand", "lenovo", None, 9, 14, exact=False),
        Mention("category", "laptops", None, 15, 23),
        Mention("brand", "hp", None, 29, 31),
        Mention("attribute", "16gb ram", "ram", 38, 46),
        Mention("attribute", "under 1.4 kg", "weight", 47, 59),
    )
    assert all(SHOP.find_attributes(m.value) for m in mentions if m.kind == "attribute")


@pytest.mark.parametrize(
    ("utterance", "expected"),
    [
        ("laptop bags", [("category", "laptop bags")]),
        ("blue leather trainers", [("attribute", "blue"), ("attribute", "leather"), ("category", "trainers")]),
        ("headphones by peak", [("category", "headphones"), ("brand", "peak")]),
        ("not peak please", [("brand", "peak")]),
        ("something from Peak maybe", [("brand", "peak")]),
        ("peak laptop bags", [("brand", "peak"), ("category", "laptop bags")]),
        ("peak", [("brand", "peak")]),
        ("at peak times it has to be fast", []),
        ("the next one over there", []),
        ("can you help me with something nice", []),
        ("where is my parcel", []),
        ("what about the second", []),
        ("lenovo and hp's laptops", [("brand", "lenovo"), ("brand", "hp"), ("category", "laptops")]),
        ("jackets by the north face", [("brand", "the north face")]),
        ("drinking glasses", [("category", "glasses")]),
        ("a glass one", [("category", "glasses")]),
        ("trainers size 42 under 90", [("category", "trainers"), ("attribute", "size 42")]),
        ("", []),
    ],
)
def test_only_what_names_something_of_the_shop_is_a_mention(utterance: str, expected: list[tuple[str, str]]) -> None:
    assert found(utterance) == expected


def test_a_mention_ends_where_its_words_end() -> None:
    utterance = "lenovo and hp's laptops"
    assert [utterance[m.start : m.end] for m in SHOP.mentions(utterance)] == ["lenovo", "hp's", "laptops"]


def test_new_items_bring_their_words_at_once() -> None:
    shop = Vocabulary.learn(ITEMS)
    assert shop.find_brand("Zyxel") is None
    shop.include([item(13, "Desk lamp", "Zyxel", "Home > Lamps", finish="Brushed brass", lumens="800 lm")])
    assert shop.find_brand("zyxel") == "zyxel"
    assert shop.find_category("lamp") == "lamps"
    assert shop.find_attribute("brushed brass") == AttributeConstraint(
        "finish", Comparison.IS, "brushed brass", words="brushed brass"
    )
    assert shop.find_attributes("at least 500 lumens")[0].name == "lumens"


def test_a_new_price_is_not_counted_as_another_item() -> None:
    shop = Vocabulary.learn(ITEMS)
    for _ in range(3):
        shop.include([replace(ITEMS[0], price=Money.of(799, "USD"))])
    assert shop.brands[0] == "lenovo"


def test_an_empty_shop_knows_no_words() -> None:
    shop = Vocabulary.learn([])
    assert shop.mentions("a blue laptop by hp with 16 gb ram") == ()
    assert shop.find_category("laptop") is shop.find_brand("hp") is shop.find_attribute("blue") is None


@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error_and_mentions_do_not_overlap(text: str) -> None:
    mentions = SHOP.mentions(text)
    assert all(0 <= m.start < m.end <= len(text) for m in mentions)
    assert all(first.end <= second.start for first, second in pairwise(mentions))
    SHOP.find_attributes(text)
    SHOP.find_category(text)
    SHOP.find_brand(text)


def test_a_huge_utterance_is_read_only_as_far_as_a_shopper_writes() -> None:
    start = time.process_time()
    assert SHOP.mentions("laptop " * 200_000)
    assert time.process_time() - start < 2


def test_a_value_that_opens_with_a_little_word_is_found_with_and_without_its_hyphen() -> None:
    shop = Vocabulary.learn(
        item(n, f"Tone {n}", "Lenora", "Audio > Headphones", fit="over-ear" if n % 2 else "on-ear") for n in range(6)
    )
    for said in ("over ear headphones", "headphones, not over-ear"):
        assert [(m.kind, m.value) for m in shop.mentions(said) if m.kind == "attribute"] == [("attribute", "over ear")]
    assert not [m for m in shop.mentions("headphones over my ear") if m.kind == "attribute"]
