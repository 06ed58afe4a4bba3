"""The served assistant under load: many shoppers at a time with the packaged language model.

    python -m benchmarks.load [--seconds 60] [--shoppers 1 8 32 100] [--think 7] [--data-folder var]
    python -m benchmarks.load --soak 15 [--shoppers 32]

The real service in a process of its own, on loopback, over a copy of the demo shop; `benchmarks.shoppers` talk to it.
One level after the other in the same process, so that each is measured against one shopper on the same machine. The
soak watches the memory instead. Latencies are wall-clock seconds as the shoppers see them; read the ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import psutil

from benchmarks.shoppers import Told, Visit, visit

BROWSER_TESTS = Path(__file__).parents[1] / "tests" / "browser"  # they serve the application as it is served
LEVELS = (1, 8, 32, 100)
SOAKING = 32  # shoppers of the soak
STARTS = 600.0  # seconds in which the service must be ready, on a busy machine
WARM_UP = 20.0  # seconds before the first level
SAMPLE = 1.0  # seconds between two looks at the memory
WARM = 0.2  # of the soak: caches fill, threads are made
EDGE = 0.1  # of the soak: the memory at its beginning and at its end is the median of so much
SEED = 7


class Watch:
    """The memory of the service's process, a sample a second, and the processor time it took."""

    def __init__(self, process: psutil.Process) -> None:
        self.megabytes: list[float] = []
        self._process = process
        self._over = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch while the block runs."""
        thread = threading.Thread(target=self._sample)
        begun, spent = perf_counter(), sum(self._process.cpu_times()[:2])
        thread.start()
        try:
            yield
        finally:
            self.cores = (sum(self._process.cpu_times()[:2]) - spent) / (perf_counter() - begun)
            self._over.set()
            thread.join()

    def _sample(self) -> None:
        while True:
            self.megabytes.append(self._process.memory_info().rss / 2**20)
            if self._over.wait(SAMPLE):
                return


@contextmanager
def service(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """The real service over a copy of a data folder; its address and its process."""
    sys.path.append(str(BROWSER_TESTS))
    from live_site import free_port_number, running_site

    with tempfile.TemporaryDirectory() as temporary:
        copy = Path(shutil.copytree(folder, Path(temporary) / "var"))
        unlimited = {"api_requests_per_minute": "0", "log_level": "warning"}
        with running_site(copy, free_port_number(), patience=STARTS, **unlimited) as address:
            (process,) = psutil.Process().children()
            yield address, process


def watched(
    address: str, process: psutil.Process, shoppers: int, seconds: float, think: float, seed: int
) -> tuple[Visit, Watch]:
    """What so many shoppers saw, and what the service's process took for it."""
    watch = Watch(process)
    with watch.watching():
        seen = asyncio.run(visit(address, shoppers, seconds, think, seed))
    return seen, watch


def levels(folder: Path, shoppers: Sequence[int], seconds: float, think: float, seed: int) -> dict[str, Any]:
    """Every level, and each against the first."""
    rows = []
    with service(folder) as (address, process):
        asyncio.run(visit(address, 1, min(seconds, WARM_UP), 0.0, seed))
        for level in shoppers:
            rows.append(figures(level, *watched(address, process, level, seconds, think, seed)))
            print(json.dumps(rows[-1]), file=sys.stderr)
    for row in rows:
        row["cards_p95_to_first_level"] = round(row["cards"]["p95"] / rows[0]["cards"]["p95"], 2)
    return {
        "seconds_a_level": seconds,
        "mean_think_seconds": think,
        "seed": seed,
        "errors": sum(row["errors"] for row in rows),
        "levels": rows,
    }


def figures(shoppers: int, seen: Visit, watch: Watch) -> dict[str, Any]:
    """The figures of a level."""
    searched = [told for told in seen.turns if told.searched]
    busy = sum(told.without_model == "busy" for told in searched)
    in_time = sum(told.whole is not None and told.begun + told.whole <= seen.until for told in seen.turns)
    errors = Counter(told.error for told in seen.turns if told.error)
    return {
        "shoppers": shoppers,
        "turns": len(seen.turns),
        "turns_a_second": round(in_time / seen.seconds, 2),
        "turns_with_picks": len(searched),
        "cards": percentiles([told.cards for told in seen.turns]),
        "first_words": percentiles([told.first_words for told in seen.turns]),
        "first_reason": percentiles([told.first_reason for told in searched]),
        "whole_turn": percentiles([told.whole for told in seen.turns]),
        "share_from_records_because_busy": round(busy / max(1, len(searched)), 3),
        "share_cut_short_otherwise": round(_cut_short(searched) / max(1, len(searched)), 3),
        "errors": errors.total(),
        **({"errors_by_kind": dict(errors)} if errors else {}),
        "healthz": percentiles(list(seen.alive)),
        "cores": round(watch.cores, 2),
        "memory_mb_most": round(max(watch.megabytes)),
    }


