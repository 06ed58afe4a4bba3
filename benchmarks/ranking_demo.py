"""The demo shop's log in the columns that `evaluate ranking` reads, with the bound that its simulator knows.

python -m benchmarks.ranking_demo FOLDER [--shoppers 3200]
python -m assistant evaluate ranking --data FOLDER
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path

from retrieval.demo_shop.blueprints import load_blueprints
from retrieval.demo_shop.funnel import kind_probabilities, states
from retrieval.demo_shop.items import draw_items
from retrieval.demo_shop.shoppers import simulate
from retrieval.interactions import by_shopper


def write_demo_log(folder: Path, shoppers: int = 3200, seed: int = 7) -> Path:
    """Write items.csv and interactions.csv of the demo shop; same seed, same bytes. Returns the folder."""
    blueprints = load_blueprints()
    items = draw_items(blueprints, seed)
    complements = {item_type.label: item_type.complements for item_type in blueprints.types}
    log = simulate(items, complements, seed, shoppers).interactions
    folder.mkdir(parents=True, exist_ok=True)
    _write(
        folder / "items.csv",
        ("item_id", "title", "brand", "category", "price"),
        ((i.item_id, i.title, i.brand, " > ".join(i.category), f"{i.price:.2f}") for i in items),
    )
    _write(
        folder / "interactions.csv",
        ("user_id", "item_id", "timestamp", "position", "kind", "kind_bound"),
        (
            (
                *(event.shopper_id, event.item_id, int(event.at.timestamp()), place, event.kind.value),
                f"{max(kind_probabilities(state).values()):.6f}",
            )
            for history in by_shopper(log).values()
            for place, (event, state) in enumerate(zip(history, states(history), strict=True))
        ),
    )
    return folder


def _write(file: Path, header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the demo shop's log for the evaluation of ranking.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shoppers", type=int, default=3200)
    chosen = parser.parse_args()
    print(write_demo_log(chosen.folder, chosen.shoppers))
