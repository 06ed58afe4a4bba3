"""What the load benchmark makes of what its shoppers saw."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from benchmarks.load import figures, growth, percentiles, table
from benchmarks.shoppers import Told, Visit, note


def told(*events: tuple[str, dict[str, Any]]) -> Told:
    turn = Told(0.0)
    for name, data in events:
        note(turn, name, data, turn.begun + 1.0)
    return turn


def answered(without_model: str | None) -> Told:
    end = {"without_model": without_model, "picks": [{"rank": 1}]}
    reason = ("text", {"text": "1. **Swift 1**: It is light.\n"})
    return told(("cards", {}), ("text", {"text": "I found 3.\n\n"}), reason, ("finished", end))


def watched(*megabytes: float) -> Any:
    return SimpleNamespace(megabytes=list(megabytes), cores=0.5)


def test_a_level_counts_errors_and_what_was_said_from_the_records() -> None:
    small_talk = told(("cards", {}), ("text", {"text": "Hello."}), ("finished", {"without_model": None, "picks": []}))
    broken = told(("cards", {}), ("problem", {"type": "https://shop.example/problems#shop-unavailable"}))
    late = Told(9.5, cards=0.1, whole=1.0)
    seen = Visit(
        10.0,
        10.0,
        [late, answered(None), answered("busy"), answered("slow"), answered(None), small_talk, broken],
        [0.01],
    )
    row = figures(8, seen, watched(100.0, 120.0))
    assert (row["turns"], row["turns_with_picks"], row["turns_a_second"]) == (7, 4, 0.5)
    assert (row["share_from_records_because_busy"], row["share_cut_short_otherwise"]) == (0.25, 0.25)
    assert (row["errors"], row["errors_by_kind"]) == (1, {"shop-unavailable": 1})
    assert row["cards"] == {"p50": 1.0, "p95": 1.0, "p99": 1.0}
    assert row["memory_mb_most"] == 120
    shown = table(
        {
            "seconds_a_level": 10,
            "mean_think_seconds": 7,
            "errors": 1,
            "levels": [{**row, "cards_p95_to_first_level": 1}],
        }
    )
    assert "| 8 | 0.5 | 1.00 / 1.00 / 1.00 |" in shown


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentiles([n / 100 for n in range(100)] + [None]) == {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    assert percentiles([None]) == {}


def test_growth_is_from_the_end_of_the_warm_up_to_the_end() -> None:
    warming, flat = [50.0, 80.0], [100.0] * 7
    assert growth([*warming, *flat, 110.0])["growth_percent"] == 10.0
    assert growth([*warming, *flat, 100.0])["growth_percent"] == 0.0
