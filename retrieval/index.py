"""The vectors of all items: kept in Chroma, searched exactly in memory. The only file that imports chromadb.

Chroma is where vectors last; beside it they stand in one matrix by catalogue row, for a dot product over the admitted
rows is exact and, wherever a filter is set, far faster than Chroma's `where` (docs/benchmarks.md). Chroma's approximate
index answers where nothing filters and the shop is large. Vectors are derived: whatever happens to the Chroma folder,
they are made again from the records.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import numpy as np

from retrieval.candidates import Proposal, Rows, Scores
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.damaged_folder import DamagedVectorsError, move_aside, opening
from retrieval.embedding import TextEncoder, Vectors
from retrieval.errors import SetupError

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

COLLECTION = "shop-items"
FOLDER_NAME = "chroma"
REBUILD = "Run 'python -m assistant rebuild': the vectors are made again from the records."
BATCH_ITEMS = 1000
APPROXIMATE_FROM = 50_000  # rows; below, the exact product over all of them is as fast (docs/benchmarks.md)
GATHERED_ROWS = 256  # vectors gathered at a time: they stay in the processor's cache until they are multiplied
_SIGNS_OF_CORRUPTION = ("not a database", "malformed", "hnsw", "finding id", "getting embedding", "no such")
_UNIT = 1e-2  # most that a vector's length may differ from 1 before it counts as damaged

Progress = Callable[[int, int], None]
"""Called with how many items are embedded so far, and how many will be."""


class VectorIndex:
    """Vectors by catalogue row, in step with a Chroma collection. One writer at a time; searches go on meanwhile.

    Args:
        catalogue: whose rows the vectors follow.
        encoder: makes the vectors; its fingerprint is kept with the collection.
        folder: the data folder; the embedded Chroma has a folder of its own in it.
        url: of a Chroma server, instead of the embedded one.
        rebuild: drop what is stored and start empty.

    Raises:
        SetupError: the stored vectors are another encoder's; the folder cannot be used or is full; there is no server.
    """

    def __init__(
        self, catalogue: Catalogue, encoder: TextEncoder, folder: Path, url: str | None = None, rebuild: bool = False
    ) -> None:
        self._catalogue = catalogue
        self._encoder = encoder
        self._folder = folder / FOLDER_NAME
        self._url = url
        self._lock = threading.Lock()
        self._matrix: Vectors = np.zeros((0, 0), dtype=np.float32)
        self._digests: dict[str, str] = {}
        with self._explained():
            self._client, self._collection = self._opened(rebuild)

    def __len__(self) -> int:
        """How many items have a vector."""
        return len(self._digests)

    def close(self) -> None:
        """Let go of Chroma."""
        self._client.close()

    def synchronize(self, progress: Progress | None = None) -> int:
        """Bring the vectors in step with the catalogue, embedding only what changed; returns how many were embedded.

        Every batch is stored before the next one is embedded: an interrupted run goes on where it was.
        """
        self.remove([item_id for item_id in self._digests if item_id not in self._catalogue])
        return self.upsert([*self._catalogue], progress)

    def rebuild(self, progress: Progress | None = None) -> int:
        """Embed everything again into a new collection; returns how many. Searches use the old vectors meanwhile."""
        with self._lock, self._explained():
            self._client.delete_collection(COLLECTION)
            self._collection = self._collection_of(self._client)
            self._digests.clear()
        return self.synchronize(progress)

    def upsert(self, items: Sequence[CatalogueItem], progress: Progress | None = None) -> int:
        """Embed and store those items whose text changed; returns how many. The items must be in the catalogue."""
        with self._lock:
            texts = {item.item_id: _text(item) for item in items}
            changed = [i for i, text in texts.items() if self._digests.get(i) != _digest(text)]
            changed.sort(key=lambda item_id: len(texts[item_id]))  # texts of like length waste no padding
            for start in range(0, len(changed), BATCH_ITEMS):
                batch = changed[start : start + BATCH_ITEMS]
                self._store(batch, [texts[item_id] for item_id in batch])
                if progress is not None:
                    progress(start + len(batch), len(changed))
        return len(changed)

    def remove(self, item_ids: Sequence[str]) -> None:
        """Drop the vectors of these items; those without one are ignored."""
        with self._lock, self._explained():
            known = [item_id for item_id in item_ids if item_id in self._digests]
            for start in range(0, len(known), BATCH_ITEMS):
                batch = known[start : start + BATCH_ITEMS]
                self._collection.delete(ids=batch)
                for item_id in batch:
                    del self._digests[item_id]

    def nearest(self, vector: Vectors, admitted: Rows, limit: int) -> Proposal:
        """The admitted rows whose vectors are nearest to a unit vector, with their cosine similarity."""
        if len(admitted) == len(self._catalogue) >= APPROXIMATE_FROM:
            return self._approximate(vector, limit)
        return Proposal.best_of(admitted, self.similarities(vector, admitted), limit)

    def similarities(self, vector: Vectors, rows: Rows) -> Scores:
        """Cosine similarity of a unit vector to each row; 0.0 for a row without a vector."""
        matrix = self._matrix
        if rows.max(initial=-1) < len(matrix):
            return _products(matrix, vector, rows)
        similarities = np.zeros(len(rows))
        inside = rows < len(matrix)
        similarities[inside] = _products(matrix, vector, rows[inside])
        return similarities

    def vectors(self, rows: Rows) -> Vectors:
        """The vectors of rows: float32 (n, dimension); zeros for a row without one."""
        matrix = self._matrix
        vectors = np.zeros((len(rows), matrix.shape[1]), dtype=np.float32)
        inside = rows < len(matrix)
        vectors[inside] = matrix[rows[inside]]
        return vectors

    def _approximate(self, vector: Vectors, limit: int) -> Proposal:
        with self._explained():
            found = self._collection.query(query_embeddings=vector[np.newaxis], n_results=limit, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        near = {
            self._catalogue.row(i): 1.0 - d
            for i, d in zip(found["ids"][0], distances, strict=True)
            if i in self._catalogue
        }
        rows = np.array(sorted(near), dtype=np.int64)
        return Proposal.best_of(rows, np.array([near[row] for row in rows.tolist()], dtype=np.float64), limit)

    def _store(self, item_ids: list[str], texts: list[str]) -> None:
        vectors = self._encoder.encode(texts)
        digests = [_digest(text) for text in texts]
        with self._explained():
            self._collection.upsert(ids=item_ids, embeddings=vectors, metadatas=[{"digest": d} for d in digests])
        self._place(item_ids, vectors)
        self._digests.update(zip(item_ids, digests, strict=True))

    def _place(self, item_ids: Sequence[str], vectors: Vectors) -> None:
        rows = [self._catalogue.row(item_id) for item_id in item_ids]
        if self._catalogue.row_count > len(self._matrix):
            room = np.zeros((self._catalogue.row_count * 9 // 8 + 1, vectors.shape[1]), dtype=np.float32)
            if self._matrix.size:
                room[: len(self._matrix)] = self._matrix
            self._matrix = room
        self._matrix[rows] = vectors

    def _opened(self, rebuild: bool) -> tuple[Client, Collection]:
        """Chroma with the matrix filled from it; an embedded folder that is corrupt is moved aside and begun anew."""
        from chromadb.api.shared_system_client import SharedSystemClient
        from chromadb.errors import ChromaError

        if self._url is not None:
            client, collection = self._connect(rebuild)
            self._load(collection)
            return client, collection
        try:
            with opening(self._folder):
                client, collection = self._connect(rebuild)
                self._load(collection)
        except (ChromaError, DamagedVectorsError) as error:
            SharedSystemClient.clear_system_cache()  # or the next client of this folder gets the broken one
            if isinstance(error, ChromaError) and not any(sign in str(error) for sign in _SIGNS_OF_CORRUPTION):
                raise
            move_aside(self._folder, str(error))
            self._digests.clear()
            return self._connect(rebuild=False)
        return client, collection

    def _connect(self, rebuild: bool) -> tuple[Client, Collection]:
        from chromadb.errors import NotFoundError

        client = _client(self._folder, self._url)
        if rebuild:
            with suppress(NotFoundError):
                client.delete_collection(COLLECTION)
        return client, self._collection_of(client)

    def _collection_of(self, client: Client) -> Collection:
        return client.get_or_create_collection(
            COLLECTION,
            embedding_function=None,
            configuration={"hnsw": {"space": "cosine"}},
            metadata={"encoder": self._encoder.fingerprint},
        )

    def _load(self, collection: Collection) -> None:
        """Fill the matrix from Chroma. Vectors of items that left the shop are known by digest alone."""
        stored_by = (collection.metadata or {}).get("encoder")
        if stored_by != self._encoder.fingerprint:
            raise SetupError("The stored vectors were made by another encoder or in another way.", REBUILD)
        for offset in range(0, collection.count(), BATCH_ITEMS):
            page = collection.get(limit=BATCH_ITEMS, offset=offset, include=["embeddings", "metadatas"])
            vectors = np.asarray(page["embeddings"], dtype=np.float32)
            if vectors.ndim != 2 or not np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=_UNIT):
                raise DamagedVectorsError("vectors are not of length 1")
            digests = [str((metadata or {}).get("digest")) for metadata in page["metadatas"] or ()]
            self._digests.update(zip(page["ids"], digests, strict=True))
            here = [n for n, item_id in enumerate(page["ids"]) if item_id in self._catalogue]
            if here:
                self._place([page["ids"][n] for n in here], vectors[here])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what an operator can fix into a SetupError that says how."""
        from chromadb.errors import ChromaError
        from httpx import HTTPError

        try:
            yield
        except (HTTPError, ValueError) as error:
            if self._url is None:
                raise
            raise SetupError(
                f"The Chroma server {self._url} does not answer: {error}.",
                "Start it with 'chroma run', or unset ASSISTANT_CHROMA_URL to use the embedded one.",
            ) from error
        except (ChromaError, OSError, DamagedVectorsError) as error:
            where = self._url or self._folder
            if "full" in str(error) or "disk I/O" in str(error):
                raise SetupError(
                    f"The disk is full: vectors cannot be stored in {where} ({error}). No record is lost.",
                    "Free some space, then start again: what is missing is embedded then.",
                ) from error
            raise SetupError(f"The vectors in {where} cannot be used: {error}.", REBUILD) from error


