import gzip
import json
from collections import Counter
from pathlib import Path

import pytest

from retrieval.catalogue import Attribute, CatalogueItem
from retrieval.taxonomy import learn_categories
from retrieval.words import key

DATA = Path(__file__).parents[2].parent / "shared" / "data"
BRANDS = ["Xerox", "Canon", "Epson", "Brother", "Oki"]
COLOURS = ["Black", "Cyan", "Magenta", "Yellow"]


def item(number: int, brand: str, title: str, colour: str, category: tuple[str, ...] = ()) -> CatalogueItem:
    attributes = {"colour": Attribute("colour", colour, (colour.lower(),))}
    return CatalogueItem(f"{number}", title, brand=brand, category=category, attributes=attributes)


def catalogue() -> list[CatalogueItem]:
    items = []
    for number in range(40):
        brand, colour = BRANDS[number % 5], COLOURS[number % 4]
        kind = ["toner cartridge", "ink cartridge", "keyboard"][number % 3]
        items.append(item(number, brand, f"{brand} T{number:03} {kind} {colour} {number} pc(s)", colour))
    items.append(item(90, "Oki", "Oki Ribbon cartridges 2 pc(s)", "Black"))
    items.append(item(91, "Oki", "Oki zanzibar 5000", "Black"))
    return items


def test_a_type_many_titles_share_becomes_a_category_under_its_noun() -> None:
    learned = learn_categories(catalogue())
    assert learned["0"] == ("Cartridge", "Toner cartridge")
    assert learned["1"] == ("Cartridge", "Ink cartridge")
    assert learned["2"] == ("Keyboard",)


def test_a_rare_word_before_the_noun_makes_no_category_of_its_own() -> None:
    assert learn_categories(catalogue())["90"] == ("Cartridge",)


def test_a_word_of_one_title_is_no_category() -> None:
    assert "91" not in learn_categories(catalogue())


def test_colours_and_units_are_no_types() -> None:
    labels = {label for path in learn_categories(catalogue()).values() for label in path}
    assert labels == {"Cartridge", "Toner cartridge", "Ink cartridge", "Keyboard"}


def test_a_stated_category_is_left_alone_and_wins_for_titles_that_name_it() -> None:
    stated = item(92, "Epson", "Epson K1 keyboard Black", "Black", ("Computers", "Keyboards"))
    learned = learn_categories([*catalogue(), stated])
    assert "92" not in learned
    assert learned["2"] == ("Computers", "Keyboards")


def test_a_catalogue_that_states_everything_teaches_nothing() -> None:
    assert learn_categories([item(1, "Epson", "Epson K1 keyboard", "Black", ("Keyboards",))]) == {}


def test_what_a_thing_is_for_does_not_hide_what_it_is() -> None:
    cases = [
        CatalogueItem(
            f"case-{n}",
            f"{BRANDS[n % 5]} T{n:03} notebook case Black {n} cm",
            brand=BRANDS[n % 5],
            attributes={"case type": Attribute("case type", "Sleeve case", ("sleeve case",))},
        )
        for n in range(20)
    ]
    notebooks = [item(n, BRANDS[n % 5], f"{BRANDS[n % 5]} N{n:03} notebook Black", "Black") for n in range(100, 120)]
    learned = learn_categories([*cases, *notebooks])
    assert {path[-1] for item_id, path in learned.items() if item_id.startswith("case")} == {"Notebook case"}


@pytest.mark.slow
@pytest.mark.skipif(not DATA.exists(), reason="shared/data is absent")
def test_learned_types_agree_with_those_that_icecat_states() -> None:
    with gzip.open(DATA / "icecat_chorus" / "products.jsonl.gz", "rt") as lines:
        records = [json.loads(line) for line in lines]
    items = [
        CatalogueItem(
            r["product_id"],
            r["title"],
            brand=r["brand"],
            attributes={
                name: Attribute(name, str(value), tuple(v.strip().lower() for v in str(value).split(",")))
                for name, value in r["attributes"].items()
                if name.startswith("t_") and name != "t_product_type"
            },
        )
        for r in records
    ]
    learned = learn_categories(items)
    assert len(learned) > 0.5 * len(items)
    verdicts = Counter(
        "same" if key(r["product_type"]) in {key(label) for label in learned[r["product_id"]]} else "other"
        for r in records
        if r["product_type"] in ("Processor", "Notebook", "Headphones", "Headset") and r["product_id"] in learned
    )
    assert verdicts["same"] > 10 * verdicts["other"]
