"""Trained models on disk: whole or absent, in service one at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from retrieval.behaviour.bundle import CARD, Bundles, Card
from retrieval.errors import SetupError

MADE = datetime(2026, 11, 1, tzinfo=UTC)


def card(replaces: str | None = None, interactions: int = 10) -> Card:
    return Card(
        made_at=MADE,
        trained_until=MADE,
        interactions=interactions,
        shoppers=3,
        items=4,
        encoder="hashing-1",
        replaces=replaces,
        weights={"sequence": 1.0},
        figures={"ndcg@10": 0.1},
    )


def write(content: str) -> Callable[[Path], None]:
    def into(folder: Path) -> None:
        (folder / "sequence").mkdir()
        (folder / "sequence" / "weights").write_text(content)

    return into


def added(bundles: Bundles, content: str, replaces: str | None = None) -> str:
    return bundles.add(card(replaces, len(content)), write(content))


def test_nothing_is_in_service_until_something_is_put_there(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path)
    name = added(bundles, "one")
    assert bundles.in_service() is None
    bundles.put_in_service(name)
    assert bundles.in_service() == name
    assert bundles.card(name).interactions == 3


def test_rolling_back_goes_step_by_step_to_counts_alone(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path)
    first = added(bundles, "one")
    bundles.put_in_service(first)
    second = added(bundles, "second", replaces=first)
    bundles.put_in_service(second)
    assert bundles.roll_back() == first == bundles.in_service()
    assert bundles.roll_back() is None
    assert bundles.in_service() is None
    with pytest.raises(SetupError, match="No trained behaviour model"):
        bundles.roll_back()


@pytest.mark.parametrize("damage", ["changed", "missing", "added", "card"])
def test_a_damaged_bundle_is_neither_read_nor_put_in_service(tmp_path: Path, damage: str) -> None:
    bundles = Bundles(tmp_path)
    name = added(bundles, "one")
    weights = bundles.path(name) / "sequence" / "weights"
    match damage:
        case "changed":
            weights.write_text("two")
        case "missing":
            weights.unlink()
        case "added":
            (weights.parent / "more.pkl").write_text("")
        case "card":
            (bundles.path(name) / CARD).write_text("{}")
    with pytest.raises(SetupError, match=r"damaged|no usable card"):
        bundles.put_in_service(name)
    assert bundles.in_service() is None


@pytest.mark.parametrize("name", ["..", ".", "nothing", "a/b", ""])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    bundles = Bundles(tmp_path)
    added(bundles, "one")
    with pytest.raises(SetupError, match="There is no behaviour model"):
        bundles.path(name)


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path)

    def fail(folder: Path) -> None:
        (folder / "half").write_text("half")
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError):
        bundles.add(card(), fail)
    assert list(bundles.folder.iterdir()) == []


def test_tidying_keeps_what_is_in_service_and_what_it_replaced(tmp_path: Path) -> None:
    bundles = Bundles(tmp_path)
    oldest = added(bundles, "oldest!")
    older = added(bundles, "older", replaces=oldest)
    newest = added(bundles, "new", replaces=older)
    (bundles.folder / "partial-0000").mkdir()
    bundles.put_in_service(newest)
    bundles.tidy()
    assert sorted(path.name for path in bundles.folder.iterdir() if path.is_dir()) == sorted([older, newest])
    assert bundles.roll_back() == older
