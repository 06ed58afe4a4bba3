"""The shop as one object: its records on disk, and everything in memory that is derived from them, kept in step."""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType

import numpy as np
from filelock import FileLock

from retrieval.behaviour.bundle import Bundles
from retrieval.behaviour.in_service import BehaviourInService
from retrieval.candidates import Candidate
from retrieval.catalogue import Catalogue, CatalogueItem
from retrieval.columns import Columns
from retrieval.corrections import Differences
from retrieval.data_folder import hold
from retrieval.dense import DenseSource
from retrieval.embedding import PACKAGED, Encoder, TextEncoder
from retrieval.exploration import Exploration
from retrieval.index import Progress, VectorIndex
from retrieval.interactions import EMPTY_SESSION, Interaction, Session
from retrieval.lexical import LexicalIndex
from retrieval.neighbours import Neighbours
from retrieval.popularity import Popularity
from retrieval.query import Constraints, Query
from retrieval.records import Changes, Records
from retrieval.reranking import CountedBehaviour, RankingSettings
from retrieval.search import Searcher, SearchResult
from retrieval.set_aside import forget_set_aside
from retrieval.taxonomy import learn_categories
from retrieval.vocabulary import Vocabulary
from retrieval.withheld import Withholding

_TAKEN = (
    "Another process is using the data folder {folder}; two at once would corrupt it.",
    "Stop that process, or put the feed into its 'inbox' folder (a running 'serve' reads it at once),"
    " or set ASSISTANT_DATA_FOLDER to another folder.",
)