def _cut_short(searched: Sequence[Told]) -> int:
    return sum(told.without_model not in (None, "busy") for told in searched)


def percentiles(seconds: Sequence[float | None]) -> dict[str, float]:
    """Median, 95th and 99th percentile of what was measured; {} of nothing."""
    ordered = sorted(value for value in seconds if value is not None)
    places = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {n: round(ordered[min(len(ordered) - 1, round(p * len(ordered)))], 3) for n, p in places.items() if ordered}


def soak(folder: Path, minutes: float, shoppers: int, think: float, seed: int) -> dict[str, Any]:
    """The memory over a long time under load: what the end has more than the beginning, after the warm-up."""
    with service(folder) as (address, process):
        seen, watch = watched(address, process, shoppers, 60 * minutes, think, seed)
    return {
        "minutes": minutes,
        "warm_up_minutes": round(WARM * minutes, 2),
        **figures(shoppers, seen, watch),
        **growth(watch.megabytes),
    }


def growth(megabytes: Sequence[float]) -> dict[str, Any]:
    """What the memory's end has more than its beginning, which is the end of the warm-up; and its course."""
    warm, edge = megabytes[round(WARM * len(megabytes)) :], max(1, round(EDGE * len(megabytes)))
    before, after = statistics.median(warm[:edge]), statistics.median(warm[-edge:])
    tenths = (megabytes[part * len(megabytes) // 10 :][:edge] for part in range(10))
    return {
        "memory_mb_after_warm_up": round(before),
        "memory_mb_at_the_end": round(after),
        "growth_percent": round(100 * (after / before - 1), 2),
        "memory_mb_by_tenths": [round(statistics.median(tenth)) for tenth in tenths],
    }


def table(result: dict[str, Any]) -> str:
    """The levels side by side, in Markdown."""
    head = (
        f"{result['seconds_a_level']:g} seconds a level, {result['mean_think_seconds']:g} seconds of thought between "
        f"two turns at the mean. Seconds as p50 / p95 / p99. Errors: {result['errors']}."
    )
    names = ["shoppers", "turns/s", "cards", "first words", "first reason", "whole turn", "from records, busy"]
    lines = [f"| {' | '.join([*names, 'cards p95, times 1 shopper', 'cores', 'MB'])} |", "| ---: |" + " ---: |" * 9]
    for row in result["levels"]:
        spreads = [_spread(row[name]) for name in ("cards", "first_words", "first_reason", "whole_turn")]
        cells = [row["shoppers"], row["turns_a_second"], *spreads, f"{row['share_from_records_because_busy']:.0%}"]
        cells += [row["cards_p95_to_first_level"], row["cores"], f"{row['memory_mb_most']:,}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join([head, "", *lines])


def _spread(values: dict[str, float]) -> str:
    return " / ".join(f"{value:.2f}" for value in values.values()) or "-"


def main() -> None:
    """Measure what is asked for and print it as JSON."""
    from assistant.demo import prepare_demo
    from assistant.settings import load_settings

    parser = argparse.ArgumentParser(description="The served assistant under load.")
    parser.add_argument("--data-folder", type=Path, default=Path("var"))
    parser.add_argument("--shoppers", type=int, nargs="+", help=f"levels; default {LEVELS}, of the soak {SOAKING}")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each level")
    parser.add_argument("--think", type=float, default=7.0, help="mean seconds between two turns")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="watch the memory for so long")
    chosen = parser.parse_args()
    prepare_demo(load_settings(data_folder=chosen.data_folder))
    if chosen.soak is None:
        asked = chosen.shoppers or LEVELS
        result = levels(chosen.data_folder, asked, chosen.seconds, chosen.think, chosen.seed)
    else:
        most = max(chosen.shoppers or (SOAKING,))
        result = soak(chosen.data_folder, chosen.soak, most, chosen.think, chosen.seed)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
