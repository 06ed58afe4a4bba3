"""A turn as staff see it: the stored row, its trace and today's records, put into words and tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from assistant.console.stages import Journey, journeys
from assistant.console.wording import words
from assistant.events import Pick, Turn
from assistant.explanation.ranking_words import order_words
from assistant.explanation.wording import sort_words
from assistant.turn_json import turn_as_json
from retrieval.candidates import Candidate
from retrieval.catalogue import Catalogue, CatalogueItem, Money

PART_LABELS = {  # parts of a score in the order they build on each other, with how far each is indented
    "relevance": ("Relevance, by which it is ranked", 0),
    "content": ("Match with the words", 1),
    "dense": ("Meaning", 2),
    "lexical": ("Words", 2),
    "quality": ("Qualities asked for", 2),
    "rating": ("Ratings", 2),
    "behaviour": ("What shoppers did", 1),
    "popularity": ("Popularity", 2),
    "neighbours": ("Bought or viewed together", 2),
    "sequence": ("Comes next after", 2),
    "fusion": ("Counts and texts joined by what was learnt", 2),
    "p_click": ("Chance of a click, if she turns to it", 3),
    "p_purchase": ("Chance of a purchase, if she turns to it", 3),
    "p_review": ("Chance of a review, if she turns to it", 3),
    "expected": ("Expected from its content", 2),
    "trust": ("How far behaviour is trusted", 2),
    "novelty": ("New to shoppers", 1),
    "stock": ("Sold out", 1),
    "diversity": ("Likeness to items above", 1),
    "explored": ("Drawn as a new item, the chance of it", 1),
    "by_content": ("Of what could be drawn, 1 for the nearest in content", 1),
}
COMPARISONS = {"at_least": "at least", "at_most": "at most", "more_than": "more than", "less_than": "less than"}
SLOT_LABELS = {
    "price_min": "price from",
    "price_max": "price up to",
    "excluded_brands": "unwanted brands",
    "attributes": "properties",
    "excluded_attributes": "unwanted properties",
    "sort": "sorted by",
    "references": "items referred to",
    "quantity": "pieces",
}
_shown = TypeAdapter(tuple[Candidate, ...])
Display = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class PickView:
    """An item as it stood on the page. `item`: its record today, None when it has left the shop; `why`: its order."""

    rank: int
    item_id: str
    title: str
    item: CatalogueItem | None
    candidate: Candidate
    why: str

    @property
    def moved(self) -> int:
        """How many ranks the shopper's history lifted it; negative when it fell."""
        alone = self.candidate.rank_without_history
        return 0 if alone is None else alone - self.rank


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part of the scores, for every pick in order; None where it was not computed."""

    label: str
    depth: int
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim with what the item's record says in that field today; "" when it says nothing."""

    text: str
    item_id: str
    title: str
    field: str
    supported: bool
    record: str


@dataclass(frozen=True, slots=True)
class TurnView:
    """All of one turn that a page shows; `trace` is empty when none was recorded."""

    row: Mapping[str, Any]
    constraints: tuple[str, ...]
    understood: tuple[tuple[str, str], ...]
    picks: tuple[PickView, ...]
    parts: tuple[PartRow, ...]
    journeys: tuple[Journey, ...]
    claims: tuple[ClaimView, ...]
    latency: tuple[tuple[str, float], ...]
    trace: Mapping[str, Any]


def turn_view(
    row: Mapping[str, Any], trace: Mapping[str, Any] | None, catalogue: Catalogue, display: Display = str
) -> TurnView:
    """What a page shows of a turn.

    Args:
        row: as `Store.turns` gives it, or `row_of` a turn that was run again; masked already where it has to be.
        trace: as `store.traces` gives it; None: there is none.
        catalogue: today's records.
        display: the shop's spelling of a case-folded category or brand.
    """
    picks = picks_shown(row["state"]["shown"], catalogue)
    return TurnView(
        row,
        constraint_words(row["constraints"], display),
        act_words(row["act"]),
        picks,
        score_parts([pick.candidate for pick in picks]),
        journeys(trace or {}, [pick.item_id for pick in picks], catalogue),
        tuple(_claim(claim, catalogue) for claim in row["claims"]),
        tuple(row["latency"].items()),
        trace or {},
    )


