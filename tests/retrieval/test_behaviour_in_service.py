"""A running shop takes up the model that is in service, and never half of one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from behaviour_doubles import did, put_in_service, small_fusion, small_model, walks
from search_doubles import HashingEncoder, item

from retrieval.behaviour import in_service
from retrieval.behaviour.bundle import Bundles
from retrieval.candidates import Candidate
from retrieval.interactions import EMPTY_SESSION, Session
from retrieval.query import Query
from retrieval.shop import Shop

IDS = tuple("abcdefgh")
MINE = Session("me", did("me", "ab"))


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with Shop.open(tmp_path, encoder=HashingEncoder()) as opened:
        opened.upsert(item(i, f"lamp {i}") for i in IDS)
        for event in (*did("s1", "abcd"), *did("s2", "abdh"), *MINE.interactions):
            opened.observe(event)
        yield opened


def with_fusion(shop: Shop, folder: Path) -> str:
    """The shop, whose behaviour is a fusion's alone, learnt from some walkers whom it has never seen itself."""
    return put_in_service(folder, small_model(IDS), fusion=small_fusion(shop.catalogue, walks(IDS)))


def found(shop: Shop, session: Session = MINE) -> dict[str, Candidate]:
    return {c.item_id: c for c in shop.search(Query("lamp", limit=8), session).candidates}


def test_a_fresh_shop_ranks_by_counts_and_says_so(shop: Shop) -> None:
    shop.warm_up()
    assert shop.behaviour.status == in_service.COUNTS
    assert "sequence" not in found(shop)["c"].scores


def test_a_model_is_taken_up_and_rolled_back_without_a_restart(shop: Shop, tmp_path: Path) -> None:
    name = put_in_service(tmp_path, small_model(IDS))
    shop.behaviour.look()
    assert shop.behaviour.status == f"model {name}: trained on 100 interactions of 10 shoppers until 2026-01-01"
    assert found(shop)["c"].scores.keys() >= {"content", "sequence", "p_click", "p_purchase", "p_review"}
    Bundles(tmp_path).roll_back()
    shop.behaviour.look()
    assert shop.behaviour.status == in_service.COUNTS
    assert "sequence" not in found(shop)["c"].scores


def test_a_running_service_looks_by_itself(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_service, "EVERY", 0.01)
    shop.behaviour.open()
    put_in_service(tmp_path, small_model(IDS))
    waiting = time.monotonic() + 20
    while "sequence" not in found(shop)["c"].scores and time.monotonic() < waiting:
        time.sleep(0.02)
    assert "sequence" in found(shop)["c"].scores


def test_a_damaged_model_leaves_in_service_what_was_there(shop: Shop, tmp_path: Path) -> None:
    first = put_in_service(tmp_path, small_model(IDS))
    shop.behaviour.look()
    scores = found(shop)["c"].scores
    second = put_in_service(tmp_path, small_model(IDS, seed=1))
    weights = next((tmp_path / "behaviour" / second).rglob("*.safetensors"))
    weights.write_bytes(weights.read_bytes()[:-4] + b"0000")
    shop.behaviour.look()
    assert found(shop)["c"].scores == scores
    assert shop.behaviour.status.startswith(f"model {first}")
    assert "is damaged" in shop.behaviour.status


def test_a_model_of_another_encoder_is_not_used(shop: Shop, tmp_path: Path) -> None:
    put_in_service(tmp_path, small_model(IDS), encoder="another")
    shop.behaviour.look()
    assert "sequence" not in found(shop)["c"].scores
    assert "another encoder" in shop.behaviour.status


def test_a_forgotten_shopper_leaves_no_state(shop: Shop, tmp_path: Path) -> None:
    put_in_service(tmp_path, small_model(IDS))
    shop.behaviour.look()
    found(shop)
    learned = shop.behaviour._learned
    assert learned is not None
    assert "me" in learned._known
    shop.forget("me")
    assert "me" not in learned._known


def test_without_her_history_everything_stands_as_for_a_new_shopper(shop: Shop, tmp_path: Path) -> None:
    put_in_service(tmp_path, small_model(IDS))
    shop.behaviour.look()
    usual = {item_id: rank for rank, item_id in enumerate(found(shop, EMPTY_SESSION), start=1)}
    assert {item_id: c.rank_without_history for item_id, c in found(shop).items()} == usual
    assert list(found(shop)) != list(usual)


def test_a_model_never_carries_an_item_over_a_decisive_gap(shop: Shop, tmp_path: Path) -> None:
    """Whatever any of twenty models wants, the item that was asked for by name comes first."""
    shop.upsert([replace(item("named", "quartz telescope"), stock=1)])
    for seed in range(20):
        put_in_service(tmp_path, small_model(IDS, seed))
        shop.behaviour.look()
        best = shop.search(Query("quartz telescope", limit=4), MINE).candidates[0]
        assert best.item_id == "named"


def test_with_a_fusion_in_service_every_pick_keeps_its_part(shop: Shop, tmp_path: Path) -> None:
    with_fusion(shop, tmp_path)
    shop.behaviour.look()
    assert shop.behaviour.status.endswith("with the fusion")
    for candidate in found(shop).values():
        assert candidate.scores["behaviour"] == candidate.scores["fusion"]
        assert candidate.scores.keys() >= {"content", "popularity", "neighbours", "sequence", "p_purchase"}


def test_the_fusion_counts_what_the_shop_observes_and_forgets(shop: Shop, tmp_path: Path) -> None:
    with_fusion(shop, tmp_path)
    shop.behaviour.look()
    before = {i: c.scores["fusion"] for i, c in found(shop).items()}
    for n in range(4):
        for event in did(f"new{n}", "abg"):
            shop.observe(event)
    assert {i: c.scores["fusion"] for i, c in found(shop).items()} != before
    for n in range(4):
        shop.forget(f"new{n}")
    assert {i: c.scores["fusion"] for i, c in found(shop).items()} == before


def test_what_happens_while_a_fusion_is_loaded_is_counted_once(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_fusion(shop, tmp_path)
    meanwhile = [*did("late", "abg"), *did("s1", "h")]
    vectors = shop.behaviour._vectors

    def observing(rows):  # the first thing that a load asks for
        while meanwhile:
            shop.observe(meanwhile.pop())
        return vectors(rows)

    monkeypatch.setattr(shop.behaviour, "_vectors", observing)
    shop.behaviour.look()
    during = {i: c.scores["fusion"] for i, c in found(shop).items()}
    assert not meanwhile
    shop.behaviour.recount_all()
    assert {i: c.scores["fusion"] for i, c in found(shop).items()} == pytest.approx(during, rel=1e-6)


def test_a_precise_query_is_not_drowned_by_a_fusion(shop: Shop, tmp_path: Path) -> None:
    """What is asked for by name comes first, whatever the history makes likely; a vague need is reordered by it."""
    shop.upsert([replace(item("named", "quartz telescope"), stock=1)])
    with_fusion(shop, tmp_path)
    shop.behaviour.look()
    orders = set()
    for first in IDS:
        mine = Session("me", did("me", [first, IDS[(IDS.index(first) + 1) % len(IDS)]]))
        assert shop.search(Query("quartz telescope", limit=4), mine).candidates[0].item_id == "named"
        orders.add(tuple(found(shop, mine)))
    assert len(orders) > 1


def test_without_her_history_a_fusion_says_nothing(shop: Shop, tmp_path: Path) -> None:
    with_fusion(shop, tmp_path)
    shop.behaviour.look()
    assert "fusion" not in next(iter(found(shop, EMPTY_SESSION).values())).scores
