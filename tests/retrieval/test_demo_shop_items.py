from __future__ import annotations

import re
from collections import Counter, defaultdict
from functools import cache
from xml.etree import ElementTree

import pytest

from retrieval.demo_shop.blueprints import AttributeRule, load_blueprints
from retrieval.demo_shop.copywriting import fits, holds, say
from retrieval.demo_shop.draws import Draws
from retrieval.demo_shop.items import LOG_END, DemoItem, draw_items
from retrieval.demo_shop.pictures import draw_picture
from retrieval.units import find_quantities, parse_quantity

_AMBIGUOUS = {"silver", "gold", "orange"}  # also a metal, a prize and a fruit


@cache
def _items() -> tuple[DemoItem, ...]:
    return tuple(draw_items(load_blueprints(), 7))


def _of(label: str) -> list[DemoItem]:
    return [item for item in _items() if item.label == label]


def _number(stated: str) -> float:
    return float(stated.split()[0])


def test_the_shop_is_large_and_broad_enough_to_feel_like_one() -> None:
    assert len(_items()) >= 1300
    assert len({item.label for item in _items()}) >= 45
    assert len({item.category[0] for item in _items()}) >= 8


def test_the_same_seed_draws_the_same_items_and_another_seed_others() -> None:
    assert tuple(draw_items(load_blueprints(), 7)) == _items()
    assert tuple(draw_items(load_blueprints(), 8)) != _items()


def test_ids_and_titles_with_attributes_are_unique() -> None:
    assert len({item.item_id for item in _items()}) == len(_items())
    told_apart = {(item.title, tuple(item.attributes.items())) for item in _items()}
    assert len(told_apart) == len(_items())


def test_brands_are_unique_and_every_type_has_at_least_three() -> None:
    blueprints = load_blueprints()
    names = [brand.name.casefold() for brand in blueprints.brands]
    assert len(set(names)) == len(names)
    sold = defaultdict(set)
    for item in _items():
        sold[item.label].add(item.brand)
    assert min(len(brands) for brands in sold.values()) >= 3


def test_every_brand_sells_something_and_names_only_labels_that_exist() -> None:
    blueprints = load_blueprints()
    labels = {label for item_type in blueprints.types for label in (*item_type.path, item_type.label)}
    for brand in blueprints.brands:
        assert brand.sells <= labels, brand.name
        assert any(item.brand == brand.name for item in _items()), brand.name


def test_complements_are_types_of_the_shop() -> None:
    labels = {item_type.label for item_type in load_blueprints().types}
    assert all(set(item_type.complements) <= labels for item_type in load_blueprints().types)


def test_every_number_in_a_description_is_one_of_the_items_attributes() -> None:
    for item in _items():
        stated = {number for value in item.attributes.values() for number in re.findall(r"\d+(?:\.\d+)?", value)}
        said = set(re.findall(r"\d+(?:\.\d+)?", item.description))
        assert said <= stated, (item.item_id, item.description, said - stated)


def test_every_quantity_in_title_and_description_is_stated_with_its_unit() -> None:
    for item in _items():
        stated = {parse_quantity(value) for value in item.attributes.values()}
        numbers_in_names = {"3", "2"}  # "3-Season Sleeping Bag", "2-in-1 Laptop"
        for text in (item.title, item.description):
            for mention in find_quantities(text):
                if mention.quantity.unit is None or text[mention.start : mention.start + 1] in numbers_in_names:
                    continue
                match = [q for q in stated if q is not None and q.unit in (mention.quantity.unit, None)]
                assert any(abs(abs(q.number) - abs(mention.quantity.number)) < 0.02 for q in match), (text, mention)


