"""What comes before the trees: every part's scores, the candidates, and their features, over one set of events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from retrieval.behaviour.events import Events, Floats, Histories, Items, Ranker
from retrieval.behaviour.fusion.candidates import EACH, Candidates, best_of_each
from retrieval.behaviour.fusion.counts import COUNT_PARTS, CountTables
from retrieval.behaviour.fusion.features import features, names, part_columns
from retrieval.behaviour.fusion.lambdamart import Ranked
from retrieval.behaviour.fusion.texts import TEXT_PARTS, Texts
from retrieval.behaviour.log_counts import LogCounts

AT_ONCE = 256  # histories scored together: 200 MB for 12,000 items
_CONTENT = ("meaning", "words")
_PROPOSING = ("pairs", "pairs_long", "like_next", "next_of_like", "shoppers", *_CONTENT)

FitRanker = Callable[[Events], Ranker]
"""From the events that may be known; its name is a part's."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """What is known of n items.

    Attributes:
        items, texts: the items.
        counts: of the events that may be known; they may go on.
        others: rankers fitted on those events.
        whole: tables of all counts as they stood when they were fitted on, for many histories at once; None: each
            history is answered from the rows that it asks for, as the counts stand at that moment.
    """

    items: Items
    texts: Texts
    counts: LogCounts
    others: tuple[Ranker, ...] = ()
    whole: CountTables | None = None

    @classmethod
    def of(cls, events: Events, items: Items, texts: Texts, others: Sequence[FitRanker]) -> Stage:
        """Count the events, and fit the other rankers on them."""
        counts = LogCounts.of(events, len(items))
        return cls(items, texts, counts, tuple(fit(events) for fit in others), CountTables.whole(counts))

    def columns(self) -> tuple[str, ...]:
        """The names of the features, in their order."""
        return names(self._names())

    def _names(self) -> tuple[str, ...]:
        return (*COUNT_PARTS, *TEXT_PARTS, *(ranker.name for ranker in self.others))

    def parts(self, histories: Histories, rows: NDArray[np.int64] | None = None) -> dict[str, Floats]:
        """float32 (b, n) each, or (b, k) for the items at `rows` (k,) alone.

        The least score of another ranker becomes 0, so that logits can be compared by share.
        """
        tables = self.whole or CountTables.asked(self.counts, histories, self.texts)
        found = tables.parts(histories, self.texts)
        for ranker in self.others:
            scores = ranker.score(histories)
            found[ranker.name] = scores - scores.min(axis=1, keepdims=True)
        if rows is not None:
            found = {name: scores[:, rows] for name, scores in found.items()}
        found |= self.texts.parts(histories, rows)
        return {name: found[name] for name in self._names()}

    def candidates(self, parts: Mapping[str, Floats], histories: Histories) -> Candidates:
        """The best of every part that proposes; items without events compete by content among themselves as well."""
        content = [parts[name] for name in _CONTENT]
        proposing = [parts[name] for name in (*_PROPOSING, *(ranker.name for ranker in self.others))]
        return best_of_each(proposing, content, self.counts.times == 0, histories, EACH)

    def features(self, parts: Mapping[str, Floats], candidates: Candidates, histories: Histories) -> Floats:
        """float32 (k, columns), out of parts of all items."""
        chosen = {name: table[candidates.case, candidates.item] for name, table in parts.items()}
        return features(chosen, candidates, histories, self.items, self.counts)

    def features_of(self, rows: NDArray[np.int64], history: Histories) -> Floats:
        """What is known of the items at `rows` (k,) after one history: float32 (k, columns).

        Lessons have no candidates that their history holds. So those stand beside the others here and not among them:
        no other's rank or share of the greatest depends on them.
        """
        parts = {name: table[0] for name, table in self.parts(history, rows).items()}
        table = features(parts, _of_one(rows), history, self.items, self.counts)
        unseen = ~np.isin(rows, history.item)
        if not unseen.all():
            among = {name: scores[unseen] for name, scores in parts.items()}
            columns = part_columns(among, _of_one(rows[unseen]))
            table[unseen, : columns.shape[1]] = columns
        return table

    def ranked(self, histories: Histories, targets: NDArray[np.int32], *, answered_only: bool) -> Ranked:
        """The candidates of questions with their answers; of those alone whose answer is among them, if wanted."""
        blocks = []
        for start in range(0, len(targets), AT_ONCE):
            block = histories.where(slice(start, start + AT_ONCE))
            parts = self.parts(block)
            candidates = self.candidates(parts, block)
            hit = candidates.item == targets[start : start + AT_ONCE][candidates.case]
            ranked = Ranked(self.features(parts, candidates, block), candidates.sizes, hit)
            blocks.append(ranked.answered() if answered_only else ranked)
        return Ranked.joined(blocks)


def _of_one(rows: NDArray[np.int64]) -> Candidates:
    """Candidates of a single history."""
    case = np.zeros(len(rows), dtype=np.int64)
    return Candidates(case, rows.astype(np.int32), np.array([len(rows)], dtype=np.int64))
