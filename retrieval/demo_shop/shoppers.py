"""Simulated shoppers. Nobody real is behind this log: it is drawn from the model written down here.

A shopper has latent tastes (departments, types, brands, colours, her sizes), a price she is comfortable with and a
sensitivity beyond it; how often she comes is long-tailed. A session has a need, a type and mostly a line of it: a
complement of what she bought or looked at (accessories after devices), the last need again, or one by taste. One
session in twenty is aimless: need and choices are noise.

The shop shows lists: a search page (appeal, line, noise), or the items most similar to one she just clicked. She reads
from the top and skips some, so what stands lower is seen less, and is clicked less even when seen: position bias.
What she does next is drawn from `retrieval.demo_shop.funnel`; which item she does it with, from her utilities (tastes,
price, quality, loyalty to brands she bought). She reviews at a later visit; stars follow quality, fit and noise.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from itertools import accumulate

from retrieval.demo_shop.draws import Draws
from retrieval.demo_shop.funnel import FunnelState, end_chance, kind_probabilities
from retrieval.demo_shop.items import LOG_END, LOG_START, DemoItem
from retrieval.demo_shop.shelves import PAGE, Shelves
from retrieval.interactions import Interaction, InteractionKind

_AIMLESS = 0.05
_COLOURS = ("black", "white", "grey", "silver", "blue", "navy", "green", "red", "pink", "beige", "brown")
_LONGEST_SESSION = 40


@dataclass(frozen=True, slots=True)
class PositionCount:
    """How often a place of the search pages was shown, seen and clicked; rank 1 is the top."""

    rank: int
    shown: int
    viewed: int
    clicked: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulated log, oldest first, and what no log would say: how often each place was shown."""

    interactions: tuple[Interaction, ...]
    positions: tuple[PositionCount, ...]


@dataclass(slots=True)
class _Shopper:
    """A shopper's latent tastes, and what they have become by what she did."""

    shopper_id: str
    draws: Draws
    type_weights: list[float]
    gender: str
    sizes: frozenset[str]
    colours: frozenset[str]
    comfort: float
    price_sensitivity: float
    brands: dict[str, float] = field(default_factory=dict)
    last_label: str | None = None
    follow_up: str | None = None
    unreviewed: list[DemoItem] = field(default_factory=list)

    def brand_taste(self, brand: str) -> float:
        if brand not in self.brands:
            self.brands[brand] = self.draws.normal(0.0, 0.6)
        return self.brands[brand]

    def utility(self, item: DemoItem, dearness: float) -> float:
        """How much she likes an item; `dearness` is its price within its type, as a standard score of the log."""
        liking = 1.2 * item.quality + self.brand_taste(item.brand)
        liking += 0.7 * (item.attributes.get("colour") in self.colours)
        liking -= self.price_sensitivity * max(0.0, dearness - self.comfort)
        if item.attributes.get("gender", "unisex") not in ("unisex", self.gender):
            liking -= 2.0
        if item.category[0] in ("Fashion", "Outdoor", "Sports") and "size" in item.attributes:
            liking += 0.8 if item.attributes["size"] in self.sizes else -0.8
        return liking


def simulate(
    items: Iterable[DemoItem], complements: Mapping[str, Sequence[str]], seed: int, shoppers: int = 3200
) -> Simulation:
    """A year's log of this many shoppers. Items that are `new` are not in it; others not before their release.

    Args:
        items: the whole shop.
        complements: by type label, the types that shoppers come back for afterwards.
        seed: same seed, same log.
        shoppers: how many.
    """
    shelves = Shelves([item for item in items if not item.new], complements)
    tally = _Tally()
    log: list[Interaction] = []
    for number in range(shoppers):
        shopper = _draw_shopper(f"s{number + 1:04d}", shelves, Draws(seed, "shopper", number))
        state = FunnelState()
        for visit, start in enumerate(_visits(shopper.draws), start=1):
            session = _Session(shopper, shelves, tally, start, f"{shopper.shopper_id}-{visit:02d}")
            state = session.run(state).next_session()
            log += session.log
    log.sort(key=lambda i: (i.at, i.shopper_id))
    return Simulation(tuple(log), tally.positions())


