"""Another ranking estimated from impressions: against a simulated truth, and from a store."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from stored import NOON, store_turn
from typer.testing import CliRunner

from assistant.__main__ import app
from assistant.dialogue import Intent
from assistant.evaluation.impressions import Draws, drawn_pages, estimates, evaluate_impressions, gains
from assistant.settings import load_settings
from assistant.store import Store, open_store, schema
from assistant.store.shown import ShownItem, shown_items
from retrieval.exploration import Exploration, last_place
from retrieval.interactions import Interaction, InteractionKind

CLICKED = np.array([0.3, 0.10, 0.35, 0.05, 0.02])  # the truth, of five items; the first two are the usual page
UNTOUCHED = np.array([False, False, True, True, True])


def simulated(pages: int, seed: int) -> tuple[Draws, float, float]:
    """Pages of two items whose last place is drawn, and what the service and content alone really earn there."""
    draws = np.random.default_rng(seed)
    shown, service, content = [], [], []
    for n in range(pages):
        likeness = np.array([0.9, 0.6, 0.6, 0.6, 0.6]) + draws.uniform(-0.1, 0.1, 5)
        drawn = last_place(range(5), 2, likeness, UNTOUCHED, 0.3, Exploration(0.3, f"{seed}:{n}"))
        assert drawn is not None
        service.append(CLICKED[1])
        content.append(CLICKED[1 + int(likeness[1:].argmax())])
        scores = {"by_content": float(drawn.by_content)} | ({"explored": 1.0} if drawn.explored else {})
        for rank, item in enumerate((0, drawn.place), start=1):
            deeds = frozenset({InteractionKind.CLICK} if draws.random() < CLICKED[item] else set())
            last = rank == 2
            chance = drawn.propensity if last else 1.0
            of = (f"s{n % (pages // 3)}", f"c{n}", 1, "a lamp", Intent.FIND, NOON, rank, str(item))
            shown.append(ShownItem(*of, scores if last else {}, chance, deeds))
    return drawn_pages(shown)[1], float(np.mean(service)), float(np.mean(content))


def test_both_policies_are_estimated_at_what_they_really_earn() -> None:
    draws, service, content = simulated(6000, 1)
    for policy, truth in (("service", service), ("content", content)):
        found = estimates(draws, policy, seed=0)["place"]
        for estimate in (found.ips, found.snips):
            assert estimate.low < truth < estimate.high
            assert estimate.value == pytest.approx(truth, rel=0.15)
    gain = gains(draws, seed=0)["place"]
    assert gain.low < content - service < gain.high
    assert gain.low > 0


def test_intervals_of_the_gain_hold_the_truth_nearly_as_often_as_they_say() -> None:
    held = []
    for seed in range(15):
        draws, service, content = simulated(400, seed + 10)
        gain = gains(draws, seed=seed)["place"]
        held.append(gain.low < content - service < gain.high)
    assert np.mean(held) >= 0.8


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("ASSISTANT_DATA_FOLDER", str(tmp_path))
    return open_store(load_settings())


def drawn(store: Store, conversation_id: str, rank: int, propensity: float, **scores: float) -> None:
    """Note of a stored impression that it was drawn."""
    here = (schema.impressions.c.conversation_id == conversation_id) & (schema.impressions.c.rank == rank)
    with store.connect() as connection:
        connection.execute(schema.impressions.update().where(here).values(propensity=propensity, scores=scores))


def deed(store: Store, conversation_id: str, item_id: str, after: timedelta, shopper: str = "anna") -> None:
    event = Interaction(shopper, item_id, InteractionKind.CLICK, NOON + after, conversation_id)
    store.add_interaction(event, conversation_id)


def test_a_deed_belongs_to_the_last_page_that_showed_the_item_within_a_week(store: Store) -> None:
    store.set_consent("anna", True)
    store_turn(store, "c", 1, at=NOON, shopper_id="anna", shown=("a", "b"))
    store_turn(store, "c", 2, at=NOON + timedelta(hours=1), shopper_id="anna", shown=("a", "d"))
    deed(store, "c", "a", timedelta(hours=2))
    deed(store, "c", "b", timedelta(hours=2))
    deed(store, "c", "d", timedelta(days=8))
    found = {(one.turn, one.item_id): set(one.deeds) for one in shown_items(store)}
    click = {InteractionKind.CLICK}
    assert found == {(1, "a"): set(), (1, "b"): click, (2, "a"): click, (2, "d"): set()}


def test_only_what_consenting_shoppers_were_shown_counts(store: Store) -> None:
    for shopper, granted in (("anna", True), ("bea", False)):
        store.set_consent(shopper, granted)
        store_turn(store, f"of {shopper}", shopper_id=shopper, shown=("a",))
    store_turn(store, "of a guest", shown=("a",))
    assert [one.shopper_id for one in shown_items(store)] == ["anna"]


def test_few_draws_are_told_to_be_few(store: Store) -> None:
    store.set_consent("anna", True)
    for n in range(4):
        store_turn(store, f"c{n}", at=NOON, shopper_id="anna", shown=("a", "b"))
        drawn(store, f"c{n}", 2, 0.9, by_content=1.0)
    drawn(store, "c0", 2, 0.05, by_content=1.0, explored=0.05)
    deed(store, "c1", "b", timedelta(minutes=1))
    report = evaluate_impressions(store)
    assert (report.pages, report.draws, report.explored) == (4, 4, 1)
    assert report.estimates["service"]["place"].ips.value == pytest.approx(1 / 0.9 / 4)
    assert "Too few to tell: 1 new items and 3 usual ones" in str(report)
    json.dumps(report.as_json())


def test_without_any_draw_the_command_says_how_to_get_some(store: Store) -> None:
    store.set_consent("anna", True)
    store_turn(store, "c", shopper_id="anna", shown=("a", "b"))
    done = CliRunner().invoke(app, ["evaluate", "impressions"])
    assert done.exit_code == 2
    assert "On none of 1 pages" in done.output
    assert "ASSISTANT_EXPLORATION" in done.output