class Shop:
    """A shop that can be searched while it changes. Open it with `Shop.open`; searches may come from any thread.

    Attributes:
        catalogue, columns, vocabulary: what is searched, as items come and go.
        records: items and interactions on disk, the truth that the rest is rebuilt from.
        encoder, dense, lexical, searcher: the parts of a search, for evaluation and benchmarks.
        behaviour: counts, or the trained model that is in service.
    """

    def __init__(
        self,
        lock: FileLock,
        records: Records,
        encoder: TextEncoder,
        vectors: VectorIndex,
        catalogue: Catalogue,
        ranking: RankingSettings,
    ) -> None:
        self._writing = threading.RLock()
        self.records = records
        self.catalogue = catalogue
        self.encoder = encoder
        self.columns = Columns(catalogue)
        self.vocabulary = Vocabulary.learn(catalogue)
        self.lexical = LexicalIndex(catalogue)
        self.dense = DenseSource(vectors, encoder)
        logged = list(records.interactions())
        self.popularity = Popularity(catalogue, logged)
        self.neighbours = Neighbours(catalogue, logged)
        self.searcher = Searcher(
            catalogue, self.columns, self.lexical, self.dense, self.popularity, self.neighbours, ranking
        )
        self.behaviour = BehaviourInService(
            Bundles(records.path.parent),
            CountedBehaviour(self.popularity, self.neighbours),
            catalogue,
            self.dense.vectors,
            lambda: encoder.fingerprint,
            self.neighbours,
            self._writing,
        )
        self.searcher.behaviour = self.behaviour
        self._vectors = vectors
        self._file_lock = lock

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        encoder: str | TextEncoder = PACKAGED,
        chroma_url: str | None = None,
        alpha: float = 0.3,
        beta: float = 0.7,
        rebuild: bool = False,
        progress: Progress | None = None,
    ) -> Shop:
        """Open the shop in a data folder, which is made when it isn't there, and finish what was interrupted.

        Args:
            folder: records, vectors and a lock: one process at a time owns it.
            encoder: 'packaged', a sentence-transformers folder, a hub id, or an encoder.
            chroma_url: of a Chroma server; None: embedded, in the folder.
            alpha, beta: weights of behaviour and of content in the relevance.
            rebuild: make all vectors again.
            progress: called while items are embedded, with how many are done and how many there are.

        Raises:
            SetupError: another process has the folder, a file in it cannot be used, or the encoder is not there.
        """
        with ExitStack() as undo:
            lock = hold(folder, taken=_TAKEN)
            undo.callback(lock.release)
            text_encoder = Encoder(encoder) if isinstance(encoder, str) else encoder
            records = Records(folder)
            undo.callback(records.close)
            with _uncollected():
                catalogue = Catalogue(categorised(list(records.items())))
            vectors = VectorIndex(catalogue, text_encoder, folder, chroma_url, rebuild)
            undo.callback(vectors.close)
            vectors.synchronize(progress)
            with _uncollected():
                shop = cls(lock, records, text_encoder, vectors, catalogue, RankingSettings(alpha, beta))
            undo.pop_all()
        return shop

    def __enter__(self) -> Shop:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the folder back."""
        self.behaviour.close()
        self._vectors.close()
        self.records.close()
        self._file_lock.release()

    def warm_up(self) -> None:
        """Load what the first search would otherwise wait for."""
        self.behaviour.look()
        self.search(Query("warm up"))

    def search(
        self, query: Query, session: Session = EMPTY_SESSION, exploration: Exploration | None = None
    ) -> SearchResult:
        """Search in the shop's own words: see `retrieval.search.Searcher.search`."""
        own = replace(query, text=self.vocabulary.in_own_words(query.text))
        return self.searcher.search(own, session, exploration)

    def withhold(self, withholding: Withholding) -> None:
        """Ask this, from now on, what is kept from shoppers: no search finds it, no constraint counts it."""
        self.columns.withheld = withholding

    def item(self, item_id: str) -> CatalogueItem | None:
        """The item as shoppers may see it now; None when the shop does not have it, or withholds it."""
        item = self.catalogue.get(item_id)
        return None if item is None else self.columns.withheld().seen(item)

    def left_out(self, constraints: Constraints) -> tuple[str, ...]:
        """Ids of the items that satisfy the constraints and are withheld, in the order of their ids."""
        withheld = ((i, self.catalogue.get(i)) for i in sorted(self.columns.withheld().items))
        return tuple(item_id for item_id, item in withheld if item is not None and constraints.admits(item))

    def candidate(self, item_id: str) -> Candidate:
        """An item that no query asked for, as a candidate: no scores, only how many interactions it has.

        Raises:
            KeyError: the shop has no such item.
        """
        row = np.array([self.catalogue.row(item_id)], dtype=np.int64)
        return Candidate(item_id, 0.0, {}, int(self.popularity.interaction_counts(row)[0]))

    def upsert(self, items: Iterable[CatalogueItem]) -> int:
        """Add or replace items: stored, then searchable, before this returns. Returns how many changed."""
        changes = self.put(items)
        return len(changes.added) + len(changes.changed)

    def put(self, items: Iterable[CatalogueItem]) -> Changes:
        """Add or replace items as `upsert` does; returns what became of each.

        What staff corrected stays corrected, as when a feed is read; see `retrieval.corrections`.
        """
        with self._writing:
            items = self.records.with_corrections(list(items))
            changes = self.records.upsert(items)
            changed = {*changes.added, *changes.changed}
            self.index_items([item for item in items if item.item_id in changed])
        return changes

    def correct(self, item: CatalogueItem, by: str) -> Differences:
        """Replace an item by what staff say of it: stored, kept against the feed, searchable before this returns.

        Returns:
            By field what it was and what it is now. Raises KeyError: no such item.
        """
        with self._writing:
            changes = self.records.correct(item, by)
            if changes:
                self.index_items([item])
        return changes

    def index_items(self, items: Sequence[CatalogueItem]) -> None:
        """Make items searchable that the records have already; of several with one id the last counts."""
        if not items:
            return
        with self._writing:
            latest = [self._as_categorised(item) for item in {item.item_id: item for item in items}.values()]
            rows = self.catalogue.upsert(latest)
            self.columns.update(rows)
            self.lexical.update(rows)
            self.vocabulary.include(latest)
            self._vectors.upsert(latest)

    def _as_categorised(self, item: CatalogueItem) -> CatalogueItem:
        """The item with the category that was learned for it; a new item gets one at the next start."""
        known = self.catalogue.get(item.item_id)
        if item.category or known is None or known.category_stated or known.title != item.title:
            return item
        return replace(item, category=known.category, category_stated=False)

    def remove(self, item_ids: Iterable[str]) -> int:
        """Take items out, from the disk first; returns how many there were. Interactions with them stay."""
        ids = list(item_ids)
        with self._writing:
            removed = self.records.remove(ids)
            rows = self.catalogue.remove(ids)
            self.columns.update(rows)
            self.lexical.update(rows)
            self._vectors.remove(ids)
        return removed

    def observe(self, interaction: Interaction) -> None:
        """Count an interaction from now on. It is not stored: that is the caller's, who knows of consent."""
        with self._writing:
            self.popularity.add(interaction)
            self.neighbours.add(interaction)
            self.behaviour.observe(interaction)

    def observe_all(self, interactions: Iterable[Interaction]) -> None:
        """Count many interactions at once, as `observe` does each."""
        arrived = list(interactions)
        with self._writing:
            self.popularity.add_all(arrived)
            self.neighbours.add_all(arrived)
            self.behaviour.recount_all()

    def forget(self, shopper_id: str, until: datetime | None = None) -> int:
        """Erase a shopper's interactions from the records and subtract them from every count; returns how many counted.

        What a log brought since the start is erased too; it counts from the next start on and is not subtracted. Rows
        of hers that were set aside go as well. With `until`, interactions after that time stay.
        """
        with self._writing:
            self.records.remove_shopper(shopper_id, until)
            forget_set_aside(self.records.path.parent, shopper_id)
            counted = [i for i in self.neighbours.history(shopper_id) if until is None or i.at <= until]
            self.disregard(counted)
            self.behaviour.drop(shopper_id)
        return len(counted)

    def disregard(self, interactions: Sequence[Interaction]) -> None:
        """Take interactions out of every count, as if they had never been observed. They are not deleted here.

        Those that are not counted are passed over.
        """
        with self._writing:
            held = Counter(i for s in {i.shopper_id for i in interactions} for i in self.neighbours.history(s))
            counted = list((held & Counter(interactions)).elements())
            self.popularity.forget(counted)
            self.neighbours.forget(counted)
            for shopper_id in {interaction.shopper_id for interaction in counted}:
                self.behaviour.recount(shopper_id)

    def rebuild_vectors(self, progress: Progress | None = None) -> int:
        """Make the vectors of all items again; returns how many."""
        with self._writing:
            return self._vectors.rebuild(progress)


def categorised(items: Sequence[CatalogueItem]) -> list[CatalogueItem]:
    """The items, those whose feed states no category with the one that their titles tell."""
    learned = learn_categories(items)
    return [
        replace(item, category=learned[item.item_id], category_stated=False) if item.item_id in learned else item
        for item in items
    ]


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: of the million objects that a shop is opened with, none is garbage."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
