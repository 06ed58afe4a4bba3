import multiprocessing
import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from retrieval.catalogue import Attribute, CatalogueItem, Money
from retrieval.errors import SetupError
from retrieval.interactions import Interaction, InteractionKind
from retrieval.records import FILE_NAME, MIGRATIONS, Records

LAPTOP = CatalogueItem(
    "l1",
    "Ultrabook 13",
    "Light.",
    "Nova",
    ("Electronics", "Laptops"),
    price=Money(89990, "USD"),
    attributes={
        "ram": Attribute("ram", "16 GB", ("16 gb",), 16.0, "GB"),
        "colour": Attribute("colour", "Black, Silver", ("black", "silver")),
        "touch": Attribute("touch", "yes", ("yes",)),
        "cores": Attribute("cores", "8", ("8",), 8.0),
    },
    stock=0,
    rating=0.0,
    rating_count=3,
    released=date(2025, 3, 1),
    image="l1.svg",
    url="https://shop.example/l1",
    variant_of="l",
)
BARE = CatalogueItem("b1", "A thing")


def at(second: int) -> datetime:
    return datetime(2026, 1, 1, 12, 0, second, 123456, tzinfo=UTC)


def test_an_item_comes_back_as_it_went_in(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.upsert([LAPTOP, BARE])
    with Records(tmp_path) as records:
        assert list(records.items()) == [LAPTOP, BARE]
        assert records.get("l1") == LAPTOP
        assert records.get("nothing") is None


def test_only_what_changed_is_reported_as_changed(tmp_path: Path) -> None:
    dearer = CatalogueItem("b1", "A thing", price=Money(100, "USD"))
    with Records(tmp_path) as records:
        assert records.upsert([LAPTOP, BARE]).added == ("l1", "b1")
        changes = records.upsert([LAPTOP, dearer, CatalogueItem("n", "New")])
        assert (changes.added, changes.changed, changes.unchanged) == (("n",), ("b1",), ("l1",))
        assert [item.item_id for item in records.items()] == ["l1", "b1", "n"]


def test_of_two_items_with_one_id_the_later_counts(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        changes = records.upsert([CatalogueItem("a", "First"), CatalogueItem("a", "Second")])
        assert changes.added == ("a",)
        assert [item.title for item in records.items()] == ["Second"]


def test_a_learned_category_is_kept_and_does_not_count_as_a_change(tmp_path: Path) -> None:
    learned = CatalogueItem("b1", "A thing", category=("Things",), category_stated=False)
    with Records(tmp_path) as records:
        records.upsert([BARE])
        before = records.digest("b1")
        records.upsert([learned])
        assert records.digest("b1") == before
        assert records.digests() == {"b1": before}


def test_removed_items_are_gone_and_their_interactions_stay(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.upsert([LAPTOP, BARE])
        records.add_interactions([Interaction("s", "l1", InteractionKind.VIEW, at(1))])
        assert records.remove(["l1", "unknown"]) == 1
        assert len(records) == 1
        assert len(list(records.interactions())) == 1


def test_interactions_come_back_exact_and_in_order_of_arrival(tmp_path: Path) -> None:
    later = Interaction("s1", "a", InteractionKind.REVIEW, at(30), "session", 4.5)
    earlier = Interaction("s2", "b", InteractionKind.CART, at(1))
    with Records(tmp_path) as records:
        assert records.add_interactions([later, earlier]) == 2
        assert list(records.interactions()) == [later, earlier]
        assert list(records.interactions("s2")) == [earlier]


def test_adding_interactions_again_adds_nothing(tmp_path: Path) -> None:
    events = [Interaction("s", "a", InteractionKind.VIEW, at(n % 5)) for n in range(10)]
    with Records(tmp_path) as records:
        assert records.add_interactions(events) == 5
        assert records.add_interactions(events) == 0


def test_a_forgotten_shopper_leaves_no_byte_behind(tmp_path: Path) -> None:
    mine = [Interaction("shopper-to-forget", "a", InteractionKind.VIEW, at(n)) for n in (5, 2)]
    other = Interaction("someone", "a", InteractionKind.VIEW, at(3))
    with Records(tmp_path) as records:
        records.add_interactions([*mine, other])
        assert records.remove_shopper("shopper-to-forget") == mine[::-1]
        assert list(records.interactions()) == [other]
        stored = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        assert b"shopper-to-forget" not in stored
        assert b"someone" in stored


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute("CREATE TABLE theirs (x)")
    connection.commit()
    connection.close()
    with pytest.raises(SetupError, match="another program"):
        Records(tmp_path)
    tables = sqlite3.connect(tmp_path / FILE_NAME).execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("theirs",)]


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to have a header" * 20, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_corrupt_file_is_named_with_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(SetupError, match=r"(?s)catalogue\.db.*Move .* away"):
        Records(tmp_path)


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    Records(tmp_path).close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(SetupError, match="newer version"):
        Records(tmp_path)


def test_a_folder_that_cannot_be_made_is_a_setup_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="ASSISTANT_DATA_FOLDER"):
        Records(tmp_path / "file" / "var")


@pytest.mark.slow
def test_a_locked_database_says_that_another_process_writes(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        holder = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(SetupError, match="another process"):
            records.upsert([BARE])
        assert list(records.items()) == []  # readers are not locked out
        holder.execute("ROLLBACK")
        assert records.upsert([BARE]).added == ("b1",)


def test_a_full_disk_keeps_what_was_stored_and_says_what_to_do(tmp_path: Path) -> None:
    with Records(tmp_path) as records:
        records.upsert([LAPTOP])
        with records._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()

        def cap(connection: sqlite3.Connection, _: object) -> None:
            connection.execute(f"PRAGMA max_page_count = {pages + 2}")

        import sqlalchemy

        records._engine.dispose()
        sqlalchemy.event.listen(records._engine, "connect", cap)
        big = [CatalogueItem(str(n), "x" * 900) for n in range(200)]
        with pytest.raises(SetupError, match=r"(?s)disk is full.*Free some space"):
            records.upsert(big)
        assert list(records.items()) == [LAPTOP]


def test_two_writers_take_turns_and_lose_nothing(tmp_path: Path) -> None:
    Records(tmp_path).close()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_fifty, args=(tmp_path, name)) for name in "ab"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    with Records(tmp_path) as records:
        assert len(records) == 100


def _write_fifty(folder: Path, prefix: str) -> None:
    with Records(folder) as records:
        for number in range(50):
            records.upsert([CatalogueItem(f"{prefix}{number}", "Item")])
