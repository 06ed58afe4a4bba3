import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.catalogue import CatalogueItem, Money
from retrieval.feeds.attributes import attributes_of, stated_attributes
from retrieval.feeds.cleaning import (
    LONGEST,
    Notes,
    clean_category,
    clean_date,
    clean_number,
    clean_price,
    clean_text,
    clean_time,
)
from retrieval.feeds.columns import interaction_columns, item_columns
from retrieval.feeds.rows import Unusable, read_interaction, read_item
from retrieval.interactions import Interaction
from retrieval.record_encoding import decode_item, encode_item

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None))
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
NAMES = ["id", "title", "name", "price", "currency", "category", "stock", "rating", "image", "url", "attributes"]
NAMES += ["released", "description", "brand", "review_count", "weight_g", "colour", "Nested Thing", ""]
ROWS = st.dictionaries(st.sampled_from(NAMES), JSON)


def cleaned(value: Any, name: str = "title") -> tuple[str, list[str]]:
    notes = Notes()
    return clean_text(value, name, notes), [note.reason for note in notes.repairs]


@pytest.mark.parametrize(
    ("raw", "clean", "repair"),
    [
        ("Caf\udce9 table", "Café table", "bytes of another encoding, read as Windows-1252"),
        ("CafÃ© table", "Café table", "encoded twice"),
        ("Salt &amp; Pepper", "Salt & Pepper", "entities"),
        ("<b>Bold</b> <script>alert(1)</script>mug", "Bold mug", "markup"),
        ("&lt;p&gt;Escaped&lt;/p&gt;", "Escaped", "markup"),
        ("zero\u200bwidth\x00", "zerowidth", "control or invisible characters"),
        ("\u202egnirts", "gnirts", "control or invisible characters"),
    ],
)
def test_text_is_repaired_and_the_repair_noted(raw: str, clean: str, repair: str) -> None:
    text, repairs = cleaned(raw)
    assert text == clean
    assert repair in repairs


@pytest.mark.parametrize("raw", ["AT&T phone", "Temp < 5 and > 3", "MAÇÃ verde", "Speck® case – pink/white", 'TV 55"'])
def test_text_that_only_looks_broken_is_left_as_it_is(raw: str) -> None:
    assert cleaned(raw) == (raw, [])


def test_overlong_text_is_cut_at_a_word_and_noted() -> None:
    text, repairs = cleaned("word " * 1000)
    assert len(text) <= LONGEST["title"]
    assert text.endswith("word…")
    assert repairs == ["too long, cut"]


def test_line_breaks_are_kept_where_asked_and_written_out_ones_are_read() -> None:
    assert clean_text("a\r\n\n b\\n- c", "description", Notes(), lines=True) == "a\nb\n- c"


@pytest.mark.parametrize(
    ("raw", "minor", "currency"),
    [
        (12.99, 1299, "USD"),
        ("12.99 USD", 1299, "USD"),
        ("EUR 12,99", 1299, "EUR"),
        ("$1,299.00", 129900, "USD"),
        ("1.299,00 €", 129900, "EUR"),
        ("1,299", 129900, "USD"),
        ("1 299,50 kr", None, None),
        ("¥1200", 1200, "JPY"),
        ("1'299.50 CHF", 129950, "CHF"),
        ("1.234.567", 123456700, "USD"),
        ("US$ 5", 500, "USD"),
    ],
)
def test_prices_are_read_in_their_own_currency(raw: Any, minor: int | None, currency: str | None) -> None:
    price = clean_price(raw, "USD", Notes())
    assert price == (None if minor is None else Money(minor, str(currency)))


def test_a_bare_dollar_sign_is_the_shops_own_dollar() -> None:
    assert clean_price("$5", "CAD", Notes()) == Money(500, "CAD")
    assert clean_price("$5", "EUR", Notes()) == Money(500, "USD")


@pytest.mark.parametrize("raw", [-5, 0, "0.00", "free", "1e99", 10**12, True, [5], "12.99 XYZQ", "0.001"])
def test_an_impossible_price_is_set_aside_with_its_raw_value(raw: Any) -> None:
    notes = Notes()
    assert clean_price(raw, "USD", notes) is None
    assert [note.raw for note in notes.set_aside] == [raw]


def test_a_missing_price_is_no_fault() -> None:
    notes = Notes()
    assert [clean_price(raw, "USD", notes) for raw in (None, "", "N/A", math.nan)] == [None] * 4
    assert notes.set_aside == []


@pytest.mark.parametrize(
    "raw", ["2011-10-18", 1318896000, "1318896000", 1318896000000, "2011-10-18T00:00:00Z", "2011-10-18 02:00:00+02:00"]
)
def test_times_in_every_form_are_the_same_time(raw: Any) -> None:
    time = clean_time(raw, "at", Notes())
    assert time is not None
    assert time.isoformat() == "2011-10-18T00:00:00+00:00"


@pytest.mark.parametrize("raw", ["yesterday", "2026-13-01", -5, "9999-12-31", 10**40])
def test_a_time_that_cannot_be_is_set_aside(raw: Any) -> None:
    notes = Notes()
    assert clean_time(raw, "at", notes) is None
    assert len(notes.set_aside) == 1