def _draw_shopper(shopper_id: str, shelves: Shelves, draws: Draws) -> _Shopper:
    departments = {name: math.exp(draws.normal(0.0, 1.3)) for name in shelves.departments}
    weights = [departments[shelves.department(label)] * math.exp(draws.normal(0.0, 0.7)) for label in shelves.labels]
    woman = draws.chance(0.52)
    shoe = round(draws.normal(38.5 if woman else 43.0, 1.2))
    sock = "35-38" if shoe < 39 else "39-42" if shoe < 43 else "43-46"
    letter = ("XS", "S", "M", "L", "XL", "XXL")[max(0, min(5, round(draws.normal(1.8 if woman else 2.8, 0.9))))]
    return _Shopper(
        shopper_id=shopper_id,
        draws=draws,
        type_weights=list(accumulate(weights)),
        gender="women" if woman else "men",
        sizes=frozenset({str(shoe), sock, letter}),
        colours=frozenset(draws.shuffled(_COLOURS)[:3]),
        comfort=draws.normal(0.0, 0.7),
        price_sensitivity=math.exp(draws.normal(0.3, 0.5)),
    )


def _visits(draws: Draws) -> list[datetime]:
    """Starts of a shopper's sessions, each on another day, evenings mostly; their number is long-tailed, up to 24."""
    count = min(24, 1 + int(1.4 * (1.0 - draws.unit()) ** -0.6))
    span = (LOG_END - LOG_START).days
    days = sorted({draws.below(span) for _ in range(count)})
    starts = []
    for day in days:
        hour = max(6.0, min(22.5, draws.normal(18.0, 3.5)))
        midnight = datetime.combine(LOG_START + timedelta(days=day), time(), UTC)
        starts.append(midnight + timedelta(seconds=int(hour * 3600)))
    return starts


class _Tally:
    """Counts of what was shown, seen and clicked at each rank of the search pages."""

    def __init__(self) -> None:
        self.shown: Counter[int] = Counter()
        self.viewed: Counter[int] = Counter()
        self.clicked: Counter[int] = Counter()

    def positions(self) -> tuple[PositionCount, ...]:
        return tuple(
            PositionCount(rank, self.shown[rank], self.viewed[rank], self.clicked[rank]) for rank in range(1, PAGE + 1)
        )


