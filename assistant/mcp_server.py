"""A Model Context Protocol server over the shop's items, for other assistants; it reads and never writes.

It opens the data folder itself: a service over the same folder must be stopped first, or given another one.
"""

from __future__ import annotations

import sys
from typing import Annotated, Any

import structlog
from pydantic import Field

from assistant.comparison import compare
from assistant.events import Pick
from assistant.explanation.ranking_words import order_lead, order_words
from assistant.progress import Say
from assistant.search_command import SearchAnswer
from assistant.settings import Settings
from assistant.turn_json import table_as_json
from assistant.where import WhereError, parse_where
from retrieval.catalogue import CatalogueItem, item_as_json
from retrieval.errors import SetupError
from retrieval.query import Query, Sort
from retrieval.shop import Shop

try:
    from mcp.server.mcpserver import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp_types import ToolAnnotations
except ImportError as error:
    raise SetupError("The package mcp is not installed.", "pip install 'shop-assistant[mcp]'") from error

INSTRUCTIONS = (
    "Items of one shop. Prices are in major units of their currency. What a record does not state is null: say that it "
    "is not stated. Conditions of search_items are enforced; nothing that breaks one is returned."
)
READ_ONLY = ToolAnnotations(read_only_hint=True, idempotent_hint=True, open_world_hint=False)

Text = Annotated[str, Field(max_length=500, description="What is looked for, in words; may be empty with conditions.")]
Where = Annotated[
    tuple[Annotated[str, Field(max_length=200)], ...],
    Field(
        max_length=20, description="Conditions that all must hold: price<=900, brand!=hp, ram>=32 GB, category=laptops."
    ),
]
ItemId = Annotated[str, Field(min_length=1, max_length=200)]
Compared = Annotated[list[ItemId], Field(min_length=2, max_length=8)]
Limit = Annotated[int, Field(ge=1, le=50)]


class Tools:
    """What is published, over an opened shop; `currency` is that of price conditions."""

    def __init__(self, shop: Shop, currency: str) -> None:
        self._shop = shop
        self._currency = currency

    def search_items(
        self, text: Text = "", where: Where = (), sort: Sort = Sort.RELEVANCE, limit: Limit = 10
    ) -> dict[str, Any]:
        """Items for words and conditions, best first; where none fits, the smallest changes that would bring some."""
        return self._search(text, where, sort, limit).as_json()

    def get_item(self, item_id: ItemId) -> dict[str, Any]:
        """Everything that an item's record states."""
        return item_as_json(self._item(item_id))

    def compare_items(self, item_ids: Compared) -> dict[str, Any]:
        """Items side by side: one row a field, which of them differ, and "not stated" where a record says nothing."""
        return table_as_json(compare([self._item(item_id) for item_id in dict.fromkeys(item_ids)]))

    def explain_ranking(
        self, text: Text = "", where: Where = (), sort: Sort = Sort.RELEVANCE, limit: Limit = 5
    ) -> dict[str, Any]:
        """Why search_items gives this order: the parts of each score, in words and as numbers."""
        found = self._search(text, where, sort, limit).found
        picks = [Pick(rank, item, candidate) for rank, (item, candidate) in enumerate(found, start=1)]
        told = [
            {"rank": p.rank, "item_id": p.item.item_id, "why": order_words(p, False), "scores": p.candidate.scores}
            for p in picks
        ]
        return {"order": order_lead(picks, None if sort is Sort.RELEVANCE else sort.value, False), "items": told}

    def _search(self, text: str, where: tuple[str, ...], sort: Sort, limit: int) -> SearchAnswer:
        try:
            constraints = parse_where(where, self._shop.vocabulary, self._currency)
        except WhereError as error:
            raise ToolError(str(error)) from error
        result = self._shop.search(Query(text, constraints, sort, limit))
        found = tuple((self._item(c.item_id), c) for c in result.candidates)
        return SearchAnswer(text, result.corrected, constraints, found, result.matching, result.relaxations)

    def _item(self, item_id: str) -> CatalogueItem:
        item = self._shop.item(item_id)
        if item is None:
            raise ToolError(f"The shop has no item {item_id!r}; search_items finds ids.")
        return item


def create_mcp(shop: Shop, currency: str) -> MCPServer[Any]:
    """The server over an opened shop, which stays the caller's to close."""
    server: MCPServer[Any] = MCPServer("shop-assistant", instructions=INSTRUCTIONS, log_level="WARNING")
    tools = Tools(shop, currency)
    for tool in (tools.search_items, tools.get_item, tools.compare_items, tools.explain_ranking):
        server.tool(annotations=READ_ONLY, structured_output=True)(tool)
    return server


def run_mcp(settings: Settings, say: Say) -> None:
    """Serve over standard input and output until the other side closes them.

    Raises:
        SetupError: the data folder is in use.
    """
    from assistant.service import open_shop

    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output is the protocol's
    with open_shop(settings, say) as shop:
        shop.warm_up()
        say(f"{len(shop.catalogue):,} items; listening on standard input")
        create_mcp(shop, settings.currency).run("stdio")
