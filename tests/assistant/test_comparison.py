from __future__ import annotations

from shelf import LAPTOPS, item

from assistant.comparison import NOT_STATED, compare


def row(table, field):
    return next(r for r in table.rows if r.field == field)


def test_price_brand_rating_and_stock_come_first_then_attributes_by_how_many_items_state_them() -> None:
    table = compare(LAPTOPS)
    fields = [r.field for r in table.rows]
    assert fields[:4] == ["price", "brand", "rating", "stock"]
    assert fields[-1] == "attributes.touchscreen"
    assert table.item_ids == ("L1", "L2", "L3")
    assert table.header[0] == "Vantor Aero 14 Laptop"


def test_what_a_record_does_not_state_is_said_to_be_not_stated() -> None:
    table = compare(LAPTOPS)
    assert row(table, "attributes.touchscreen").values == ("no", "yes", NOT_STATED)
    assert row(table, "rating").values[2] == NOT_STATED


def test_a_field_that_no_item_states_has_no_row() -> None:
    assert [r.field for r in compare((item("A", "Mug"), item("B", "Cup"))).rows] == []


def test_numbers_of_a_row_are_in_one_unit() -> None:
    table = compare((item("A", "A", attributes={"weight": "1.4 kg"}), item("B", "B", attributes={"weight": "900 g"})))
    assert row(table, "attributes.weight").values == ("1.4 kg", "0.9 kg")


def test_equal_measures_in_two_units_do_not_differ() -> None:
    table = compare((item("A", "A", attributes={"weight": "1.4 kg"}), item("B", "B", attributes={"weight": "1400 g"})))
    assert not row(table, "attributes.weight").differs


def test_a_difference_is_marked_and_a_missing_value_is_no_difference() -> None:
    table = compare((*LAPTOPS[:1], item("X", "X", "849", attributes={"ram": "16 GB"})))
    assert not row(table, "price").differs
    assert not row(table, "attributes.ram").differs
    assert not row(table, "attributes.weight").differs
    assert row(compare(LAPTOPS), "attributes.ram").differs


def test_any_number_of_items_can_stand_side_by_side() -> None:
    assert compare(()).rows == ()
    many = compare(tuple(item(str(n), f"Mug {n}", str(n + 1)) for n in range(12)))
    assert len(many.rows[0].values) == 12
