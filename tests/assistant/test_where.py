from __future__ import annotations

import pytest

from assistant.where import WhereError, parse_where
from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.query import Comparison, Constraints
from retrieval.vocabulary import Vocabulary

ITEMS = [
    CatalogueItem(
        "1",
        "Kestrel 14 laptop",
        brand="Kestrel",
        category=("Computers", "Laptops"),
        price=Money(89_900, "USD"),
        attributes={
            "ram": Attribute("ram", "16 GB", ("16 gb",), 16.0, "GB"),
            "colour": Attribute("colour", "Blue", ("blue",)),
        },
    ),
    CatalogueItem("2", "Otter 15 laptop", brand="Otter", category=("Computers", "Laptops"), price=Money(49_900, "USD")),
]


def where(*conditions: str) -> Constraints:
    return parse_where(conditions, Vocabulary.learn(ITEMS), "USD")


def test_conditions_become_constraints_that_all_hold() -> None:
    constraints = where("category=laptops", "price<=900", "brand!=Otter", "ram>=16 GB", "colour=blue", "in_stock")
    assert [item.item_id for item in ITEMS if constraints.admits(item)] == ["1"]


@pytest.mark.parametrize(
    ("condition", "low", "high"),
    [
        ("price<=499.50", None, 49_950),
        ("price < 500", None, 49_999),
        ("price>=20", 2_000, None),
        ("price>20", 2_001, None),
        ("price=10", 1_000, 1_000),
    ],
)
def test_a_price_is_compared_in_major_units(condition: str, low: int | None, high: int | None) -> None:
    constraints = where(condition)
    assert (constraints.price_min, constraints.price_max, constraints.currency) == (low, high, "USD")


def test_an_attribute_compares_as_the_operator_says() -> None:
    (attribute,) = where("weight<1.4 kg").attributes
    assert (attribute.name, attribute.comparison, attribute.number, attribute.unit) == (
        "weight",
        Comparison.LESS_THAN,
        1400.0,
        "g",
    )


def test_several_brands_mean_any_of_them() -> None:
    assert where("brand=kestrel", "brand=otter").brands == {"kestrel", "otter"}


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("price<=cheap", "is no price"),
        ("laptops", "is no condition"),
        ("brand=Unheard", "Kestrel|kestrel"),
        ("category=submarines", "laptops"),
        ("brand>kestrel", "compared with = or !="),
        ("colour>blue", "is no number"),
        ("price!=5", "compared with"),
    ],
)
def test_a_condition_that_cannot_be_read_says_how_to_write_it(condition: str, hint: str) -> None:
    with pytest.raises(WhereError, match=hint):
        where(condition)
