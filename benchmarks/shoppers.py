"""Shoppers at the API of a served assistant, many at a time: what each of their turns took, and what went wrong.

They go through the conversations of `benchmarks.turns`, each in an order of her own, and think between two turns: an
exponential draw of the given mean, cut off at ten times that, as TPC-W prescribes for web shops. All draws are seeded.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.turns import CONVERSATIONS

PATIENCE = 60.0  # seconds without a byte after which a shopper gives up, which counts as an error
LOOK = 0.5  # seconds between two questions whether the service lives


@dataclass(slots=True)
class Told:
    """A turn as its shopper saw it.

    Attributes:
        searched: it put items on the page, about which there is something to write.
        without_model: why the language model did not write all of the reply; None: it did, or nothing was to write.
        cards, first_words, whole: seconds since it was sent; None: it did not come.
        first_reason: seconds until the first sentence about a pick.
        error: what went wrong; "": nothing.
    """

    begun: float
    searched: bool = False
    without_model: str | None = None
    cards: float | None = None
    first_words: float | None = None
    first_reason: float | None = None
    whole: float | None = None
    error: str = ""


@dataclass(slots=True)
class Visit:
    """All that was seen of the service for a while.

    Attributes:
        seconds: how long turns were begun; those under way then came to their end.
        until: when that was over, on the clock of `Told.begun`.
        alive: seconds until each question whether the service lives was answered.
    """

    seconds: float
    until: float
    turns: list[Told] = field(default_factory=list)
    alive: list[float] = field(default_factory=list)


async def visit(address: str, shoppers: int, seconds: float, think: float, seed: int) -> Visit:
    """Have so many shoppers talk to the service for a while.

    Args:
        address: of the service, without a path.
        shoppers: how many at a time.
        seconds: turns begin within these.
        think: mean seconds between the end of a turn and the next one of that shopper.
        seed: of all draws.
    """
    until = time.perf_counter() + seconds
    seen = Visit(seconds, until)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=address, timeout=PATIENCE, limits=limits) as client:
        drawn = (random.Random(f"{seed} {shoppers} {number}") for number in range(shoppers))
        each = [_shop(client, draw, think, until, seen) for draw in drawn]
        await asyncio.gather(*each, _ask_whether_it_lives(client, until, seen))
    return seen


async def _shop(client: httpx.AsyncClient, draw: random.Random, think: float, until: float, seen: Visit) -> None:
    """One shopper after the other at one place, each with a conversation of her own."""
    await asyncio.sleep(min(draw.uniform(0, think), max(0.0, until - time.perf_counter())))
    while True:
        conversation_id: str | None = None
        for words in draw.choice(CONVERSATIONS):
            if time.perf_counter() >= until:
                return
            told = Told(time.perf_counter())
            seen.turns.append(told)
            conversation_id = await _say(client, words, conversation_id, told) or conversation_id
            pause = min(draw.expovariate(1 / think), 10 * think) if think else 0.0
            await asyncio.sleep(min(pause, max(0.0, until - time.perf_counter())))


async def _say(client: httpx.AsyncClient, words: str, conversation_id: str | None, told: Told) -> str | None:
    """One turn; returns the conversation's id."""
    body = {"utterance": words, **({} if conversation_id is None else {"conversation_id": conversation_id})}
    try:
        async with client.stream("POST", "/api/v1/chat", json=body, headers={"Accept": "text/event-stream"}) as answer:
            if answer.status_code != httpx.codes.OK:
                told.error = f"HTTP {answer.status_code}"
                return conversation_id
            async for name, data in _events(answer):
                note(told, name, data, time.perf_counter())
                conversation_id = data.get("conversation_id", conversation_id)
    except httpx.HTTPError as error:
        told.error = type(error).__name__
    if told.whole is None and not told.error:
        told.error = "the stream broke off"
    return conversation_id


def note(told: Told, name: str, data: dict[str, Any], at: float) -> None:
    """Note an event of the turn's stream, which came at this time."""
    now = at - told.begun
    match name:
        case "cards":
            told.cards = now
        case "text":
            told.first_words = told.first_words or now
            if told.first_reason is None and data["text"].startswith("1. **"):
                told.first_reason = now
        case "finished":
            told.whole, told.without_model = now, data["without_model"]
            told.searched = bool(data["picks"]) and told.first_reason is not None
        case "problem":
            told.error = data["type"].rpartition("#")[2]


async def _events(answer: httpx.Response) -> AsyncIterator[tuple[str, dict[str, Any]]]:
    """The server-sent events of an answer."""
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


async def _ask_whether_it_lives(client: httpx.AsyncClient, until: float, seen: Visit) -> None:
    while time.perf_counter() < until:
        begun = time.perf_counter()
        (await client.get("/healthz")).raise_for_status()
        seen.alive.append(time.perf_counter() - begun)
        await asyncio.sleep(LOOK)
