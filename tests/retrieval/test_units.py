import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.units import Quantity, find_quantities, format_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("1.4 kg", 1400, "g"),
        ("3 lbs", 1360.77711, "g"),
        ("15.6-inch", 396.24, "mm"),
        ('15.6"', 396.24, "mm"),
        ('39.6 cm (15.6")', 396, "mm"),
        ("32GB", 32, "GB"),
        ("1 TB", 1000, "GB"),
        ("512 MB", 0.512, "GB"),
        ("1,5 l", 1500, "ml"),
        ("16 fl. oz", 473.176473, "ml"),
        ("1,400 g", 1400, "g"),
        ("90 min", 1.5, "h"),
        ("5 ms", 5, "ms"),
        ("2.4GHz", 2.4e9, "Hz"),
        ("5,000 mAh", 5000, "mAh"),
        ("5 Ah", 5000, "mAh"),
        ("1.8 kW", 1800, "W"),
        ("12 MP", 12, "MP"),
        ("10 µs", 0.01, "ms"),
        ("212 °F", 100, "°C"),
        ("-5 °C", -5, "°C"),
        ("6 pc(s)", 6, "pieces"),
        ("42", 42, None),
    ],
)
def test_a_quantity_is_read_into_its_canonical_unit(text: str, number: float, unit: str | None) -> None:
    quantity = parse_quantity(text)
    assert quantity is not None
    assert quantity.unit == unit
    assert quantity.number == pytest.approx(number, rel=1e-6)


@pytest.mark.parametrize("text", ["", "black", "A4", "30 x 20 x 10 cm", "40 - 80", "2.5 kg net", "DDR4", "1.2k", "$40"])
def test_what_is_not_one_quantity_is_none(text: str) -> None:
    assert parse_quantity(text) is None


def test_pounds_and_kilograms_meet_in_one_number() -> None:
    pounds, kilograms = parse_quantity("10 lb"), parse_quantity("4.5359237 kg")
    assert pounds is not None
    assert kilograms is not None
    assert pounds.number == pytest.approx(kilograms.number)


def test_quantities_in_a_sentence_carry_their_place() -> None:
    text = "a 15 in laptop with 16gb ram, under 1.4 kg."
    found = [(text[m.start : m.end], m.quantity) for m in find_quantities(text)]
    assert [words for words, _ in found] == ["15 in", "16gb", "1.4 kg"]
    assert [q for _, q in found] == [Quantity(381.0, "mm"), Quantity(16.0, "GB"), Quantity(1400.0, "g")]


@pytest.mark.parametrize("text", ["2 in blue", "a 2 in 1", "3 in the green box"])
def test_the_word_in_is_no_inch_where_the_sentence_goes_on(text: str) -> None:
    assert all(m.quantity.unit is None for m in find_quantities(text))


def test_an_amount_of_money_and_a_set_of_sides_are_no_quantities() -> None:
    assert find_quantities("under $40 or 40€, 30 x 20 cm") == ()


@pytest.mark.parametrize(
    ("number", "unit", "shown"),
    [
        (1400, "g", "1.4 kg"),
        (250, "g", "250 g"),
        (396.24, "mm", "39.62 cm"),
        (2000, "GB", "2 TB"),
        (0.512, "GB", "512 MB"),
        (10, "h", "10 h"),
        (8766, "h", "1 year"),
        (17532, "h", "2 years"),
        (2.4e9, "Hz", "2.4 GHz"),
        (40, "%", "40%"),
        (42, None, "42"),
        (123456, None, "123456"),
        (5, "MP", "5 MP"),
    ],
)
def test_a_quantity_is_shown_in_the_unit_people_use(number: float, unit: str | None, shown: str) -> None:
    assert format_quantity(number, unit) == shown


@given(
    st.floats(0.01, 9_000_000, allow_nan=False),
    st.sampled_from(
        ["g", "mm", "GB", "ml", "h", "ms", "Hz", "W", "Wh", "mAh", "MP", "V", "°C", "%", "lm", "cups", None]
    ),
)
def test_what_is_shown_reads_back_as_the_same_quantity(number: float, unit: str | None) -> None:
    quantity = parse_quantity(format_quantity(number, unit))
    assert quantity is not None
    assert quantity.unit == unit
    assert quantity.number == pytest.approx(number, rel=1e-3)
