from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from retrieval.demo_shop import write_demo_shop
from retrieval.demo_shop.blueprints import load_blueprints
from retrieval.demo_shop.funnel import FunnelState, kind_bayes_accuracy, kind_probabilities, states
from retrieval.demo_shop.items import DemoItem, draw_items
from retrieval.demo_shop.shoppers import Simulation, simulate
from retrieval.interactions import Interaction, InteractionKind, by_shopper

_SHOPPERS = 500


@cache
def _items() -> dict[str, DemoItem]:
    return {item.item_id: item for item in draw_items(load_blueprints(), 7)}


@cache
def _complements() -> dict[str, tuple[str, ...]]:
    return {item_type.label: item_type.complements for item_type in load_blueprints().types}


@cache
def _simulation() -> Simulation:
    return simulate(_items().values(), _complements(), 7, _SHOPPERS)


@cache
def _histories() -> dict[str, list[Interaction]]:
    return by_shopper(_simulation().interactions)


def test_the_same_seed_gives_the_same_log_and_another_seed_another() -> None:
    assert simulate(_items().values(), _complements(), 7, 20) == simulate(_items().values(), _complements(), 7, 20)
    assert simulate(_items().values(), _complements(), 7, 20) != simulate(_items().values(), _complements(), 8, 20)


def test_every_shopper_has_done_something() -> None:
    assert len(_histories()) == _SHOPPERS


def test_new_items_have_no_interactions_and_others_none_before_their_release() -> None:
    for event in _simulation().interactions:
        item = _items()[event.item_id]
        assert not item.new
        assert item.released <= event.at.date()


def test_the_log_covers_about_a_year_in_order() -> None:
    times = [event.at for event in _simulation().interactions]
    assert times == sorted(times)
    assert timedelta(days=350) < times[-1] - times[0] < timedelta(days=367)


def test_each_step_of_the_funnel_follows_the_one_before_it_on_the_same_item() -> None:
    before = {
        InteractionKind.CLICK: InteractionKind.VIEW,
        InteractionKind.CART: InteractionKind.CLICK,
        InteractionKind.PURCHASE: InteractionKind.CART,
    }
    for history in _histories().values():
        done: set[tuple[str | None, str, InteractionKind]] = set()
        bought: Counter[str] = Counter()
        for event in history:
            if event.kind in before:
                assert (event.session_id, event.item_id, before[event.kind]) in done
            bought[event.item_id] += event.kind is InteractionKind.PURCHASE
            if event.kind is InteractionKind.REVIEW:
                bought[event.item_id] -= 1
                assert bought[event.item_id] >= 0
            done.add((event.session_id, event.item_id, event.kind))


def test_reviews_carry_stars_and_purchases_pieces() -> None:
    for event in _simulation().interactions:
        if event.kind is InteractionKind.REVIEW:
            assert event.value in (1.0, 2.0, 3.0, 4.0, 5.0)
        elif event.kind is InteractionKind.PURCHASE:
            assert event.value is not None
            assert event.value >= 1
        else:
            assert event.value is None


def test_all_kinds_happen_and_rarer_the_further_down_the_funnel() -> None:
    counts = Counter(event.kind for event in _simulation().interactions)
    ordered = [counts[kind] for kind in InteractionKind]
    assert ordered == sorted(ordered, reverse=True)
    assert ordered[-1] > 0


def test_what_stands_lower_is_seen_less_and_clicked_less_even_when_seen() -> None:
    seen = [place.viewed / place.shown for place in _simulation().positions]
    assert all(higher > lower for higher, lower in pairwise(seen[:9]))
    top, bottom = _simulation().positions[:2], _simulation().positions[4:8]
    clicked_on_top = sum(p.clicked for p in top) / sum(p.viewed for p in top)
    clicked_below = sum(p.clicked for p in bottom) / sum(p.viewed for p in bottom)
    assert clicked_on_top > 1.2 * clicked_below