def test_dates_in_shop_spellings_are_read() -> None:
    found = [
        clean_date(raw, "released", Notes()) for raw in ("2021", "2021-05", "31/12/2021", "12/31/2021", "1318896000")
    ]
    assert [str(day) for day in found] == ["2021-01-01", "2021-05-01", "2021-12-31", "2021-12-31", "2011-10-18"]


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("Makeup > Nails &gt; Nail Polish", ("Makeup", "Nails", "Nail Polish")),
        ("Home | Kitchen", ("Home", "Kitchen")),
        ("Home / Kitchen", ("Home", "Kitchen")),
        ("/home/kitchen", ("home", "kitchen")),
        ("Headphones/Headsets", ("Headphones/Headsets",)),
        ("home-decoration", ("home decoration",)),
        ("t-shirts", ("t-shirts",)),
        (["A", "B"], ("A", "B")),
        ("", ()),
        (1604, ()),
    ],
)
def test_categories_become_paths(raw: Any, path: tuple[str, ...]) -> None:
    assert clean_category(raw, Notes()) == path


def test_numbers_out_of_bounds_are_set_aside() -> None:
    notes = Notes()
    assert clean_number("4.5 out of 5", "rating", 0, 5, notes) == 4.5
    assert clean_number("1,024", "stock", 0, 1e9, notes) == 1024
    assert clean_number(7, "rating", 0, 5, notes) is None
    assert clean_number(True, "stock", 0, 5, notes) is None
    assert len(notes.set_aside) == 2


def test_typed_prefixes_become_words_numbers_and_yes_or_no() -> None:
    stated = {
        "t_product_colour": "Black, Silver",
        "n_internal_memory": 4.0,
        "b_touchscreen": False,
        "n_weight__g_": 190.0,
    }
    found = attributes_of(stated, {}, Notes())
    assert found["product colour"].values == ("black", "silver")
    assert (found["internal memory"].number, found["internal memory"].unit) == (4.0, None)
    assert (found["touchscreen"].text, found["touchscreen"].values) == ("no", ("no",))
    assert (found["weight"].number, found["weight"].unit, found["weight"].text) == (190.0, "g", "190 g")


def test_units_come_from_value_name_key_or_operator_and_are_never_guessed() -> None:
    stated = {"Weight (kg)": 1.4, "width_cm": "20", "ram": "16 GB", "length": {"value": 2, "unit": "m"}, "n_depth": 5}
    found = attributes_of(stated, {"n_depth": "depth [mm]"}, Notes())
    canonical = {name: (a.number, a.unit) for name, a in found.items()}
    assert canonical == {
        "weight": (1400.0, "g"),
        "width": (200.0, "mm"),
        "ram": (16.0, "GB"),
        "length": (2000.0, "mm"),
        "depth": (5.0, "mm"),
    }


@pytest.mark.parametrize(
    "name", ["age (min)", "Height (H)", "screen_width_w", "line_in", "labels_per_sheet", "vitamin_c"]
)
def test_a_name_that_only_seems_to_end_in_a_unit_gives_none(name: str) -> None:
    (attribute,) = attributes_of({name: 3}, {}, Notes()).values()
    assert (attribute.number, attribute.unit) == (3.0, None)


def test_a_mobile_network_generation_is_no_weight() -> None:
    (attribute,) = attributes_of({"network": "5G"}, {}, Notes()).values()
    assert attribute.unit is None


def test_two_raw_names_for_one_attribute_are_both_kept() -> None:
    found = attributes_of({"t_size": "large", "n_size": 4.0}, {}, Notes())
    assert {name: a.text for name, a in found.items()} == {"size": "large", "size (number)": "4"}


def test_attributes_come_as_objects_json_text_pairs_or_lines() -> None:
    pairs = [{"attribute_name": "Colour", "attribute_value": "Red"}]
    for raw in ({"Colour": "Red"}, '{"Colour": "Red"}', pairs, "Colour: Red", [{"name": "Colour", "value": "Red"}]):
        assert stated_attributes(raw, Notes()) == {"Colour": "Red"}


@given(ROWS)
def test_no_json_row_makes_the_item_reader_raise_and_every_item_survives_storage(row: dict[str, Any]) -> None:
    notes = Notes()
    item = read_item(row, item_columns(row, {}), "USD", notes)
    if isinstance(item, Unusable):
        assert item.note.field in ("item_id", "title")
        return
    assert isinstance(item, CatalogueItem)
    assert decode_item(item.item_id, encode_item(item)) == item
    assert item.price is None or item.price.minor > 0
    assert not any(ord(character) < 32 and character != "\n" for character in item.text())


@given(st.dictionaries(st.sampled_from(["user_id", "item_id", "timestamp", "event", "rating", "session_id"]), JSON))
def test_no_json_row_makes_the_interaction_reader_raise(row: dict[str, Any]) -> None:
    outcome = read_interaction(row, interaction_columns(row, {}), Notes())
    assert isinstance(outcome, Interaction | Unusable)


@given(st.text(st.characters(codec=None)))
def test_cleaned_text_has_no_control_characters_and_is_encodable(raw: str) -> None:
    text, _ = cleaned(raw)
    text.encode()
    assert not any(ord(c) < 32 for c in text)