def read_through(folder: str) -> None:
    """Read all vectors of an embedded Chroma folder, for nothing but to see whether that can be done."""
    collection = _client(Path(folder), None).get_collection(COLLECTION, embedding_function=None)
    for offset in range(0, collection.count(), BATCH_ITEMS):
        collection.get(limit=BATCH_ITEMS, offset=offset, include=["embeddings"])


def _client(folder: Path, url: str | None) -> Client:
    os.environ["ANONYMIZED_TELEMETRY"] = "False"
    import chromadb
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    if url is None:
        return cast("Client", chromadb.PersistentClient(str(folder), settings=settings))
    at = urlsplit(url)
    secure = at.scheme == "https"
    port = at.port or (443 if secure else 8000)
    return cast("Client", chromadb.HttpClient(at.hostname or url, port, ssl=secure, settings=settings))


def _products(matrix: Vectors, vector: Vectors, rows: Rows) -> Scores:
    """The dot product of some of the matrix's rows with a vector, in the order of `rows`."""
    if 4 * len(rows) > 3 * len(matrix):  # passing over the few others is cheaper than gathering the rest
        products: Scores = (matrix @ vector)[rows].astype(np.float64)
        return products
    products = np.empty(len(rows))
    gathered = np.empty((GATHERED_ROWS, matrix.shape[1]), dtype=np.float32)
    for start in range(0, len(rows), GATHERED_ROWS):
        some = rows[start : start + GATHERED_ROWS]
        room = gathered[: len(some)]
        np.take(matrix, some, axis=0, out=room, mode="clip")
        products[start : start + len(some)] = room @ vector
    return products


def _text(item: CatalogueItem) -> str:
    """What is embedded of an item: what its feed states. A category learned from the title would add nothing."""
    return (item if item.category_stated else replace(item, category=())).text()


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:24]