def test_popularity_is_long_tailed() -> None:
    counts = sorted(Counter(event.item_id for event in _simulation().interactions).values(), reverse=True)
    assert sum(counts[: len(counts) // 10]) > 0.3 * sum(counts)
    assert counts[len(counts) // 2] < 0.2 * counts[0]


def test_the_last_clicks_say_more_about_the_next_one_than_popularity_does() -> None:
    clicks = {
        shopper: [event.item_id for event in history if event.kind is InteractionKind.CLICK]
        for shopper, history in _histories().items()
    }
    pairs = [pair for items in clicks.values() for pair in pairwise(items)]
    same_type = sum(_items()[a].label == _items()[b].label for a, b in pairs) / len(pairs)
    labels = Counter(_items()[item].label for items in clicks.values() for item in items)
    by_chance = sum((count / sum(labels.values())) ** 2 for count in labels.values())
    assert same_type > 5 * by_chance


def test_accessories_are_looked_at_after_the_devices_they_go_with() -> None:
    first_label_of_next = Counter()
    bought = 0
    for history in _histories().values():
        sessions: dict[str | None, list[Interaction]] = {}
        for event in history:
            sessions.setdefault(event.session_id, []).append(event)
        ordered = list(sessions.values())
        for session, following in pairwise(ordered):
            purchases = [e for e in session if e.kind is InteractionKind.PURCHASE]
            views = [e for e in following if e.kind is InteractionKind.VIEW]
            if purchases and views:
                bought += 1
                complements = _complements()[_items()[purchases[-1].item_id].label]
                first_label_of_next[_items()[views[0].item_id].label in complements] += 1
    assert bought > 100
    assert first_label_of_next[True] / bought > 0.25  # by taste alone it would be a few in a hundred


def test_shoppers_come_back_to_brands_they_bought() -> None:
    again = chance = total = 0.0
    shares = Counter(_items()[e.item_id].brand for e in _simulation().interactions if e.kind is InteractionKind.CART)
    carted = sum(shares.values())
    for history in _histories().values():
        owned: set[str] = set()
        for event in history:
            brand = _items()[event.item_id].brand
            if event.kind is InteractionKind.CART and owned:
                again += brand in owned
                chance += sum(shares[b] for b in owned) / carted
                total += 1
            if event.kind is InteractionKind.PURCHASE:
                owned.add(brand)
    assert total > 300
    assert again > 1.5 * chance


def test_kind_probabilities_sum_to_one_in_every_state_of_the_log() -> None:
    reached = {state for history in _histories().values() for state in states(history)}
    assert len(reached) > 50
    for state in reached:
        assert sum(kind_probabilities(state).values()) == pytest.approx(1.0)


def test_no_interaction_was_impossible_in_its_state() -> None:
    for history in _histories().values():
        for event, state in zip(history, states(history), strict=True):
            assert kind_probabilities(state).get(event.kind, 0.0) > 0.0


def test_the_bayes_bound_is_what_the_best_prediction_of_the_kind_achieves() -> None:
    bound = kind_bayes_accuracy(_histories().values())
    right = total = 0
    for history in _histories().values():
        for event, state in zip(history, states(history), strict=True):
            chances = kind_probabilities(state)
            right += max(chances, key=lambda kind: chances[kind]) is event.kind
            total += 1
    assert right / total == pytest.approx(bound, abs=0.015)
    always_view = sum(e.kind is InteractionKind.VIEW for e in _simulation().interactions) / total
    assert always_view + 0.05 < bound < 0.95


def test_the_bayes_bound_of_a_history_worked_by_hand() -> None:
    start = _simulation().interactions[0]
    view = Interaction("s", "a", InteractionKind.VIEW, start.at, "s-1")
    click = Interaction("s", "a", InteractionKind.CLICK, start.at + timedelta(seconds=9), "s-1")
    # a session starts with a view for certain; after one view a click has weight 0.1 against 1 for another view
    assert kind_bayes_accuracy([[view, click]]) == pytest.approx((1.0 + 1.0 / 1.1) / 2)
    with pytest.raises(ValueError, match="no interaction"):
        kind_bayes_accuracy([])


def test_a_purchase_can_be_reviewed_in_the_next_session_only() -> None:
    state = FunnelState()
    for kind in (InteractionKind.VIEW, InteractionKind.CLICK, InteractionKind.CART, InteractionKind.PURCHASE):
        state = state.after(kind)
    assert InteractionKind.REVIEW not in kind_probabilities(state)
    assert kind_probabilities(state.next_session())[InteractionKind.REVIEW] > 0


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    once = write_demo_shop(tmp_path / "once", shoppers=30)
    again = write_demo_shop(tmp_path / "again", shoppers=30)
    assert once.items.read_bytes() == again.items.read_bytes()
    assert once.interactions.read_bytes() == again.interactions.read_bytes()
    names = sorted(path.name for path in once.pictures.iterdir())
    assert names == sorted(path.name for path in again.pictures.iterdir())
    assert all((once.pictures / n).read_bytes() == (again.pictures / n).read_bytes() for n in names)


def test_the_feed_names_pictures_that_exist_and_items_that_the_log_knows(tmp_path: Path) -> None:
    shop = write_demo_shop(tmp_path, shoppers=30)
    items = [json.loads(line) for line in shop.items.read_text("utf-8").splitlines()]
    with shop.interactions.open(encoding="utf-8", newline="") as log:
        rows = list(csv.DictReader(log))
    assert all((shop.pictures / item["image"]).is_file() for item in items)
    assert {row["item_id"] for row in rows} <= {item["item_id"] for item in items}
    assert {row["kind"] for row in rows} <= {kind.value for kind in InteractionKind}


@pytest.mark.slow
def test_the_whole_log_has_three_thousand_shoppers_and_loads_quickly(tmp_path: Path) -> None:
    shop = write_demo_shop(tmp_path)
    with shop.interactions.open(encoding="utf-8", newline="") as log:
        rows = list(csv.DictReader(log))
    assert len({row["shopper_id"] for row in rows}) >= 3000
    assert 60_000 <= len(rows) <= 150_000
