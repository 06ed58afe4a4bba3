"""The fusion in service: its counts follow every event, a forgotten shopper leaves none, new items have their place."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from behaviour_doubles import did, small_fusion, vectors_in, walks
from search_doubles import HashingEncoder, item

from retrieval.behaviour.fusion.lessons import LONGEST
from retrieval.behaviour.fusion.online import NEAREST, OnlineFusion
from retrieval.candidates import Rows
from retrieval.catalogue import Catalogue
from retrieval.errors import SetupError
from retrieval.interactions import Interaction, by_shopper

IDS = tuple("abcdefghijkl")
ROWS = np.arange(len(IDS))
LOG = walks(IDS)


def shop() -> Catalogue:
    return Catalogue(item(i, f"lamp {i} {'desk' if n % 2 else 'wall'}", price=10.0 + n) for n, i in enumerate(IDS))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fusion")
    small_fusion(shop(), LOG).save(folder)
    return folder


def loaded(folder: Path, log: Iterable[Interaction] = LOG, catalogue: Catalogue | None = None) -> OnlineFusion:
    catalogue = catalogue or shop()
    return OnlineFusion.load(folder, catalogue, vectors_in(catalogue), by_shopper(log))


def scores(fusion: OnlineFusion, item_ids: str = "ab", rows: Rows = ROWS) -> np.ndarray:
    found = fusion.score(did("me", item_ids), rows)
    assert found is not None
    return found


@cache
def fitted() -> OnlineFusion:
    return small_fusion(shop(), LOG)


def test_it_says_what_it_said_before_it_was_saved(saved: Path) -> None:
    np.testing.assert_array_equal(scores(loaded(saved)), scores(fitted()))


def test_it_has_learnt_what_comes_next_and_scores_are_shares_of_the_likeliest(saved: Path) -> None:
    found = scores(loaded(saved), "cd")
    unseen = [n for n in range(len(IDS)) if IDS[n] not in "cd"]
    assert IDS[unseen[int(np.argmax(found[unseen]))]] == "e"
    assert found.max() == 1.0
    assert (found > 0).all()


def test_an_event_counts_for_the_next_answer_as_if_it_had_always_been_there(saved: Path) -> None:
    fusion, before = loaded(saved), scores(loaded(saved))
    more = [event for n in range(6) for event in did(f"new{n}", "abk")]
    for event in more:
        fusion.add(event)
    assert not np.array_equal(scores(fusion), before)
    np.testing.assert_allclose(scores(fusion), scores(loaded(saved, [*LOG, *more])), rtol=1e-6)


def test_a_forgotten_shopper_is_in_no_score_to_the_bit(saved: Path) -> None:
    hers = did("her", "bklcab")
    fusion, without = loaded(saved, [*LOG, *hers]), scores(loaded(saved))
    assert not np.array_equal(scores(fusion), without)
    fusion.put("her", ())
    np.testing.assert_array_equal(scores(fusion), without)


def test_of_a_long_history_the_newest_events_alone_are_read(saved: Path) -> None:
    fusion, long = loaded(saved), did("me", "abcdefgh" * 30)
    whole, newest = fusion.score(long, ROWS), fusion.score(long[-LONGEST:], ROWS)
    assert whole is not None
    np.testing.assert_array_equal(whole, newest)


def test_a_new_item_is_ranked_by_its_text_and_counted_once_somebody_turns_to_it(saved: Path) -> None:
    catalogue = shop()
    fusion = loaded(saved, catalogue=catalogue)
    catalogue.upsert([item("new", "lamp c wall", price=12.0)])
    rows = np.arange(len(IDS) + 1)
    cold = scores(fusion, "ab", rows)
    assert cold[-1] > 0
    for n in range(20):
        for event in did(f"early{n}", ["b", "new"]):
            fusion.add(event)
    assert scores(fusion, "ab", rows)[-1] > cold[-1]


def test_an_item_waits_for_its_vector_and_is_taken_in_when_it_is_there(saved: Path) -> None:
    catalogue, embedded = shop(), set(IDS)

    def vectors(rows: Rows) -> np.ndarray:
        items = [catalogue.at(int(row)) for row in rows]
        there = np.array([[i is not None and i.item_id in embedded] for i in items], dtype=np.float32)
        return HashingEncoder().encode([i.text() if i else "" for i in items]) * there

    fusion = OnlineFusion.load(saved, catalogue, vectors, by_shopper(LOG))
    catalogue.upsert([item("new", "lamp c wall")])
    rows = np.arange(len(IDS) + 1)
    assert scores(fusion, "ab", rows)[-1] == 0.0
    embedded.add("new")
    assert scores(fusion, "ab", rows)[-1] > 0.0


def test_items_that_left_and_came_since_it_was_saved_have_no_place_and_a_place(saved: Path) -> None:
    catalogue = Catalogue(item(i, f"lamp {i}") for i in (*IDS[4:], "x", *IDS[:4]))
    catalogue.remove(["d"])
    fusion = loaded(saved, catalogue=catalogue)
    rows = np.array([row for row in range(catalogue.row_count) if catalogue.at(row) is not None])
    found = dict(zip((catalogue.at(int(row)).item_id for row in rows), scores(fusion, "ab", rows), strict=True))
    assert found["c"] == 1.0
    assert found["x"] > 0
    assert fusion.score(did("me", "d"), rows) is None


def test_a_session_without_items_of_the_shop_says_nothing(saved: Path) -> None:
    assert loaded(saved).score(did("me", ["gone"]), ROWS) is None


def test_a_damaged_file_of_neighbours_is_refused(saved: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "fusion"))
    (folder / NEAREST).write_bytes((folder / NEAREST).read_bytes()[:40])
    with pytest.raises(SetupError, match="cannot be read"):
        loaded(folder)
