"""How long the console's pages take over a store of 100,000 turns and a catalogue of 20,000 items.

    python -m benchmarks.console [--turns 100000] [--items 20000] [--times 7]

Pages are asked for one after the other in one process, signed in; the first time of each is left out.
Processor time is what counts on a machine that has other work.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from fastapi.testclient import TestClient

from assistant.blocking import Blocking
from assistant.console import console
from assistant.console.passwords import hash_password
from assistant.conversation import Conversations
from assistant.explanation.explainer import Explainer
from assistant.grounding import ShopMoney
from assistant.service import Service
from assistant.settings import Settings
from assistant.store import Store, staff
from assistant.store.staff import Role
from assistant.turn import Assistant
from assistant.understanding import Understanding
from benchmarks.freshness import DrawnThenReal, draw_item
from benchmarks.stored_turns import fill
from retrieval.shop import Shop

PASSWORD = "for this run alone"
PAGES = {
    "conversations, newest": "/conversations",
    "conversations, page 200": "/conversations?page=200",
    "conversations, words of every third turn": "/conversations?q=blue",
    "conversations, words of ten turns": "/conversations?q=number+9999",
    "conversations, words nobody said": "/conversations?q=zebra",
    "conversations, an item": "/conversations?item=item-123",
    "conversations, intent and flag": "/conversations?intent=find&flag=empty_result",
    "flagged": "/flagged",
    "overview, 7 days": "/overview?period=week",
    "overview, 30 days": "/overview?period=month",
    "overview, 90 days": "/overview?period=quarter",
}


@contextmanager
def opened(folder: Path, items: int, turns: int) -> Iterator[Service]:
    """A service over drawn items and drawn turns, without a model."""
    settings = Settings(data_folder=folder, language_model="none", understanding="rules")
    rng = np.random.default_rng(1)
    with Shop.open(folder, encoder=DrawnThenReal()) as shop:
        for start in range(0, items, 2000):
            shop.upsert([draw_item(rng, n) for n in range(start, min(start + 2000, items))])
        understanding = Understanding(None, lambda: shop.vocabulary, mode="rules")
        explainer = Explainer(None, settings, display=lambda label: shop.vocabulary.display(label))
        assistant = Assistant(shop, understanding, explainer, money=ShopMoney(settings.currency, {}))
        store = Store(folder)
        try:
            fill(store, turns)
            conversations = Conversations(assistant, store)
            yield Service(settings, shop, None, assistant, store, conversations, Blocking(store))
        finally:
            store.close()


def signed_in(service: Service) -> TestClient:
    """A client of the service's console, signed in as an admin."""
    staff.add(service.store, "ada", Role.ADMIN, hash_password(PASSWORD))
    client = TestClient(console(service), base_url="https://console.test", follow_redirects=False)
    client.post("/sign-in", data={"name": "ada", "password": PASSWORD})
    return client


def measure(turns: int, items: int, times: int) -> dict[str, Any]:
    """Milliseconds of each page, and what they were measured on."""
    with tempfile.TemporaryDirectory() as temporary, opened(Path(temporary), items, turns) as service:
        client = signed_in(service)
        link = client.get("/conversations").text.partition('href="/conversations/')[2].partition("?")[0]
        pages = {**PAGES, "replay of a turn": f"/conversations/{link}", "export": f"/conversations/{link}/export.json"}
        size = (Path(temporary) / "conversations.db").stat().st_size
        return {
            "turns": turns,
            "items": items,
            "database_mb": round(size / 1e6),
            "pages": {name: timed(client, path, times) for name, path in pages.items()},
        }


def timed(client: TestClient, path: str, times: int) -> dict[str, float]:
    """Medians of a page in milliseconds, by the clock and by the processor, after a first one that does not count."""
    taken = []
    for _ in range(times + 1):
        start = time.perf_counter(), time.process_time()
        answer = client.get(path)
        taken.append((time.perf_counter() - start[0], time.process_time() - start[1]))
        assert answer.status_code == 200, (path, answer.status_code)
    clock, processor = np.median(np.array(taken[1:]), axis=0) * 1000
    return {"p50_ms": round(float(clock), 1), "p50_processor_ms": round(float(processor), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Times of the console's pages over a large store.")
    parser.add_argument("--turns", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=7)
    chosen = parser.parse_args()
    print(json.dumps(measure(chosen.turns, chosen.items, chosen.times), indent=2))


if __name__ == "__main__":
    main()