def test_no_text_names_a_colour_or_material_that_the_item_does_not_have() -> None:
    colours = {item.attributes["colour"] for item in _items() if "colour" in item.attributes} - _AMBIGUOUS
    materials = {"leather", "cotton", "oak", "pine", "walnut", "titanium", "cast iron", "merino wool", "polyester"}
    for item in _items():
        stated = " ".join((*item.attributes.values(), item.line)).casefold()
        text = f"{item.title.removeprefix(item.brand)} {item.description}".casefold()
        for word in colours | materials:
            if re.search(rf"\b{word}\b", text):
                assert word in stated, (item.item_id, word, item.description)


@pytest.mark.parametrize("feature", ["waterproof", "washable", "vegan", "wireless", "dimmable", "foldable", "magnetic"])
def test_a_feature_is_only_claimed_where_the_record_states_it(feature: str) -> None:
    claimed = [item for item in _items() if re.search(rf"\b{feature}\b", item.description, re.IGNORECASE)]
    for item in claimed:
        yes = any(name.endswith(feature) and value == "yes" for name, value in item.attributes.items())
        assert yes or feature in " ".join(item.attributes.values()), (item.item_id, item.description)


def test_every_phrase_can_be_said_of_some_item() -> None:
    for item_type in load_blueprints().types:
        items = _of(item_type.label)
        for phrase in (*item_type.details, *item_type.closings):
            assert any(fits(phrase, item.attributes) for item in items), (item_type.label, phrase)
        for line in item_type.line:
            of_line = [item for item in items if item.line == line.title]
            for phrase in (*line.openings, *line.details):
                assert any(fits(phrase, item.attributes) for item in of_line), (line.title, phrase)


def test_descriptions_vary_between_models() -> None:
    first_of_each_model = {item.variant_of or item.item_id: item.description for item in _items()}
    shared = sum(count for count in Counter(first_of_each_model.values()).values() if count > 1)
    assert shared <= 0.05 * len(first_of_each_model)


def test_a_condition_compares_numbers_and_words() -> None:
    assert holds("weight<1.3", {"weight": "1.25 kg"})
    assert not holds("weight<1.3", {"weight": "1.3 kg"})
    assert holds("gears>1", {"gears": "7"})
    assert not holds("waterproof=yes", {"waterproof": "no"})
    assert not holds("waterproof=yes", {})
    with pytest.raises(ValueError, match="not a condition"):
        holds("waterproof", {"waterproof": "yes"})


def test_a_sentence_is_capitalised_and_has_the_right_article() -> None:
    assert say("{material} is a {colour} thing", {"material": "oak", "colour": "orange"}) == "Oak is an orange thing"
    assert say("a {screen size-} panel", {"screen size": "14 in"}) == "A 14-inch panel"


def test_variants_share_model_brand_and_type_and_differ_in_an_attribute() -> None:
    groups = defaultdict(list)
    for item in _items():
        if item.variant_of is not None:
            groups[item.variant_of].append(item)
    assert len(groups) >= 200
    for group in groups.values():
        assert len(group) >= 2
        assert len({(item.brand, item.label, item.line, item.released, item.rating) for item in group}) == 1
        assert len({tuple(item.attributes.items()) for item in group}) == len(group)


def test_more_storage_of_the_same_model_costs_more() -> None:
    order = ["32 GB", "64 GB", "128 GB", "256 GB", "512 GB", "1 TB", "2 TB"]
    by_model = defaultdict(dict)
    for item in _of("Laptops"):
        by_model[item.variant_of][order.index(item.attributes["storage"])] = item.price
    pairs = [prices for model, prices in by_model.items() if model is not None]
    assert pairs
    assert all(prices[min(prices)] < prices[max(prices)] for prices in pairs)


def test_prices_stay_near_the_range_of_their_line() -> None:
    ranges = {(t.label, line.title): t.price_range(line) for t in load_blueprints().types for line in t.line}
    for item in _items():
        low, high = ranges[item.label, item.line]
        assert 0.9 * low - 0.5 <= item.price <= 2.6 * high, (item.item_id, item.price)
        assert item.price > 0


