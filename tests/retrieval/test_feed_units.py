import json
from pathlib import Path

import pytest

from retrieval.catalogue import CatalogueItem
from retrieval.errors import SetupError
from retrieval.feeds.attributes import attributes_of
from retrieval.feeds.cleaning import Notes
from retrieval.feeds.units import FILE_NAME, UnitEvidence, load_units, save_units, with_units
from retrieval.ingest import ingest
from retrieval.records import Records


def item(number: int, title: str, **stated: float) -> CatalogueItem:
    return CatalogueItem(str(number), title, attributes=attributes_of(stated, {}, Notes()))


def units_of(items: list[CatalogueItem]) -> dict[str, str]:
    evidence = UnitEvidence()
    for one in items:
        evidence.add(one)
    return evidence.units()


def test_a_unit_that_titles_state_is_read_even_in_another_unit_of_its_dimension() -> None:
    laptops = [item(n, f"Laptop {n} {1 + n / 50:.2f} kg", weight=1000 + 20 * n) for n in range(2, 40)]
    assert units_of(laptops) == {"weight": "g"}
    screens = [item(n, f"TV {2.54 * n:.1f} cm", diagonal=n) for n in range(15, 60)]
    assert units_of(screens) == {"diagonal": "inch"}


def test_a_number_that_the_titles_do_not_state_gets_no_unit() -> None:
    ports = [item(n, f"Laptop {n % 7 + 20} GB", ports=n % 9) for n in range(100)]
    assert units_of(ports) == {}


def test_too_few_items_or_too_few_different_numbers_are_no_evidence() -> None:
    assert units_of([item(n, f"Pot {n} g", weight=n) for n in range(2, 15)]) == {}
    assert units_of([item(n, f"Pot {5 + n % 3} g", weight=5 + n % 3) for n in range(100)]) == {}


def test_a_column_of_two_units_is_read_by_each_items_own_text() -> None:
    gigabytes = [item(n, f"Laptop {n} GB", memory=n) for n in range(2, 40)]
    megabytes = [item(n, f"Printer {n * 10} MB", memory=n * 10) for n in range(40, 70)]
    units = units_of(gigabytes + megabytes)
    assert units == {"memory": "GB or MB"}
    memory = [
        with_units(one, units).attributes["memory"] for one in (gigabytes[6], megabytes[0], item(1, "PC", memory=8))
    ]
    assert [(a.number, a.unit, a.text) for a in memory] == [
        (8.0, "GB", "8 GB"),
        (0.4, "GB", "400 MB"),
        (8.0, None, "8"),
    ]


def test_units_found_in_a_large_feed_hold_for_a_small_one_and_an_operators_correction_stays(tmp_path: Path) -> None:
    feed, var = tmp_path / "feed.jsonl", tmp_path / "var"
    rows = [{"id": n, "title": f"Laptop {n} GB", "memory": n} for n in range(2, 40)]
    with Records(var) as records:
        feed.write_text("".join(json.dumps(row) + "\n" for row in rows))
        report = ingest(feed, records)
        assert "memory (GB)" in str(report)
        feed.write_text(json.dumps({"id": "new", "title": "PC", "memory": 8}))
        ingest(feed, records)
        new = records.get("new")
        assert new is not None
        assert new.attributes["memory"].unit == "GB"
        save_units(var, {"memory": "MB"})
        feed.write_text("".join(json.dumps(row) + "\n" for row in rows))
        assert ingest(feed, records).total("changed") == len(rows)
        assert load_units(var) == {"memory": "MB"}


@pytest.mark.parametrize("content", ["{", "[]", '{"weight": "stone"}', '{"weight": 1}'])
def test_a_units_file_that_cannot_be_used_says_how_to_write_it(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(SetupError, match=r"units\.json"):
        load_units(tmp_path)
