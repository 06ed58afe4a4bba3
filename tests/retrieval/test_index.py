from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from search_doubles import HashingEncoder, item

import retrieval.index
from retrieval.catalogue import Catalogue
from retrieval.errors import SetupError
from retrieval.index import FOLDER_NAME, VectorIndex


@pytest.fixture
def catalogue() -> Catalogue:
    titles = ["red lamp", "blue lamp", "office chair", "garden chair", "steel kettle"]
    return Catalogue([item(f"i{n}", title) for n, title in enumerate(titles)])


@pytest.fixture
def encoder() -> HashingEncoder:
    return HashingEncoder()


def every_row(catalogue: Catalogue) -> np.ndarray:
    return np.arange(catalogue.row_count, dtype=np.int64)


def test_the_nearest_of_the_admitted_rows_come_first(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path
) -> None:
    index = VectorIndex(catalogue, encoder, tmp_path)
    index.synchronize()
    vector = encoder.encode_query("blue lamp")
    assert index.nearest(vector, every_row(catalogue), 2).rows.tolist() == [1, 0]
    assert index.nearest(vector, np.array([2, 4]), 5).rows.tolist() in ([2, 4], [4, 2])


def test_similarities_are_cosines_in_the_order_asked_for(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path
) -> None:
    index = VectorIndex(catalogue, encoder, tmp_path)
    index.synchronize()
    vector = encoder.encode_query("office chair")
    expected = [float(vector @ encoder.encode([catalogue.at(row).text()])[0]) for row in (3, 2)]
    assert index.similarities(vector, np.array([3, 2])).tolist() == pytest.approx(expected, abs=1e-6)
    few, many = index.similarities(vector, np.array([2])), index.similarities(vector, every_row(catalogue))
    assert few[0] == pytest.approx(many[2], abs=1e-6)


def test_a_second_start_embeds_nothing(catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path) -> None:
    first = VectorIndex(catalogue, encoder, tmp_path)
    assert first.synchronize() == 5
    first.close()
    encoder.embedded.clear()
    second = VectorIndex(catalogue, encoder, tmp_path)
    assert second.synchronize() == 0
    assert encoder.embedded == []
    assert len(second) == 5
    assert second.nearest(encoder.encode_query("steel kettle"), every_row(catalogue), 1).rows.tolist() == [4]


def test_only_what_changed_is_embedded_and_what_left_is_dropped(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path
) -> None:
    first = VectorIndex(catalogue, encoder, tmp_path)
    first.synchronize()
    first.close()
    encoder.embedded.clear()
    catalogue.upsert([replace(catalogue["i0"], title="green lamp")])
    catalogue.remove(["i1"])
    second = VectorIndex(catalogue, encoder, tmp_path)
    assert second.synchronize() == 1
    assert encoder.embedded == [catalogue["i0"].text()]
    assert len(second) == 4


def test_an_interrupted_embedding_goes_on_where_it_was(
    catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval.index, "BATCH_ITEMS", 2)

    class Interrupted(HashingEncoder):
        def encode(self, texts):  # type: ignore[no-untyped-def]
            if len(self.embedded) == 2:
                raise KeyboardInterrupt
            return super().encode(texts)

    first = VectorIndex(catalogue, Interrupted(), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        first.synchronize()
    first.close()
    second = VectorIndex(catalogue, HashingEncoder(), tmp_path)
    assert second.synchronize() == 3


def test_progress_ends_with_all_of_them(catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    VectorIndex(catalogue, encoder, tmp_path).synchronize(lambda done, total: told.append((done, total)))
    assert told[-1] == (5, 5)


def test_vectors_of_another_encoder_are_refused_with_the_command_that_helps(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path
) -> None:
    first = VectorIndex(catalogue, encoder, tmp_path)
    first.synchronize()
    first.close()
    with pytest.raises(SetupError) as caught:
        VectorIndex(catalogue, HashingEncoder("hashing-2"), tmp_path)
    assert "python -m assistant rebuild" in str(caught.value).splitlines()[-1]
    rebuilt = VectorIndex(catalogue, HashingEncoder("hashing-2"), tmp_path, rebuild=True)
    assert rebuilt.synchronize() == 5


def test_a_rebuild_embeds_everything_again(catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path) -> None:
    index = VectorIndex(catalogue, encoder, tmp_path)
    index.synchronize()
    assert index.rebuild() == 5
    assert len(index) == 5


@pytest.mark.parametrize("damage", ["overwritten", "truncated", "emptied", "missing"])
def test_whatever_happens_to_the_folder_the_vectors_are_made_again(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path, damage: str
) -> None:
    first = VectorIndex(catalogue, encoder, tmp_path)
    first.synchronize()
    first.close()
    database = tmp_path / FOLDER_NAME / "chroma.sqlite3"
    content = {
        "overwritten": b"no database at all" * 100,
        "truncated": database.read_bytes()[: database.stat().st_size // 2],
        "emptied": b"",
    }
    if damage == "missing":
        shutil.rmtree(database.parent)
    else:
        database.write_bytes(content[damage])
    second = VectorIndex(catalogue, encoder, tmp_path)
    assert second.synchronize() == 5
    assert second.nearest(encoder.encode_query("blue lamp"), every_row(catalogue), 1).rows.tolist() == [1]
    if damage in {"overwritten", "truncated"}:
        assert [*tmp_path.glob(f"{FOLDER_NAME}-corrupt-*/chroma.sqlite3")], "what was there is kept, moved aside"


def test_a_file_in_the_folders_place_is_explained(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path
) -> None:
    (tmp_path / FOLDER_NAME).write_text("not a folder")
    with pytest.raises(SetupError, match="cannot be used"):
        VectorIndex(catalogue, encoder, tmp_path)


def test_a_server_that_does_not_answer_is_explained(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path
) -> None:
    with pytest.raises(SetupError, match="does not answer") as caught:
        VectorIndex(catalogue, encoder, tmp_path, url="http://127.0.0.1:9")
    assert "ASSISTANT_CHROMA_URL" in str(caught.value).splitlines()[-1]


def test_the_approximate_search_finds_what_the_exact_one_finds(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = VectorIndex(catalogue, encoder, tmp_path)
    index.synchronize()
    vector = encoder.encode_query("garden chair")
    exact = index.nearest(vector, every_row(catalogue), 2)
    monkeypatch.setattr(retrieval.index, "APPROXIMATE_FROM", 1)
    approximate = index.nearest(vector, every_row(catalogue), 2)
    assert approximate.rows.tolist() == exact.rows.tolist()
    assert approximate.scores == pytest.approx(exact.scores, abs=1e-5)


def test_a_row_without_a_vector_has_no_similarity(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path
) -> None:
    index = VectorIndex(catalogue, encoder, tmp_path)
    vector = encoder.encode_query("lamp")
    assert index.similarities(vector, every_row(catalogue)).tolist() == [0.0] * 5


def test_a_full_disk_is_explained_and_what_was_stored_stays(
    catalogue: Catalogue, encoder: HashingEncoder, tmp_path: Path
) -> None:
    from chromadb.errors import InternalError

    class FullDisk:
        def upsert(self, **_: object) -> None:
            raise InternalError("error returned from database: (code: 13) database or disk is full")

    index = VectorIndex(catalogue, encoder, tmp_path)
    index.synchronize()
    room, index._collection = index._collection, FullDisk()
    catalogue.upsert([item("new", "oak table")])
    with pytest.raises(SetupError, match="disk is full"):
        index.upsert([catalogue["new"]])
    index._collection = room
    assert len(index) == 5
    assert index.synchronize() == 1
