"""Where each item of a turn came from and where it went: the stages of a trace, read by item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant.explanation.wording import place_words
from retrieval.catalogue import Catalogue

SOURCES = {
    "dense": "meaning",
    "lexical": "words",
    "popularity": "popularity",
    "neighbours": "what is seen together",
    "rating": "ratings",
}
LABELS = {
    "admitted": "Satisfy the constraints",
    "dense": "Near in meaning",
    "lexical": "Share words",
    "popularity": "Popular",
    "neighbours": "Seen together",
    "rating": "Well rated",
    "fused": "Candidates",
    "reranked": "Ranked",
    "checked": "Checked again",
    "shown": "Shown",
}
_ORDERED = ("shown", "checked", "reranked", "fused", *SOURCES)  # by which items are listed: the last stage first


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stood in a stage: its rank, from 1, and its score there, where the stage has one."""

    rank: int
    score: float | None


@dataclass(frozen=True, slots=True)
class Journey:
    """One item through the stages.

    Attributes:
        places: by stage; a stage that is absent listed it further back than the trace keeps, or not at all.
        fate: in words: "shown 2nd", "left after ranking".
    """

    item_id: str
    title: str
    places: Mapping[str, Place]
    fate: str
    shown: bool

    @property
    def sources(self) -> str:
        """Who proposed it, in words: "meaning (third), popularity (first)"."""
        named = ((words, self.places[source].rank) for source, words in SOURCES.items() if source in self.places)
        return ", ".join(f"{label} ({place_words(rank)})" for label, rank in named)


def journeys(trace: Mapping[str, Any], shown: Sequence[str], catalogue: Catalogue) -> tuple[Journey, ...]:
    """Every item that a stage of the trace lists, those that got furthest first; none when nothing was searched."""
    stages = {stage["stage"]: stage for stage in trace.get("stages", ())}
    places: dict[str, dict[str, Place]] = {}
    for name, stage in stages.items():
        if name != "admitted":  # a set, not a list in order
            for rank, entry in enumerate(stage["items"], start=1):
                places.setdefault(entry["item_id"], {})[name] = Place(rank, entry["score"])
    present = [name for name in stages if name != "admitted"]
    found = []
    for item_id, its in places.items():
        item = catalogue.get(item_id)
        fate, is_shown = _fate(its, present, item_id, shown)
        found.append(Journey(item_id, item.title if item else item_id, its, fate, is_shown))
    return tuple(sorted(found, key=_furthest))


def _furthest(journey: Journey) -> tuple[int, int]:
    for distance, stage in enumerate(_ORDERED):
        if stage in journey.places:
            return distance, journey.places[stage].rank
    return len(_ORDERED), 0


def _fate(places: Mapping[str, Place], present: Sequence[str], item_id: str, shown: Sequence[str]) -> tuple[str, bool]:
    if item_id in shown:
        return f"shown, rank {shown.index(item_id) + 1}", True
    last = [stage for stage in present if stage in places][-1]
    if last == "reranked":
        return f"ranked {places[last].rank}, below those shown", False
    if last == "fused":
        return "a candidate, ranked further down", False
    if last == "checked":
        return "passed the check, not shown", False
    return f"proposed by {SOURCES.get(last, last)}, ranked further down", False
