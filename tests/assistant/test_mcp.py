"""The Model Context Protocol server, through mcp's own client in memory."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_doubles import open_doubles

pytest.importorskip("mcp")

from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from assistant.mcp_server import create_mcp
from assistant.service import Service

ROOT = Path(__file__).parents[2]
ALLOWED = {"search_items", "get_item", "compare_items", "explain_ranking"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with open_doubles(tmp_path_factory.mktemp("mcp")) as opened:
        yield opened


def asked(service: Service, tool: str, **arguments: Any) -> Any:
    async def ask() -> Any:
        async with Client(create_mcp(service.shop, "USD")) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(ask())


def test_what_is_published_is_the_allow_list_and_only_reads(service: Service) -> None:
    async def listed() -> Any:
        async with Client(create_mcp(service.shop, "USD")) as client:
            tools = (await client.list_tools()).tools
            return tools, (await client.list_resources()).resources, (await client.list_prompts()).prompts

    tools, resources, prompts = asyncio.run(listed())
    assert {tool.name for tool in tools} == ALLOWED
    assert all(tool.annotations.read_only_hint for tool in tools)
    assert all(tool.description for tool in tools)
    assert (resources, prompts) == ([], [])


def test_a_search_keeps_its_conditions(service: Service) -> None:
    where = ["category=laptops", "price<=900", "brand!=hp"]
    found = asked(service, "search_items", text="a light one", where=where).structured_content
    assert found["matching"] == 2
    assert {item["title"] for item in found["items"]} == {"Dell Inspiron 14", "Acer Zephyr 13"}


def test_where_nothing_fits_the_smallest_changes_are_told(service: Service) -> None:
    found = asked(service, "search_items", where=["category=laptops", "price<=100"]).structured_content
    assert found["items"] == []
    assert found["relaxations"][0]["count"] > 0


def test_a_condition_that_cannot_be_read_is_explained(service: Service) -> None:
    answer = asked(service, "search_items", where=["brand=Nobody"])
    assert answer.is_error
    assert "no brand" in answer.content[0].text


def test_an_item_is_told_whole(service: Service) -> None:
    item = asked(service, "get_item", item_id="i2").structured_content
    assert (item["title"], item["price"], item["attributes"]["weight"]) == ("Dell Inspiron 14", 799.0, "1.4 kg")


def test_an_unknown_item_is_an_error_that_says_so(service: Service) -> None:
    answer = asked(service, "get_item", item_id="nothing")
    assert answer.is_error
    assert "no item 'nothing'" in answer.content[0].text


def test_items_are_compared_row_by_row(service: Service) -> None:
    table = asked(service, "compare_items", item_ids=["i1", "i2"]).structured_content
    rows = {row["label"]: row for row in table["rows"]}
    assert rows["price"]["values"] == ["$649", "$799"]
    assert rows["ram"]["differs"] is False


def test_the_order_is_explained_from_the_scores_that_made_it(service: Service) -> None:
    told = asked(service, "explain_ranking", text="light laptop", limit=2).structured_content
    first = told["items"][0]
    assert f"relevance {first['scores']['relevance']:.2f}" in first["why"]
    assert "No history" in told["order"]


def test_nothing_of_the_shop_changes_by_being_asked(service: Service) -> None:
    before = service.shop.records.digests()
    for tool, arguments in (("search_items", {"text": "tent"}), ("get_item", {"item_id": "i3"})):
        asked(service, tool, **arguments)
    assert service.shop.records.digests() == before


@pytest.mark.slow
@pytest.mark.weights
def test_the_command_speaks_the_protocol_on_standard_output_and_nothing_else(tmp_path: Path) -> None:
    environment = {**os.environ, "ASSISTANT_DATA_FOLDER": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    command = StdioServerParameters(command=sys.executable, args=["-m", "assistant", "mcp"], env=environment, cwd=ROOT)

    async def ask() -> Any:
        async with Client(command) as client:
            return (await client.list_tools()).tools, await client.call_tool("search_items", {"text": "tent"})

    tools, found = asyncio.run(ask())
    assert {tool.name for tool in tools} == ALLOWED
    assert found.structured_content["items"] == []
