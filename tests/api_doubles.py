"""A service as it is served, without a model: the real shop, rules and replies over a hashing encoder."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

TESTS = Path(__file__).parent
sys.path += [str(TESTS / "assistant"), str(TESTS / "retrieval")]  # their doubles serve here too

from search_doubles import HashingEncoder  # noqa: E402
from understanding_shop import shop_items  # noqa: E402

from assistant.api import create_api  # noqa: E402
from assistant.blocking import Blocking  # noqa: E402
from assistant.conversation import Conversations  # noqa: E402
from assistant.explanation.explainer import Explainer  # noqa: E402
from assistant.grounding import ShopMoney  # noqa: E402
from assistant.service import Service  # noqa: E402
from assistant.settings import Settings  # noqa: E402
from assistant.store import open_store  # noqa: E402
from assistant.store.keys import Scope, add  # noqa: E402
from assistant.turn import Assistant  # noqa: E402
from assistant.understanding import Understanding  # noqa: E402
from retrieval.shop import Shop  # noqa: E402

ALL = frozenset(Scope)


@contextmanager
def open_doubles(folder: Path, **settings: Any) -> Iterator[Service]:
    """The service over a shop of many departments and few items."""
    chosen = Settings(data_folder=folder, language_model="none", understanding="rules", **settings)
    with Shop.open(folder, encoder=HashingEncoder()) as shop:
        shop.upsert(shop_items())
        understanding = Understanding(None, lambda: shop.vocabulary, mode="rules")
        explainer = Explainer(None, chosen, display=lambda label: shop.vocabulary.display(label))
        assistant = Assistant(shop, understanding, explainer, money=ShopMoney(chosen.currency, {}))
        store = open_store(chosen)
        try:
            blocking = Blocking(store)
            shop.withhold(blocking.now)
            yield Service(chosen, shop, None, assistant, store, Conversations(assistant, store), blocking)
        finally:
            store.close()


def served(service: Service) -> AbstractContextManager[str]:
    """The service's API on a loopback port, until the block is left; gives its address."""
    return served_app(create_api(service))


@contextmanager
def served_app(app: FastAPI) -> Iterator[str]:
    """An application on a loopback port, until the block is left; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def with_key(service: Service, *scopes: Scope, name: str = "till") -> dict[str, str]:
    """The header of a new key; without scopes it may do everything."""
    return {"Authorization": f"Bearer {add(service.store, name, frozenset(scopes) or ALL)}"}
