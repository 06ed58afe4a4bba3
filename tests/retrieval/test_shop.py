from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from search_doubles import HashingEncoder, item

from retrieval.errors import SetupError
from retrieval.interactions import Interaction, InteractionKind
from retrieval.query import Constraints, Query
from retrieval.shop import Shop

START = datetime(2026, 1, 1, tzinfo=UTC)
ITEMS = [
    item("l1", "Aster laptop 14", brand="Aster", category=("Computers", "Laptops"), price=899),
    item("l2", "Borea laptop 16", brand="Borea", category=("Computers", "Laptops"), price=1299),
    item("k1", "Steel kettle", brand="Aster", category=("Kitchen", "Kettles"), price=39),
]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as opened:
        opened.upsert(ITEMS)
        yield opened


def found(shop: Shop, text: str, constraints: Constraints | None = None) -> list[str]:
    return [c.item_id for c in shop.search(Query(text, constraints or Constraints())).candidates]


def click(shopper_id: str, item_id: str, minute: int = 0) -> Interaction:
    return Interaction(shopper_id, item_id, InteractionKind.CLICK, START + timedelta(minutes=minute))


def test_an_item_is_found_by_its_words_as_soon_as_it_is_in(shop: Shop) -> None:
    assert found(shop, "garden hose")[:1] != ["h1"]
    shop.upsert([item("h1", "Garden hose", brand="Cirrus", category=("Garden", "Hoses"), price=25)])
    assert found(shop, "garden hose")[0] == "h1"
    assert found(shop, "", Constraints(category="hoses")) == ["h1"]
    assert "hoses" in shop.vocabulary.categories
    assert shop.vocabulary.find_brand("cirrus") == "cirrus"


def test_a_changed_price_counts_at_once(shop: Shop) -> None:
    cheap = Constraints(category="laptops", price_max=80000, currency="USD")
    assert found(shop, "laptop", cheap) == []
    assert shop.upsert([replace(ITEMS[0], price=replace(ITEMS[0].price, minor=79900))]) == 1
    assert found(shop, "laptop", cheap) == ["l1"]


def test_an_item_that_did_not_change_costs_nothing(shop: Shop) -> None:
    embedded = len(shop.encoder.embedded)
    assert shop.upsert(ITEMS) == 0
    assert len(shop.encoder.embedded) == embedded


def test_a_removed_item_is_gone_everywhere(shop: Shop) -> None:
    assert shop.remove(["k1", "unknown"]) == 1
    assert "k1" not in found(shop, "steel kettle")
    assert found(shop, "", Constraints(category="kettles")) == []
    assert shop.records.get("k1") is None


def test_everything_is_there_after_a_restart_and_nothing_is_embedded_again(tmp_path: Path) -> None:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as first:
        first.upsert(ITEMS)
        before = found(first, "laptop")
    encoder = HashingEncoder()
    with Shop.open(tmp_path, encoder=encoder) as second:
        assert found(second, "laptop") == before
    assert encoder.embedded == []


def test_what_an_interrupted_ingest_left_undone_is_finished_at_the_next_start(tmp_path: Path) -> None:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as first:
        first.upsert(ITEMS[:1])
        first.records.upsert(ITEMS[1:])  # stored, and killed before they were indexed
    encoder = HashingEncoder()
    with Shop.open(tmp_path, encoder=encoder) as second:
        assert len(encoder.embedded) == 2
        assert found(second, "steel kettle")[0] == "k1"


def test_items_that_left_the_records_while_the_shop_was_closed_are_not_found(tmp_path: Path) -> None:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as first:
        first.upsert(ITEMS)
        first.records.remove(["k1"])
    with Shop.open(tmp_path, encoder=HashingEncoder()) as second:
        assert "k1" not in found(second, "steel kettle")


def test_a_second_opening_of_the_folder_is_refused_by_name(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=str(tmp_path)):
        Shop.open(tmp_path, encoder=HashingEncoder())


def test_a_second_process_is_refused_and_harms_nothing(shop: Shop, tmp_path: Path) -> None:
    program = f"from pathlib import Path; from retrieval.shop import Shop; Shop.open(Path({str(tmp_path)!r}))"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "Another process is using the data folder" in ran.stderr
    assert "ASSISTANT_DATA_FOLDER" in ran.stderr.strip().splitlines()[-1]
    assert found(shop, "steel kettle")[0] == "k1"