def picks_shown(shown: Sequence[Mapping[str, Any]], catalogue: Catalogue) -> tuple[PickView, ...]:
    """What was on the page after a turn, from the `shown` of its stored state."""
    candidates = _shown.validate_python(shown)
    with_history = any(c.rank_without_history not in (None, rank) for rank, c in enumerate(candidates, start=1))
    views = []
    for rank, candidate in enumerate(candidates, start=1):
        item = catalogue.get(candidate.item_id)
        why = _without_name(order_words(Pick(rank, item, candidate), with_history)) if item else ""
        title = item.title if item else f"{candidate.item_id} (no longer in the shop)"
        views.append(PickView(rank, candidate.item_id, title, item, candidate, why))
    return tuple(views)


def _without_name(words: str) -> str:
    """ "**Vantor Aero** stands first ..." as "Stands first ...": the name is above it."""
    rest = words.rpartition("** ")[2]
    return f"{rest[:1].upper()}{rest[1:]}"


def score_parts(candidates: Sequence[Candidate]) -> tuple[PartRow, ...]:
    """The scores of all picks by part; parts that nobody named a label for come last, under their own name."""
    present = dict.fromkeys(part for candidate in candidates for part in candidate.scores)
    known = [part for part in PART_LABELS if part in present]
    rows = []
    for part in (*known, *(part for part in present if part not in PART_LABELS)):
        label, depth = PART_LABELS.get(part, (part, 1))
        rows.append(PartRow(label, depth, tuple(candidate.scores.get(part) for candidate in candidates)))
    return tuple(rows)


def act_words(act: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """What was understood, as labels and words; only what is there."""
    slots = {name: _listed(value) for name, value in act.get("slots", {}).items()}
    if "sort" in slots:
        slots["sort"] = sort_words(slots["sort"]) or slots["sort"]
    found = [(SLOT_LABELS.get(name, name), value) for name, value in slots.items()]
    labels = (("dropped", "taken back"), ("edit", "edit"), ("cart", "cart"), ("topic", "words to rank by"))
    for name, label in (*labels, ("notes", "set aside")):
        if act.get(name):
            found.append((label, words(_listed(act[name])) if name in ("edit", "cart") else _listed(act[name])))
    return tuple(found)


def constraint_words(constraints: Mapping[str, Any], display: Display = str) -> tuple[str, ...]:
    """Constraints as `turn_json.constraints_as_json` writes them, one phrase each."""
    found = []
    if category := constraints.get("category"):
        found.append(display(category))
    for name, bound in (("price_min", "from"), ("price_max", "up to")):
        if constraints.get(name) is not None:
            found.append(f"{bound} {Money.of(constraints[name], constraints['currency'])}")
    if brands := constraints.get("brands"):
        found.append("by " + " or ".join(map(display, brands)))
    found += [f"not by {display(brand)}" for brand in constraints.get("excluded_brands", ())]
    found += [_attribute(attribute) for attribute in constraints.get("attributes", ())]
    found += [f"not {_attribute(attribute)}" for attribute in constraints.get("excluded_attributes", ())]
    if constraints.get("in_stock"):
        found.append("in stock")
    if passed := constraints.get("excluded_items"):
        found.append(f"none of {len(passed)} passed over")
    return tuple(found)


def record_value(item: CatalogueItem, field: str) -> str:
    """What a record states in a field as claims name it: "price", "attributes.ram"; "" when it states nothing."""
    kind, _, name = field.partition(".")
    if kind == "attributes":
        return item.attributes[name].text if name in item.attributes else ""
    value = getattr(item, kind, None)
    if kind in ("rating", "rating_count") and item.rating is not None:
        return f"{item.rating:g} from {item.rating_count:,} ratings"
    return " > ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _claim(claim: Mapping[str, Any], catalogue: Catalogue) -> ClaimView:
    item = catalogue.get(claim["item_id"])
    title, record = (item.title, record_value(item, claim["field"])) if item else (claim["item_id"], "")
    return ClaimView(claim["text"], claim["item_id"], title, claim["field"], claim["supported"], record)


def _attribute(constraint: Mapping[str, Any]) -> str:
    value = constraint["value"]
    value = f"{value:g}" if isinstance(value, float | int) else value
    bound = " ".join(part for part in (COMPARISONS.get(constraint["comparison"]), value, constraint["unit"]) if part)
    exact = f"{constraint['name']}: {bound}" if constraint["name"] else bound
    said = constraint["words"]
    return exact if not said or said.casefold() == exact.casefold() else f"{said} ({exact})"


def _listed(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def row_of(turn: Turn) -> dict[str, Any]:
    """A turn that was not stored as the row that it would have been, as far as it is shown."""
    told = turn_as_json(turn)
    shown = _shown.dump_python(turn.state.shown, mode="json")
    return {**told, "number": turn.number, "intent": told["act"]["intent"], "state": {"shown": shown}}