class _Session:
    """One visit: the list in front of the shopper, what she did with it, and the log of it."""

    def __init__(self, shopper: _Shopper, shelves: Shelves, tally: _Tally, start: datetime, session_id: str) -> None:
        self.log: list[Interaction] = []
        self._shopper, self._shelves, self._tally = shopper, shelves, tally
        self._draws = shopper.draws
        self._at, self._today, self._session_id = start, start.date(), session_id
        self._aimless = self._draws.chance(_AIMLESS)
        self._looked_at: set[str] = set()
        self._waiting: list[tuple[DemoItem, int, bool]] = []  # seen, not clicked: item, rank, whether on a search page
        self._opened: list[DemoItem] = []
        self._carted: list[DemoItem] = []
        self._bought: list[DemoItem] = []
        self._need(self._choose_label())

    def run(self, state: FunnelState) -> FunnelState:
        """Let the session happen; returns the state after its last interaction."""
        while len(self.log) < _LONGEST_SESSION:
            chances = kind_probabilities(state)
            kinds = list(chances)
            kind = kinds[self._draws.cumulated(list(accumulate(chances.values())))]
            self._act(kind)
            state = state.after(kind)
            if self._draws.chance(end_chance(state)):
                break
        self._shopper.unreviewed += self._bought
        return state

    def _act(self, kind: InteractionKind) -> None:
        value = None
        match kind:
            case InteractionKind.VIEW:
                item = self._view()
            case InteractionKind.CLICK:
                item = self._click()
            case InteractionKind.CART:
                item = self._take(self._opened)
                self._carted.append(item)
            case InteractionKind.PURCHASE:
                item = self._take(self._carted)
                value = self._buy(item)
            case InteractionKind.REVIEW:
                item = self._shopper.unreviewed.pop(0)
                value = self._stars(item)
        self.log.append(Interaction(self._shopper.shopper_id, item.item_id, kind, self._at, self._session_id, value))
        self._at += timedelta(seconds=1 + int(math.exp(self._draws.normal(3.0, 0.8))))

    def _choose_label(self) -> str:
        shopper, draws = self._shopper, self._draws
        luck = draws.unit()
        if self._aimless:
            return draws.pick(self._shelves.labels)
        if shopper.follow_up is not None and luck < 0.45:
            return shopper.follow_up
        if shopper.last_label is not None and luck > 0.75:
            return shopper.last_label
        return self._shelves.labels[draws.cumulated(shopper.type_weights)]

    def _need(self, label: str) -> None:
        """Turn to a type: its search page comes up."""
        self._label = self._shopper.last_label = label
        line = self._draws.pick(self._shelves.lines(label)) if self._draws.chance(0.75) else None
        self._show(self._shelves.search(label, line, self._today, self._draws), search=True)

    def _show(self, items: list[DemoItem], search: bool) -> None:
        self._page, self._place, self._on_search = items, 0, search
        if search:
            self._tally.shown.update(range(1, len(items) + 1))

    def _view(self) -> DemoItem:
        """The next item down the list that she has not looked at; past the list's end another begins."""
        while (item := self._next_listed()) is None:
            more = self._shelves.complements(self._label)
            self._need(self._draws.pick(more if self._draws.chance(0.8) else self._shelves.labels))
        if self._on_search:
            self._tally.viewed[self._place] += 1
        self._looked_at.add(item.item_id)
        self._waiting.append((item, self._place, self._on_search))
        return item

    def _next_listed(self) -> DemoItem | None:
        """Down the list to the next new item, one in five skipped; None when there is none left."""
        while self._place < len(self._page):
            item = self._page[self._place]
            self._place += 1
            if item.item_id not in self._looked_at and not self._draws.chance(0.2):
                return item
        return None

    def _click(self) -> DemoItem:
        seen = self._waiting[-6:]
        weights = [math.exp(1.3 * self._liking(item) - 0.5 * math.log(rank)) for item, rank, _ in seen]
        item, rank, on_search = seen[self._draws.cumulated(list(accumulate(weights)))]
        if on_search:
            self._tally.clicked[rank] += 1
        self._waiting.remove((item, rank, on_search))
        self._opened.append(item)
        self._shopper.follow_up = self._draws.pick(self._shelves.complements(item.label))
        if self._draws.chance(0.65):
            similar = self._shelves.similar(item, self._today)
            if similar:
                self._show(similar, search=False)
        return item

    def _take(self, items: list[DemoItem]) -> DemoItem:
        weights = [math.exp(1.5 * self._liking(item)) for item in items]
        return items.pop(self._draws.cumulated(list(accumulate(weights))))

    def _buy(self, item: DemoItem) -> float:
        shopper = self._shopper
        self._bought.append(item)
        shopper.brands[item.brand] = min(1.8, shopper.brand_taste(item.brand) + 0.6)
        shopper.follow_up = self._draws.pick(self._shelves.complements(item.label))
        return 1.0 if item.price > 40 else float(1 + int(2.4 * self._draws.unit() ** 2))

    def _stars(self, item: DemoItem) -> float:
        fit = 0.25 * self._shopper.brand_taste(item.brand)
        return float(max(1, min(5, round((item.rating or 3.9) + fit + self._draws.normal(0.15, 0.8)))))

    def _liking(self, item: DemoItem) -> float:
        return 0.0 if self._aimless else self._shopper.utility(item, self._shelves.dearness(item))