def test_laptops_cover_the_market() -> None:
    laptops = _of("Laptops")
    prices = [item.price for item in laptops]
    assert len(laptops) >= 30
    assert len({item.brand for item in laptops}) >= 5
    assert min(prices) <= 300
    assert max(prices) >= 2400
    light_and_affordable = [i for i in laptops if i.price < 900 and _number(i.attributes["weight"]) < 1.4]
    assert len(light_and_affordable) >= 4


def test_lighter_ultralight_laptops_cost_more() -> None:
    ultralights = [item for item in _of("Laptops") if item.line == "Ultralight Laptop"]
    ultralights.sort(key=lambda item: _number(item.attributes["weight"]))
    half = len(ultralights) // 2
    light, heavy = ultralights[:half], ultralights[half:]
    assert sum(i.price for i in light) / len(light) > 1.3 * sum(i.price for i in heavy) / len(heavy)


def test_the_needs_that_shoppers_type_leave_items_to_choose_from() -> None:
    boots = [i for i in _of("Hiking boots") if i.attributes["waterproof"] == "yes" and i.attributes["size"] == "42"]
    dinosaurs = [
        i
        for i in _items()
        if i.attributes.get("theme") == "dinosaurs" and int(i.attributes.get("minimum age", "99")) <= 6
    ]
    assert len(boots) >= 3
    assert len({i.label for i in dinosaurs}) >= 3
    assert len(dinosaurs) >= 10


def test_about_six_percent_are_new_and_have_no_ratings() -> None:
    new = [item for item in _items() if item.new]
    assert 0.04 <= len(new) / len(_items()) <= 0.09
    assert all(item.rating is None and item.rating_count == 0 and item.released > LOG_END for item in new)
    assert all(item.rating is not None and item.released <= LOG_END for item in _items() if not item.new)


def test_some_items_are_sold_out() -> None:
    assert 0.03 <= sum(item.stock == 0 for item in _items()) / len(_items()) <= 0.12


def test_an_attribute_is_in_one_kind_of_unit_throughout_the_shop() -> None:
    units = defaultdict(set)
    for item in _items():
        for name, value in item.attributes.items():
            quantity = parse_quantity(value)
            if quantity is not None and name != "size":  # "42" beside "M"
                units[name].add(quantity.unit)
    assert {name: kinds for name, kinds in units.items() if len(kinds) > 1} == {}


def test_every_item_has_a_small_picture_that_is_well_formed_and_does_nothing() -> None:
    pictures = {item.picture: draw_picture(item.label, item.line, item.attributes.get("colour")) for item in _items()}
    for name, svg in pictures.items():
        root = ElementTree.fromstring(svg)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "g", "rect", "circle", "ellipse", "path"}, name
        named = {attribute for element in root.iter() for attribute in element.attrib}
        assert not any(attribute.startswith("on") or "href" in attribute for attribute in named), name
        assert len(svg) < 3000, name


def test_two_colours_of_a_type_look_different() -> None:
    assert draw_picture("Laptops", "Gaming Laptop", "blue") != draw_picture("Laptops", "Gaming Laptop", "silver")
    assert draw_picture("Soft toys", "Bear Soft Toy", "brown") != draw_picture("Soft toys", "Rabbit Soft Toy", "brown")


def test_a_rule_of_two_kinds_at_once_is_refused() -> None:
    with pytest.raises(ValueError, match="exactly one"):
        AttributeRule.model_validate({"any": ["a"], "up": ["b"]})


def test_weighted_draws_follow_their_weights() -> None:
    draws = Draws("weights")
    drawn = Counter(draws.cumulated([1.0, 1.0, 4.0]) for _ in range(4000))
    assert drawn[1] == 0
    assert drawn[2] / 4000 == pytest.approx(0.75, abs=0.03)


def test_draws_are_pinned_so_that_another_python_draws_the_same() -> None:
    draws = Draws(7, "pin")
    assert [draws.below(1000) for _ in range(3)] == [237, 416, 386]
    assert sorted(draws.shuffled(range(9))) == list(range(9))