def test_a_folder_that_failed_to_open_can_be_opened_afterwards(tmp_path: Path) -> None:
    (tmp_path / "chroma").write_text("in the way")
    with pytest.raises(SetupError):
        Shop.open(tmp_path, encoder=HashingEncoder())
    (tmp_path / "chroma").unlink()
    Shop.open(tmp_path, encoder=HashingEncoder()).close()


def test_a_data_folder_that_is_a_file_is_explained(tmp_path: Path) -> None:
    (tmp_path / "var").write_text("a file")
    with pytest.raises(SetupError, match="cannot be used"):
        Shop.open(tmp_path / "var", encoder=HashingEncoder())


def test_a_change_of_encoder_is_refused_until_the_vectors_are_made_again(tmp_path: Path) -> None:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as first:
        first.upsert(ITEMS)
    with pytest.raises(SetupError, match="python -m assistant rebuild"):
        Shop.open(tmp_path, encoder=HashingEncoder("another"))
    with Shop.open(tmp_path, encoder=HashingEncoder("another"), rebuild=True) as rebuilt:
        assert found(rebuilt, "steel kettle")[0] == "k1"


def test_vectors_can_be_made_again_while_the_shop_is_open(shop: Shop) -> None:
    assert shop.rebuild_vectors() == 3
    assert found(shop, "steel kettle")[0] == "k1"


def test_interactions_count_from_the_next_search_on_and_can_be_forgotten(shop: Shop) -> None:
    before = shop.search(Query("", Constraints(category="laptops"))).candidates
    for minute in range(20):
        shop.observe(click("ann", "l2", minute))
    after = {c.item_id: c for c in shop.search(Query("", Constraints(category="laptops"))).candidates}
    assert after["l2"].interaction_count == 20
    assert after["l2"].scores["popularity"] > after["l1"].scores["popularity"] == 0.0
    assert shop.forget("ann") == 20
    assert shop.search(Query("", Constraints(category="laptops"))).candidates == before


def test_forgetting_a_shopper_erases_her_stored_interactions_too(shop: Shop, tmp_path: Path) -> None:
    shop.records.add_interactions([click("ben", "l1"), click("eve", "l2", 1)])
    shop.close()
    with Shop.open(tmp_path, encoder=HashingEncoder()) as reopened:
        assert reopened.forget("ben") == 1
        assert [i.shopper_id for i in reopened.records.interactions()] == ["eve"]
        counts = {c.item_id: c.interaction_count for c in reopened.search(Query("laptop")).candidates}
    assert counts == {"l1": 0, "l2": 1, "k1": 0}


def test_a_shopper_is_forgotten_whose_log_came_in_while_the_shop_was_open(shop: Shop) -> None:
    before = shop.search(Query("laptop")).candidates
    shop.observe(click("ben", "l1"))
    shop.records.add_interactions([click("ben", "l2", 1)])
    assert shop.forget("ben") == 1
    assert list(shop.records.interactions("ben")) == []
    assert shop.search(Query("laptop")).candidates == before


def test_a_closed_shop_gives_its_folder_back(tmp_path: Path) -> None:
    for _ in range(2):
        Shop.open(tmp_path, encoder=HashingEncoder()).close()


def test_items_without_a_category_get_the_one_their_titles_tell_and_keep_it(tmp_path: Path) -> None:
    items = [
        item(f"t{n}", f"{brand} TN-{n} toner cartridge", brand=brand, price=20) for n in range(12) for brand in "ABC"
    ]
    items = [replace(one, item_id=f"t{n}") for n, one in enumerate(items)]
    with Shop.open(tmp_path, encoder=HashingEncoder()) as first:
        first.upsert(items)
    encoder = HashingEncoder()
    with Shop.open(tmp_path, encoder=encoder) as second:
        assert encoder.embedded == [], "a learned category is not embedded"
        label = second.catalogue["t5"].category[-1].casefold()
        assert label == "toner cartridge"
        assert second.search(Query("", Constraints(category=label))).matching == len(items)
        second.upsert([replace(items[5], price=replace(items[5].price, minor=1500))])
        assert second.search(Query("", Constraints(category=label))).matching == len(items)
        assert second.records.get("t5").category == (), "the records hold what the feed states"
