"""A demo shop: invented brands and items, drawn pictures, and a log of simulated shoppers.

Nothing here is real. What is sold is written by hand in this folder's TOML files; the items are drawn from it by a
seeded generator (`items`), and the log comes from a documented model of shoppers (`shoppers`). The result is a folder
of feed files, read by the same ingest as any shop's own.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from retrieval.demo_shop.blueprints import load_blueprints
from retrieval.demo_shop.items import DemoItem, draw_items
from retrieval.demo_shop.pictures import draw_picture
from retrieval.demo_shop.shoppers import simulate
from retrieval.interactions import Interaction

__all__ = ["DemoShopFiles", "write_demo_shop"]


@dataclass(frozen=True, slots=True)
class DemoShopFiles:
    """Where the demo shop's feed lies.

    Attributes:
        items: JSON Lines, one item a line.
        interactions: CSV with a header: shopper_id, item_id, kind, timestamp (UTC), session_id, value.
        pictures: folder of the SVG files that the items' `image` names.
    """

    items: Path
    interactions: Path
    pictures: Path


def write_demo_shop(folder: Path, seed: int = 7, *, shoppers: int = 3200) -> DemoShopFiles:
    """Write the demo shop's feed into a folder, which is made when it does not exist. Same seed, same bytes.

    Args:
        folder: where; files of an earlier demo shop are overwritten.
        seed: draws items and log.
        shoppers: how many are simulated; each leaves some thirty interactions.

    Raises:
        OSError: the folder cannot be written.
    """
    shop = DemoShopFiles(folder / "items.jsonl", folder / "interactions.csv", folder / "pictures")
    shop.pictures.mkdir(parents=True, exist_ok=True)
    blueprints = load_blueprints()
    items = draw_items(blueprints, seed)
    complements = {item_type.label: item_type.complements for item_type in blueprints.types}
    _write_items(shop.items, items)
    _write_interactions(shop.interactions, simulate(items, complements, seed, shoppers).interactions)
    for picture, item in {item.picture: item for item in items}.items():
        (shop.pictures / picture).write_text(
            draw_picture(item.label, item.line, item.attributes.get("colour")), "utf-8"
        )
    return shop


def _write_items(path: Path, items: Iterable[DemoItem]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as feed:
        for item in items:
            feed.write(json.dumps(_as_feed(item), ensure_ascii=False) + "\n")


def _as_feed(item: DemoItem) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "title": item.title,
        "description": item.description,
        "brand": item.brand,
        "category": list(item.category),
        "price": item.price,
        "currency": "USD",
        "stock": item.stock,
        "rating": item.rating,
        "rating_count": item.rating_count,
        "released": item.released.isoformat(),
        "image": item.picture,
        "url": f"https://shop.example/items/{item.item_id}",
        "variant_of": item.variant_of,
        "attributes": dict(item.attributes),
    }


def _write_interactions(path: Path, interactions: Iterable[Interaction]) -> None:
    with path.open("w", encoding="utf-8", newline="") as log:
        rows = csv.writer(log, lineterminator="\n")
        rows.writerow(("shopper_id", "item_id", "kind", "timestamp", "session_id", "value"))
        for event in interactions:
            value = "" if event.value is None else f"{event.value:g}"
            at = event.at.strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.writerow((event.shopper_id, event.item_id, event.kind, at, event.session_id, value))
